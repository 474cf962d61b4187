"""What is usual where: the greatest values of several measurements in each part of one camera's picture, and where it always stirs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError

ROWS, COLUMNS = 18, 32
RESTLESS_SHARE = 0.4
"""Of the time: where something stirs so often there are leaves, a screen or a road."""

FEWEST_LOOKS = 100
MARGIN = 1.15
MOST_LOOKS = 200_000.0
AGED = 0.9
"""After two days of looks, one a second, the older half counts half, and peaks lose a tenth."""


class Places:
    """For each part of the picture the greatest `values` seen there, and the share of looks at which something was there."""

    def __init__(self, values: int, arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
        """`arrays` are what an earlier one saved. Raises StateError where they do not fit."""
        self._peaks = np.zeros((values, ROWS, COLUMNS), np.float32)
        self._there = np.zeros((ROWS, COLUMNS), np.float32)
        self._looks = 0.0
        if arrays is None:
            return
        peaks, there, looks = (arrays.get(name) for name in ("place_peaks", "place_there", "place_looks"))
        if peaks is None or there is None or looks is None or peaks.shape != self._peaks.shape or there.shape != self._there.shape:
            raise StateError("what was usual where cannot be read", hint="Learn this camera again")
        if not all(np.isfinite(each).all() and (each >= 0).all() for each in (peaks, there, looks)):
            raise StateError("what was usual where makes no sense", hint="Learn this camera again")
        self._peaks, self._there, self._looks = peaks.astype(np.float32), there.astype(np.float32), float(looks[0])

    def look(self, boxes: list[tuple[float, float, float, float]]) -> None:
        """One look at the picture with things at `boxes` (left, top, right, bottom in [0, 1])."""
        self._looks += 1.0
        if self._looks > MOST_LOOKS:
            self._looks *= 0.5
            self._there *= np.float32(0.5)
            # What was once the greatest need not be usual for ever.
            self._peaks *= np.float32(AGED)
        seen = np.zeros((ROWS, COLUMNS), np.bool_)
        for left, top, right, bottom in boxes:
            seen[int(top * ROWS) : int(bottom * ROWS) + 1, int(left * COLUMNS) : int(right * COLUMNS) + 1] = True
        self._there += seen

    def restless(self, x: float, y: float) -> bool:
        """Whether something is nearly always there."""
        row, column = part(x, y)
        return self._looks >= FEWEST_LOOKS and float(self._there[row, column]) > RESTLESS_SHARE * self._looks

    def learn(self, number: int, x: float, y: float, value: float) -> None:
        """Value `number` was seen at (x, y) in [0, 1]."""
        row, column = part(x, y)
        self._peaks[number, row, column] = max(float(self._peaks[number, row, column]), value)

    def forget_values(self) -> None:
        """What was measured means nothing any more; where it stirs is known all the same."""
        self._peaks[:] = 0.0

    def beyond(self, number: int, x: float, y: float, value: float) -> float:
        """The value in units of what is usual there, at least 1."""
        row, column = part(x, y)
        near = self._peaks[number, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        return value / max(1.0, MARGIN * float(near.max()))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, about 20 KB before compression."""
        return {"place_peaks": self._peaks.copy(), "place_there": self._there.copy(), "place_looks": np.array([self._looks], np.float64)}


def part(x: float, y: float) -> tuple[int, int]:
    """The row and the column of the part at (x, y) in [0, 1]."""
    return min(ROWS - 1, max(0, int(y * ROWS))), min(COLUMNS - 1, max(0, int(x * COLUMNS)))
