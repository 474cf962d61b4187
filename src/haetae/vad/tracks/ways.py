"""Which way things go in each part of one camera's picture."""

from collections.abc import Mapping, Sequence
from math import atan2, log10, pi
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError

ROWS, COLUMNS, WAYS = 9, 16, 8

FEWEST = 5.0
"""Passages of a part of the picture before it is known which way they take."""

ONE_WAY = 0.8
"""The share that must go the opposite way: where people go to and fro there is no wrong way."""

MOST_COUNTED = 20_000.0


class Ways:
    """Counts of passages by part of the picture and by heading. Positions are in working pixels of a picture of `width` x `height`."""

    def __init__(self, width: int = COLUMNS, height: int = ROWS, counts: NDArray[np.float32] | None = None) -> None:
        self.width, self.height = width, height
        self._counts = np.zeros((ROWS, COLUMNS, WAYS), np.float32) if counts is None else counts
        self._near: list[list[list[float]]] | None = None

    def learn(self, x: float, y: float, right: float, down: float) -> None:
        """Something at (x, y) moves by (right, down)."""
        row, column = self._part(x, y)
        self._counts[row, column, _way(right, down)] += 1.0
        if self._counts[row, column].sum() > MOST_COUNTED:
            self._counts[row, column] *= np.float32(0.5)
        self._near = None

    def against(self, places: Sequence[tuple[float, float]], right: float, down: float) -> float:
        """How rare it is to go by (right, down) at those places where nearly all go the other way: 1 for one in a hundred."""
        way = _way(right, down)
        if self._near is None:
            self._near = self._with_neighbours()
        own = whole = opposite = 0.0
        for x, y in places:
            row, column = self._part(x, y)
            near = self._near[row][column]
            whole += sum(near)
            own += near[way - 1] + near[way] + near[(way + 1) % WAYS]
            opposite += near[(way + 3) % WAYS] + near[(way + 4) % WAYS] + near[(way + 5) % WAYS]
        if own + opposite < FEWEST * len(places) or opposite < ONE_WAY * (own + opposite) or own + opposite < 0.5 * whole:
            return 0.0
        return -log10((own + 0.5) / (own + opposite + 1.0)) / 2.0

    def _with_neighbours(self) -> list[list[list[float]]]:
        """The counts of each part together with those of the parts round it: plain numbers, for each is asked for by itself, at every look,
        and they change once a second."""
        near = cv2.boxFilter(self._counts, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
        plain: list[list[list[float]]] = near.tolist()
        return plain

    def _part(self, x: float, y: float) -> tuple[int, int]:
        row, column = int(y / self.height * ROWS), int(x / self.width * COLUMNS)
        return min(ROWS - 1, max(0, row)), min(COLUMNS - 1, max(0, column))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The counts; `of_arrays` reads them back."""
        return {"ways": self._counts.copy(), "ways_size": np.array([self.width, self.height], np.int32)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises StateError where they are no counts of ways."""
        counts, size = arrays.get("ways"), arrays.get("ways_size")
        fits = counts is not None and counts.shape == (ROWS, COLUMNS, WAYS) and np.isfinite(counts).all() and (counts >= 0).all()
        if counts is None or not fits or size is None or size.shape != (2,) or int(size.min()) < 1:
            raise StateError("the saved ways cannot be read", hint="Learn this camera again")
        return cls(int(size[0]), int(size[1]), counts.astype(np.float32))


def _way(right: float, down: float) -> int:
    return round(atan2(down, right) / (2.0 * pi) * WAYS) % WAYS
