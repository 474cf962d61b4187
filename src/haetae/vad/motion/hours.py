"""What is usual at which hour: somebody in the yard is nothing at noon and something at three in the morning."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.motion.quarantine import Sample

HOURS = 24
REGION = 4
"""Side of a region in blocks: by hour there is little footage of each place."""

LEAST_DAYS = 4
"""An hour is judged once it was watched on so many days."""

GREATEST = 6.0
_DAY_S = 86_400


class Hours:
    """`present` (HOURS, regions) and `watched` (HOURS,) count seconds, of an hour of UTC; `days` (HOURS,) on how many days that hour was
    watched, `last` (HOURS,) which day since the epoch was the newest of them, -1 for none."""

    def __init__(self, rows: int, columns: int) -> None:
        self._rows, self._columns = -(-rows // REGION), -(-columns // REGION)
        place = np.arange(rows * columns)
        self._region = (place // columns // REGION) * self._columns + place % columns // REGION
        self.present = np.zeros((HOURS, self._rows * self._columns), np.float32)
        self.watched = np.zeros(HOURS, np.float32)
        self.days = np.zeros(HOURS, np.int32)
        self.last = np.full(HOURS, -1, np.int64)

    def take(self, sample: Sample, at_s: float) -> None:
        """Learn a sample of normal footage taken at `at_s`, in seconds since the epoch."""
        day, hour = int(at_s) // _DAY_S, int(at_s) % _DAY_S // 3600
        if self.last[hour] != day:
            self.last[hour] = day
            self.days[hour] += 1
        self.watched[hour] += sample.seconds
        self.present[hour, np.unique(self._region[sample.cell])] += sample.seconds

    def surprise(self, at_s: float, visit_s: float) -> NDArray[np.float32] | None:
        """-log10 of the share of the time, in visits of `visit_s`, that each cell (rows * columns,) is occupied at that hour and next
        to it; None while that cannot be told."""
        hour = int(at_s) % _DAY_S // 3600
        near = [(hour - 1) % HOURS, hour, (hour + 1) % HOURS]
        if self.days[hour] < LEAST_DAYS:
            return None
        present = self.present[near].sum(axis=0).reshape(self._rows, self._columns)
        visits = cv2.GaussianBlur(present, (3, 3), 0.8, borderType=cv2.BORDER_REPLICATE).ravel() / visit_s
        share = (visits + 0.5) / (self.watched[near].sum() / visit_s + 1.0)
        by_region: NDArray[np.float32] = np.clip(-np.log10(share), 0.0, GREATEST).astype(np.float32)
        return np.asarray(by_region[self._region])

    def fade(self, share: float) -> None:
        """Keep that share of what was counted."""
        self.present *= np.float32(share)
        self.watched *= np.float32(share)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"hours": self.present, "hours_watched": self.watched, "hours_days": self.days, "hours_last": self.last}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], rows: int, columns: int) -> "Hours":
        """The hours whose `arrays()` these were, of a picture of so many blocks. Raises StateError when they do not fit it."""
        hours = cls(rows, columns)
        found = (arrays["hours"], arrays["hours_watched"], arrays["hours_days"], arrays["hours_last"])
        wanted: tuple[NDArray[Any], ...] = (hours.present, hours.watched, hours.days, hours.last)
        if any(have.shape != want.shape or not np.isfinite(have).all() for have, want in zip(found, wanted, strict=True)):
            raise StateError("the saved hours cannot be read", hint="Learn this camera again")
        hours.present, hours.watched = found[0].astype(np.float32), found[1].astype(np.float32)
        hours.days, hours.last = found[2].astype(np.int32), found[3].astype(np.int64)
        return hours
