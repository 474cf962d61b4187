"""What is ignored raises nothing, and is learned all the same."""

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.moving_scene import Mover, MovingScene, walkers

from haetae.vad.base import RawScore, Window
from haetae.vad.motion import MotionModel
from haetae.vad.motion.cells import CELL, hidden_cells
from haetae.vad.motion.state import MotionState
from haetae.vad.preprocess import WorkSize

FPS = 10.0
START_S = 100.0
RUNNER = Mover(-24, 150, 150.0, start_s=START_S)
ABOVE = Mover(-24, 30, 110.0, start_s=START_S)

Mask = NDArray[np.bool_]


def below(row: int = 120, height: int = 240, width: int = 320) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    mask[row:] = True
    return mask


def learn(model: MotionModel, ignored: Mask | None = None) -> MotionState:
    state, scene = model.new_state(), MovingScene(walkers(7))
    for t_s in np.arange(300) / FPS:
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s), ignored)])
    model.finish_learning(state)
    return state


@pytest.fixture(scope="module")
def arrays() -> dict[str, NDArray[np.generic]]:
    return dict(learn(MotionModel()).arrays())


@pytest.fixture
def state(arrays: dict[str, NDArray[np.generic]]) -> MotionState:
    return MotionModel().load_state(arrays)


def watch(
    state: MotionState, movers: Iterable[Mover], ignored: Mask | None, *, seconds: float = 2.5, start_s: float = START_S, scale: int = 1
) -> list[RawScore]:
    scene, scores = MovingScene(tuple(movers)), []
    for t_s in start_s + np.arange(int(seconds * FPS)) / FPS:
        luma = scene.picture(float(t_s)).repeat(scale, axis=0).repeat(scale, axis=1)
        scores += MotionModel().score([Window(state, luma, float(t_s), ignored)])
    return scores


def fresh(arrays: dict[str, NDArray[np.generic]]) -> MotionState:
    return MotionModel().load_state(arrays)


def test_what_is_ignored_raises_no_score_no_map_no_box_and_no_facts(arrays) -> None:
    seen = watch(fresh(arrays), [RUNNER], None)
    assert max(score.value for score in seen) > 1.0
    assert all(score == RawScore(0.0) for score in watch(fresh(arrays), [RUNNER], below()))


def test_outside_everything_stays_the_same_to_the_last_bit(arrays) -> None:
    plain, masked = (watch(fresh(arrays), [ABOVE], ignored) for ignored in (None, below()))
    assert max(score.value for score in plain) > 0.5
    for one, other in zip(plain, masked, strict=True):
        assert (one.value, one.box, one.facts) == (other.value, other.box, other.facts)
        assert (one.heat is None) == (other.heat is None)
        assert one.heat is None or np.array_equal(one.heat, other.heat)


def test_beside_something_greater_that_is_ignored_the_rest_is_explained(arrays) -> None:
    top = max(watch(fresh(arrays), [ABOVE, RUNNER], below(100)), key=lambda score: score.value)
    assert top.value > 0.5
    assert top.box is not None
    assert top.box.bottom < 0.5
    assert top.heat is not None
    assert not top.heat[-12:].any()


def test_what_was_ignored_was_learned_and_observed(arrays) -> None:
    model = MotionModel()
    for name, array in learn(model, below()).arrays().items():
        assert np.array_equal(array, arrays[name]), name
    plain, opened = fresh(arrays), fresh(arrays)
    watch(plain, [RUNNER], None, seconds=1.0)
    watch(opened, [RUNNER], below(), seconds=1.0)
    after = [[score.value for score in watch(each, [RUNNER], None, seconds=1.5, start_s=START_S + 1.0)] for each in (plain, opened)]
    # Only the smoothing of the score knows the difference, and not for long.
    assert after[1][8:] == pytest.approx(after[0][8:], abs=1e-3)
    assert max(after[1]) > 1.0


def test_a_mask_of_the_new_size_holds_when_the_camera_changes_its_resolution(state) -> None:
    assert max(score.value for score in watch(state, [RUNNER], below(), seconds=0.5)) == 0.0
    doubled = watch(state, [RUNNER], below(240, 480, 640), seconds=1.0, start_s=START_S + 0.5, scale=2)
    assert max(score.value for score in doubled) == 0.0
    assert max(score.value for score in watch(state, [RUNNER], None, seconds=1.0, start_s=START_S + 1.5, scale=2)) > 1.0


def test_the_cells_of_a_mask_are_found_once_for_as_long_as_it_is_given(state) -> None:
    mask = below()
    found = state.hidden(mask)
    assert found is not None
    assert state.hidden(mask) is found
    assert state.hidden(np.zeros_like(mask)) is None
    again = state.hidden(mask)
    assert again is not None
    assert np.array_equal(again, found)


def test_a_cell_is_hidden_from_half_of_it_on() -> None:
    size = WorkSize(320, 240, 320, 240)
    cells = hidden_cells(below(120), size).reshape(size.rows, size.columns)
    rows = np.asarray(cells.all(axis=1))
    # A cell reaches from two rows of blocks above its own to one below it; the mask begins at block 15.
    first = int(np.argmax(rows))
    inside = (first - CELL // 2 + CELL) - 15
    assert inside == CELL // 2 + 1
    assert rows[first:].all()
    assert not rows[:first].any()
