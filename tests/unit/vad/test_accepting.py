"""What people call normal raises the alarm level of their camera, a little."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.errors import ModelError, StateError
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import START, scripted_frame
from haetae.vad.base import HeldOut
from haetae.vad.calibrate import MOST_IN_ALL, MOST_PER_EVENT, Calibration, raw_of
from haetae.vad.normality import Normality


def calibration(budget=1.0):
    count = 4 * 3600
    return Calibration.fit(HeldOut(np.arange(count) / 4, np.random.default_rng(0).exponential(0.1, count)), budget)


def event_at(calibration, raw):
    """The calibrated peak and the threshold that an event of this raw peak carries."""
    return calibration.apply(raw), calibration.theta


@given(st.floats(0.0, 1e6), st.floats(1e-3, 1e3))
def test_the_raw_score_comes_back_from_the_calibrated_one(raw, theta):
    made = Calibration(theta, 1.0, calibration().tail, 0.6)
    assert raw_of(made.apply(raw), theta) == pytest.approx(raw, rel=1e-6, abs=1e-12)


def test_the_same_again_is_below_the_alarm_level():
    before = calibration()
    raw = 1.3 * before.theta
    assert before.apply(raw) > 0.5
    after = before.accepting(*event_at(before, raw))
    assert after.apply(raw) < 0.5
    assert after.apply(1.05 * raw) > 0.5


def test_what_towers_above_goes_on_to_alarm_and_one_event_raises_the_level_by_its_bound_at_most():
    before = calibration()
    after = before.accepting(*event_at(before, 10 * before.theta))
    assert after.theta == pytest.approx(MOST_PER_EVENT * before.theta)
    assert after.apply(10 * before.theta) > 0.5
    assert before.accepting(1.0, before.theta).theta == after.theta


def test_many_events_raise_the_level_by_a_bound_in_all():
    level = calibration()
    learned = level.theta
    for _ in range(20):
        level = level.accepting(*event_at(level, 100 * level.theta))
    assert level.theta == pytest.approx(MOST_IN_ALL * learned)


def test_the_same_event_a_second_time_changes_nothing_and_a_weaker_one_neither():
    before = calibration()
    strong, weak = event_at(before, 1.4 * before.theta), event_at(before, 1.2 * before.theta)
    once = before.accepting(*strong)
    assert once.accepting(*strong) == once
    assert once.accepting(*weak) == once
    assert before.accepting(*weak).accepting(*strong) == once


def test_another_budget_keeps_what_was_accepted_within_its_bound():
    accepted = calibration().accepting(*event_at(calibration(), 1.4 * calibration().theta))
    stricter = accepted.with_budget(0.001)
    assert stricter.theta == max(calibration(0.001).theta, accepted.theta)
    laxer = accepted.with_budget(1000.0)
    assert laxer.theta == pytest.approx(min(accepted.theta, MOST_IN_ALL * calibration(1000.0).theta))
    assert laxer.with_budget(1.0) == accepted


def test_it_is_saved_and_states_of_before_have_none():
    accepted = calibration().accepting(*event_at(calibration(), 1.4 * calibration().theta))
    assert Calibration.of_arrays(accepted.arrays()) == accepted
    old = {"calibration": calibration().arrays()["calibration"]}
    assert Calibration.of_arrays(old) == calibration()


@pytest.mark.parametrize("accepted", [np.array([np.nan]), np.array([-1.0]), np.array([0.0, 99.0])])
def test_a_damaged_level_is_refused(accepted):
    with pytest.raises(StateError):
        Calibration.of_arrays({**calibration().arrays(), "accepted": accepted})


def learned():
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=4.0)
    rng = np.random.default_rng(1)
    for number in range(50):
        normality.learn(scripted_frame(number, luma=rng.integers(0, 255, (64, 96), np.uint8)))
    normality.finish()
    return normality


def test_an_event_of_before_this_learning_says_nothing_about_it(tmp_path):
    normality = learned()
    theta = normality.threshold
    assert not normality.accept(0.6, theta, START + timedelta(seconds=4.8))
    assert normality.threshold == theta
    normality.save(tmp_path / "door.state")
    loaded = Normality.load(tmp_path / "door.state", ScriptedModel())
    assert not loaded.accept(0.6, theta, START)
    assert loaded.accept(0.6, theta, START + timedelta(seconds=5))
    assert loaded.threshold > theta


def test_what_was_accepted_outlives_a_restart(tmp_path):
    normality = learned()
    normality.accept(0.6, normality.threshold, START + timedelta(hours=1))
    normality.save(tmp_path / "door.state")
    assert Normality.load(tmp_path / "door.state", ScriptedModel()).threshold == normality.threshold


def test_nothing_is_accepted_while_learning():
    with pytest.raises(ModelError, match="still learning"):
        Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=4.0).accept(0.6, 1.0, START)
