import threading
from collections import Counter
from dataclasses import replace

import orjson
import pytest
import sqlalchemy as sa
from tests.support.events import make_event
from tests.support.postgres import engine  # noqa: F401
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.database.async_event_logger import MOST_TIMED, AsyncEventLogger, WriterOptions
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_logger import EventLogger
from haetae.database.event_repository import get_event, list_events
from haetae.database.event_store import EventStore
from haetae.database.journal import segment_path, segments
from haetae.domain.event import EventStatus
from haetae.errors import DatabaseUnavailable

NEVER = 3600.0


class RecordingClock(SystemClock):
    """The real time, and a note of every wait."""

    def __init__(self):
        self.waits = []

    def wait(self, seconds, wake=None):
        self.waits.append(seconds)
        return super().wait(min(seconds, 0.02), wake) if seconds not in (1.0, NEVER) else super().wait(seconds, wake)


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


@pytest.fixture
def batches(monkeypatch):
    """The sizes of the transactions, in order."""
    sizes, real = [], EventStore.store

    def store(self, lines, *, stored_at):
        sizes.append(len(lines))
        return real(self, lines, stored_at=stored_at)

    monkeypatch.setattr(EventStore, "store", store)
    return sizes


def stored(sessions):
    with session_scope(sessions, read_only=True) as session:
        return {event.id: event for event in list_events(session, limit=100_000)}


def test_what_was_logged_is_in_the_database_after_close(tmp_path, sessions):
    events = [make_event(number) for number in range(25)]
    with AsyncEventLogger(tmp_path, sessions) as logger:
        for event in events:
            logger.log_event(event)
    assert stored(sessions) == {event.id: event for event in events}
    stats = logger.stats()
    assert (stats.accepted, stats.stored, stats.dead, stats.waiting) == (25, 25, 0, 0)


def test_ten_events_do_not_wait_for_the_second_to_pass(tmp_path, sessions, batches):
    with AsyncEventLogger(tmp_path, sessions, options=WriterOptions(batch_wait_s=NEVER)) as logger:
        for number in range(9):
            logger.log_event(make_event(number))
        assert stored(sessions) == {}
        logger.log_event(make_event(9))
        wait_until(lambda: len(stored(sessions)) == 10, "ten stored")
        assert batches == [10]


def test_one_event_alone_is_stored_after_the_wait(tmp_path, sessions):
    clock = RecordingClock()
    with AsyncEventLogger(tmp_path, sessions, clock=clock) as logger:
        logger.log_event(event := make_event())
        wait_until(lambda: event.id in stored(sessions), "stored")
    assert 1.0 in clock.waits


def test_a_backlog_is_stored_in_large_transactions_not_ten_at_a_time(tmp_path, sessions, batches):
    with EventLogger(tmp_path) as before:
        for number in range(1200):
            before.log_event(make_event(number))
    with AsyncEventLogger(tmp_path, sessions, options=WriterOptions(batch_wait_s=NEVER)) as logger:
        assert logger.flush(60.0)
        assert logger.stats().replayed == 1200
    assert batches == [500, 500, 200]
    assert len(stored(sessions)) == 1200


def test_a_second_start_offers_nothing_again(tmp_path, sessions, batches):
    with AsyncEventLogger(tmp_path, sessions) as logger:
        logger.log_event(make_event())
    with AsyncEventLogger(tmp_path, sessions) as logger:
        assert logger.flush()
        assert logger.stats().replayed == 0
    assert batches == [1]


def test_a_lost_checkpoint_costs_a_replay_and_no_event(tmp_path, sessions):
    event = make_event()
    with AsyncEventLogger(tmp_path, sessions) as logger:
        logger.log_event(event)
        logger.log_event(replace(event, revision=1, status=EventStatus.CLOSED))
    (tmp_path / "checkpoint.json").unlink()
    with AsyncEventLogger(tmp_path, sessions) as logger:
        assert logger.flush()
        assert logger.stats().replayed == 2
    with session_scope(sessions, read_only=True) as session:
        assert get_event(session, event.id).status is EventStatus.CLOSED
        assert len(list_events(session)) == 1


def test_a_torn_last_line_is_reported_and_harms_nothing(tmp_path, sessions):
    good = make_event()
    segment_path(tmp_path, 1).write_bytes(orjson.dumps(good) + b"\n" + orjson.dumps(make_event())[:77])
    with AsyncEventLogger(tmp_path, sessions) as logger:
        logger.log_event(later := make_event(1))
        assert logger.flush()
        assert (logger.stats().torn, logger.stats().dead) == (1, 0)
    assert set(stored(sessions)) == {good.id, later.id}


def test_a_poison_row_goes_to_the_dead_letters_and_no_other_with_it(tmp_path, sessions):
    events = [make_event(number) for number in range(30)]
    poison = replace(events[13], frame_number=2**63 + 1)
    with AsyncEventLogger(tmp_path, sessions) as logger:
        for event in (*events[:13], poison, *events[14:]):
            logger.log_event(event)
        assert logger.flush(60.0)
        stats = logger.stats()
    assert (stats.stored, stats.dead, stats.waiting, stats.last_error) == (29, 1, 0, None)
    assert set(stored(sessions)) == {event.id for event in events} - {poison.id}
    [letter] = [orjson.loads(line) for line in (tmp_path / "dead-letters.jsonl").read_bytes().splitlines()]
    assert letter["event"]["id"] == str(poison.id)
    assert letter["reason"]


def test_the_pauses_of_an_outage_grow_to_a_limit_with_jitter(tmp_path, sessions, monkeypatch):
    clock, failures = RecordingClock(), Counter()

    def away(*args, **kwargs):
        failures["n"] += 1
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(EventStore, "store", away)
    options = WriterOptions(batch_wait_s=0.0, retry_first_s=0.3, retry_most_s=2.0)
    with AsyncEventLogger(tmp_path, sessions, clock=clock, options=options) as logger:
        logger.log_event(event := make_event())
        wait_until(lambda: failures["n"] >= 8, "eight tries")
        assert "gone" in logger.stats().last_error
        assert logger.stats().waiting == 1
        pauses = [wait for wait in clock.waits if wait >= 0.15][:7]
        for pause, longest in zip(pauses, (0.3, 0.6, 1.2, 2.0, 2.0, 2.0, 2.0)):
            assert longest / 2 <= pause <= longest
        assert len(set(pauses)) == len(pauses)
        monkeypatch.undo()
        wait_until(lambda: event.id in stored(sessions), "stored after all")
    assert logger.stats().last_error is None


def test_closing_during_an_outage_gives_up_in_time_and_the_next_start_stores(tmp_path, sessions, monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(EventStore, "store", away)
    logger = AsyncEventLogger(tmp_path, sessions)
    events = [make_event(number) for number in range(12)]
    for event in events:
        logger.log_event(event)
    logger.close(timeout=0.2)
    assert not logger._writer.is_alive()
    assert logger.stats().waiting == 12
    monkeypatch.undo()
    with AsyncEventLogger(tmp_path, sessions) as logger:
        assert logger.flush()
    assert set(stored(sessions)) == {event.id for event in events}


def test_flush_says_when_it_ran_out_of_time(tmp_path, sessions, monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(EventStore, "store", away)
    logger = AsyncEventLogger(tmp_path, sessions)
    logger.log_event(make_event())
    assert logger.flush(0.1) is False
    logger.close(timeout=0.0)


def test_a_dead_letter_that_cannot_be_written_is_tried_again(tmp_path, sessions):
    (tmp_path / "dead-letters.jsonl").mkdir()
    with AsyncEventLogger(tmp_path, sessions, options=WriterOptions(retry_first_s=0.01, retry_most_s=0.02)) as logger:
        logger.log_event(make_event(frame_number=2**63 + 1))
        wait_until(lambda: "dead letter" in (logger.stats().last_error or ""), "reported")
        assert logger.stats().waiting == 1
        (tmp_path / "dead-letters.jsonl").rmdir()
        assert logger.flush(30.0)
        assert logger.stats().dead == 1


def test_log_event_waits_for_no_commit(tmp_path, sessions, monkeypatch):
    """While a transaction hangs, a thousand events are accepted: no lock is shared with the commit."""
    hanging, release, real = threading.Event(), threading.Event(), EventStore.store

    def store(*args, **kwargs):
        hanging.set()
        assert release.wait(60.0)
        return real(*args, **kwargs)

    monkeypatch.setattr(EventStore, "store", store)
    with AsyncEventLogger(tmp_path, sessions, options=WriterOptions(batch_wait_s=0.0)) as logger:
        logger.log_event(make_event())
        assert hanging.wait(30.0)
        for number in range(1000):
            logger.log_event(make_event(number))
        assert logger.stats().waiting == 1001
        release.set()
        assert logger.flush(60.0)
    assert len(stored(sessions)) == 1001


def test_the_log_on_disk_is_bounded_once_it_is_stored(tmp_path, sessions):
    options = WriterOptions(batch_wait_s=0.0, max_batch=50, keep_segments=2)
    with AsyncEventLogger(tmp_path, sessions, options=options, segment_bytes=20_000) as logger:
        for number in range(500):
            logger.log_event(make_event(number))
        assert logger.flush(60.0)
        kept = segments(tmp_path)
    assert len(kept) <= 4
    assert kept[0] > 1
    assert len(stored(sessions)) == 500


def test_many_threads_lose_nothing(tmp_path, sessions):
    with AsyncEventLogger(tmp_path, sessions) as logger:

        def log_some():
            for number in range(100):
                logger.log_event(make_event(number))

        threads = [threading.Thread(target=log_some) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert logger.flush(60.0)
        assert logger.stats().stored == 800
    assert len(stored(sessions)) == 800


def test_the_transactions_use_connections_of_their_own(tmp_path, sessions):
    with sessions() as request, AsyncEventLogger(tmp_path, sessions) as logger:
        request.connection(execution_options={"haetae_read_only": True})
        assert request.scalar(sa.text("SELECT count(*) FROM events")) == 0
        logger.log_event(event := make_event())
        assert logger.flush()
        request.rollback()
        assert event.id in stored(sessions)


def test_each_event_stored_is_told_with_how_long_it_waited(tmp_path, sessions):
    class Hours(SystemClock):
        """A clock that a test moves on."""

        moved_s = 0.0

        def monotonic(self):
            return super().monotonic() + self.moved_s

    clock, told, threads = Hours(), [], set()

    def on_stored(_event, seconds):
        told.append(seconds)
        threads.add(threading.current_thread().name)

    with AsyncEventLogger(tmp_path, sessions, clock=clock, options=WriterOptions(batch_wait_s=NEVER), on_stored=on_stored) as logger:
        logger.log_event(make_event())
        clock.moved_s = 7200.0
        logger.log_event(make_event(1))
        assert logger.flush()
        assert [round(seconds / 7200) for seconds in told] == [1, 0]
        for number in range(30):
            logger.log_event(make_event(number))
        assert logger.flush()
    assert len(told) == 32
    assert threads == {"event-writer"}


def test_events_of_an_earlier_run_are_not_timed(tmp_path, sessions):
    with EventLogger(tmp_path) as before:
        before.log_event(make_event())
    told = []
    with AsyncEventLogger(tmp_path, sessions, on_stored=lambda event, _seconds: told.append(event)) as logger:
        assert logger.flush()
        assert logger.stats().stored == 1
        assert told == []


def test_what_is_told_of_can_be_read_at_once_each_revision_in_its_order(tmp_path, sessions):
    told = []

    def on_stored(event, _seconds):
        told.append((event.id, event.revision, event.id in stored(sessions)))

    with AsyncEventLogger(tmp_path, sessions, on_stored=on_stored) as logger:
        first = make_event()
        for revision in range(3):
            logger.log_event(replace(first, revision=revision))
        assert logger.flush()
    assert told == [(first.id, revision, True) for revision in range(3)]


def test_an_observer_that_fails_harms_no_event(tmp_path, sessions):
    told = []

    def on_stored(_event, seconds):
        told.append(seconds)
        raise RuntimeError("broken")

    with AsyncEventLogger(tmp_path, sessions, on_stored=on_stored) as logger:
        logger.log_event(first := make_event())
        assert logger.flush()
        logger.log_event(second := make_event(1))
        assert logger.flush()
        assert (logger.stats().stored, logger.stats().last_error) == (2, None)
    assert len(told) == 2
    assert set(stored(sessions)) == {first.id, second.id}


def test_the_times_of_a_long_outage_are_bounded(tmp_path, sessions, monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseUnavailable("gone")

    told = []
    with monkeypatch.context() as outage:
        outage.setattr(EventStore, "store", away)
        with AsyncEventLogger(
            tmp_path, sessions, options=WriterOptions(retry_most_s=0.1), on_stored=lambda event, _seconds: told.append(event)
        ) as logger:
            for number in range(MOST_TIMED + 500):
                logger.log_event(make_event(number))
            outage.undo()
            assert logger.flush(60.0)
            assert logger.stats().stored == MOST_TIMED + 500
            assert len(told) == MOST_TIMED
            logger.log_event(make_event())
            assert logger.flush()
            assert len(told) == MOST_TIMED + 1
    assert told[-1].id in stored(sessions)


def test_an_event_that_came_during_a_commit_is_told_after_its_own(tmp_path, sessions, monkeypatch):
    hanging, release, real, told = threading.Event(), threading.Event(), EventStore.store, []

    def store(*args, **kwargs):
        hanging.set()
        assert release.wait(60.0)
        return real(*args, **kwargs)

    monkeypatch.setattr(EventStore, "store", store)
    options = WriterOptions(batch_wait_s=0.0)
    with AsyncEventLogger(
        tmp_path, sessions, options=options, on_stored=lambda _event, _seconds: told.append(logger.stats().stored)
    ) as logger:
        logger.log_event(make_event())
        assert hanging.wait(30.0)
        logger.log_event(make_event(1))
        release.set()
        assert logger.flush(60.0)
    assert told == [1, 2]
