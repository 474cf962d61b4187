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

NEAR_PX = np.geomspace(LEAST_PX, 240.0, 60)
STEEPNESS = np.linspace(0.0, 3.2, 33)
"""The lines that are tried: heights at the lower edge of the picture, and the share of it that is lost on the way to the upper edge. More
than 1 puts the horizon into the picture."""

ALIKE = 0.2
"""Octaves by which people's heights differ from each other, roughly."""

STEEPER = 1.01
"""So many times as many people must lie on a steeper line: where all walk along one row nothing is known of the others."""

MOST_COUNTED = 50_000


class Heights:
    """Counts of walkers' heights by band; `at` reads the straight line, as perspective has it, on which most of them lie."""

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
        line = self.line()
        if line is None:
            return USUAL_SHARE * picture_height
        base, slope = line
        return min(max(base + slope * foot_share, LEAST_PX), 0.9 * picture_height)

    def line(self) -> tuple[float, float] | None:
        """Working pixels at the upper edge, which may be negative, and how many more at the lower one; None where too few were seen."""
        if not self.known:
            return None
        if self._line is None:
            self._line = self._fit()
        return self._line

    def _fit(self) -> tuple[float, float]:
        """The line with most people near it. Insects, drops on the lens and groups are many, too, but lie on no line, as a mean would."""
        total = self._counts.sum(axis=1)
        bands = np.flatnonzero(total >= min(FEWEST_IN_BAND, float(total.max())))
        # A path that is much used tells no more about the others than the root of that.
        weight = self._counts[bands] / np.sqrt(total[bands, None])
        feet = (bands + 0.5) / BANDS
        seen = np.log2(LEAST_PX) + (np.arange(BINS) + 0.5) / PER_OCTAVE
        best, chosen = 0.0, (USUAL_SHARE, 0.0)
        for steepness in STEEPNESS:
            expected = NEAR_PX[:, None] * (1.0 - steepness * (1.0 - feet))
            away = (seen - np.log2(np.maximum(expected, 1e-3))[..., None]) / ALIKE
            near = (np.exp(-(away**2)) * weight).sum(axis=(1, 2))
            if float(near.max()) > STEEPER * best:
                best, height = float(near.max()), float(NEAR_PX[near.argmax()])
                chosen = (height * (1.0 - float(steepness)), height * float(steepness))
        return chosen

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
