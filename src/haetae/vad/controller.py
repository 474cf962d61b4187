"""Keeps a camera to its false alarms per day when its scene is not what the learned tail says."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log1p
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.calibrate import DAY_S, Calibration

UNLIKELY = 0.02
"""So many alarms or more that a camera's allowance would bring with less than this probability (Poisson) are evidence that its level is too
low: the day need not end before it is corrected. One within the first half hour is, where one a day is allowed; alarms as frequent as they
may be move a level before the day is over on one day in ten."""

FLOOD = 5.0
"""With so many times as many alarms as a day allows, and one more, the day is over at once."""

PATIENCE_S = 900.0
"""An alarm counts once it was left unconfirmed for so long."""

LONGEST_STEP_S = 60.0
"""A longer silence is no time watched."""


@dataclass(frozen=True, slots=True)
class Counted:
    """So many alarms in so many days; for `before_alarms` in `before_days` of them the level was corrected already."""

    alarms: int
    days: float
    before_alarms: int = 0
    before_days: float = 0.0

    def log_ratio(self, per_day: float) -> float:
        """By how much more the logarithm of the ratio of what happened to what is allowed has grown, one added to both."""
        now = log1p(self.alarms) - log1p(per_day * self.days)
        return now - (log1p(self.before_alarms) - log1p(per_day * self.before_days))


class AlarmCount:
    """What was raised in a day and nobody confirmed, and for how long was watched. All corrections of one day together are those of its
    count, however early they come: what is repeated all day long without an answer moves the level no further than that."""

    def __init__(self, alarms: int = 0, watched_s: float = 0.0, corrected: tuple[int, float] = (0, 0.0)) -> None:
        """`corrected`: for how many alarms in how many days the level was corrected already."""
        self.alarms, self.watched_s, self.corrected = alarms, watched_s, corrected
        self._waiting: deque[float] = deque()
        self._last_s: float | None = None

    @property
    def unconfirmed(self) -> int:
        """Those that may still be confirmed included."""
        return self.alarms + len(self._waiting)

    def raised(self, t_s: float) -> None:
        self._waiting.append(t_s)

    def confirmed(self) -> None:
        """One of them was none; those that have had their effect are not taken back."""
        if self._waiting:
            self._waiting.pop()
        else:
            self.alarms = max(0, self.alarms - 1)

    def step(self, t_s: float, per_day: float) -> Counted | None:
        """A moment at model time `t_s` under an allowance of so many a day: what to correct the level by, once a day or as soon as alarms
        are too many; None else."""
        if self._last_s is not None:
            self.watched_s += min(max(0.0, t_s - self._last_s), LONGEST_STEP_S)
        self._last_s = t_s
        late = False
        while self._waiting and self._waiting[0] <= t_s - PATIENCE_S:
            self._waiting.popleft()
            self.alarms, late = self.alarms + 1, True
        days = self.watched_s / DAY_S
        over = days >= 1.0 or self.alarms > FLOOD * (per_day + 1.0)
        if not over and not (late and at_least(self.alarms, per_day * days) < UNLIKELY):
            return None
        counted = Counted(self.alarms, days, *self.corrected)
        self.corrected = (self.alarms, days)
        if over:
            self.alarms, self.watched_s, self.corrected = 0, 0.0, (0, 0.0)
        return counted


def at_least(count: int, expected: float) -> float:
    """The probability that a Poisson variable of that mean is `count` or more."""
    term, below = exp(-expected), 0.0
    for number in range(count):
        below += term
        term *= expected / (number + 1)
    return max(0.0, 1.0 - below)


class Controller:
    """Counts what one camera's model raised and nobody confirmed. On that camera's thread only."""

    def __init__(self, count: AlarmCount | None = None) -> None:
        self._count = AlarmCount() if count is None else count

    def raised(self, t_s: float) -> None:
        """At model time `t_s`."""
        self._count.raised(t_s)

    def confirmed(self) -> None:
        """One of them was none."""
        self._count.confirmed()

    def step(self, t_s: float, calibration: Calibration) -> Calibration:
        """A frame at model time `t_s`; the calibration from now on, corrected once a day, or when there are too many alarms."""
        counted = self._count.step(t_s, calibration.allowance)
        return calibration if counted is None else calibration.corrected(counted.log_ratio(calibration.allowance))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was counted today."""
        return {"controller": np.array([self._count.unconfirmed, self._count.watched_s, *self._count.corrected], np.float64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The controller whose `arrays()` these were; a new one where there are none. Raises StateError when they make no sense."""
        values = arrays.get("controller", np.zeros(4))
        # States of before there were early corrections have two values.
        values = np.append(values, np.zeros(2)) if values.shape == (2,) else values
        if values.shape != (4,) or not np.isfinite(values).all() or (values < 0).any():
            raise StateError("the saved count of alarms cannot be read", hint="Learn this camera again")
        return cls(AlarmCount(int(values[0]), float(values[1]), (int(values[2]), float(values[3]))))
