"""What the model `onnx` keeps for one camera."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ModelError, StateError
from haetae.vad.base import HeldOut, RawScore
from haetae.vad.calibrate import Tail
from haetae.vad.card.network import Clip, ClipNetwork
from haetae.vad.embedding.bank import Learning, coreset
from haetae.vad.embedding.usual import UsualPicture
from haetae.vad.looks import read_array

FORMAT = 1
"""Of the saved arrays. A state of another format is refused."""

REFERENCE_PER_DAY = 1.0
FEWEST_CLIPS = 10
MOST_SCORES = 20_000
"""Of longer footage the highest score of each slot of time is kept: calibration lives on peaks."""

LEAST_SPREAD = 1e-6
"""Between the usual and the alarm level; a network that says the same of everything makes nothing sensitive."""

EARLY = 0.9
"""A frame may come this much of the stride after the last one."""

_HINT = "Learn this camera again"


@dataclass(frozen=True, slots=True)
class Scale:
    """The network's numbers on this camera: `usual` is the median, `alarm` is passed about once a day."""

    usual: float
    alarm: float

    def raw(self, score: float) -> float:
        """0 up to the usual, 1 at the alarm level."""
        return max(0.0, (score - self.usual) / (self.alarm - self.usual)) if np.isfinite(score) else float("nan")


class Frames:
    """The last pictures of one camera, taken `Clip.stride_s` apart however fast they come."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._pictures: deque[Luma] = deque(maxlen=clip.frames)
        self._last_s = -np.inf
        self._scored_s = -np.inf

    def __len__(self) -> int:
        return len(self._pictures)

    def reset(self) -> None:
        self._pictures.clear()
        self._last_s = self._scored_s = -np.inf

    def wants(self, t_s: float) -> bool:
        """Whether the picture at `t_s` belongs into a clip. What came before a gap does not go with what comes after it."""
        elapsed_s = t_s - self._last_s
        if elapsed_s > 3.0 * self._clip.stride_s + 1.0:
            self.reset()
        return elapsed_s >= EARLY * self._clip.stride_s

    def add(self, picture: Luma, t_s: float) -> list[Luma] | None:
        """The clip that ends with `picture`, where one is to be scored now."""
        # On a grid of strides where the frames allow it: 10 frames a second sampled at 8 must not become 5.
        self._last_s = max(self._last_s + self._clip.stride_s, t_s - self._clip.stride_s) if np.isfinite(self._last_s) else t_s
        self._pictures.append(picture)
        if len(self._pictures) < self._clip.frames or t_s - self._scored_s < EARLY * self._clip.every_s:
            return None
        self._scored_s = t_s
        return list(self._pictures)


class CardState:
    """One camera's last frames and its scale. `scale` is None until learning was finished; `bank` holds exemplars of features."""

    def __init__(self, network: ClipNetwork, exemplars: int) -> None:
        self._network = network
        self._exemplars = exemplars
        self.frames = Frames(network.clip)
        self.scale: Scale | None = None
        self.bank = np.empty((0, network.dimensions), np.float32)
        self.usual = UsualPicture()
        self.learning: Learning | None = None
        self.last = RawScore(0.0)
        self._t_s: list[float] = []
        self._scores: list[float] = []
        self._slot_s = 0.0

    def belongs_to(self, network: ClipNetwork) -> bool:
        return self._network.id == network.id

    def learn_score(self, score: float, t_s: float) -> None:
        """Take the score of a normal clip. Raises ModelError when it is no number."""
        self._check(bool(np.isfinite(score)))
        if self._slot_s and self._t_s and t_s // self._slot_s == self._t_s[-1] // self._slot_s:
            self._scores[-1] = max(self._scores[-1], score)
            return
        self._t_s.append(t_s)
        self._scores.append(score)
        if len(self._scores) > MOST_SCORES:
            self._thin()

    def learn_features(self, vector: NDArray[np.float32], t_s: float) -> None:
        """Take the vector of a normal clip. Raises ModelError when it is no number."""
        self._check(bool(np.isfinite(vector).all()))
        if self.learning is None:
            self.learning = Learning(self._exemplars, self._network.dimensions)
        self.learning.take(vector, t_s)

    def finish(self) -> HeldOut:
        """Raises ModelError when there was too little footage."""
        if self.learning is not None:
            if not self.learning.enough():
                raise ModelError("too little footage to learn what is normal", hint="Learn from at least 10 clips, over 4 s or more")
            t_s, scores = self.learning.judge(self.bank)
            self.bank = self._all_exemplars()
            self.learning = None
        else:
            t_s, scores = np.array(self._t_s, np.float64), np.array(self._scores, np.float64)
        if len(scores) < FEWEST_CLIPS:
            hint = f"Give it {FEWEST_CLIPS} clips of {self._network.clip.frames * self._network.clip.stride_s:g} s at least"
            raise ModelError(f"too little footage to learn what is normal: {len(scores)} clips", hint=hint)
        usual = float(np.median(scores))
        above = np.maximum(scores - usual, 0.0)
        alarm = usual + max(Tail.of(HeldOut(t_s, above)).level(REFERENCE_PER_DAY), LEAST_SPREAD)
        # Learning calm footage as well must not turn what was normal before into an alarm.
        if self.scale is not None:
            usual, alarm = min(usual, self.scale.usual), max(alarm, self.scale.alarm)
        self.scale = Scale(usual, alarm)
        self._t_s, self._scores = [], []
        self.frames.reset()
        return HeldOut(t_s, np.maximum((scores - usual) / (alarm - usual), 0.0))

    def distance(self, vector: NDArray[np.float32]) -> float:
        """Cosine distance to the nearest exemplar, in [0, 2]; NaN where the network gave no numbers."""
        return float(np.clip(1.0 - (self.bank @ vector).max(), 0.0, 2.0))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned: a few numbers, and with features 1 KB per 512 of them and exemplar."""
        saved: dict[str, NDArray[Any]] = {
            "format": np.array([FORMAT], np.int32),
            "network": np.frombuffer(self._network.id, np.uint8),
            "bank": self._all_exemplars().astype(np.float16),
        }
        if self.usual.mean is not None:
            saved["picture"] = np.rint(self.usual.mean).astype(np.uint8)
            saved["pictures"] = np.array([self.usual.seen], np.int64)
        if self.scale is not None:
            saved["scale"] = np.array([self.scale.usual, self.scale.alarm], np.float64)
        return saved

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], network: ClipNetwork, exemplars: int) -> "CardState":
        """The state whose `arrays()` these were. Raises StateError when they are not of this format, or of another network or card."""
        found = read_array(arrays, "format", np.int32, (1,)).tolist()
        if found != [FORMAT]:
            raise StateError(f"the saved state has format {found}, this model reads {FORMAT}", hint=_HINT)
        if read_array(arrays, "network", np.uint8, (32,)).tobytes() != network.id:
            raise StateError("the saved state was learned by another network, or with another card", hint=f"Use that one, or: {_HINT}")
        state = cls(network, exemplars)
        state.bank = read_array(arrays, "bank", np.float16, (None, network.dimensions)).astype(np.float32)
        if "picture" in arrays:
            picture = read_array(arrays, "picture", np.uint8, (network.entry.height, network.entry.width))
            [seen] = read_array(arrays, "pictures", np.int64, (1,)).tolist()
            state.usual = UsualPicture(picture.astype(np.float32), max(1, seen))
        if "scale" in arrays:
            usual, alarm = read_array(arrays, "scale", np.float64, (2,)).tolist()
            if alarm <= usual or (network.dimensions and not len(state.bank)):
                raise StateError("the saved scale cannot be read", hint=_HINT)
            state.scale = Scale(usual, alarm)
        return state

    def _all_exemplars(self) -> NDArray[np.float32]:
        """Rounded to what is saved, so that a state scores the same after a restart."""
        learned = self.bank if self.learning is None else np.concatenate([self.bank, self.learning.total()])
        return coreset(learned, self._exemplars).astype(np.float16).astype(np.float32)

    def _check(self, finite: bool) -> None:
        if not finite:
            raise ModelError(f"{self._network.path} gave no finite number for a clip", hint="Check mean, std and scale in its card")

    def _thin(self) -> None:
        """Double the slots, and keep the highest score of each."""
        self._slot_s = 2.0 * max(self._slot_s, (self._t_s[-1] - self._t_s[0]) / MOST_SCORES)
        best: dict[float, tuple[float, float]] = {}
        for t_s, score in zip(self._t_s, self._scores, strict=True):
            slot = t_s // self._slot_s
            if slot not in best or score > best[slot][1]:
                best[slot] = (t_s, score)
        self._t_s, self._scores = [t_s for t_s, _ in best.values()], [score for _, score in best.values()]
