"""A VAD model whose judgements a test wrote down."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import ModelError, StateError
from haetae.vad.base import HeldOut, ModelState, RawScore, Window


class ScriptedState:
    """Remembers the model times that it was shown."""

    def __init__(self, learned: Sequence[float] = ()) -> None:
        self.learned = list(learned)
        self.scored: list[float] = []

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"learned": np.array(self.learned, np.float64)}


class ScriptedModel:
    """Scores each window with `raw(window)`, 0 where none is given; while learning everything scores `held_out`.

    Too little for it are fewer than `least` learned frames. `max_batch` is what it says that it takes best.
    """

    name = "scripted"
    version = 1

    def __init__(self, raw: Callable[[Window], float] | None = None, *, held_out: float = 0.5, least: int = 2, max_batch: int = 1) -> None:
        self.max_batch = max_batch
        self._raw = raw or (lambda _window: 0.0)
        self._held_out = held_out
        self._least = least

    def new_state(self) -> ScriptedState:
        return ScriptedState()

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> ScriptedState:
        if "learned" not in arrays:
            raise StateError("the saved state lacks 'learned'", hint="Learn the camera again")
        return ScriptedState(arrays["learned"].tolist())

    def learn(self, batch: Sequence[Window]) -> None:
        for window in batch:
            _own(window.state).learned.append(window.t_s)

    def finish_learning(self, state: ModelState) -> HeldOut:
        learned = _own(state).learned
        if len(learned) < self._least:
            raise ModelError(f"{len(learned)} frames are too few to learn from", hint="Give it more footage")
        return HeldOut(np.array(learned, np.float64), np.full(len(learned), self._held_out))

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        for window in batch:
            _own(window.state).scored.append(window.t_s)
        return [RawScore(self._raw(window)) for window in batch]


def _own(state: ModelState) -> ScriptedState:
    if not isinstance(state, ScriptedState):
        raise StateError("a state of another model was given")
    return state
