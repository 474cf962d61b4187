"""Frames per second, lately."""

from collections import deque

from haetae.clock import Clock

_WINDOW_S = 5.0


class Rate:
    """Counted on one thread, read on any."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: deque[float] = deque()
        self._rate = 0.0
        self._last = 0.0

    def count(self) -> None:
        """One more frame, now."""
        now = self._clock.monotonic()
        self._recent.append(now)
        while now - self._recent[0] > _WINDOW_S:
            self._recent.popleft()
        self._rate = (len(self._recent) - 1) / (now - self._recent[0]) if now > self._recent[0] else 0.0
        self._last = now

    def fps(self) -> float:
        """The rate over the last 5 s, or 0 when nothing came for as long: a stalled stream never shows its old speed."""
        return self._rate if self._clock.monotonic() - self._last <= _WINDOW_S else 0.0
