"""What more than one thing has done in each part of one camera's picture: what was done once may have been a mistake of measuring."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.tracks.places import AGED, COLUMNS, ROWS

AGED_EVERY = 200_000
"""Looks after which all values lose a tenth, about half a day at five a second: what was once the greatest need not be usual for ever."""

NOBODY = -1


class Repeats:
    """For each part of the picture and each of `kinds` the greatest value, and the greatest of any other thing: that is what is usual."""

    def __init__(self, kinds: int) -> None:
        self._first = np.zeros((kinds, ROWS, COLUMNS), np.float32)
        self._second = np.zeros((kinds, ROWS, COLUMNS), np.float32)
        self._whose = np.full((kinds, ROWS, COLUMNS), NOBODY, np.int64)
        self._looks = 0

    def look(self) -> None:
        """One look at the picture."""
        self._looks += 1
        if self._looks >= AGED_EVERY:
            self._looks = 0
            self._first *= np.float32(AGED)
            self._second *= np.float32(AGED)

    def learn(self, kind: int, x: float, y: float, value: float, whose: int) -> None:
        """The thing `whose` (>= 0) came to `value` at (x, y) in [0, 1]."""
        at = (kind, *_part(x, y))
        if int(self._whose[at]) == whose:
            self._first[at] = max(float(self._first[at]), value)
        elif value > float(self._first[at]):
            self._second[at], self._first[at], self._whose[at] = self._first[at], value, whose
        else:
            self._second[at] = max(float(self._second[at]), value)

    def accept(self, kind: int, x: float, y: float, value: float) -> None:
        """People called `value` at (x, y) normal."""
        at = (kind, *_part(x, y))
        self._first[at], self._second[at] = max(float(self._first[at]), value), max(float(self._second[at]), value)

    def beyond(self, kinds: Sequence[int], x: float, y: float, value: float) -> float:
        """The value in units of what is usual there of any of `kinds`, at least 1."""
        row, column = _part(x, y)
        near = self._second[list(kinds), max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        return value / max(1.0, float(near.max()))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it; whose the values were is forgotten."""
        return {"repeats": np.stack([self._first, self._second])}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], kinds: int) -> "Repeats":
        """Raises StateError where they do not fit."""
        saved = arrays.get("repeats")
        if saved is None or saved.shape != (2, kinds, ROWS, COLUMNS) or not np.isfinite(saved).all() or (saved < 0).any():
            raise StateError("what was usual where cannot be read", hint="Learn this camera again")
        repeats = cls(kinds)
        repeats._first, repeats._second = saved.astype(np.float32)
        return repeats


def _part(x: float, y: float) -> tuple[int, int]:
    return min(ROWS - 1, max(0, int(y * ROWS))), min(COLUMNS - 1, max(0, int(x * COLUMNS)))
