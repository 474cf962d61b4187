import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.errors import StateError
from haetae.vad.trained.counts import CODES, RATIO, Counts, code_of, value_at
from haetae.vad.trained.tails import GREATEST, Tails, row_tail

LEAST = 0.5
ROWS, COLUMNS = 6, 8


def counted(values: np.ndarray, *, row: int = 3, column: int = 4, counts: Counts | None = None) -> Counts:
    """Each value in one cell of a frame of its own."""
    counts = Counts.empty(1, ROWS, COLUMNS) if counts is None else counts
    for value in values:
        code = code_of(np.array([[value]], np.float32), np.array([LEAST], np.float32))
        counts.take(np.array([row * COLUMNS + column]), code, 0.1)
    return counts


@given(st.floats(0.5, 1900.0))
def test_a_code_and_its_value_are_inverse(value):
    [[code]] = code_of(np.array([[value]], np.float32), np.array([LEAST], np.float32))
    assert float(value_at(float(code), LEAST)) == pytest.approx(value, rel=1e-3)


def test_codes_stay_within_their_range():
    codes = code_of(np.array([[-1.0, 0.0, 1e9]], np.float32), np.array([LEAST], np.float32))
    assert codes.tolist() == [[0.0, 0.0, CODES - 1.0]]


def histogram_of(values: np.ndarray) -> np.ndarray:
    codes = code_of(values[None].astype(np.float32), np.array([LEAST], np.float32))[0].astype(int)
    return np.bincount(codes, minlength=CODES)


def test_an_exponential_distribution_gives_its_own_tail_within_and_beyond_the_footage():
    mean = 10.0
    values = np.random.default_rng(0).exponential(mean, 200_000)
    tail, quantile = row_tail(histogram_of(values), LEAST)
    assert quantile == pytest.approx(-mean * np.log(0.01), rel=0.03)
    for value in (5.0, 20.0, 40.0, 90.0, 150.0):
        code = np.log(value / LEAST) / np.log(RATIO)
        wanted = value / mean / np.log(10)
        assert float(np.interp(code, np.arange(CODES + 1), tail)) == pytest.approx(wanted, rel=0.1), value


def test_a_tail_never_falls_and_begins_at_nothing():
    tail, _ = row_tail(histogram_of(np.random.default_rng(1).gamma(2.0, 3.0, 5000)), LEAST)
    assert tail[0] == 0.0
    assert (np.diff(tail) >= -1e-6).all()
    assert tail.max() <= GREATEST


def test_few_values_all_alike_do_not_make_the_next_one_impossible():
    tail, quantile = row_tail(histogram_of(np.full(50, 10.0)), LEAST)
    code = np.log(1.2 * quantile / LEAST) / np.log(RATIO)
    assert 2.0 < float(np.interp(code, np.arange(CODES + 1), tail)) < 4.0


def test_rows_have_their_own_tails_and_nothing_seen_is_no_surprise():
    random = np.random.default_rng(2)
    counts = Counts.empty(1, 40, COLUMNS)
    for row, mean in ((5, 4.0), (30, 16.0)):
        values = random.exponential(mean, 3000).astype(np.float32)
        codes = code_of(values[None], np.array([LEAST], np.float32))
        cells = np.full(values.size, row * COLUMNS + 1)
        for cell, code in zip(cells, codes[0]):
            counts.take(np.array([cell]), np.array([[code]]), 0.1)
    tails = Tails.of(counts, np.array([LEAST], np.float32))
    assert tails.usual[0, 5] == pytest.approx(4.0 * 4.6, rel=0.2)
    assert tails.usual[0, 30] == pytest.approx(16.0 * 4.6, rel=0.2)
    value = code_of(np.array([[60.0, 60.0]], np.float32), np.array([LEAST], np.float32))
    far, near = tails.surprise(np.array([5 * COLUMNS + 6, 30 * COLUMNS + 6]), value)[0]
    assert far > 4.0 > near
    assert Tails.of(Counts.empty(1, ROWS, COLUMNS), np.array([LEAST], np.float32)).cells.max() == 0.0


def test_a_cell_departs_from_its_row_as_its_own_footage_grows():
    """A cell that saw only small values ends up more surprised by a large one than its row, and is not at first."""
    large = code_of(np.array([[30.0]], np.float32), np.array([LEAST], np.float32))
    random = np.random.default_rng(3)
    least = np.array([LEAST], np.float32)
    surprises = []
    for frames in (20, 5000):
        counts = counted(random.exponential(10.0, 4000), column=0)
        counted(np.full(frames, 2.0), column=7, counts=counts)
        surprises.append(float(Tails.of(counts, least).surprise(np.array([3 * COLUMNS + 7]), large)[0, 0]))
    assert surprises[1] > surprises[0] + 0.3


def test_counts_add_and_subtract_exactly_and_survive_saving():
    first, second = counted(np.linspace(1, 40, 30)), counted(np.linspace(5, 9, 20), row=1)
    rest = (first + second) - second
    assert (rest.rows == first.rows).all()
    assert (rest.cells == first.cells).all()
    assert (rest.frames, rest.seconds) == (first.frames, pytest.approx(first.seconds))
    again = Counts.of_arrays(first.arrays(), 1, ROWS, COLUMNS)
    assert (again.rows == first.rows).all()
    assert (again.occupied == first.occupied).all()


def test_counts_of_a_long_time_are_halved_until_they_fit():
    counts = counted(np.array([3.0]))
    counts.cells *= 1_000_000
    counts.rows *= 1_000_000
    counts.occupied *= 1_000_000
    saved = counts.arrays()
    assert saved["cells"].max() <= 2**16 - 1
    assert Counts.of_arrays(saved, 1, ROWS, COLUMNS).cells.max() > 30_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", np.zeros((1, ROWS, 5), np.uint32)),
        ("rows", np.zeros((1, ROWS, CODES), np.float64)),
        ("watched", np.array([-1.0, 2.0])),
        ("watched", np.array([np.nan, 2.0])),
    ],
)
def test_saved_counts_that_do_not_fit_are_refused(name, value):
    saved = counted(np.array([3.0])).arrays() | {name: value}
    with pytest.raises(StateError):
        Counts.of_arrays(saved, 1, ROWS, COLUMNS)
