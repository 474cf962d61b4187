"""When to try a lost source again: exponential back-off with full jitter and a cap, reset after a stable minute."""

from random import Random

from haetae.clock import Clock

FIRST_S = 1.0
CAP_S = 60.0
STABLE_S = 60.0


class ReconnectPolicy:
    """The delays of one camera; not shared, used by one thread. The restart policy of a `run()` around a `run_once()`:

        def run(self) -> None:
            while not self._stop.is_set():
                try:
                    self.run_once(on_open=policy.connected)   # opens, reads until lost, closes
                except SourceUnavailable as error:
                    if error.permanent:
                        raise
                    self._clock.wait(policy.lost(), self._stop)

    The n-th failure in a row waits between FIRST_S and min(CAP_S, FIRST_S * 2**n), drawn at random ("full jitter", M. Brooker, AWS
    Architecture Blog, 2015), so that cameras which a switch took down together do not come back in step; a cap below FIRST_S is kept.
    A connection that held for STABLE_S forgets the failures before it; one that flaps does not, or a camera that accepts and hangs up
    would be tried each second.
    """

    def __init__(self, clock: Clock, random: Random, *, first_s: float = FIRST_S, cap_s: float = CAP_S, stable_s: float = STABLE_S) -> None:
        self._clock = clock
        self._random = random
        self._first_s = min(first_s, cap_s)
        self._cap_s = cap_s
        self._stable_s = stable_s
        self._connected_since: float | None = None
        self.failures = 0

    def connected(self) -> None:
        """The source is open and delivers."""
        if self._connected_since is None:
            self._connected_since = self._clock.monotonic()

    def lost(self) -> float:
        """The source was lost, or could not be opened: the seconds to wait before the next attempt."""
        since, self._connected_since = self._connected_since, None
        if since is not None and self._clock.monotonic() - since >= self._stable_s:
            self.failures = 0
        self.failures += 1
        ceiling_s = min(self._cap_s, self._first_s * 2.0 ** min(self.failures, 32))
        return self._random.uniform(self._first_s, ceiling_s)
