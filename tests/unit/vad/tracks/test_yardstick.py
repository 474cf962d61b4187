"""The measure of people: it stays as it is until another one is clearly right."""

import numpy as np
import pytest

from haetae.errors import StateError
from haetae.vad.tracks.heights import USUAL_SHARE, Heights
from haetae.vad.tracks.yardstick import REMEMBERED, Yardstick

HIGH = 240.0


def people(yardstick: Yardstick, tall: float, count: int) -> int:
    """So many walk by, `tall` working pixels high anywhere; how often another measure was taken up."""
    changed = 0
    for number in range(count):
        foot = 0.3 + 0.6 * (number % 10) / 10
        yardstick.learn(foot, tall)
        changed += yardstick.look([foot], HIGH)
    return changed


def test_before_anybody_was_seen_people_have_a_share_of_the_picture_and_there_is_no_ground():
    yardstick = Yardstick()
    assert not yardstick.look([0.5] * REMEMBERED, HIGH)
    assert yardstick.at(0.5, HIGH) == pytest.approx(USUAL_SHARE * HIGH)
    assert yardstick.ground(320.0, HIGH) is None
    assert not yardstick.known


def test_the_first_measure_is_taken_up_once_and_small_changes_of_it_are_not():
    yardstick = Yardstick()
    assert people(yardstick, 40.0, 60) == 1
    assert yardstick.at(0.5, HIGH) == pytest.approx(40.0, rel=0.12)
    held = yardstick.ground(320.0, HIGH)
    assert held is not None
    assert people(yardstick, 43.0, 2000) == 0
    assert yardstick.ground(320.0, HIGH) == held


def test_another_measure_is_taken_up_where_most_people_are_of_another_height():
    yardstick = Yardstick()
    people(yardstick, 20.0, 60)
    assert people(yardstick, 40.0, 400) == 1
    assert yardstick.at(0.5, HIGH) == pytest.approx(40.0, rel=0.12)


def test_rows_where_nothing_stands_change_nothing():
    yardstick = Yardstick()
    for number in range(60):
        foot = 0.8 + 0.1 * (number % 10) / 10
        yardstick.learn(foot, 40.0)
        yardstick.look([foot], HIGH)
    before = yardstick.at(0.1, HIGH)
    for _ in range(300):
        # Far away, where nothing else comes to, people are smaller than the first line of heights has it.
        yardstick.learn(0.3, 14.0)
    assert not yardstick.look([0.85] * REMEMBERED, HIGH)
    assert yardstick.at(0.1, HIGH) == before
    assert yardstick.look([0.3] * REMEMBERED, HIGH)
    assert yardstick.at(0.3, HIGH) == pytest.approx(14.0, rel=0.2)


def test_it_survives_being_saved_and_states_of_before_go_by_their_heights():
    yardstick = Yardstick()
    people(yardstick, 20.0, 60)
    saved = yardstick.arrays()
    assert Yardstick.of_arrays(saved).ground(320.0, HIGH) == yardstick.ground(320.0, HIGH)
    old = {"heights": saved["heights"]}
    line = Heights.of_arrays(old).line()
    assert line is not None
    assert Yardstick.of_arrays(old).at(0.5, HIGH) == pytest.approx(line[0] + 0.5 * line[1])
    assert not Yardstick.of_arrays(Yardstick().arrays()).known
    for wrong in (np.zeros(3), np.full(2, np.nan)):
        with pytest.raises(StateError):
            Yardstick.of_arrays({**saved, "yardstick": wrong})
