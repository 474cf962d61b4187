import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from tests.support.events import ONSET, make_event
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.database import journal as journal_module
from haetae.database.event_logger import EventLogger
from haetae.database.journal import segment_path
from haetae.errors import StorageError


def test_the_log_has_one_json_line_per_call(tmp_path):
    event = make_event()
    with EventLogger(tmp_path) as logger:
        logger.log_event(event)
        logger.log_event(replace(event, revision=1))
        assert logger.stats().accepted == 2
    lines = [orjson.loads(line) for line in segment_path(tmp_path, 1).read_bytes().splitlines()]
    assert [line["revision"] for line in lines] == [0, 1]
    assert lines[0]["id"] == str(event.id)
    assert lines[0]["timestamp"] == "2026-03-01T12:00:00.123456+00:00"
    assert lines[0]["facts"][0]["kind"] == "speed"


def test_the_log_is_synced_soon_without_being_asked(tmp_path):
    with EventLogger(tmp_path) as logger:
        logger.log_event(make_event())
        wait_until(lambda: not logger._journal.unsynced, "synced")


def test_a_disk_that_cannot_sync_shows_in_the_stats_until_it_can(tmp_path, monkeypatch):
    def refuse(file):
        raise OSError(5, "Input/output error")

    with EventLogger(tmp_path) as logger:
        monkeypatch.setattr(journal_module.os, "fdatasync", refuse)
        logger.log_event(make_event())
        wait_until(lambda: logger.stats().last_error, "an error")
        assert "Input/output error" in logger.stats().last_error
        assert logger.flush() is False
        monkeypatch.undo()
        logger.log_event(make_event())
        wait_until(lambda: logger.stats().last_error is None, "recovered")


@pytest.mark.parametrize(
    "event",
    [
        make_event(timestamp=ONSET.replace(tzinfo=None)),
        make_event(ended_at=ONSET.replace(tzinfo=None)),
        make_event(vlm_description="\ud800"),
        make_event(frame_number=2**80),
    ],
)
def test_an_event_that_cannot_be_written_down_is_refused_and_the_next_one_is_not(tmp_path, event):
    with EventLogger(tmp_path) as logger:
        with pytest.raises(StorageError, match=str(event.id)):
            logger.log_event(event)
        logger.log_event(make_event())
        assert logger.stats().accepted == 1
    assert segment_path(tmp_path, 1).read_bytes().count(b"\n") == 1


def test_a_closed_logger_refuses_and_frees_the_folder(tmp_path):
    logger = EventLogger(tmp_path)
    with pytest.raises(StorageError, match="in use"):
        EventLogger(tmp_path)
    logger.close()
    logger.close()
    with pytest.raises(StorageError, match="closed"):
        logger.log_event(make_event())
    EventLogger(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        EventLogger(tmp_path / "file" / "log")


def test_a_logger_that_nobody_closed_neither_holds_up_the_exit_nor_loses_its_tail(tmp_path):
    code = f"""
from pathlib import Path
from haetae.database.async_event_logger import AsyncEventLogger, WriterOptions
from haetae.database.engine import make_engine, session_factory
from haetae.database.migrate import upgrade
from tests.support.events import make_event
engine = make_engine("sqlite:///{tmp_path}/haetae.db")
upgrade(engine)
logger = AsyncEventLogger(Path("{tmp_path}/log"), session_factory(engine), options=WriterOptions(batch_wait_s=3600.0))
for number in range(7):
    logger.log_event(make_event(number))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, cwd=Path(__file__).parents[3])
    with closing(sqlite3.connect(tmp_path / "haetae.db")) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (7,)


def test_closing_ends_the_thread_that_was_just_about_to_sync(tmp_path):
    """The wake-up of `close` comes between the end of the thread's wait and its next look."""
    waited, go_on = threading.Event(), threading.Event()

    class Slow(SystemClock):
        def wait(self, seconds, wake=None):
            waited.set()
            go_on.wait(30)
            return False

    logger = EventLogger(tmp_path, clock=Slow())
    logger.log_event(make_event())
    assert waited.wait(30)
    logger._dirty.clear()
    closer = threading.Thread(target=logger.close, daemon=True)
    closer.start()
    wait_until(lambda: logger._closing.is_set() and logger._dirty.is_set(), "close wants the thread to end")
    go_on.set()
    closer.join(10)
    assert not closer.is_alive()
