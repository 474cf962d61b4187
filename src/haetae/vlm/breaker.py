"""A model that fails whatever it is given is left alone for a while; a budget bounds how often one is asked at all."""

import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from haetae.clock import Clock

FAILURES = 5
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 300.0


class Breaker:
    """After FAILURES failures in a row it is open for 30 s, then one look is let through; each further failure doubles the pause up to
    5 min, a success ends it. Any thread: looks and planning ask the same server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._pause_s = 0.0
        self._open_until = 0.0
        self._probing = False
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Whether the model may be asked now. After a pause that is one look, until its outcome is told."""
        with self._lock:
            if self._failures < FAILURES:
                return self._clock.monotonic() >= self._open_until
            if self._probing or self._clock.monotonic() < self._open_until:
                return False
            self._probing = True
            return True

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._pause_s, self._open_until, self._probing = 0, 0.0, 0.0, False

    def failed(self, retry_after_s: float | None = None) -> None:
        now = self._clock.monotonic()
        with self._lock:
            self._failures += 1
            self._probing = False
            if self._failures >= FAILURES:
                self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s) if self._pause_s else FIRST_PAUSE_S
                self._open_until = now + self._pause_s
            if retry_after_s is not None:
                self._open_until = max(self._open_until, now + min(retry_after_s, LONGEST_PAUSE_S))

    def untried(self) -> None:
        """The look that was let through did not happen after all."""
        self._probing = False


class CallBudget:
    """At most so many calls in any hour and any day; 0 is no limit. Any thread."""

    def __init__(self, clock: Clock, *, per_hour: int, per_day: int, made: Iterable[tuple[datetime, int]] = ()) -> None:
        """`made` are the calls of the last day, from before this process began."""
        self._clock = clock
        self._per_hour = per_hour
        self._per_day = per_day
        self._lock = threading.Lock()
        self._made = deque(at for at, calls in made for _ in range(calls))

    def take(self) -> str:
        """Count a call; else, in words, why none may be made."""
        now = self._clock.now()
        with self._lock:
            while self._made and self._made[0] <= now - timedelta(days=1):
                self._made.popleft()
            # A call in the future tells that the clock was set back.
            hour = sum(1 for at in self._made if now - timedelta(hours=1) < at <= now)
            if self._per_hour and hour >= self._per_hour:
                return f"the budget of {self._per_hour} calls an hour is used up"
            if self._per_day and len(self._made) >= self._per_day:
                return f"the budget of {self._per_day} calls a day is used up"
            self._made.append(now)
            return ""
