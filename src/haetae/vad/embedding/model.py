"""The model `embedding`."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import Fact, FactKind
from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, ModelState, RawScore, Window
from haetae.vad.embedding.network import Network
from haetae.vad.embedding.state import EmbeddingState
from haetae.vad.onnx_file import size_mb
from haetae.vad.onnx_runtime import Device, open_session

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
BATCH = 8
"""Pictures per run of a network whose batch axis is open. More gain little on a GPU and keep the first one waiting."""

EXPLAIN_FROM = 0.5
"""Raw scores below, half of a usual alarm level, carry no facts."""

RUNTIME_MB = 32.0
"""Memory of a session beyond three times its weights: the graph and the activations. Measured on the CPU after a run: 15 to 31 MB for
inputs of 256x128 to 416x416; too much is refused in time, too little is not."""


class EmbeddingModel:
    """Scores how far the network's embedding of the whole picture lies from everything seen while learning.

    `path` is an ONNX network that takes one float32 picture [batch, 3, height, width] and gives numbers, one row per picture: the body of a
    classifier, a re-identification or a CLIP-like network. The picture is luma in three equal channels, (grey / 255 - mean) / std.
    The score is the cosine distance to the nearest of at most `exemplars` vectors, divided by the distance that normal footage of the same
    camera passes about once a day when it is judged by the rest of that footage; averaged over two frames.

    Good for what changes the scene as a whole: fire and smoke, flood, a crowd where there is none, a blocked door, a vehicle in a corridor.
    Not for small or moving things: a runner far away changes the embedding less than a passing cloud, which is what `motion` is for.
    It cannot say where: no heat map, no box.

    The network is run once per call for all cameras where its batch axis is open; one that takes one picture at a time is run so, and
    `max_batch` is then 1. `max_batch` given asks for that many pictures per call whatever the network takes.
    """

    name = "embedding"
    version = 1
    learns_alongside = True
    """The pool need not keep `learn` and `score` apart: states are, and a session takes calls from several threads."""

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        size: tuple[int, int] | None = None,
        exemplars: int = 1000,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        output: str | None = None,
        device: Device = "auto",
        gpu: int = 0,
        threads: int = 1,
        max_batch: int | None = None,
    ) -> None:
        """`size` (width, height) where the network leaves it open; `output` names one of several; `device`, `gpu` and `threads` as in
        `open_session`. Raises ConfigError for a setting, ModelError for a network that cannot be used."""
        if not 16 <= exemplars <= 20_000:
            raise ConfigError(f"embedding.exemplars is {exemplars}", hint="Use 16 to 20000; the default is 1000")
        if max_batch is not None and not 1 <= max_batch <= 256:
            raise ConfigError(f"embedding.max_batch is {max_batch}", hint="Use 1 to 256, or leave it out")
        session = open_session(Path(path), device=device, gpu=gpu, threads=threads)
        self._network = Network(session, size=size, mean=mean, std=std, output=output)
        self._exemplars = exemplars
        self.device = session.device
        self.max_batch = max_batch or self._network.batch or BATCH

    @staticmethod
    def estimate_mb(path: str | PathLike[str], **_settings: Any) -> float:
        """Memory of one instance, from the size of the file and of its external weights. Raises ModelError as the constructor does."""
        return 3.0 * size_mb(Path(path)) + RUNTIME_MB

    def new_state(self) -> EmbeddingState:
        return EmbeddingState(self._network, self._exemplars)

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> EmbeddingState:
        return EmbeddingState.of_arrays(arrays, self._network, self._exemplars)

    def learn(self, batch: Sequence[Window]) -> None:
        if not batch:
            return
        states = [self._own(window.state) for window in batch]
        pictures = [self._network.picture(window.luma) for window in batch]
        for state, picture, vector, window in zip(states, pictures, self._network.embed(pictures), batch):
            state.learn(picture, vector, window.t_s)

    def finish_learning(self, state: ModelState) -> HeldOut:
        return self._own(state).finish()

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Raises ModelError for a state that has not finished learning, and then none of the batch is scored."""
        states = [self._own(window.state) for window in batch]
        if any(state.scale is None for state in states):
            raise ModelError("this camera has not learned what is normal", hint="Call finish_learning first")
        filled = [state.usual.fill(self._network.picture(window.luma), window.ignored) for state, window in zip(states, batch)]
        seen = [picture for picture in filled if picture is not None]
        vectors = iter(self._network.embed(seen) if seen else ())
        return [
            RawScore(state.smooth(0.0, window.t_s)) if picture is None else _judge(state, next(vectors), window.t_s)
            for state, picture, window in zip(states, filled, batch)
        ]

    def _own(self, state: ModelState) -> EmbeddingState:
        if not isinstance(state, EmbeddingState) or not state.belongs_to(self._network):
            raise StateError(f"a state of {type(state).__name__} from elsewhere was given to the model 'embedding'")
        return state


def _judge(state: EmbeddingState, vector: NDArray[np.float32], t_s: float) -> RawScore:
    assert state.scale is not None
    distance = state.distance(vector)
    value = state.smooth(distance / state.scale.alarm, t_s)
    # Not `value < EXPLAIN_FROM`: a value that is no number explains nothing either.
    if not value >= EXPLAIN_FROM:
        return RawScore(value)
    fact = Fact("scene", FactKind.APPEARANCE, distance, "cosine distance", t_s, t_s, usual=state.scale.usual, source="embedding")
    return RawScore(value, facts=(fact,))
