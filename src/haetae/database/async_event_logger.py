"""`AsyncEventLogger`: the journal first, then the database in batches, on a thread of its own."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from haetae.clock import Clock
from haetae.database.dead_letters import DeadLetterFile
from haetae.database.engine import Sessions
from haetae.database.event_logger import EventLogger, LoggerStats
from haetae.database.event_store import EventStore
from haetae.database.journal import SEGMENT_BYTES, Position
from haetae.database.journal_reader import Checkpoint, JournalReader, Line, count_lines, remove_stored
from haetae.domain.event import AnomalyEvent
from haetae.errors import StorageError

log = structlog.get_logger()

FLOOD_EVENTS = 5
FLOOD_LOOK_S = 0.005
"""So many events in so long a time are a flood."""

MOST_TIMED = 4096
"""Events that wait for the database beyond this number are stored without being timed."""

YIELD_S = 0.00002
"""Long enough for the operating system to wake a thread that waits for the interpreter."""


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """How the database is written.

    A transaction starts when `batch_events` wait or `batch_wait_s` after the first of them, whichever is earlier, and takes all that wait
    up to `max_batch`, so that a backlog drains at full speed. After a failure the pause doubles from `retry_first_s` to `retry_most_s`,
    less up to a half at random. `keep_segments` stored journal files stay as the human-readable log. While events come in a flood (more
    than one a millisecond) the writer stays out of their way for at most `give_way_s` before each transaction: storing and accepting
    share one interpreter, and the caller is the one who must not wait.
    """

    batch_events: int = 10
    batch_wait_s: float = 1.0
    max_batch: int = 500
    give_way_s: float = 0.5
    retry_first_s: float = 0.25
    retry_most_s: float = 10.0
    keep_segments: int = 8


OnStored = Callable[[AnomalyEvent, float], None]
"""(a revision of an event, seconds from accepting to storing it)."""


class AsyncEventLogger(EventLogger):
    """Accepts events like `EventLogger`, and stores each in the database exactly once.

    The journal is the queue: the writer thread reads from the file what it stores, so memory stays flat however long the database is
    away, a restart replays with the same code, and nothing that was accepted depends on this process. Stored up to the checkpoint, which is
    written after the commit. What the database refuses for its content goes to `dead-letters.jsonl`; all else is tried again for ever.
    The writer has a connection of its own for each transaction, and holds no lock that `log_event` wants while it commits.
    """

    def __init__(
        self,
        log_dir: Path,
        sessions: Sessions,
        *,
        clock: Clock | None = None,
        options: WriterOptions | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        on_stored: OnStored | None = None,
        news: bool = False,
        triage: bool = False,
    ) -> None:
        """Starts storing what an earlier run left in `log_dir`. The database need not be there yet. Raises as `EventLogger` does.

        `on_stored` is told, on the writer's thread after the commit, of each revision that was accepted here, in their order, and how many
        seconds passed until it was stored (or refused for good); of the oldest 4096 at most that wait. What it raises is logged.
        `news`: what is stored is also noted as news, for those who tell people; `triage`: as something to look at.
        """
        super().__init__(log_dir, clock=clock, segment_bytes=segment_bytes)
        self._store = EventStore(sessions, breathe=self._breathe, news=news, triage=triage)
        self._options = options or WriterOptions()
        self._checkpoint = Checkpoint(self._folder)
        self._dead_letters = DeadLetterFile(self._folder)
        try:
            start = self._checkpoint.load(self._folder)
            self._replayed = count_lines(self._folder, start, self._journal.end)
        except OSError as error:
            self._shut()
            raise StorageError(f"the event journal in {log_dir} cannot be read: {error.strerror}", hint="Check the disk") from error
        if self._replayed:
            log.info("journal_replay", folder=str(self._folder), events=self._replayed)
        self._reader = JournalReader(self._folder, start)
        self._stored_to = start
        self._stored = self._dead = self._torn = self._failures = 0
        self._database_error: str | None = None
        self._on_stored = on_stored
        self._accepted: deque[tuple[Position, float, AnomalyEvent]] = deque()
        self._waiters: list[tuple[Position, threading.Event]] = []
        self._waiters_lock = threading.Lock()
        self._any = threading.Event()
        self._urgent = threading.Event()
        self._deadline = float("inf")
        if self._replayed:
            self._any.set()
            self._urgent.set()
        self._writer = threading.Thread(target=self._run, name="event-writer", daemon=True)
        self._writer.start()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything accepted so far, and everything replayed, is stored or a dead letter; false after `timeout` seconds.

        Never called on a camera's thread.
        """
        end, done = self._journal.end, threading.Event()
        with self._waiters_lock:
            self._waiters.append((end, done))
        self._wake()
        finished = self._stored_to >= end or self._clock.wait(timeout, done)
        with self._waiters_lock:
            self._waiters = [waiter for waiter in self._waiters if waiter[1] is not done]
        return finished or self._stored_to >= end

    def stats(self) -> LoggerStats:
        handled = self._stored + self._dead
        return LoggerStats(
            accepted=self._journal.accepted,
            replayed=self._replayed,
            stored=self._stored,
            dead=self._dead,
            waiting=max(0, self._journal.accepted + self._replayed - handled),
            torn=self._torn,
            last_error=self._database_error or self._sync_error,
        )

    def _after_append(self, end: Position, event: AnomalyEvent) -> None:
        # No maxlen: it would let this thread remove what the writer is looking at.
        if self._on_stored is not None and len(self._accepted) < MOST_TIMED:
            self._accepted.append((end, self._clock.monotonic(), event))
        if not self._any.is_set():
            self._any.set()
        if not self._urgent.is_set() and self._waiting() >= self._options.batch_events:
            self._urgent.set()

    def _waiting(self) -> int:
        return self._journal.accepted + self._replayed - self._stored - self._dead

    def _stop(self, timeout: float) -> None:
        """Drain for at most `timeout` seconds; what stays behind is in the journal and stored at the next start."""
        self._deadline = self._clock.monotonic() + timeout
        self._closing.set()
        self._wake()
        # A transaction that hangs in the driver ends by its own timeout; the daemon thread is left to it.
        self._writer.join(timeout + 1.0)
        left = self.stats().waiting
        if left:
            log.warning("events_left_in_journal", folder=str(self._folder), events=left, error=self._database_error)

    def _wake(self) -> None:
        self._any.set()
        self._urgent.set()

    def _run(self) -> None:
        """Until closed and drained. The loop outlives every fault: an event waits in the journal until it can be stored."""
        while True:
            self._gather()
            try:
                more = self.run_once()
            except Exception as error:
                if not self._back_off(error):
                    return
                continue
            if not more and self._closing.is_set():
                return

    def run_once(self) -> bool:
        """Store one batch; false when nothing was waiting. Raises StorageError (an outage) or OSError; the batch is offered again then."""
        self._any.clear()
        self._urgent.clear()
        # While the database is away, a try costs no more than a small batch.
        limit = self._options.batch_events if self._failures else self._options.max_batch
        lines = self._reader.read(self._journal.end, limit)
        if not lines:
            self._reached(self._reader.position)
            return False
        try:
            self._store_batch(lines)
        except BaseException:
            self._reader.seek(self._stored_to)
            raise
        if self._reader.position < self._journal.end:
            self._any.set()
            if self._waiting() >= self._options.batch_events or self._waiters or self._closing.is_set():
                self._urgent.set()
        return True

    def _store_batch(self, lines: list[Line]) -> None:
        torn = [line for line in lines if not line.complete]
        whole = [line.data for line in lines if line.complete]
        letters = self._store.store(whole, stored_at=self._clock.now()) if whole else []
        if letters:
            self._dead_letters.write(letters, at=self._clock.now())
            for letter in letters:
                log.error("event_refused_by_database", reason=letter.reason, file=str(self._dead_letters.path))
        position = self._reader.position
        self._checkpoint.save(position)
        for line in torn:
            log.warning("journal_torn_line", folder=str(self._folder), segment=line.after.segment, bytes=len(line.data))
        self._torn += len(torn)
        self._dead += len(letters)
        self._stored += len(whole) - len(letters)
        if self._failures:
            log.info("database_back", after_failures=self._failures)
        self._failures = 0
        self._database_error = None
        if position.segment > self._stored_to.segment:
            remove_stored(self._folder, position, self._options.keep_segments)
        self._reached(position)

    def _gather(self) -> None:
        """Wait for the first event, then until enough wait or the first has waited long enough."""
        if self._closing.is_set():
            return
        self._any.wait()
        if not self._closing.is_set():
            self._clock.wait(self._options.batch_wait_s, self._urgent)
            self._give_way()

    def _give_way(self) -> None:
        end = self._clock.monotonic() + self._options.give_way_s
        seen = self._journal.accepted
        while self._clock.monotonic() < end and not (self._waiters or self._closing.is_set()):
            self._clock.wait(FLOOD_LOOK_S, self._closing)
            accepted = self._journal.accepted
            if accepted - seen < FLOOD_EVENTS:
                return
            seen = accepted

    def _breathe(self) -> None:
        # The write in `log_event` released the interpreter; without this its thread could wait for Python's whole switch interval.
        if self._journal.writing:
            time.sleep(YIELD_S)

    def _reached(self, position: Position) -> None:
        self._stored_to = position
        if self._on_stored is not None:
            self._tell(self._on_stored, position)
        with self._waiters_lock:
            for end, done in self._waiters:
                if end <= position:
                    done.set()

    def _tell(self, on_stored: OnStored, position: Position) -> None:
        now = self._clock.monotonic()
        stored: list[tuple[AnomalyEvent, float]] = []
        while self._accepted and self._accepted[0][0] <= position:
            _, accepted_at, event = self._accepted.popleft()
            stored.append((event, now - accepted_at))
        try:
            for event, seconds in stored:
                on_stored(event, seconds)
        except Exception as error:
            log.error("on_stored_failed", exc_info=error)

    def _back_off(self, error: Exception) -> bool:
        """Note the failure and pause; false when closing and out of time."""
        self._database_error = str(error)
        self._failures += 1
        if self._failures == 1:
            expected = isinstance(error, (StorageError, OSError))
            log.warning("database_away", error=str(error), waiting=self.stats().waiting, exc_info=None if expected else error)
        longest = min(self._options.retry_most_s, self._options.retry_first_s * 2.0 ** min(self._failures - 1, 16))
        pause = longest * random.uniform(0.5, 1.0)
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            return False
        if self._closing.is_set():
            # Nothing wakes this wait any more: short ones, as there is little time.
            self._clock.wait(min(pause, left, 0.25))
        else:
            self._clock.wait(pause, self._closing)
        self._wake()
        return True
