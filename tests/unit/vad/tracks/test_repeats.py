"""What more than one thing has done somewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.vad.tracks.repeats import Repeats

X, Y = 0.5, 0.5


@given(st.lists(st.floats(1.0, 50.0), min_size=1, max_size=12, unique=True))
def test_a_thing_is_held_against_the_second_greatest_of_all_others(values):
    repeats = Repeats(1)
    for thing, value in enumerate(values):
        repeats.learn(0, X, Y, value, thing)
        repeats.learn(0, X, Y, 0.8 * value, thing)
    for thing, value in enumerate(values):
        others = sorted(values[:thing] + values[thing + 1 :], reverse=True)
        usual = max(1.0, others[1] if len(others) > 1 else 0.0)
        assert repeats.beyond((0,), X, Y, value, thing) == pytest.approx(value / usual, rel=1e-6)


def test_what_one_thing_did_again_and_again_is_not_usual():
    repeats = Repeats(1)
    for _ in range(50):
        repeats.learn(0, X, Y, 5.0, 7)
    assert repeats.beyond((0,), X, Y, 5.0) == 5.0
    repeats.learn(0, X, Y, 4.0, 8)
    assert repeats.beyond((0,), X, Y, 4.0) == 1.0


def test_what_people_call_normal_is_usual_for_whoever_does_it():
    repeats = Repeats(1)
    repeats.learn(0, X, Y, 4.0, 3)
    repeats.accept(0, X, Y, 4.0)
    assert repeats.beyond((0,), X, Y, 4.0, 3) == 1.0
    again = Repeats.of_arrays(repeats.arrays(), 1)
    assert again.beyond((0,), X, Y, 4.0, 9) == 1.0
