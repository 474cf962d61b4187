"""What a camera has done since it was added: it goes on over connections, restarts and replaced threads."""

import threading
from collections.abc import Callable

from haetae.domain.frame import FrameCounts

ABANDONED = "abandoned"
"""Why frames were dropped that a thread held when it was given up."""


class Tally:
    """Counters that only grow. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._past = FrameCounts()
        self._connection: Callable[[], FrameCounts] | None = None
        self._events = 0
        self._reconnects = 0

    @property
    def frames(self) -> FrameCounts:
        """Everything so far, the running connection included."""
        with self._lock:
            return self._past if self._connection is None else _add(self._past, self._connection())

    @property
    def events(self) -> int:
        return self._events

    @property
    def reconnects(self) -> int:
        return self._reconnects

    def begin(self, counts: Callable[[], FrameCounts]) -> None:
        """A connection begins whose counts so far `counts` tells; what went before is over."""
        with self._lock:
            self._end()
            self._connection = counts

    def end(self) -> None:
        """The connection is over: its counts stay as they are."""
        with self._lock:
            self._end()

    def add_event(self) -> None:
        with self._lock:
            self._events += 1

    def add_reconnect(self) -> None:
        with self._lock:
            self._reconnects += 1

    def _end(self) -> None:
        if self._connection is not None:
            self._past = _add(self._past, _settled(self._connection()))
            self._connection = None


def with_shed(counts: FrameCounts, shed: dict[str, int]) -> FrameCounts:
    """The source counts a frame as analysed when it hands it on: those that were then shed are dropped instead, by reason."""
    return _add(counts, FrameCounts(0, -sum(shed.values()), 0, shed)) if shed else counts


def _add(a: FrameCounts, b: FrameCounts) -> FrameCounts:
    dropped = {reason: a.dropped.get(reason, 0) + b.dropped.get(reason, 0) for reason in (*a.dropped, *b.dropped)}
    return FrameCounts(a.read + b.read, a.analysed + b.analysed, a.skipped + b.skipped, dropped)


def _settled(counts: FrameCounts) -> FrameCounts:
    """Counts that add up: what is neither analysed, skipped nor dropped is held by a thread that will not come back."""
    held = counts.read - counts.analysed - counts.skipped - counts.dropped_total
    return _add(counts, FrameCounts(0, 0, 0, {ABANDONED: held})) if held > 0 else counts
