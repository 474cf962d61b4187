"""How far behind its camera a picture is."""

from haetae.clock import Clock

_SLEW = 0.002
"""How fast the quickest arrival is forgotten: a camera's clock may run that much slower than ours."""


class Lag:
    """Time since a picture should have arrived, by the quickest arrival of its connection: decoding, queues and a busy machine show,
    a constant delay of the camera or the network does not. Monotonic, so a clock that is set changes nothing. Camera's thread only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._zero_s: float | None = None

    def restart(self) -> None:
        """A new connection has a time of its own."""
        self._zero_s = None

    def arrived(self, t_s: float) -> None:
        """A packet with presentation time `t_s` came in."""
        at_zero_s = self._clock.monotonic() - t_s
        if self._zero_s is None or at_zero_s < self._zero_s:
            self._zero_s = at_zero_s
        else:
            self._zero_s += (at_zero_s - self._zero_s) * _SLEW

    def of(self, t_s: float) -> float:
        """Seconds from the arrival of the picture at `t_s` until now."""
        return 0.0 if self._zero_s is None else max(0.0, self._clock.monotonic() - t_s - self._zero_s)
