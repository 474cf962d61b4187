"""A disk that is really full: what does not fit is refused, what was accepted is intact, and all goes on when there is room."""

import subprocess

import orjson
import pytest
from tests.support.events import make_event
from tests.support.waiting import wait_until

from haetae.database.async_event_logger import AsyncEventLogger, WriterOptions
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import list_events
from haetae.database.migrate import upgrade
from haetae.errors import JournalFull, StorageError

OPTIONS = WriterOptions(retry_first_s=0.01, retry_most_s=0.1)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if mount.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mount.stderr.strip()} (test_journal.py refuses writes with a double)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder, leave=0):
    """A file that takes all room but `leave` bytes."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        block = 4096
        try:
            while file.write(b"\0" * block) == block:
                pass
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave))
    return ballast


def log_until_full(logger):
    accepted = []
    while True:
        event = make_event(len(accepted))
        try:
            logger.log_event(event)
        except JournalFull:
            return accepted, event
        accepted.append(event)


def test_a_full_disk_refuses_loudly_and_corrupts_nothing(small_disk, tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'haetae.db'}")
    upgrade(engine)
    sessions = session_factory(engine)
    with AsyncEventLogger(small_disk / "log", sessions, options=OPTIONS) as logger:
        ballast = fill(small_disk, leave=300_000)
        accepted, refused = log_until_full(logger)
        assert len(accepted) > 100
        wait_until(lambda: logger.stats().waiting == 0 or logger.stats().last_error, "stored, or said why not")
        ballast.unlink()
        logger.log_event(later := make_event(-1))
        assert logger.flush(30.0)
        stats = logger.stats()
        assert (stats.accepted, stats.dead, stats.torn, stats.last_error) == (len(accepted) + 1, 0, 0, None)
    lines = b"".join(path.read_bytes() for path in sorted((small_disk / "log").glob("events-*.jsonl"))).splitlines()
    assert [orjson.loads(line)["id"] for line in lines] == [str(event.id) for event in (*accepted, later)]
    with session_scope(sessions, read_only=True) as session:
        stored = {event.id for event in list_events(session, limit=100_000)}
    assert stored == {event.id for event in (*accepted, later)}
    assert refused.id not in stored
    engine.dispose()


def test_journal_and_database_on_the_same_full_disk_lose_nothing(small_disk):
    engine = make_engine(f"sqlite:///{small_disk / 'haetae.db'}")
    upgrade(engine)
    sessions = session_factory(engine)
    with AsyncEventLogger(small_disk / "log", sessions, options=OPTIONS) as logger:
        ballast = fill(small_disk, leave=100_000)
        accepted, _refused = log_until_full(logger)
        wait_until(lambda: logger.stats().last_error, "the full disk shows")
        ballast.unlink()
        assert logger.flush(30.0)
        assert logger.stats().last_error is None
    with session_scope(sessions, read_only=True) as session:
        assert {event.id for event in list_events(session, limit=100_000)} == {event.id for event in accepted}
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()


def test_a_logger_that_starts_on_a_full_disk_refuses_events_and_works_once_there_is_room(small_disk, tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'haetae.db'}")
    upgrade(engine)
    log = small_disk / "log"
    log.mkdir()
    ballast = fill(small_disk)
    with AsyncEventLogger(log, session_factory(engine)) as logger:
        log_until_full(logger)
        with pytest.raises(JournalFull, match="not accepted"):
            logger.log_event(make_event())
    ballast.unlink()
    with AsyncEventLogger(log, session_factory(engine)) as logger:
        logger.log_event(make_event())
        with pytest.raises(StorageError, match="in use"):
            AsyncEventLogger(log, session_factory(engine))
    engine.dispose()
