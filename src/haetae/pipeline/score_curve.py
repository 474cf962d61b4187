"""The newest scores of one camera, kept for the curves of its events."""

import threading

import numpy as np

from haetae.domain.score import Score
from haetae.media.score_curve import ScoreCurve
from haetae.pipeline.observer import NoObserver

CAPACITY = 8192
"""Scores that are kept, in 96 KiB: 27 minutes at 5 frames per second, 2 at 60. A curve that is longer begins later."""


class ScoreCurves(NoObserver):
    """An observer of one camera. `scored` and `position` belong to the camera's thread, `around` to any; none of them waits."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._t_s = np.zeros(capacity, np.float64)
        self._values = np.zeros(capacity, np.float32)
        self._lock = threading.Lock()
        self._count = 0

    def scored(self, score: Score) -> None:
        """Keep one more; the oldest gives way."""
        with self._lock:
            index = self._count % self._capacity
            self._t_s[index] = score.t_s
            self._values[index] = score.value
            self._count += 1

    @property
    def position(self) -> int:
        """Where in the stream of scores the newest one is: what `around` needs to know of an event when it opens."""
        return self._count - 1

    def around(self, position: int, *, onset_s: float, first_s: float, last_s: float) -> ScoreCurve:
        """The scores from `first_s` to `last_s`, presentation times, of the connection that `position` belongs to, as far as they are kept;
        their times are counted from `onset_s`."""
        t_s, values, oldest = self._copy()
        here = min(max(position - oldest, 0), max(t_s.size - 1, 0))
        # Time that goes back is another connection's.
        breaks = np.flatnonzero(np.diff(t_s) <= 0.0) + 1
        cuts = np.searchsorted(breaks, here, side="right")
        start = breaks[cuts - 1] if cuts > 0 else 0
        end = breaks[cuts] if cuts < breaks.size else t_s.size
        if position < oldest:
            # Of its connection nothing may be left.
            start, end = (0, end) if t_s.size and t_s[0] > onset_s else (0, 0)
        inside = slice(*(int(start) + np.searchsorted(t_s[start:end], (first_s, np.nextafter(last_s, np.inf)))))
        return ScoreCurve(tuple((t_s[inside] - onset_s).tolist()), tuple(values[inside].astype(np.float64).tolist()))

    def _copy(self) -> tuple[np.ndarray, np.ndarray, int]:
        """Times and values, oldest first, and the position of the oldest."""
        with self._lock:
            oldest = max(0, self._count - self._capacity)
            order = np.arange(oldest, self._count) % self._capacity
            return self._t_s[order], self._values[order], oldest
