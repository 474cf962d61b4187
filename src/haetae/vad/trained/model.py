"""What all trained models have in common: from a network's words about a frame to a raw score, a map and facts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Luma
from haetae.errors import ModelError, StateError
from haetae.vad.base import HeldOut, ModelState, RawScore, Window
from haetae.vad.motion.foreground import Background
from haetae.vad.onnx_file import size_mb
from haetae.vad.onnx_runtime import Device
from haetae.vad.preprocess import WorkSize
from haetae.vad.trained.counts import code_of
from haetae.vad.trained.learning import Values
from haetae.vad.trained.look import heat_map, top_region
from haetae.vad.trained.state import Eye, Seen, TrainedState
from haetae.vad.trained.weights import Weights

MAP_FROM = 0.3
EXPLAIN_FROM = 0.5
"""Raw scores below MAP_FROM carry no map, below EXPLAIN_FROM, half of a usual alarm level, no box and no facts either."""

GPU_BATCH = 8
"""Frames per run on a GPU; on a CPU a batch takes as long as its frames one by one, and keeps the first one waiting."""

TRUSTED_S = 600.0
"""Seconds of activity in a place after which its tails are taken for good."""

RUNTIME_MB = 48.0
"""Memory of a session beyond three times its weights: the graph and the activations of a small picture."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One number that a network gives for each cell: `least` is the smallest value that is told apart from none, in `unit`. A length is in
    working pixels, and told to people in those of the source."""

    id: str
    kind: FactKind
    unit: str
    least: float
    is_length: bool = False


class TrainedModel(ABC):
    """A model that judges each cell of the foreground by what its network says about it, against the tails of normal footage there.

    `weights` is the ONNX file that `haetae vad fit` exported: a network is trained for one camera, so each camera has its own instance.
    `device`, `gpu` and `threads` as in `open_session`. Subclasses say what their network sees and what its words mean.
    """

    name: str
    version: int
    attributes: ClassVar[tuple[Attribute, ...]]
    max_batch: int
    learns_alongside = True
    """The pool need not keep `learn` and `score` apart: states are, and a session takes calls from several threads."""

    def __init__(self, *, weights: str | PathLike[str] | None = None, device: Device = "auto", gpu: int = 0, threads: int = 1) -> None:
        """Raises ConfigError for a setting, ModelError for weights that are missing, damaged or of another model."""
        self.weights = Weights.load(weights, self.name, self.version, device=device, gpu=gpu, threads=threads)
        self.device = self.weights.session.device
        self.max_batch = GPU_BATCH if self.device in ("cuda", "tensorrt") else 1
        self._least = np.array([attribute.least for attribute in self.attributes], np.float32)
        self._prepare()

    @staticmethod
    def estimate_mb(weights: str | PathLike[str] | None = None, **_settings: Any) -> float:
        """Memory of one instance, from the size of the file. Raises ModelError as the constructor does."""
        return 0.0 if weights is None else 3.0 * size_mb(Path(weights)) + RUNTIME_MB

    @classmethod
    def settings_of(cls, arrays: Mapping[str, NDArray[Any]], folder: Path) -> dict[str, Any]:
        """The settings under which the state of these `arrays` was learned. Its weights are looked for where they were, then by their name
        in `folder`, where the state lies now."""
        saved = arrays.get("weights_path")
        if saved is None or saved.dtype != np.uint8:
            return {}
        path = Path(saved.tobytes().decode(errors="replace"))
        return {"weights": path if path.is_file() else folder / path.name}

    @abstractmethod
    def _prepare(self) -> None:
        """Read from the weights' description what is needed. Raises ModelError for what does not fit."""

    @abstractmethod
    def size_of(self, luma: Luma) -> WorkSize:
        """The working size for a source."""

    @abstractmethod
    def eye(self, size: WorkSize, background: Background) -> Eye:
        """What looks at one camera."""

    @abstractmethod
    def values(self, seen: Sequence[Any]) -> list[NDArray[np.float32]]:
        """What the network says about each frame of the eye's, shape (attributes, k) >= 0 for its active cells. Raises ModelError."""

    def new_state(self) -> TrainedState:
        return TrainedState((self.weights.id, self.weights.path), self.eye, self.size_of, self._least)

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> TrainedState:
        state = self.new_state()
        state.restore(arrays)
        return state

    def watch(self, batch: Sequence[Window]) -> None:
        """Let the background follow without learning anything: for footage that the network itself was trained on."""
        for window in batch:
            self._own(window.state).observe(window.luma, window.t_s)

    def learn(self, batch: Sequence[Window]) -> None:
        states = [self._own(window.state) for window in batch]
        seen = [state.observe(window.luma, window.t_s) for state, window in zip(states, batch)]
        for state, frame, said in zip(states, seen, self._said(seen)):
            scene = frame.scene
            if scene.valid and scene.elapsed_s > 0.0:
                state.learn(Values(scene.t_s, scene.elapsed_s, frame.cell, said))

    def finish_learning(self, state: ModelState) -> HeldOut:
        return self._own(state).finish()

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Raises ModelError for a state that has not finished learning, and then none of the batch is scored."""
        states = [self._own(window.state) for window in batch]
        if any(state.tails is None or state.reference is None for state in states):
            raise ModelError("this camera has not learned what is normal", hint="Call finish_learning first")
        seen = [state.observe(window.luma, window.t_s) for state, window in zip(states, batch)]
        return [self._judge(state, window, frame, said) for state, window, frame, said in zip(states, batch, seen, self._said(seen))]

    def _said(self, seen: Sequence[Any]) -> list[NDArray[np.float32]]:
        """What the network says about each frame; (attributes, 0) where there is nothing to judge. Only the others are run."""
        busy = [index for index, frame in enumerate(seen) if frame.cell.size]
        out = [np.empty((len(self.attributes), 0), np.float32)] * len(seen)
        if busy:
            for index, said in zip(busy, self.values([seen[index] for index in busy]), strict=True):
                if not np.isfinite(said).all():
                    raise ModelError(f"{self.weights.path} gave no finite numbers for a picture", hint="Train it again")
                out[index] = said
        return out

    def _judge(self, state: TrainedState, window: Window, seen: Seen, said: NDArray[np.float32]) -> RawScore:
        scene = seen.scene
        if not scene.valid:
            state.smoothing.step(0.0, 0.0)
            return RawScore(0.0, scene_change=True)
        if not seen.cell.size:
            return RawScore(state.smoothing.step(0.0, scene.elapsed_s), unjudged=seen.unjudged)
        assert state.tails is not None
        assert state.reference is not None
        surprise = state.tails.surprise(seen.cell, code_of(said, self._least))
        share = surprise / state.reference[:, None]
        hidden = None if window.ignored is None else state.hidden(window.ignored)
        if hidden is not None:
            share[:, hidden[seen.cell]] = 0.0
        greatest = float(share.max())
        value = state.smoothing.step(greatest, scene.elapsed_s)
        if value < MAP_FROM or greatest <= 0.0:
            return RawScore(value)
        fused = share.max(axis=0)
        heat = heat_map(seen.cell, fused, seen.share)
        if value < EXPLAIN_FROM or not heat.any():
            return RawScore(value, heat)
        top = int(fused.argmax())
        scale = _source_pixels(window, state)
        return RawScore(value, heat, top_region(heat), self._facts(state, seen, top, said[:, top], surprise[:, top], share[:, top], scale))

    def _facts(
        self,
        state: TrainedState,
        seen: Seen,
        top: int,
        said: NDArray[np.float32],
        surprise: NDArray[np.float32],
        share: NDArray[np.float32],
        scale: float,
    ) -> tuple[Fact, ...]:
        """The attributes at the active cell number `top`, most surprising first. `scale` is source pixels per working pixel."""
        assert state.tails is not None
        assert state.counts is not None
        cell = int(seen.cell[top])
        active_s = float(state.counts.occupied[cell]) * state.counts.seconds / max(1, state.counts.frames)
        factors = [scale if attribute.is_length else 1.0 for attribute in self.attributes]
        return tuple(
            Fact(
                id=self.attributes[each].id,
                kind=self.attributes[each].kind,
                value=float(said[each]) * factors[each],
                unit=self.attributes[each].unit,
                t0_s=max(0.0, seen.scene.t_s - seen.scene.elapsed_s),
                t1_s=seen.scene.t_s,
                usual=float(state.tails.usual[each, cell // state.tails.columns]) * factors[each] or None,
                rarity=10.0 ** -float(surprise[each]),
                quality=min(1.0, 0.3 + 0.7 * active_s / TRUSTED_S),
                source=self.name,
            )
            for each in np.argsort(-share, kind="stable")
        )

    def _own(self, state: ModelState) -> TrainedState:
        if not isinstance(state, TrainedState) or state.weights[0] != self.weights.id:
            raise StateError(f"a state of {type(state).__name__} from elsewhere was given to the model {self.name!r}")
        return state


def _source_pixels(window: Window, state: TrainedState) -> float:
    """Source pixels per working pixel for this window: a camera may change its resolution."""
    assert state.eye is not None
    size = state.eye.grid.size
    height, width = window.luma.shape
    return float((width / size.width * height / size.height) ** 0.5)
