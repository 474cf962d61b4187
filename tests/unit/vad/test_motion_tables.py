from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.motion.cells import Observation, Value
from haetae.vad.motion.counts import CODES, Counts, code_of, value_at
from haetae.vad.motion.tables import STAYS, Attribute, Tables

ROWS, COLUMNS = 10, 12


def observation(
    cells: NDArray[np.int64] | list[int], speed: NDArray[np.float64] | float = 20.0, direction: int = 0, stay: float = 1.0
) -> Observation:
    cell = np.asarray(cells, np.intp)
    values = np.ones((len(Value), cell.size), np.float32)
    values[Value.SPEED] = values[Value.AGITATION] = speed
    values[Value.SIZE] = 10.0
    values[Value.STAY] = stay
    return Observation(0.0, 0.1, cell, values, np.full(cell.size, direction))


def learned(frames: int = 4000, cells: list[int] | None = None, mean_speed: float = 5.0, seed: int = 0) -> Counts:
    """Speeds 10 px/s plus an exponential excess."""
    random = np.random.default_rng(seed)
    counts = Counts.empty(ROWS, COLUMNS)
    where = cells or list(range(36, 84))
    for _ in range(frames):
        seen = observation(random.choice(where, 3, replace=False), 10.0 + random.exponential(mean_speed, 3))
        counts.take(seen, code_of(seen.values))
    return counts


def surprise(tables: Tables, seen: Observation) -> NDArray[np.float32]:
    return tables.surprise(seen, code_of(seen.values))


def test_codes_and_values_are_inverse() -> None:
    codes = np.arange(CODES, dtype=np.float64)
    for kind in Value:
        values = np.ones((len(Value), CODES), np.float32)
        values[kind] = value_at(kind, codes)
        assert code_of(values)[kind] == pytest.approx(codes, abs=0.01)
    assert code_of(np.full((len(Value), 1), 1e9, np.float32)).max() == CODES - 1
    assert code_of(np.zeros((len(Value), 1), np.float32)).max() == 0


def test_surprise_of_speed_is_the_negative_logarithm_of_its_tail() -> None:
    tables = Tables.of(learned())
    for speed in (15.0, 20.0, 30.0, 45.0, 60.0):
        expected = (speed - 10.0) / 5.0 / np.log(10)
        assert surprise(tables, observation([50], speed))[Attribute.SPEED, 0] == pytest.approx(expected, rel=0.25)


def test_a_cell_that_is_always_fast_departs_from_its_row() -> None:
    counts = learned() + learned(800, cells=[40, 41, 42], mean_speed=25.0, seed=1)
    tables = Tables.of(counts)
    fast = observation([41, 46], 60.0)
    usual, unusual = surprise(tables, fast)[Attribute.SPEED]
    assert usual < 1.5
    assert unusual > usual + 0.3


def test_nothing_learned_makes_no_speed_surprising() -> None:
    result = surprise(Tables.of(Counts.empty(ROWS, COLUMNS)), observation([50], 500.0))
    assert result[: len(Value)] == pytest.approx(0.0)


def test_the_wrong_way_is_surprising_only_where_there_is_a_way() -> None:
    one_way, both_ways = Counts.empty(ROWS, COLUMNS), Counts.empty(ROWS, COLUMNS)
    for frame in range(2000):
        for counts, direction in ((one_way, 0), (both_ways, 4 * (frame % 2))):
            seen = observation([50, 51, 62], direction=direction)
            counts.take(seen, code_of(seen.values))
    against = observation([50], direction=4)
    assert surprise(Tables.of(one_way), against)[Attribute.DIRECTION, 0] > 2.0
    assert surprise(Tables.of(both_ways), against)[Attribute.DIRECTION, 0] < 0.5
    assert surprise(Tables.of(one_way), observation([50], direction=-1))[Attribute.DIRECTION, 0] == 0.0


def test_a_single_passer_does_not_make_the_other_way_surprising() -> None:
    counts = Counts.empty(ROWS, COLUMNS)
    for _ in range(30):
        seen = observation(list(range(40, 65)), direction=0)
        counts.take(seen, code_of(seen.values))
    assert surprise(Tables.of(counts), observation([50], direction=4))[Attribute.DIRECTION, 0] < 1.5


def test_a_place_is_the_more_surprising_the_longer_nothing_was_there() -> None:
    figures = [surprise(Tables.of(learned(frames)), observation([115]))[Attribute.PLACE, 0] for frames in (100, 1000, 10000)]
    assert figures[0] < figures[1] < figures[2]
    assert surprise(Tables.of(learned(1000)), observation([50]))[Attribute.PLACE, 0] < figures[1] - 0.5


def test_a_long_stay_is_surprising_after_enough_footage_only() -> None:
    short, long = learned(200), learned(4000)
    stay = observation([50], stay=60.0)
    assert surprise(Tables.of(short), stay)[Attribute.STAY, 0] < 0.3 * surprise(Tables.of(long), stay)[Attribute.STAY, 0]


def test_of_a_stay_that_lasts_a_good_part_of_the_footage_only_its_share_counts() -> None:
    counts = learned(4000)
    most = Tables.of(counts)
    longer = replace(counts, seconds=100 * counts.seconds)
    for share in (0.5, 2.0, 8.0):
        stay = observation([50], stay=share * counts.seconds / STAYS)
        told, whole = (surprise(tables, stay)[Attribute.STAY, 0] for tables in (most, Tables.of(longer)))
        assert told == pytest.approx(whole * min(1.0, 1.0 / share), rel=0.08)


def test_counts_add_and_subtract_exactly() -> None:
    first, second = learned(300, seed=1), learned(200, seed=2)
    back = first + second - second
    assert (back.rows == first.rows).all()
    assert (back.cells == first.cells).all()
    assert back.frames == first.frames
    assert back.seconds == pytest.approx(first.seconds)


def test_counts_beyond_the_saved_type_are_halved_together() -> None:
    counts = learned(100)
    many = counts
    for _ in range(12):
        many = many + many
    saved = Counts.of_arrays(many.arrays(), ROWS, COLUMNS)
    assert int(saved.occupied.max()) <= 65535
    assert saved.occupied.sum() / saved.frames == pytest.approx(counts.occupied.sum() / counts.frames, rel=0.02)
    fast = observation([50], 40.0)
    assert surprise(Tables.of(saved), fast) == pytest.approx(surprise(Tables.of(many), fast), abs=0.05)


def test_counts_of_another_picture_size_are_refused() -> None:
    with pytest.raises(StateError, match="shape"):
        Counts.of_arrays(learned(10).arrays(), ROWS, COLUMNS + 1)
