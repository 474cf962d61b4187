"""When a camera's level is corrected: what was raised and nobody confirmed, against what was asked for."""

from math import exp, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.errors import StateError
from haetae.vad.base import HeldOut
from haetae.vad.calibrate import DAY_S, MODEL_SHARE, Calibration
from haetae.vad.controller import LONGEST_STEP_S, PATIENCE_S, UNLIKELY, AlarmCount, Controller, Counted, at_least

MINUTE_S = 60.0


def watched(count: AlarmCount, from_s: float, hours: float, per_day: float = 1.0) -> list[Counted]:
    """What is counted while nothing happens for so long."""
    steps = (count.step(from_s + minute * MINUTE_S, per_day) for minute in range(int(hours * 60) + 1))
    return [each for each in steps if each is not None]


@given(st.integers(0, 12), st.floats(0.0, 20.0))
def test_the_tail_of_a_poisson_variable(count, expected):
    below = sum(exp(-expected) * expected**k / factorial(k) for k in range(count))
    assert at_least(count, expected) == pytest.approx(1.0 - below, abs=1e-9)


def test_one_false_alarm_in_the_first_minutes_is_evidence_and_one_after_half_a_day_is_not():
    count = AlarmCount()
    assert not watched(count, 0.0, 0.1)
    count.raised(360.0)
    [early] = watched(count, 360.0, 1.0)
    assert early.alarms == 1
    assert early.days == pytest.approx((360.0 + PATIENCE_S) / DAY_S, abs=2 * MINUTE_S / DAY_S)

    late = AlarmCount()
    watched(late, 0.0, 12.0)
    late.raised(12 * 3600.0)
    assert not watched(late, 12 * 3600.0, 11.0)
    [whole] = watched(late, 23 * 3600.0, 1.1)
    assert (whole.alarms, whole.days) == (1, pytest.approx(1.0, abs=0.01))


def test_early_corrections_come_to_no_more_than_that_of_the_day():
    """What comes back every two hours and is never answered, all day long."""
    count, given = AlarmCount(), []
    for minute in range(1442):
        t_s = minute * MINUTE_S
        if minute % 120 == 10 and minute < 1400:
            count.raised(t_s)
        counted = count.step(t_s, 1.5)
        given += [] if counted is None else [counted.log_ratio(1.5)]
    assert len(given) > 3
    assert sum(given) == pytest.approx(np.log(13 / 2.5), abs=0.01)


def test_in_a_flood_the_day_is_over_at_once():
    count, given = AlarmCount(), []
    for minute in range(120):
        count.raised(minute * MINUTE_S)
        counted = count.step(minute * MINUTE_S, 1.0)
        given += [] if counted is None else [counted.log_ratio(1.0)]
    assert sum(given) > 6 * np.log(11)


def test_what_somebody_confirms_in_time_is_no_false_alarm():
    count = AlarmCount()
    watched(count, 0.0, 0.2)
    count.raised(720.0)
    assert not watched(count, 720.0, 0.9 * PATIENCE_S / 3600.0)
    count.confirmed()
    assert not watched(count, 720.0 + 0.9 * PATIENCE_S, 2.0)
    assert count.unconfirmed == 0


def test_gaps_are_no_time_watched():
    count = AlarmCount()
    count.step(0.0, 1.0)
    assert count.step(30 * DAY_S, 1.0) is None
    assert count.watched_s == LONGEST_STEP_S


@pytest.mark.parametrize("per_day", [0.5, 1.0, 24.0])
def test_alarms_as_often_as_asked_for_seldom_move_the_level_within_the_day(per_day):
    random, moved, days = np.random.default_rng(4), 0, 60
    for _ in range(days):
        count, next_s, early = AlarmCount(), float(random.exponential(DAY_S / per_day)), False
        for minute in range(1439):
            if minute * MINUTE_S >= next_s:
                count.raised(next_s)
                next_s += float(random.exponential(DAY_S / per_day))
            early |= count.step(minute * MINUTE_S, per_day) is not None
        moved += early
    # Each alarm is looked at, so more often than UNLIKELY.
    assert moved / days <= 5 * UNLIKELY


def test_the_model_has_its_share_of_the_false_alarms():
    raw = np.random.default_rng(0).exponential(0.2, 40_000)
    calibration = Calibration.fit(HeldOut(np.arange(raw.size) * 0.5, raw), 2.0, watched=True)
    assert calibration.allowance == 2.0 * MODEL_SHARE
    controller = Controller()
    controller.step(0.0, calibration)
    for alarm in range(6):
        controller.raised(100.0 + alarm)
    stricter = calibration
    for minute in range(20):
        stricter = controller.step(MINUTE_S * (minute + 1), stricter)
    assert stricter.theta > calibration.theta


def test_the_count_survives_being_saved_and_damage_is_refused():
    controller = Controller()
    calibration = Calibration.fit(HeldOut(np.arange(100.0), np.zeros(100)), 1.0)
    controller.step(0.0, calibration)
    controller.raised(1.0)
    controller.step(30.0, calibration)
    saved = controller.arrays()
    np.testing.assert_array_equal(Controller.of_arrays(saved).arrays()["controller"], saved["controller"])
    assert saved["controller"].tolist() == [1.0, 30.0, 0.0, 0.0]
    old = Controller.of_arrays({"controller": saved["controller"][:2]})
    np.testing.assert_array_equal(old.arrays()["controller"], saved["controller"])
    assert Controller.of_arrays({}).arrays()["controller"].tolist() == [0.0] * 4
    with pytest.raises(StateError):
        Controller.of_arrays({"controller": np.array([-1.0, 0.0, 0.0, 0.0])})
