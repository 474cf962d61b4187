"""What the levels of rules and of manners stand at, for how much normal time."""

import numpy as np
import pytest

from haetae.vad.rules.levels import BLOCK_S, LEAST_LEVEL, MARGIN, Levels


def noted(values: list[float], budget: float = 0.25) -> Levels:
    """Normal time with one such value in each minute."""
    levels = Levels(1, budget)
    for minute, value in enumerate(values):
        for part in range(4):
            levels.note([value if part == 2 else 0.0], (minute + part / 4) * BLOCK_S)
    levels.renew()
    return levels


def test_a_rule_that_is_never_met_alarms_where_it_is_met():
    assert noted([0.3] * 20).thetas[0] == LEAST_LEVEL


def test_a_level_stands_a_little_above_what_normal_time_came_to():
    random = np.random.default_rng(2)
    for count in (10, 1000):
        level = noted([float(each) for each in random.uniform(1.5, 2.0, count)]).thetas[0]
        assert 2.0 < level <= MARGIN * 2.0


def test_peaks_that_were_judged_anew_take_the_place_of_those_that_were_noted():
    levels = noted([3.0] * 10)
    before = float(levels.thetas[0])
    levels.begin(np.full((10, 1), 1.2, np.float32))
    assert levels.thetas[0] == pytest.approx(before * 1.2 / 3.0, rel=0.05)
    assert levels.seconds == pytest.approx(10 * BLOCK_S, rel=0.1)


def test_what_is_forgotten_says_nothing_any_more():
    levels = noted([3.0] * 10)
    levels.forget()
    assert levels.seconds == 0.0
    assert levels.thetas.tolist() == [LEAST_LEVEL]


def test_alarms_that_nobody_confirms_raise_the_level():
    levels = noted([1.1] * 30)
    before = float(levels.thetas[0])
    for minute in range(60):
        t_s = 2000.0 + BLOCK_S * minute
        levels.watch(t_s)
        if minute in (2, 5):
            levels.raised(t_s)
    assert levels.thetas[0] > 1.1 * before
