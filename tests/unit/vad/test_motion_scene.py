"""Modes, hours and a camera that was moved."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.errors import StateError
from haetae.vad.motion.cells import DIRECTIONS, Value
from haetae.vad.motion.counts import Counts
from haetae.vad.motion.hours import GREATEST, HOURS, LEAST_DAYS, Hours
from haetae.vad.motion.modes import LOOK_S, MOST_MODES, PATIENCE, Modes
from haetae.vad.motion.quarantine import Sample
from haetae.vad.motion.shift import ShiftWatch, moved_counts

ROWS, COLUMNS = 8, 12
DAY_S = 86_400.0


def scenery(width: int, height: int, *, seed: int) -> np.ndarray:
    """Smooth patches of all grey levels, float32."""
    rough = np.random.default_rng(seed).uniform(20, 235, (height // 8, width // 8)).astype(np.float32)
    return np.clip(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255)


SCENE = scenery(96, 64, seed=1)


def looks(modes: Modes, background: np.ndarray, noise: float, start_s: float, times: int = PATIENCE + 1) -> list[int]:
    return [modes.look(background, noise, start_s + number * LOOK_S) for number in range(times)]


def test_night_is_another_mode_and_day_comes_back_to_its_own():
    modes = Modes()
    night = SCENE * 0.2
    assert set(looks(modes, SCENE, 2.0, 0.0)) == {0}
    assert looks(modes, night, 6.0, 1000.0)[-1] == 1
    assert looks(modes, SCENE, 2.0, 2000.0)[-1] == 0
    assert looks(modes, night, 6.0, 3000.0)[-1] == 1
    assert len(modes.described) == 2


def test_a_cloud_is_no_mode_and_a_flash_is_none_either():
    modes = Modes()
    looks(modes, SCENE, 2.0, 0.0)
    for number, light in enumerate((0.9, 1.05, 0.85, 1.1) * 5):
        assert modes.look(SCENE * light, 2.0, 1000.0 + number * LOOK_S) == 0
    assert looks(modes, SCENE * 0.1, 2.0, 9000.0, times=PATIENCE - 1)[-1] == 0
    assert looks(modes, SCENE, 2.0, 9900.0)[-1] == 0
    assert len(modes.described) == 1


def test_there_are_never_more_modes_than_are_kept():
    modes = Modes()
    for number, grey in enumerate(np.linspace(10, 245, 12)):
        looks(modes, np.full_like(SCENE, grey), 1.0, number * 10_000.0)
    assert len(modes.described) == MOST_MODES
    again = Modes.of_arrays(modes.arrays())
    assert again.current == modes.current
    assert (again.described == modes.described).all()
    with pytest.raises(StateError):
        Modes.of_arrays({**modes.arrays(), "mode": np.array([9], np.int32)})


def sample(cell: list[int]) -> Sample:
    cells = np.array(cell, np.uint16)
    return Sample(0.0, 1.0, 1, cells, np.zeros((len(Value), cells.size), np.uint8), np.zeros(cells.size, np.int8))


def busy_noons(days: int) -> Hours:
    """Somebody at cell 0 at noon, nobody at three in the morning."""
    hours = Hours(ROWS, COLUMNS)
    for day in range(days):
        for second in range(0, 3600, 4):
            hours.take(sample([0]), day * DAY_S + 12 * 3600 + second)
            hours.take(sample([]), day * DAY_S + 3 * 3600 + second)
    return hours


def test_the_same_place_is_usual_at_noon_and_not_at_three():
    hours = busy_noons(LEAST_DAYS)
    noon, three = hours.surprise(12.5 * 3600, 2.0), hours.surprise(9 * DAY_S + 3.5 * 3600, 2.0)
    assert noon is not None
    assert three is not None
    assert noon[0] < 0.5
    assert 3.0 < three[0] <= GREATEST


def test_an_hour_is_not_judged_before_it_came_often_enough():
    assert busy_noons(LEAST_DAYS - 1).surprise(3.5 * 3600, 2.0) is None
    assert busy_noons(LEAST_DAYS).surprise(20 * 3600.0, 2.0) is None


@given(st.integers(0, 10**10))
def test_any_time_falls_into_an_hour(at_s: int):
    hours = Hours(ROWS, COLUMNS)
    hours.take(sample([0, ROWS * COLUMNS - 1]), float(at_s))
    assert hours.watched.sum() == 1.0
    assert hours.watched[at_s // 3600 % HOURS] == 1.0


def test_an_hour_that_is_restarted_in_is_the_same_day():
    hours = Hours(ROWS, COLUMNS)
    for _ in range(LEAST_DAYS + 1):
        hours.take(sample([0]), 12 * 3600.0)
        hours = Hours.of_arrays(hours.arrays(), ROWS, COLUMNS)
    assert hours.days[12] == 1


def test_hours_are_saved_and_those_of_another_picture_refused():
    hours = busy_noons(LEAST_DAYS)
    again = Hours.of_arrays(hours.arrays(), ROWS, COLUMNS)
    assert (again.surprise(3.5 * 3600, 2.0) == hours.surprise(3.5 * 3600, 2.0)).all()
    with pytest.raises(StateError):
        Hours.of_arrays(hours.arrays(), ROWS + 8, COLUMNS)


def moved_picture(right: float, down: float, seed: int = 1) -> np.ndarray:
    whole = scenery(420, 300, seed=seed)
    place = np.array([[1, 0, right], [0, 1, down]], np.float64)
    return cv2.warpAffine(whole, place, (420, 300))[30:270, 30:390]


@pytest.mark.parametrize(("right", "down"), [(8.0, 0.0), (-6.0, 5.0), (0.0, -16.0)])
def test_a_scene_that_moved_is_measured(right: float, down: float):
    watch = ShiftWatch(moved_picture(0, 0))
    background = moved_picture(right, down) * 0.9 + 5.0
    assert watch.look(background, 0.0) is None
    found = watch.look(background, LOOK_S)
    assert found == pytest.approx((right, down), abs=0.7)
    assert watch.look(background, 2 * LOOK_S) is None
    assert watch.look(background, 3 * LOOK_S) is None


@pytest.mark.parametrize(
    "other", [moved_picture(1.5, 1.0), moved_picture(0, 0) * 0.5, moved_picture(0, 0, seed=9), moved_picture(0, 0) * 0]
)
def test_no_move_is_told_of_a_camera_that_stands_still(other: np.ndarray):
    watch = ShiftWatch(moved_picture(0, 0))
    assert [watch.look(other, number * LOOK_S) for number in range(4)] == [None] * 4


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_counts_move_with_the_scene(right: int, down: int):
    random = np.random.default_rng(0)
    counts = Counts.empty(ROWS, COLUMNS)
    counts.occupied[:] = random.integers(1, 100, ROWS * COLUMNS)
    counts.turned[:] = random.integers(1, 100, (ROWS * COLUMNS, DIRECTIONS))
    counts.cells[:] = random.integers(1, 100, counts.cells.shape)
    counts.rows[:] = random.integers(1, 100, counts.rows.shape)
    moved = moved_counts(counts, ROWS, COLUMNS, right, down)
    before, after = counts.occupied.reshape(ROWS, COLUMNS), moved.occupied.reshape(ROWS, COLUMNS)
    for row in range(ROWS):
        for column in range(COLUMNS):
            from_row, from_column = row - down, column - right
            inside = 0 <= from_row < ROWS and 0 <= from_column < COLUMNS
            assert after[row, column] == (before[from_row, from_column] if inside else 0)
    back = moved_counts(moved, ROWS, COLUMNS, -right, -down)
    kept = back.occupied > 0
    assert (back.cells[:, kept] == counts.cells[:, kept]).all()
    assert (back.turned[kept] == counts.turned[kept]).all()
