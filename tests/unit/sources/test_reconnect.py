from random import Random

from haetae.sources.reconnect import ReconnectPolicy
from haetae.testing.clock import FakeClock


class HighestDraw(Random):
    """Draws the upper end, so that the ceiling shows."""

    def uniform(self, a: float, b: float) -> float:
        return b


def ceilings(policy: ReconnectPolicy, count: int) -> list[float]:
    return [policy.lost() for _ in range(count)]


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    assert ceilings(ReconnectPolicy(FakeClock(), HighestDraw()), 8) == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_no_wait_is_longer_than_the_cap():
    assert ceilings(ReconnectPolicy(FakeClock(), HighestDraw(), cap_s=0.2), 4) == [0.2] * 4


def test_delays_are_drawn_over_the_whole_range() -> None:
    delays = []
    for seed in range(200):
        policy = ReconnectPolicy(FakeClock(), Random(seed))
        delays.append(ceilings(policy, 6)[-1])
    assert 1.0 <= min(delays) < 5.0
    assert 55.0 < max(delays) <= 60.0


def test_a_stable_minute_forgets_the_failures() -> None:
    clock = FakeClock()
    policy = ReconnectPolicy(clock, HighestDraw())
    ceilings(policy, 6)
    policy.connected()
    clock.advance(60.0)
    assert policy.lost() == 2.0


def test_a_source_that_flaps_is_not_tried_ever_faster() -> None:
    clock = FakeClock()
    policy = ReconnectPolicy(clock, HighestDraw())
    for expected in (2.0, 4.0, 8.0, 16.0, 32.0, 60.0):
        policy.connected()
        clock.advance(59.0)
        assert policy.lost() == expected


def test_time_spent_offline_is_no_stable_time() -> None:
    clock = FakeClock()
    policy = ReconnectPolicy(clock, HighestDraw())
    policy.connected()
    policy.lost()
    clock.advance(3600.0)
    assert policy.lost() == 4.0


def test_a_week_of_failures_does_not_overflow() -> None:
    policy = ReconnectPolicy(FakeClock(), Random(0))
    assert all(1.0 <= delay <= 60.0 for delay in ceilings(policy, 20_000))
