"""The database is really away for five seconds, and comes back."""

import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from tests.support.events import make_event
from tests.support.postgres import Wire, postgres_database
from tests.support.waiting import wait_until

from haetae.database.async_event_logger import AsyncEventLogger, WriterOptions
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.migrate import upgrade
from haetae.database.models import Event

AWAY_S = 5.0
OPTIONS = WriterOptions(retry_most_s=1.0)

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
connection.close()
"""


def log_during_the_outage(logger, first):
    """Log for five seconds, as a camera would; returns the events and what log_event took at worst, in seconds."""
    events, worst, end = [], 0.0, time.monotonic() + AWAY_S
    while time.monotonic() < end:
        event = make_event(first + len(events))
        start = time.monotonic()
        logger.log_event(event)
        worst = max(worst, time.monotonic() - start)
        events.append(event)
        time.sleep(0.01)
    return events, worst


def stored_ids(sessions):
    with session_scope(sessions, read_only=True) as session:
        return list(session.scalars(sa.select(Event.id)))


def check(logger, sessions, before, leave, come_back):
    for event in before:
        logger.log_event(event)
    assert logger.flush(30.0)
    leave()
    during, worst = log_during_the_outage(logger, len(before))
    wait_until(lambda: logger.stats().last_error, "the outage shows in the stats")
    assert logger.stats().stored == len(before)
    assert logger.stats().waiting == len(during)
    # Far below any database's time-out: log_event did not wait for it.
    assert worst < 1.0
    come_back()
    wait_until(lambda: logger.stats().waiting == 0, "everything stored after the outage")
    after = make_event(-1)
    logger.log_event(after)
    assert logger.flush(30.0)
    stats = logger.stats()
    assert (stats.dead, stats.last_error) == (0, None)
    assert sorted(stored_ids(sessions)) == sorted(event.id for event in (*before, *during, after))


def test_a_locked_sqlite_database_costs_no_event(tmp_path):
    path = tmp_path / "haetae.db"
    engine = make_engine(f"sqlite:///{path}", busy_timeout_s=0.5)
    upgrade(engine)
    sessions = session_factory(engine)
    locker = None

    def leave():
        nonlocal locker
        locker = subprocess.Popen([sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert locker.stdout.readline() == b"locked\n"

    def come_back():
        locker.communicate(b"\n")

    with AsyncEventLogger(tmp_path / "log", sessions, options=OPTIONS) as logger:
        check(logger, sessions, [make_event(number) for number in range(15)], leave, come_back)
    engine.dispose()


def test_an_unreachable_postgresql_server_costs_no_event(tmp_path):
    with postgres_database() as url:
        wire = Wire(url)
        engine = make_engine(wire.url, connect_timeout_s=1.0)
        sessions = session_factory(engine)
        with AsyncEventLogger(tmp_path / "log", sessions, options=OPTIONS) as logger:
            check(logger, sessions, [make_event(number) for number in range(15)], wire.cut, wire.mend)
        engine.dispose()
        wire.cut()


def test_a_logger_starts_without_its_database_and_stores_when_it_appears(tmp_path):
    folder = tmp_path / "mounted-later"
    engine = make_engine(f"sqlite:///{folder / 'haetae.db'}")
    sessions = session_factory(engine)
    event = make_event()
    with AsyncEventLogger(tmp_path / "log", sessions, options=WriterOptions(retry_first_s=0.01, retry_most_s=0.05)) as logger:
        logger.log_event(event)
        wait_until(lambda: logger.stats().last_error, "the missing database shows")
        folder.mkdir()
        upgrade(engine)
        assert logger.flush(30.0)
    assert stored_ids(sessions) == [event.id]
    engine.dispose()


@pytest.mark.parametrize("events", [5000])
def test_memory_stays_flat_while_events_pile_up(tmp_path, events):
    """The journal is the queue: nothing of a waiting event stays in memory."""
    import tracemalloc

    engine = make_engine(f"sqlite:///{tmp_path / 'nowhere' / 'haetae.db'}")
    logger = AsyncEventLogger(tmp_path / "log", session_factory(engine), options=WriterOptions(retry_first_s=0.01, retry_most_s=0.05))
    for number in range(600):
        logger.log_event(make_event(number))
    wait_until(lambda: logger.stats().last_error, "the outage shows")
    tracemalloc.start()
    try:
        for number in range(events):
            logger.log_event(make_event(number))
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert logger.stats().waiting == events + 600
    logger.close(timeout=0.0)
    engine.dispose()
    # 5,000 events are 3.4 MB in the journal; one batch of 500 with its rows may be in memory.
    assert sum(path.stat().st_size for path in (tmp_path / "log").glob("*.jsonl")) > 2_500_000
    assert held < 2_000_000, f"{held} bytes held, {peak} at most"
