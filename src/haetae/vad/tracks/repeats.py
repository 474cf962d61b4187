"""What more than one thing has done in each part of one camera's picture: what was done once may have been a mistake of measuring."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.tracks.places import AGED, COLUMNS, ROWS, part

AGED_EVERY = 200_000
"""Looks after which all values lose a tenth, about half a day at five a second: what was once the greatest need not be usual for ever."""

NOBODY = -1


class Repeats:
    """For each part of the picture and each of `kinds` the greatest value, and the greatest of any other thing: that is what is usual.

    The next one is kept, too, so that a thing can be held against what is usual without it.
    """

    def __init__(self, kinds: int) -> None:
        self._first, self._second, self._third = np.zeros((3, kinds, ROWS, COLUMNS), np.float32)
        self._whose, self._other = np.full((2, kinds, ROWS, COLUMNS), NOBODY, np.int64)
        self._looks = 0

    def look(self) -> None:
        """One look at the picture."""
        self._looks += 1
        if self._looks >= AGED_EVERY:
            self._looks = 0
            self._first *= np.float32(AGED)
            self._second *= np.float32(AGED)
            self._third *= np.float32(AGED)

    def learn(self, kind: int, x: float, y: float, value: float, whose: int) -> None:
        """The thing `whose` (>= 0) came to `value` at (x, y) in [0, 1]."""
        at = (kind, *part(x, y))
        if int(self._whose[at]) == whose:
            self._first[at] = max(float(self._first[at]), value)
        elif value > float(self._first[at]):
            if int(self._other[at]) != whose:
                self._third[at] = self._second[at]
            self._second[at], self._other[at] = self._first[at], self._whose[at]
            self._first[at], self._whose[at] = value, whose
        elif int(self._other[at]) == whose:
            self._second[at] = max(float(self._second[at]), value)
        elif value > float(self._second[at]):
            self._third[at] = self._second[at]
            self._second[at], self._other[at] = value, whose
        else:
            self._third[at] = max(float(self._third[at]), value)

    def accept(self, kind: int, x: float, y: float, value: float) -> None:
        """People called `value` at (x, y) normal."""
        at = (kind, *part(x, y))
        for values in (self._first, self._second, self._third):
            values[at] = max(float(values[at]), value)
        self._whose[at] = self._other[at] = NOBODY

    def beyond(self, kinds: Sequence[int], x: float, y: float, value: float, whose: int = NOBODY) -> float:
        """The value in units of what is usual there of any of `kinds`, at least 1, without what `whose` (>= 0) came to itself."""
        row, column = part(x, y)
        near = (list(kinds), slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
        usual = self._second[near]
        if whose != NOBODY:
            usual = np.where((self._whose[near] == whose) | (self._other[near] == whose), self._third[near], usual)
        return value / max(1.0, float(usual.max()))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is usual; whose the values were is forgotten."""
        return {"repeats": np.stack([self._first, self._second])}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], kinds: int) -> "Repeats":
        """Raises StateError where they do not fit."""
        saved = arrays.get("repeats")
        if saved is None or saved.shape != (2, kinds, ROWS, COLUMNS) or not np.isfinite(saved).all() or (saved < 0).any():
            raise StateError("what was usual where cannot be read", hint="Learn this camera again")
        repeats = cls(kinds)
        repeats._first, repeats._second = saved.astype(np.float32)
        repeats._third = repeats._second.copy()
        return repeats
