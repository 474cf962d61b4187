"""What a camera keeps of what it saw while nothing was wrong, and what of it is shown beside an event."""

from datetime import UTC, datetime
from math import nan

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.domain.fact import FactKind
from haetae.domain.frame import Box
from haetae.errors import StateError
from haetae.vad.tracks.examples import FRESH_S, KEPT, MOST_AGE_S, PICTURE_SIDE, Examples, Look, cut_out

WALKER = Look(0.5, 0.5, 1.0, 2.5, 1.1, 4.0)
PICTURE = np.full((40, 20), 90, np.uint8)

shares, sizes = st.floats(0.0, 1.0), st.floats(0.1, 10.0)
looks = st.builds(Look, shares, shares, sizes, sizes, st.floats(0.0, 8.0), st.floats(0.0, 900.0))


def filled(*seen: Look) -> Examples:
    examples = Examples()
    for number, look in enumerate(seen):
        examples.offer(look, float(number), PICTURE + np.uint8(number % 100))
    return examples


@given(st.lists(looks, min_size=1, max_size=KEPT, unique=True))
def test_what_was_seen_before_is_nearest_to_itself(seen):
    examples = filled(*seen)
    for look in seen:
        example = examples.nearest(look)
        assert example is not None
        assert example.compared == ()
        assert np.allclose(seen[int(example.seen_at.timestamp())], look, atol=0.05)


def test_who_runs_is_shown_beside_who_walked_there_with_the_two_speeds():
    examples = filled(replace_of(WALKER, x=0.1), WALKER, replace_of(WALKER, size=3.0))
    example = examples.nearest(replace_of(WALKER, speed=3.6))
    assert example is not None
    assert example.seen_at == datetime.fromtimestamp(1.0, UTC)
    assert [(each.kind, each.now, each.before, each.unit) for each in example.compared] == [(FactKind.SPEED, 3.6, 1.1, "body heights/s")]
    decoded = cv2.imdecode(np.frombuffer(example.picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded.shape == PICTURE.shape
    assert np.abs(decoded.astype(int) - 91).max() <= 2


def replace_of(look: Look, **changes: float) -> Look:
    return look._replace(**changes)


def test_what_is_unknown_of_a_thing_is_not_compared():
    examples = filled(replace_of(WALKER, x=0.9), WALKER)
    example = examples.nearest(Look(0.5, 0.5, 1.0, 2.5, nan, nan))
    assert example is not None
    assert (example.seen_at.timestamp(), example.compared) == (1.0, ())
    assert Examples().nearest(WALKER) is None
    assert not examples.offer(Look(0.5, 0.5, 1.0, 2.5, nan, 1.0), 5.0, PICTURE)


def test_a_full_camera_keeps_what_is_different_and_what_is_recent():
    alike = [replace_of(WALKER, x=0.4 + 0.001 * number) for number in range(KEPT)]
    examples = filled(*alike)
    odd = replace_of(WALKER, x=0.95, y=0.9)
    assert examples.offer(odd, 100.0, PICTURE)
    assert len(examples) == KEPT
    shown = examples.nearest(odd)
    assert shown is not None
    assert shown.seen_at.timestamp() == 100.0
    again = replace_of(WALKER, x=0.4201)
    assert not examples.offer(again, 200.0, PICTURE)
    assert examples.offer(again, FRESH_S + 200.0, PICTURE)
    fresh = examples.nearest(again)
    assert fresh is not None
    assert fresh.seen_at.timestamp() == FRESH_S + 200.0


def test_they_are_saved_and_read_back_but_for_those_that_are_too_old():
    examples = filled(WALKER, replace_of(WALKER, y=0.9))
    examples.offer(replace_of(WALKER, y=0.1), MOST_AGE_S + 0.5, PICTURE)
    back = Examples.of_arrays(examples.arrays())
    assert len(back) == 2
    for look in (replace_of(WALKER, y=0.9), replace_of(WALKER, y=0.1)):
        assert back.nearest(look) == examples.nearest(look)
    assert len(Examples.of_arrays({})) == 0


@pytest.mark.parametrize(
    "damage",
    [
        {"example_at": np.zeros(1)},
        {"example_looks": np.full((2, 6), np.nan)},
        {"example_sizes": np.array([1, 10**9])},
        {"example_pictures": np.zeros(3, np.uint8)},
        {"example_looks": np.zeros((2, 5))},
        {"example_looks": np.full((2, 6), -1.0)},
    ],
)
def test_what_is_damaged_is_refused(damage):
    arrays = filled(WALKER, replace_of(WALKER, y=0.9)).arrays()
    with pytest.raises(StateError):
        Examples.of_arrays({**arrays, **damage})
    with pytest.raises(StateError):
        Examples.of_arrays({name: array for name, array in arrays.items() if name != "example_sizes"})


def test_a_picture_is_small_and_of_the_thing_with_what_is_around_it():
    luma = np.zeros((1080, 1920), np.uint8)
    luma[270:810, 480:960] = 200
    picture = cut_out(luma, Box(0.25, 0.25, 0.5, 0.75))
    assert max(picture.shape) == PICTURE_SIDE
    assert picture[0, 0] < 10 < 190 < picture[picture.shape[0] // 2, picture.shape[1] // 2]
    corner = cut_out(luma, Box(0.0, 0.0, 0.01, 0.01))
    assert 10 < corner.shape[0] < PICTURE_SIDE
    corner[:] = 7
    assert luma[0, 0] == 0, "a copy: the frame's memory is the decoder's"
