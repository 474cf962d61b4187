"""Time comes from a Clock, so that tests can hold it. See docs/design/time.md."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Passed to whatever measures or waits. Safe to call from any thread."""

    def now(self) -> datetime:
        """Wall time, UTC-aware. It may jump (NTP): use it to label things, never to measure."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        ...

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        """Wait for `seconds`, or until `wake` is set; true when it was set."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        if wake is not None:
            return wake.wait(max(0.0, seconds))
        time.sleep(max(0.0, seconds))
        return False
