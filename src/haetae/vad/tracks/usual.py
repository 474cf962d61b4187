"""How rare a measurement of a track is for one camera: counts of what tracks of normal footage came to."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError

BINS = 64
LEAST, PER_OCTAVE = 0.05, 4.0
"""Values are counted in steps of a quarter of an octave from LEAST on: up to 3,000."""

USUAL_SHARE = 0.99
FEWEST = 20
"""Of fewer tracks nothing is said."""

MOST_COUNTED = 100_000.0


class Measure(IntEnum):
    """What is counted: of each track once when it ended, its greatest value; POSTURE its least; COUNT once a second."""

    SPEED = 0
    SIZE = 1
    DWELL = 2
    PATH = 3
    POSTURE = 4
    CHANGE = 5
    COUNT = 6


class Usual:
    """One camera's counts."""

    def __init__(self, counts: NDArray[np.float32] | None = None) -> None:
        self._counts = np.zeros((len(Measure), BINS), np.float32) if counts is None else counts

    def learn(self, measure: Measure, value: float) -> None:
        self._counts[measure, _bin(value)] += 1.0
        if self._counts[measure].sum() > MOST_COUNTED:
            self._counts[measure] *= np.float32(0.5)

    def rarity(self, measure: Measure, value: float) -> float | None:
        """The share of normal occasions that reach `value`, None where too few are known."""
        total = float(self._counts[measure].sum())
        if total < FEWEST:
            return None
        at = _bin(value)
        beyond = self._counts[measure, : at + 1] if measure is Measure.POSTURE else self._counts[measure, at:]
        return (float(beyond.sum()) + 1.0) / (total + 1.0)

    def usual(self, measure: Measure) -> float | None:
        """The greatest value (the least posture) of 99 % of normal occasions, as the edge of its step; None where too few are known."""
        counts = self._counts[measure]
        total = float(counts.sum())
        if total < FEWEST:
            return None
        if measure is Measure.POSTURE:
            at = int((np.cumsum(counts[::-1]) >= USUAL_SHARE * total).argmax())
            return _edge(BINS - 1 - at)
        return _edge(int((np.cumsum(counts) >= USUAL_SHARE * total).argmax()) + 1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The counts; `of_arrays` reads them back."""
        return {"usual": self._counts.copy()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises StateError where they are no such counts."""
        counts = arrays.get("usual")
        if counts is None or counts.shape != (len(Measure), BINS) or not np.isfinite(counts).all() or (counts < 0).any():
            raise StateError("the saved measurements of tracks cannot be read", hint="Learn this camera again")
        return cls(counts.astype(np.float32))


def _bin(value: float) -> int:
    return min(BINS - 1, max(0, int(PER_OCTAVE * np.log2(max(value, LEAST) / LEAST))))


def _edge(at: int) -> float:
    return float(LEAST * 2.0 ** (at / PER_OCTAVE))
