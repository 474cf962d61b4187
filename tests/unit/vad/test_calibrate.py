import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from haetae.errors import ConfigError, StateError
from haetae.vad.base import HeldOut
from haetae.vad.calibrate import (
    DAY_S,
    LEAST_HELD,
    LEAST_THETA,
    MODEL_SHARE,
    MOST_CAUTION,
    MOST_HELD,
    MOST_IN_ALL,
    REACH,
    TAIL_INDEX,
    Calibration,
    caution,
)
from haetae.vad.controller import Counted
from haetae.vad.peaks import Peaks


def footage(hours: float, seed: int = 0, fps: float = 4.0, scale: float = 0.1) -> HeldOut:
    """Normal footage whose raw score is exponential and independent from frame to frame."""
    count = int(hours * 3600 * fps)
    raw = np.random.default_rng(seed).exponential(scale, count)
    return HeldOut(np.arange(count) / fps, raw)


def alarms_per_day(raw: NDArray[np.float64], theta: float, fps: float) -> float:
    """Declustered alarms: 60 s blocks in which 3 of 5 frames reach theta."""
    above = np.convolve(raw >= theta, np.ones(5), mode="valid") >= 3
    blocks = np.unique(np.flatnonzero(above) // int(60 * fps))
    return len(blocks) / (len(raw) / fps / DAY_S)


def test_the_alarm_level_is_exactly_one_half() -> None:
    calibration = Calibration.fit(footage(1), 1.0)
    assert calibration.apply(calibration.theta) == 0.5
    assert calibration.apply_map(np.array([calibration.theta]))[0] == 0.5


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=50))
def test_scores_are_monotone_and_bounded(raw: list[float]) -> None:
    calibration = Calibration.fit(footage(0.2), 1.0)
    values = [calibration.apply(each) for each in sorted(raw)]
    assert values == sorted(values)
    assert 0.0 <= values[0] <= values[-1] <= 1.0
    assert calibration.apply_map(np.sort(raw)) == pytest.approx(values, abs=1e-6)


def test_long_footage_realises_the_budget() -> None:
    budget = 20.0
    calibration = Calibration.fit(footage(80, seed=1), budget, least_theta=1e-6)
    realised = alarms_per_day(footage(24 * 10, seed=2).raw, calibration.theta, fps=4.0)
    assert budget / 3 < realised < budget * 3


def test_short_footage_is_more_careful_than_long_footage() -> None:
    realised = [
        alarms_per_day(footage(240, seed=99).raw, Calibration.fit(footage(1, seed=seed), 10.0, least_theta=1e-6).theta, fps=4.0)
        for seed in range(10)
    ]
    assert np.median(realised) < 10.0


def test_a_smaller_budget_raises_the_alarm_level_without_learning_again() -> None:
    held_out = footage(5)
    calibration = Calibration.fit(held_out, 1.0, least_theta=1e-6)
    stricter = calibration.with_budget(0.1)
    assert stricter.theta > calibration.theta > calibration.with_budget(10.0).theta
    assert stricter == Calibration.fit(held_out, 0.1, least_theta=1e-6)


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_footage_without_anything_gives_the_least_alarm_level(count: int) -> None:
    calm = HeldOut(np.arange(count) * 0.1, np.zeros(count))
    assert Calibration.fit(calm, 1.0).theta == LEAST_THETA


def test_seven_seconds_of_footage_are_extrapolated_beyond_their_own_peaks() -> None:
    held_out = HeldOut(np.arange(70) * 0.1, np.random.default_rng(0).exponential(1.0, 70))
    theta = Calibration.fit(held_out, 1.0).theta
    assert theta > Peaks.of(held_out).values.max()
    # Once a day cannot be told from so little: once in REACH times the footage is aimed at.
    assert theta == Calibration.fit(held_out, DAY_S / (REACH * 7.0)).theta > Calibration.fit(held_out, 2 * DAY_S / (REACH * 7.0)).theta


def test_footage_that_grows_while_the_camera_is_watched_reaches_the_budget() -> None:
    young = Calibration.fit(footage(0.2, seed=3), 1.0, least_theta=1e-6)
    grown = young.renewed(Peaks.of(footage(48, seed=4)))
    assert grown.theta > young.theta
    assert grown == Calibration.fit(footage(48, seed=4), 1.0, least_theta=1e-6)


@given(st.integers(0, 500), st.floats(0.1, 24.0))
def test_the_controller_moves_against_the_number_of_alarms_and_stays_in_bounds(alarms: int, budget: float) -> None:
    calibration = Calibration.fit(footage(1), budget)
    log_ratio = Counted(alarms, 1.0).log_ratio(calibration.allowance)
    once = calibration.corrected(log_ratio)
    assert (once.held > 0) == (alarms > budget) or abs(alarms - budget) < 1e-9
    for _ in range(40):
        once = once.corrected(log_ratio)
    assert LEAST_HELD <= once.held <= MOST_HELD
    assert once.theta <= MOST_IN_ALL * max(calibration.theta, LEAST_THETA)


def test_a_tail_that_was_wrong_is_brought_to_the_budget_within_days() -> None:
    # What follows is half as lively again as what was learned.
    calibration = Calibration.fit(footage(48, seed=1), 1.0, least_theta=1e-6)
    days = [footage(24, seed=10 + day, scale=0.15).raw for day in range(12)]
    realised = []
    for raw in days:
        realised.append(alarms_per_day(raw, calibration.theta, fps=4.0))
        calibration = calibration.corrected(Counted(round(realised[-1]), 1.0).log_ratio(1.0))
    assert realised[0] > 50
    assert np.mean(realised[6:]) < 4.0


def test_gaps_between_clips_are_no_footage() -> None:
    whole = footage(1)
    cut = HeldOut(whole.t_s + 3600.0 * (np.arange(whole.t_s.size) // 2400), whole.raw)
    assert Calibration.fit(cut, 1.0).tail.footage_s == pytest.approx(3600.0, rel=0.01)


def test_one_noisy_frame_is_no_peak_where_frames_are_dense() -> None:
    raw = np.random.default_rng(0).exponential(0.1, 6000)
    spiky = raw.copy()
    spiky[::97] += 50.0
    times = np.arange(6000) * 0.1
    assert Calibration.fit(HeldOut(times, spiky), 1.0).theta < 2 * Calibration.fit(HeldOut(times, raw), 1.0).theta


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), float("inf")])
def test_a_senseless_budget_is_refused(budget: float) -> None:
    with pytest.raises(ConfigError, match="positive"):
        Calibration.fit(footage(1), budget)
    with pytest.raises(ConfigError, match="positive"):
        Calibration.fit(footage(1), 1.0).with_budget(budget)


def test_it_is_saved_as_arrays_and_read_back() -> None:
    calibration = Calibration.fit(footage(1), 2.0)
    assert Calibration.of_arrays(calibration.arrays()) == calibration
    with pytest.raises(StateError):
        Calibration.of_arrays({})
    with pytest.raises(StateError):
        Calibration.of_arrays({"calibration": np.full(7, np.nan)})


@given(st.floats(60.0, 30 * DAY_S), st.floats(0.01, 100.0))
def test_caution_fades_as_the_footage_grows_and_is_over_where_the_footage_can_tell(seconds: float, per_day: float) -> None:
    young = caution(seconds, per_day)
    assert 1.0 <= caution(2 * seconds, per_day) <= young <= MOST_CAUTION
    assert caution(max(seconds, DAY_S / (REACH * per_day)), per_day) == pytest.approx(1.0)


def test_caution_keeps_a_power_law_to_its_rate() -> None:
    """The level at which footage can tell the rate, times the caution, is passed as often as allowed by a tail of that index."""
    seconds, per_day = 1200.0, 0.5
    told = DAY_S / (REACH * seconds)
    assert told * caution(seconds, per_day) ** -TAIL_INDEX == pytest.approx(per_day)


def test_a_watched_camera_shares_its_false_alarms_and_is_careful_while_it_is_young() -> None:
    young = footage(0.2, seed=3)
    plain, watched = Calibration.fit(young, 1.0, least_theta=1e-6), Calibration.fit(young, 1.0, least_theta=1e-6, watched=True)
    assert watched.allowance == MODEL_SHARE
    assert watched.caution > 1.1
    assert watched.theta == pytest.approx(watched.caution * plain.tail.level(MODEL_SHARE))
    old = watched.renewed(Peaks.of(footage(24 * 8, seed=4)))
    assert old.caution == 1.0
    assert old.theta == pytest.approx(old.tail.at_rate(MODEL_SHARE))
    assert old.with_budget(0.5).theta > old.theta


def test_a_calibration_of_before_budgets_were_shared_is_read_as_it_was() -> None:
    watched = Calibration.fit(footage(1), 2.0, watched=True)
    assert Calibration.of_arrays(watched.arrays()) == watched
    plain = Calibration.fit(footage(1), 2.0)
    old = plain.arrays()
    old["accepted"] = old["accepted"][:2]
    assert Calibration.of_arrays(old) == plain
    assert Calibration.of_arrays(old).of_watched() == watched
