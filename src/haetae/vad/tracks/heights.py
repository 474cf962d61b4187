"""How tall a person is in each row of one camera's picture, learned from whoever walks through it."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError

BANDS = 24
"""Rows of the picture are told apart by their band."""

BINS = 40
LEAST_PX, PER_OCTAVE = 6.0, 8.0
"""Heights are counted in steps of an eighth of an octave, from LEAST_PX working pixels on."""

UPRIGHT = (1.6, 4.5)
"""Height over width of who walks."""

FEWEST = 20
FEWEST_IN_BAND = 5
USUAL_SHARE = 0.12
"""Of the picture's height a person has where nobody was seen."""

MOST_COUNTED = 50_000


class Heights:
    """Counts of walkers' heights by band; `at` reads a straight line through their medians, as perspective has it."""

    def __init__(self, counts: NDArray[np.float32] | None = None) -> None:
        self._counts = np.zeros((BANDS, BINS), np.float32) if counts is None else counts
        self._total = float(self._counts.sum())
        self._line: tuple[float, float] | None = None
        self._fresh = 0

    def learn(self, foot_share: float, height_px: float) -> None:
        """Somebody of that height stands at `foot_share` in [0, 1] of the picture's height from the top."""
        band = min(BANDS - 1, max(0, int(foot_share * BANDS)))
        step = int(PER_OCTAVE * np.log2(max(height_px, LEAST_PX) / LEAST_PX))
        self._counts[band, min(BINS - 1, step)] += 1.0
        self._fresh += 1
        self._total += 1.0
        if self._fresh >= max(FEWEST, 0.2 * self._total):
            self._line, self._fresh = None, 0
            if self._total > MOST_COUNTED:
                self._counts *= np.float32(0.5)
                self._total *= 0.5

    @property
    def known(self) -> bool:
        """Whether enough people were seen."""
        return self._total >= FEWEST

    def at(self, foot_share: float, picture_height: float) -> float:
        """Working pixels; USUAL_SHARE of `picture_height` where too few were seen to tell."""
        if not self.known:
            return USUAL_SHARE * picture_height
        if self._line is None:
            self._line = self._fit()
        base, slope = self._line
        return min(max(base + slope * foot_share, LEAST_PX), 0.9 * picture_height)

    def _fit(self) -> tuple[float, float]:
        """Through the medians of the bands, each weighted by the root of its count."""
        total = self._counts.sum(axis=1)
        bands = np.flatnonzero(total >= min(FEWEST_IN_BAND, float(total.max())))
        cumulated = np.cumsum(self._counts[bands], axis=1)
        middle = (cumulated >= 0.5 * total[bands, None]).argmax(axis=1)
        heights = LEAST_PX * 2.0 ** ((middle + 0.5) / PER_OCTAVE)
        feet = (bands + 0.5) / BANDS
        weights = np.sqrt(total[bands])
        slope = 0.0
        if bands.size > 1:
            mean_x, mean_y = np.average(feet, weights=weights), np.average(heights, weights=weights)
            spread = float((weights * (feet - mean_x) ** 2).sum())
            # Nobody grows with the distance.
            slope = max(0.0, float((weights * (feet - mean_x) * (heights - mean_y)).sum()) / max(spread, 1e-9))
            return float(mean_y - slope * mean_x), slope
        return float(heights[0]), slope

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The counts; `of_arrays` reads them back."""
        return {"heights": self._counts.copy()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises StateError where they are no counts of heights."""
        counts = arrays.get("heights")
        if counts is None or counts.shape != (BANDS, BINS) or not np.isfinite(counts).all() or (counts < 0).any():
            raise StateError("the saved heights of people cannot be read", hint="Learn this camera again")
        return cls(counts.astype(np.float32))
