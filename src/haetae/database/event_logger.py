"""`EventLogger`: the event journal as the log that people and programs read. `AsyncEventLogger` adds the database to it."""

import atexit
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
import structlog

from haetae.clock import Clock, SystemClock
from haetae.database.journal import SEGMENT_BYTES, FolderLock, Journal, Position
from haetae.domain.event import AnomalyEvent
from haetae.errors import StorageError

log = structlog.get_logger()

SYNC_EVERY_S = 0.05
"""A power cut takes at most the events of about this long."""


@dataclass(frozen=True, slots=True)
class LoggerStats:
    """Counts of journal records since this logger opened. `accepted + replayed == stored + dead + waiting` whenever it is at rest.

    `replayed` were found in the journal at the start, not yet stored. `torn` are ends of lines that a killed process left; they had not
    been accepted. `last_error` is the newest fault of the disk or the database, None while all is well.
    """

    accepted: int = 0
    replayed: int = 0
    stored: int = 0
    dead: int = 0
    waiting: int = 0
    torn: int = 0
    last_error: str | None = None


class EventLogger:
    """Writes one JSON line per `log_event` into `log_dir` (`events-NNNNNNNN.jsonl`).

    `log_event` may be called from any thread and takes microseconds; the event then survives the death of the process at once, and a
    power cut about 50 ms later (one fsync for all that came meanwhile, on a thread of its own). One logger at a time holds a folder.
    `close` may be called twice, and is called at the interpreter's exit where nobody did.
    """

    def __init__(self, log_dir: Path, *, clock: Clock | None = None, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Raises StorageError when the folder is in use or cannot be written, JournalFull when there is no room for a new file."""
        self._folder = Path(log_dir)
        self._clock = clock or SystemClock()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"the log folder {log_dir} cannot be made: {error.strerror}", hint="Check its path and permissions"
            ) from error
        self._lock = FolderLock(self._folder)
        try:
            self._journal = Journal(self._folder, segment_bytes=segment_bytes)
        except BaseException:
            self._lock.release()
            raise
        self._closing = threading.Event()
        self._close_lock = threading.Lock()
        self._closed = False
        self._dirty = threading.Event()
        self._sync_error: str | None = None
        self._syncer = threading.Thread(target=self._sync_now_and_then, name="journal-sync", daemon=True)
        self._syncer.start()
        # The threads are daemons so that a forgotten logger cannot keep the process alive; this closes it all the same, so no tail is lost.
        atexit.register(self.close)

    def log_event(self, event: AnomalyEvent) -> None:
        """Accept an event. When this returns, the event outlives the process, whatever the database does.

        Raises JournalFull when the disk takes no more, StorageError for an event that cannot be written down (a naive time, a value that
        JSON lacks) or a closed logger; the event is not accepted then and nothing else is harmed.
        """
        if event.timestamp.tzinfo is None or (event.ended_at is not None and event.ended_at.tzinfo is None):
            raise StorageError(f"the event {event.id} has a time without zone; events carry UTC-aware times (Clock.now() is)")
        try:
            line = orjson.dumps(event, option=orjson.OPT_SERIALIZE_NUMPY)
        except TypeError as error:
            raise StorageError(f"the event {event.id} cannot be written down: {error}") from error
        end = self._journal.append(line)
        if not self._dirty.is_set():
            self._dirty.set()
        self._after_append(end, event)

    def flush(self, timeout: float = 10.0) -> bool:  # noqa: ARG002 (the asynchronous logger needs it)
        """Make what was accepted survive a power cut; true when done. `timeout` in seconds bounds the wait where there is one."""
        try:
            self._journal.sync()
        except OSError as error:
            self._sync_failed(error)
            return False
        return True

    def stats(self) -> LoggerStats:
        return LoggerStats(accepted=self._journal.accepted, last_error=self._sync_error)

    def close(self, timeout: float = 10.0) -> None:
        """Sync, stop the thread, release the folder. Appending is refused from now on."""
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
            self._journal.stop_accepting()
            self._stop(timeout)
            self._shut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _after_append(self, end: Position, event: AnomalyEvent) -> None:
        """Called by `log_event` once the event is accepted, with the journal's end behind it; must not block."""

    def _stop(self, timeout: float) -> None:
        """Called by `close` once no more is accepted."""

    def _shut(self) -> None:
        atexit.unregister(self.close)
        self._closing.set()
        self._dirty.set()
        self._syncer.join()
        try:
            self._journal.close()
        except OSError as error:
            self._sync_failed(error)
        self._lock.release()

    def _sync_now_and_then(self) -> None:
        while True:
            self._dirty.wait()
            if self._clock.wait(SYNC_EVERY_S, self._closing):
                return
            self._dirty.clear()
            # `_shut` may have set it just before: nothing would wake the next wait.
            if self._closing.is_set():
                return
            try:
                self._journal.sync()
                self._sync_error = None
            except OSError as error:
                self._sync_failed(error)

    def _sync_failed(self, error: OSError) -> None:
        self._sync_error = f"the journal could not be synced to the disk: {error.strerror}"
        log.error("journal_sync_failed", folder=str(self._folder), error=error.strerror)
