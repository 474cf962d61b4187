"""Keeps a camera to its false alarms per day when its scene is not what the learned tail says."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.calibrate import DAY_S, Calibration

FLOOD = 5.0
"""With so many times as many alarms as a day allows, and one more, the day need not end before the level is corrected."""

LONGEST_STEP_S = 60.0
"""A longer silence is no time watched."""


class Controller:
    """Counts what one camera raised and nobody confirmed. On that camera's thread only."""

    def __init__(self) -> None:
        self._alarms = 0
        self._watched_s = 0.0
        self._last_s: float | None = None

    def raised(self) -> None:
        self._alarms += 1

    def confirmed(self) -> None:
        """One of them was none; those of days that are over have had their effect."""
        self._alarms = max(0, self._alarms - 1)

    def step(self, t_s: float, calibration: Calibration) -> Calibration:
        """A frame at model time `t_s`; the calibration from now on, corrected once a day, or in a flood of alarms."""
        if self._last_s is not None:
            self._watched_s += min(max(0.0, t_s - self._last_s), LONGEST_STEP_S)
        self._last_s = t_s
        if self._watched_s < DAY_S and self._alarms <= FLOOD * (calibration.false_alarms_per_day + 1.0):
            return calibration
        corrected = calibration.corrected(self._alarms, self._watched_s / DAY_S)
        self._alarms, self._watched_s = 0, 0.0
        return corrected

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was counted since the last correction."""
        return {"controller": np.array([self._alarms, self._watched_s], np.float64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The controller whose `arrays()` these were; a new one where there are none. Raises StateError when they make no sense."""
        values = arrays.get("controller", np.zeros(2))
        if values.shape != (2,) or not np.isfinite(values).all() or (values < 0).any():
            raise StateError("the saved count of alarms cannot be read", hint="Learn this camera again")
        controller = cls()
        controller._alarms, controller._watched_s = int(values[0]), float(values[1])
        return controller
