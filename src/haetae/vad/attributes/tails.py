"""How surprising a nonconformity is: -log10 of a conformal p-value (Vovk et al. 2005) over the learned footage, each value of it
measured by the parts of the footage that it is not from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KNOTS = 41
DEEPEST = 2.0
"""Quantiles down to 1 in 10^DEEPEST, of less footage as far as it goes; beyond the last one the excess is taken as exponential."""

LEAST_SPREAD = 0.08
"""Least mean excess over the last quantile, as a share of it: few values, all alike, do not make the next one impossible."""

GREATEST = 40.0


@dataclass(frozen=True, slots=True)
class NonconformityTail:
    """`knots` (KNOTS,) are the nonconformities that a share of 10^-s of normal ones reach, for s from 0 to `deepest` in equal steps;
    `spread` is the mean excess beyond the last."""

    knots: NDArray[np.float64]
    deepest: float
    spread: float

    def surprise(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """-log10 p of each value, in [0, GREATEST]; 0 for what lies below all that is normal."""
        last = float(self.knots[-1])
        # Equal knots are told apart, so that a value that many share has the p of all of them.
        rising = self.knots + np.arange(KNOTS) * max(abs(last), 1e-6) * 1e-9
        inside = np.interp(values, rising, np.linspace(0.0, self.deepest, KNOTS))
        beyond = self.deepest + (values - last) / (self.spread * np.log(10))
        return np.asarray(np.clip(np.where(values > rising[-1], beyond, inside), 0.0, GREATEST), np.float32)

    @property
    def usual(self) -> float:
        """What 1 in 100 normal objects reaches."""
        return float(self.knots[-1])

    def joined(self, other: "NonconformityTail") -> "NonconformityTail":
        """What was normal in either footage stays normal."""
        knots = np.maximum(self.knots, other.knots)
        return NonconformityTail(knots, min(self.deepest, other.deepest), max(self.spread, other.spread))

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> "NonconformityTail":
        """From nonconformities >= 0 of normal objects. Of none: nothing is surprising up to 1, and little beyond."""
        if not values.size:
            return cls(np.ones(KNOTS), 0.0, 1.0)
        ordered = np.sort(values.astype(np.float64))
        deepest = min(DEEPEST, float(np.log10(ordered.size + 1)))
        # p = (1 + how many are at least as odd) / (1 + all): of n values the rank-th greatest has p = (1 + rank) / (1 + n).
        rank = np.floor(10.0 ** -np.linspace(0.0, deepest, KNOTS) * (ordered.size + 1) + 1e-9).astype(int) - 1
        knots = ordered[np.clip(ordered.size - rank, 0, ordered.size - 1)]
        last = float(knots[-1])
        excess = ordered[ordered > last] - last
        spread = float(excess.mean()) * (1.0 + 1.0 / excess.size) if excess.size else 0.0
        return cls(knots, deepest, max(spread, LEAST_SPREAD * last, 1e-6))
