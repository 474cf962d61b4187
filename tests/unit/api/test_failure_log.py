import pytest

from haetae.api.auth.failure_log import UNKNOWN, FailureLog
from haetae.domain.viewer import Actor
from haetae.errors import DatabaseUnavailable, TooManyRequests
from haetae.ids import new_id
from haetae.testing.clock import FakeClock

KIM = (new_id(), "kim")


class Notes:
    """Stands in for the AccountStore."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, str, int]] = []
        self.broken = False

    def note(self, actor: Actor, action: str, user_id: object, after: dict[str, int]) -> None:
        if self.broken:
            raise DatabaseUnavailable("gone")
        assert user_id == actor.user_id
        self.written.append((action, actor.name, actor.address, after["attempts"]))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def log(notes: Notes, clock: FakeClock) -> FailureLog:
    return FailureLog(notes, clock)


def test_a_flood_becomes_one_entry_a_minute_with_its_count(log, notes, clock):
    for _ in range(100):
        log.add("user.login_failed", "kim", KIM, "10.0.0.1")
    assert notes.written == [("user.login_failed", "kim", "10.0.0.1", 1)]
    clock.advance(60)
    log.add("user.login_failed", "kim", KIM, "10.0.0.1")
    assert notes.written[1:] == [("user.login_failed", "kim", "10.0.0.1", 100)]


def test_accounts_addresses_and_actions_are_counted_apart(log, notes):
    log.add("user.login_failed", "kim", KIM, "10.0.0.1")
    log.add("user.login_failed", "kim", KIM, "10.0.0.2")
    log.add("user.locked_out", "kim", KIM, "10.0.0.1")
    log.add("user.login_failed", "nobody", None, "10.0.0.1")
    assert [name for _, name, _, _ in notes.written] == ["kim", "kim", "kim", UNKNOWN]


def test_there_are_at_most_sixty_entries_a_minute_whoever_tries(log, notes, clock):
    for number in range(5000):
        log.add("user.login_failed", f"user{number}", None, f"10.0.{number % 250}.{number // 250}")
    assert len(notes.written) == 60
    clock.advance(60)
    log.flush()
    assert len(notes.written) == 120


def test_what_was_only_counted_is_written_when_its_minute_is_over_and_then_forgotten(log, notes, clock):
    for _ in range(3):
        log.add("user.login_failed", "kim", KIM, "10.0.0.1")
    log.flush()
    assert len(notes.written) == 1
    clock.advance(60)
    log.flush()
    log.flush()
    assert notes.written[1:] == [("user.login_failed", "kim", "10.0.0.1", 2)]
    clock.advance(60)
    log.flush()
    log.add("user.login_failed", "kim", KIM, "10.0.0.1")
    assert notes.written[2:] == [("user.login_failed", "kim", "10.0.0.1", 1)]


def test_a_database_that_is_gone_stops_nobody(log, notes):
    notes.broken = True
    log.add("user.login_failed", "kim", KIM, "10.0.0.1")
    log.flush()
    assert notes.written == []


def test_a_lock_out_is_told_and_goes_on(log, notes):
    with pytest.raises(TooManyRequests), log.lock_outs("kim", KIM, "10.0.0.1"):
        raise TooManyRequests("too often", retry_after_s=3)
    with log.lock_outs("kim", KIM, "10.0.0.1"):
        pass
    assert notes.written == [("user.locked_out", "kim", "10.0.0.1", 1)]
