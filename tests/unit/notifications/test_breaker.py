"""When a channel that fails is tried again."""

from datetime import timedelta

from tests.support.notices import NOW

from haetae.ids import new_id
from haetae.notifications.breaker import FAILURES, Breakers, retry_at
from haetae.testing.clock import FakeClock

CHANNEL = new_id()


def failing(clock, times=FAILURES):
    breakers = Breakers(clock)
    for _ in range(times):
        assert breakers.allows(CHANNEL)
        breakers.failed(CHANNEL)
    return breakers


def test_a_channel_that_fails_again_and_again_is_left_alone_for_a_while():
    clock = FakeClock()
    breakers = failing(clock)
    assert not breakers.allows(CHANNEL)
    assert breakers.allows(new_id()), "others go on"
    assert breakers.paused() == {CHANNEL}
    clock.advance(29)
    assert not breakers.allows(CHANNEL)
    clock.advance(2)
    assert breakers.paused() == frozenset()
    assert breakers.allows(CHANNEL), "one is let through"
    assert not breakers.allows(CHANNEL), "and only one"
    breakers.untried(CHANNEL)
    assert breakers.allows(CHANNEL)


def test_the_pause_doubles_up_to_five_minutes_and_ends_with_a_success():
    clock = FakeClock()
    breakers = failing(clock)
    for pause_s in (30, 60, 120, 240, 300, 300):
        clock.advance(pause_s - 1)
        assert not breakers.allows(CHANNEL)
        clock.advance(1)
        assert breakers.allows(CHANNEL)
        breakers.failed(CHANNEL)
    clock.advance(300)
    assert breakers.allows(CHANNEL)
    breakers.succeeded(CHANNEL)
    assert not breakers.is_open(CHANNEL)
    assert breakers.allows(CHANNEL)
    assert breakers.allows(CHANNEL)


def test_a_channel_that_names_a_time_is_not_asked_before():
    clock = FakeClock()
    breakers = Breakers(clock)
    breakers.failed(CHANNEL, retry_after_s=10)
    assert not breakers.allows(CHANNEL)
    clock.advance(10)
    assert breakers.allows(CHANNEL)


def test_a_message_is_tried_again_later_and_later_and_never_before_it_is_wanted():
    def wait_s(attempts, retry_after_s=None, chance=1.0):
        return (retry_at(NOW, attempts, retry_after_s, chance=lambda: chance) - NOW) / timedelta(seconds=1)

    assert [wait_s(attempts) for attempts in (1, 2, 3, 9, 10, 99)] == [2, 4, 8, 512, 600, 600]
    assert wait_s(1, chance=0.0) == 1
    assert wait_s(1, retry_after_s=90) == 90
