import pytest

from haetae.pipeline.lag import Lag
from haetae.testing.clock import FakeClock


def test_lag_is_the_time_since_a_picture_should_have_arrived():
    clock = FakeClock()
    lag = Lag(clock)
    lag.arrived(10.0)
    clock.advance(0.5)
    assert lag.of(10.0) == pytest.approx(0.5)
    assert lag.of(10.5) == pytest.approx(0.0)


def test_a_constant_delay_is_no_lag_and_the_quickest_arrival_counts():
    clock = FakeClock()
    lag = Lag(clock)
    lag.arrived(0.0)
    clock.advance(0.1)
    lag.arrived(0.2)
    assert lag.of(0.2) == pytest.approx(0.0)
    assert lag.of(0.0) == pytest.approx(0.2)


def test_a_camera_whose_clock_runs_slow_does_not_seem_ever_later():
    clock = FakeClock()
    lag = Lag(clock)
    for number in range(15 * 3600):
        lag.arrived(number / 15 * 0.9999)
        clock.advance(1 / 15)
    assert lag.of((15 * 3600 - 1) / 15 * 0.9999) < 0.2


def test_another_connection_begins_anew():
    clock = FakeClock()
    lag = Lag(clock)
    lag.arrived(0.0)
    lag.restart()
    assert lag.of(0.0) == 0.0
    clock.advance(50.0)
    lag.arrived(0.0)
    assert lag.of(0.0) == pytest.approx(0.0)
