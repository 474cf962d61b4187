"""What another number of false alarms a day would make of the footage that a camera knows."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.calibrate import DAY_S, REACH, Calibration, raw_of
from haetae.vad.peaks import Peaks
from haetae.vad.state_file import read_state


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The alarm level of one camera and the normal footage that it is fitted to, as they were when the state was saved.

    `peaks` holds the greatest sustained raw score of each stretch of normal footage, a week of it at most. Alarms are not in it: what is
    reported is not what is usual. `learned_at` and `saved_at` are UTC; events of before the first are on another scale.
    """

    calibration: Calibration
    peaks: Peaks
    learned_at: datetime | None
    saved_at: datetime

    @classmethod
    def read(cls, path: Path) -> "Sensitivity | None":
        """Of a saved state; None where there is none, or one of before peaks were saved. Raises StateError for a file that is damaged."""
        if not path.exists():
            return None
        meta, arrays = read_state(path)
        peaks = Peaks.of_arrays(arrays)
        if peaks is None or not peaks.values.size:
            return None
        try:
            learned_at = meta.get("learned_at")
            return cls(
                Calibration.of_arrays(arrays),
                peaks,
                None if learned_at is None else datetime.fromisoformat(learned_at),
                datetime.fromisoformat(meta["saved_at"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"{path} is damaged", hint="Remove it and let the camera learn again") from error

    @property
    def stretch_s(self) -> float:
        """How long the stretches of footage are, on average."""
        return self.peaks.seconds / self.peaks.values.size

    @property
    def rarest_per_day(self) -> float:
        """So rare alarms the footage can speak of. For fewer the level only grows more cautious, see `calibrate.caution`."""
        return DAY_S / (REACH * max(self.peaks.seconds, 1.0)) / self._share

    @property
    def oftenest_per_day(self) -> float:
        """As often as the alarm level follows the budget; a greater number changes nothing."""
        return self.calibration.tail.per_day / self._share

    @property
    def _share(self) -> float:
        """Of the budget that is the model's."""
        return self.calibration.allowance / self.calibration.false_alarms_per_day

    def histogram(self, bins: int) -> NDArray[np.int64]:
        """How many stretches had their greatest score in each of `bins` equal parts of [0, 1] on the present scale, 0.5 the alarm level."""
        counts, _edges = np.histogram(self.calibration.apply_map(self.peaks.values), bins=bins, range=(0.0, 1.0))
        return counts.astype(np.int64)

    def level(self, false_alarms_per_day: float) -> float:
        """Where the alarm level of that budget lies on the present scale. Raises ConfigError unless the budget is positive."""
        return self.calibration.apply(self.calibration.with_budget(false_alarms_per_day).theta)

    def stretches_over(self, false_alarms_per_day: float) -> int:
        """In how many stretches of normal footage that budget would have raised an alarm."""
        return int(np.count_nonzero(self.peaks.values > self.calibration.with_budget(false_alarms_per_day).theta))

    def score_of(self, value: float, threshold: float) -> float:
        """An event's peak on the present scale, whose calibrated peak was `value` while `threshold` was the raw alarm level."""
        return self.calibration.apply(raw_of(value, threshold))

    def alarms(self, false_alarms_per_day: float, value: float, threshold: float) -> bool:
        """Whether that budget lets an event alarm whose calibrated peak was `value` while `threshold` was the raw alarm level.

        Of the peak alone: an event that rises but little above the level may be too short for the gate.
        """
        return raw_of(value, threshold) >= self.calibration.with_budget(false_alarms_per_day).theta
