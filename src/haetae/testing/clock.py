"""A clock that moves only when told to."""

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts at `start` and moves by `advance` or by whoever waits on it. Thread-safe."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._elapsed += seconds

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        """Record the wait and move on by it at once; true when `wake` is already set."""
        if wake is not None and wake.is_set():
            return True
        self.waits.append(seconds)
        self.advance(max(0.0, seconds))
        return False
