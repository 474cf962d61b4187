"""What the embedding model keeps for one camera."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ModelError, StateError
from haetae.vad.base import HeldOut
from haetae.vad.calibrate import Tail
from haetae.vad.embedding.bank import GAP_S, Learning, coreset
from haetae.vad.embedding.network import Network, Vectors
from haetae.vad.embedding.usual import UsualPicture
from haetae.vad.looks import read_array

FORMAT = 1
"""Of the saved arrays. A state of another format is refused."""

REFERENCE_PER_DAY = 1.0
LEAST_SCALE = 1e-3
"""Cosine distance: footage on which nothing moved makes nothing more sensitive than this."""

_HINT = "Learn this camera again"


@dataclass(frozen=True, slots=True)
class Scale:
    """How distances on normal footage are distributed: `alarm` is passed about once a day, `usual` by one frame in 100."""

    alarm: float
    usual: float


class EmbeddingState:
    """One camera's exemplars, scale and usual picture. `scale` is None until learning was finished."""

    def __init__(self, network: Network, exemplars: int) -> None:
        self._network = network
        self._exemplars = exemplars
        self.bank: Vectors = np.empty((0, network.dimensions), np.float32)
        self.usual = UsualPicture()
        self.learning: Learning | None = None
        self.scale: Scale | None = None
        self._last: tuple[float, float] | None = None

    def belongs_to(self, network: Network) -> bool:
        return self._network.id == network.id

    def learn(self, picture: Luma, vector: NDArray[np.float32], t_s: float) -> None:
        """Take one picture as normal. Raises ModelError when the network gave no numbers for it."""
        if not np.isfinite(vector).all():
            raise ModelError("the network gave no finite numbers for a picture", hint="Use another network")
        if self.learning is None:
            self.learning = Learning(self._exemplars, self._network.dimensions)
        self.usual.add(picture)
        self.learning.take(vector, t_s)

    def finish(self) -> HeldOut:
        """Make the bank from all that was learned. Raises ModelError when it was too little."""
        if self.learning is None or not self.learning.enough():
            raise ModelError("too little footage to learn what is normal", hint="Learn from at least 10 s with a steady camera")
        t_s, distance = self.learning.judge(self.bank)
        self.bank = self._all_exemplars()
        self.learning = None
        alarm, usual = Tail.of(HeldOut(t_s, distance)).level(REFERENCE_PER_DAY), float(np.quantile(distance, 0.99))
        # Learning calm footage as well must not turn what was normal before into an alarm.
        before = self.scale or Scale(LEAST_SCALE, 0.0)
        self.scale = Scale(max(alarm, before.alarm), max(usual, before.usual))
        return HeldOut(t_s, distance / self.scale.alarm)

    def distance(self, vector: NDArray[np.float32]) -> float:
        """Cosine distance to the nearest exemplar, in [0, 2]; NaN where the network gave no numbers."""
        return float(np.clip(1.0 - (self.bank @ vector).max(), 0.0, 2.0))

    def smooth(self, value: float, t_s: float) -> float:
        """The mean of this frame's value and the one before, unless that is long ago."""
        before, self._last = self._last, (t_s, value)
        return 0.5 * (value + before[1]) if before is not None and t_s - before[0] <= GAP_S else value

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned, 1 MB for 1,000 exemplars of 512 numbers. Footage whose learning was not finished is saved without its
        judgement."""
        saved: dict[str, NDArray[Any]] = {
            "format": np.array([FORMAT], np.int32),
            "network": np.frombuffer(self._network.id, np.uint8),
            "bank": self._all_exemplars().astype(np.float16),
        }
        if self.usual.mean is not None:
            saved["picture"] = np.rint(self.usual.mean).astype(np.uint8)
            saved["pictures"] = np.array([self.usual.seen], np.int64)
        if self.scale is not None:
            saved["scale"] = np.array([self.scale.alarm, self.scale.usual], np.float64)
        return saved

    def _all_exemplars(self) -> Vectors:
        """Rounded to what is saved, so that a state scores the same after a restart."""
        learned = self.bank if self.learning is None else np.concatenate([self.bank, self.learning.total()])
        return coreset(learned, self._exemplars).astype(np.float16).astype(np.float32)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], network: Network, exemplars: int) -> "EmbeddingState":
        """The state whose `arrays()` these were. Raises StateError when they are not of this format, or of another network."""
        found = read_array(arrays, "format", np.int32, (1,)).tolist()
        if found != [FORMAT]:
            raise StateError(f"the saved state has format {found}, this model reads {FORMAT}", hint=_HINT)
        if read_array(arrays, "network", np.uint8, (32,)).tobytes() != network.id:
            raise StateError(
                "the saved state was learned by another network, or with other settings of it", hint=f"Use that one, or: {_HINT}"
            )
        state = cls(network, exemplars)
        state.bank = read_array(arrays, "bank", np.float16, (None, network.dimensions)).astype(np.float32)
        if "picture" in arrays:
            picture = read_array(arrays, "picture", np.uint8, (network.height, network.width))
            [seen] = read_array(arrays, "pictures", np.int64, (1,)).tolist()
            state.usual = UsualPicture(picture.astype(np.float32), max(1, seen))
        if "scale" in arrays:
            alarm, usual = read_array(arrays, "scale", np.float64, (2,)).tolist()
            if alarm < LEAST_SCALE or usual < 0.0 or not len(state.bank):
                raise StateError("the saved scale cannot be read", hint=_HINT)
            state.scale = Scale(alarm, usual)
        return state
