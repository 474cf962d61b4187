"""The default model: no weights; it learns how everything in each part of one camera's picture usually moves, and scores what is rare."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, ModelState, RawScore, Window
from haetae.vad.motion.cells import Observation, Value
from haetae.vad.motion.counts import code_of
from haetae.vad.motion.explain import block_map, facts, top_region
from haetae.vad.motion.fusion import quotients
from haetae.vad.motion.living import Judgement, Living
from haetae.vad.motion.state import MotionState
from haetae.vad.motion.tables import Attribute
from haetae.vad.preprocess import WORK_PIXELS

MAP_FROM = 0.05
EXPLAIN_FROM = 0.5
"""Raw scores below MAP_FROM carry no map, below EXPLAIN_FROM, half of a usual alarm level, no box and no facts either."""


class MotionModel:
    """Judges how fast, in which direction, of what size and shape, where and for how long something is in the picture, cell by cell.

    `pixels` is the area that pictures are reduced to; 180 * 120 costs a third and loses several points of AUC. `without` names attributes
    to leave out, with commas between: for ablation, or where one is known to mislead.
    """

    name = "motion"
    version = 1
    max_batch = 1
    brief = True

    def __init__(self, *, pixels: int = WORK_PIXELS, without: str = "") -> None:
        if not 64 * 64 <= pixels <= 1920 * 1080:
            raise ConfigError(f"motion.pixels is {pixels}", hint=f"Use 4096 to 2073600; the default is {WORK_PIXELS}")
        self._pixels = pixels
        names = [name.strip().upper() for name in without.split(",") if name.strip()]
        unknown = [name.lower() for name in names if name not in Attribute.__members__]
        if unknown:
            known = ", ".join(name.lower() for name in Attribute.__members__)
            raise ConfigError(f"motion.without has no attribute {unknown[0]!r}", hint=f"Known: {known}")
        self._silent = tuple(Attribute[name] for name in names)

    def new_state(self) -> MotionState:
        return MotionState(self._pixels, self._silent)

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> MotionState:
        return MotionState.of_arrays(arrays, self._pixels, self._silent)

    def learn(self, batch: Sequence[Window]) -> None:
        for window in batch:
            state = _own(window.state)
            seen = state.observe(window.luma, window.t_s)
            if seen.valid and seen.elapsed_s > 0.0:
                state.learn(seen)

    def finish_learning(self, state: ModelState) -> HeldOut:
        return _own(state).finish()

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Raises ModelError for a state that has not finished learning."""
        return [_score(_own(window.state), window) for window in batch]


def _own(state: ModelState) -> MotionState:
    if not isinstance(state, MotionState):
        raise StateError(f"a state of {type(state).__name__} was given to the model 'motion'")
    return state


def _score(state: MotionState, window: Window) -> RawScore:
    if state.living is None:
        raise ModelError("this camera has not learned what is normal", hint="Call finish_learning first")
    seen = state.observe(window.luma, window.t_s)
    if not seen.valid:
        state.smoothing.step(0.0, 0.0)
        state.judged = _unjudged(seen)
        return RawScore(0.0, scene_change=True)
    hidden = None if window.ignored is None else state.hidden(window.ignored)
    return _judge(state, state.living, seen, hidden, scale=_scale(state, window))


def _judge(state: MotionState, living: Living, seen: Observation, hidden: NDArray[np.bool_] | None, *, scale: float) -> RawScore:
    """`hidden` (rows * columns,) marks the cells that may not raise anything."""
    assert state.observer is not None
    if not seen.cell.size:
        state.judged = _unjudged(seen)
        return RawScore(state.smoothing.step(0.0, seen.elapsed_s))
    codes = code_of(seen.values)
    surprise = living.tables.surprise(seen, codes)
    share = quotients(surprise, living.reference)
    if hidden is not None:
        share[:, hidden[seen.cell]] = 0.0
    fused = share.max(axis=0)
    state.judged = Judgement(seen, codes, surprise, fused)
    greatest = float(fused.max())
    value = state.smoothing.step(greatest, seen.elapsed_s)
    if value < MAP_FROM or greatest <= 0.0:
        return RawScore(value)
    draw = partial(block_map, seen, fused, state.observer.size.rows, state.observer.size.columns)
    if value < EXPLAIN_FROM:
        return RawScore(value, draw)
    heat = draw()
    top = int(fused.argmax())
    explained = facts(seen, top, surprise, share, living.tables, living.counts, scale)
    return RawScore(value, heat, top_region(heat), explained)


def _unjudged(seen: Observation) -> Judgement:
    """Of a frame in which there was nothing to judge."""
    none = np.empty((len(Attribute), 0), np.float32)
    return Judgement(seen, none[: len(Value)], none, none[0])


def _scale(state: MotionState, window: Window) -> float:
    """Source pixels per working pixel for this window: a camera may change its resolution."""
    assert state.observer is not None
    size = state.observer.size
    height, width = window.luma.shape
    return float((width / size.width * height / size.height) ** 0.5)
