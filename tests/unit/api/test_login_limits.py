import pytest
from tests.support.accounts import at_once

from haetae.api.auth.login_limits import BackOff, LoginLimits
from haetae.errors import TooManyRequests
from haetae.ids import new_id
from haetae.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def back_off(clock: FakeClock, **changes: float) -> BackOff:
    return BackOff(clock, **{"free": 3, "window_s": 3600.0, "first_s": 10.0, "longest_s": 60.0, **changes})


def waits(limit: BackOff, clock: FakeClock, tries: int) -> list[float]:
    """How long a patient client has to wait before each of so many tries."""
    found = []
    for _ in range(tries):
        try:
            limit.take("key")
            found.append(0.0)
        except TooManyRequests as error:
            found.append(error.retry_after_s)
            clock.advance(error.retry_after_s)
            limit.take("key")
    return found


def refused(take: object, *arguments: object) -> float:
    with pytest.raises(TooManyRequests) as caught:
        take(*arguments)
    return caught.value.retry_after_s


def test_the_wait_doubles_up_to_the_longest(clock):
    assert waits(back_off(clock), clock, 8) == [0, 0, 0, 10, 20, 40, 60, 60]


def test_trying_while_blocked_does_not_make_it_longer(clock):
    limit = back_off(clock)
    waits(limit, clock, 3)
    assert [refused(limit.take, "key") for _ in range(3)] == [10, 10, 10]
    clock.advance(4)
    assert refused(limit.take, "key") == 6


def test_tries_are_forgotten_evenly(clock):
    limit = back_off(clock)
    waits(limit, clock, 5)
    clock.advance(3600 * 2)
    assert waits(limit, clock, 4) == [0, 0, 0, 10]


def test_a_good_try_does_not_count(clock):
    limit = back_off(clock)
    for _ in range(20):
        limit.take("key")
        limit.give_back("key")
    limit.give_back("nobody")
    assert waits(limit, clock, 4) == [0, 0, 0, 10]


def test_many_at_once_do_not_slip_through(clock):
    limit = back_off(clock)
    found = at_once(*[lambda: limit.take("key")] * 12)
    assert sum(isinstance(each, TooManyRequests) for each in found) == 9


def test_the_number_of_keys_is_bounded_and_the_quiet_ones_go_first(clock):
    limit = back_off(clock, most_keys=10)
    waits(limit, clock, 3)
    for number in range(100):
        limit.take(number)
        refused(limit.take, "key")
    for number in range(10):
        limit.take(number)
    limit.take("key")


def guess(limits: LoginLimits, clock: FakeClock, account: str, addresses: list[str]) -> int:
    """How many guesses get through without waiting."""
    through = 0
    for address in addresses:
        try:
            limits.log_in(account, address)
            through += 1
        except TooManyRequests:
            pass
    return through


def test_an_account_is_guarded_whoever_tries_and_whether_it_exists_or_not(clock):
    limits = LoginLimits(clock)
    addresses = [f"10.0.{number}.1" for number in range(50)]
    assert guess(limits, clock, "kim", addresses) == 5
    assert guess(limits, clock, "nobody", addresses) == 5


def test_an_address_is_guarded_whichever_account_it_tries(clock):
    limits = LoginLimits(clock)
    tried = sum(guess(limits, clock, f"user{number}", ["10.0.0.1"]) for number in range(100))
    assert tried == 20
    assert guess(limits, clock, "user200", ["10.0.0.2"]) == 1


def test_a_day_of_guessing_gives_few_guesses(clock):
    limits, guesses, day = LoginLimits(clock), 0, 86400.0
    while clock.monotonic() < day:
        try:
            limits.log_in("kim", f"10.{guesses % 250}.{guesses // 250}.1")
            guesses += 1
        except TooManyRequests as error:
            clock.advance(error.retry_after_s)
    assert guesses < 250


def test_a_right_password_clears_the_account(clock):
    limits = LoginLimits(clock)
    for _ in range(30):
        for _ in range(3):
            limits.log_in("kim", "10.0.0.1")
        limits.logged_in("kim", "10.0.0.1")
        clock.advance(600)


def test_a_right_password_does_not_clear_the_other_failures_of_its_address(clock):
    limits, guesses = LoginLimits(clock), 0
    for number in range(100):
        guesses += guess(limits, clock, f"victim{number}", ["10.0.0.1"])
        if guess(limits, clock, "mine", ["10.0.0.1"]):
            limits.logged_in("mine", "10.0.0.1")
    assert guesses <= 20


def test_a_stranger_cannot_lock_the_owner_out_of_where_it_logged_in_before(clock):
    limits = LoginLimits(clock)
    limits.log_in("kim", "10.0.0.1")
    limits.logged_in("kim", "10.0.0.1")
    guess(limits, clock, "kim", [f"10.0.{number}.9" for number in range(50)])
    limits.log_in("kim", "10.0.0.1")
    refused(limits.log_in, "kim", "10.0.0.3")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "testclient", True),
        ("", "", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_what_counts_as_one_address(clock, one, other, same):
    limits = LoginLimits(clock)
    for number in range(20):
        limits.log_in(f"user{number}", one)
    if same:
        refused(limits.log_in, "another", other)
    else:
        limits.log_in("another", other)


def test_codes_registrations_refreshes_and_password_changes_have_limits_of_their_own(clock):
    limits, user = LoginLimits(clock), new_id()
    for take, argument, most in (
        (limits.code, "10.0.0.1", 10),
        (limits.register, "10.0.0.1", 5),
        (limits.refresh, "10.0.0.1", 300),
        (limits.change_password, user, 5),
    ):
        for _ in range(most):
            take(argument)
        assert refused(take, argument) > 0
    limits.log_in("kim", "10.0.0.1")
    limits.password_right(user)
    limits.change_password(user)
