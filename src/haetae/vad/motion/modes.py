"""Day, night, infrared, rain: what is usual differs, so each has tables of its own.

A mode is told by the empty scene: the histogram of its grey levels and the noise of the sensor. Nothing says what it is called.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError

MOST_MODES = 4
BINS = 16
LOOK_S = 60.0
"""A mode is looked for so often."""

OTHER_MODE = 0.7
"""Distance from which on it is another mode: the L1 distance of two histograms, in [0, 2], and half of the octaves between the noises.

Clouds move a histogram by 0.1 to 0.3, dusk and infrared light by 1 and more; rain doubles the noise at least."""

BACK = 0.8
"""Another known mode is taken up only where it is nearer than this share of the distance to the present one."""

PATIENCE = 3
"""Looks in a row that must agree."""

FOLLOW = LOOK_S / (6 * 3600.0)
"""Weight of one look in the mode's own description: it follows the seasons, not the dusk."""


class Modes:
    """`current` is the number of the present mode, from 0; `described` (modes, BINS + 1) holds their histograms and log2 of the noise."""

    def __init__(self) -> None:
        self.current = 0
        self.described = np.empty((0, BINS + 1), np.float32)
        self._looked_s = -np.inf
        self._other: tuple[int, int] | None = None

    def look(self, background: NDArray[np.float32], noise: float, t_s: float) -> int:
        """The mode at `t_s`, from the background (height, width) and the standard deviation of its noise, both in grey levels."""
        if t_s - self._looked_s < LOOK_S:
            return self.current
        self._looked_s = t_s
        seen = describe(background, noise)
        if not len(self.described):
            self.described = seen[None]
            return self.current
        wanted = self._nearest(seen)
        if wanted == self.current:
            self._other = None
            self.described[self.current] += np.float32(FOLLOW) * (seen - self.described[self.current])
            return self.current
        times = 1 + (self._other[1] if self._other is not None and self._other[0] == wanted else 0)
        self._other = (wanted, times)
        if times >= PATIENCE:
            if wanted == len(self.described):
                self.described = np.vstack([self.described, seen[None]])
            self.current, self._other = wanted, None
        return self.current

    def _nearest(self, seen: NDArray[np.float32]) -> int:
        """The mode that fits best; len(described) for a new one."""
        distances = np.array([distance(seen, each) for each in self.described])
        best = int(distances.argmin())
        if distances[best] > OTHER_MODE and len(self.described) < MOST_MODES:
            return len(self.described)
        return best if distances[best] < BACK * distances[self.current] and distances[self.current] > OTHER_MODE / 2 else self.current

    def only_current(self) -> None:
        """Forget the other modes."""
        self.described, self.current, self._other = self.described[self.current : self.current + 1], 0, None

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"modes": self.described, "mode": np.array([self.current], np.int32)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Modes":
        """The modes whose `arrays()` these were. Raises StateError when they are none."""
        modes = cls()
        modes.described, (modes.current,) = arrays["modes"].astype(np.float32), arrays["mode"].tolist()
        fits = modes.described.shape[1:] == (BINS + 1,) and np.isfinite(modes.described).all()
        if not fits or not 0 <= modes.current <= max(0, len(modes.described) - 1) or len(modes.described) > MOST_MODES:
            raise StateError("the saved modes cannot be read", hint="Learn this camera again")
        return modes


def describe(background: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """The share of each grey level, in BINS, blurred so that a slight change of light is a slight change of it; then log2 of the noise."""
    counts = np.bincount((background.ravel() * (BINS / 256.0)).astype(np.intp).clip(0, BINS - 1), minlength=BINS)
    shares = cv2.GaussianBlur((counts / counts.sum()).astype(np.float32)[None], (5, 1), 1.0, borderType=cv2.BORDER_REPLICATE)[0]
    return np.append(shares, np.float32(np.log2(max(noise, 0.5)))).astype(np.float32)


def distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """How unlike two descriptions are, >= 0."""
    return float(np.abs(first[:BINS] - second[:BINS]).sum() + 0.5 * abs(first[BINS] - second[BINS]))
