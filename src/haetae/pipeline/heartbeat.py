"""How a camera's thread shows that it lives, and how a watchdog tells that it hangs."""

from math import inf

from haetae.clock import Clock


class Heartbeat:
    """Beaten by one thread, looked at by the watchdog's. Not beating for `hang_s` means that the thread hangs in native code, for all waits
    in Python are announced."""

    def __init__(self, clock: Clock, hang_s: float) -> None:
        self._clock = clock
        self._hang_s = hang_s
        self._due = inf

    def beat(self) -> None:
        self._due = self._clock.monotonic() + self._hang_s

    def expect(self, seconds: float) -> None:
        """The next beat may take `seconds` longer: a wait, or a call that has a time-out of its own."""
        self._due = self._clock.monotonic() + self._hang_s + seconds

    def rest(self) -> None:
        """The thread is done: nothing more is to be expected."""
        self._due = inf

    @property
    def overdue(self) -> bool:
        return self._clock.monotonic() > self._due
