"""Which frames are analysed: picked by presentation time for a wanted rate, without drift."""

LIVE_FPS = 5.0
FILE_FPS = 10.0
"""The rates without a wish: 5 per second of a live stream, a file's own rate up to 10 (docs/design/flow.md)."""

_LONGEST_INTERVAL_S = 1.0


class Sampler:
    """Picks `rate_fps` frames per second of presentation time: on average exactly, each the one nearest to its due time.

    A frame is due from half a frame interval before its due time on, so jitter of the time stamps loses nothing, and a rate at or
    above the source's own passes every frame. The interval is learned from the stream (a container's claim may be wrong), starting
    from `source_fps`. After a jump of the time stamps in either direction the next frame is wanted and the grid starts anew there.
    """

    def __init__(self, rate_fps: float, source_fps: float | None = None) -> None:
        if not rate_fps > 0:
            raise ValueError(f"the sampling rate must be positive, not {rate_fps}")
        self._period_s = 1.0 / rate_fps
        self._interval_s = 1.0 / source_fps if source_fps else 0.0
        self._due_s: float | None = None
        self._last_s = 0.0

    def wants(self, t_s: float) -> bool:
        """True when the frame at presentation time `t_s` is to be analysed; called once per frame, in presentation order."""
        if self._due_s is None:
            self._last_s, self._due_s = t_s, t_s + self._period_s
            return True
        step_s = t_s - self._last_s
        self._last_s = t_s
        if step_s < -self._period_s:
            self._due_s = t_s
        elif 0.0 < step_s <= _LONGEST_INTERVAL_S:
            self._interval_s += 0.1 * (step_s - self._interval_s) if self._interval_s else step_s
        if t_s < self._due_s - 0.5 * self._interval_s - 1e-6:
            return False
        behind_s = t_s - self._due_s
        self._due_s = (t_s if behind_s > self._period_s else self._due_s) + self._period_s
        return True
