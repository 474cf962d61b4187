"""How tall what is usual in a scene is, by where it stands: the yardstick of speeds and sizes, learned from the boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 30
"""With fewer boxes of the most usual class all boxes are taken, and one height for the whole picture."""

ROUNDS = 10
LEAST_HEIGHT = 4.0
"""Working px; nothing smaller is judged by its own size."""

LEAST_SHARE = 0.25
"""Of the median height: a line through few rows must not become 0 in others."""


@dataclass(frozen=True, slots=True)
class BodyHeights:
    """Height = `slope` * (row of the foot) + `offset`, working px, and not below `least`: a straight line is what a flat ground seen by a
    pinhole gives (Hoiem et al. 2006). `kind` is the class that it was learned from, -1 where it was all of them."""

    slope: float
    offset: float
    least: float
    kind: int

    def at(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """The height at a row of the working picture."""
        return np.asarray(np.maximum(self.slope * row + self.offset, self.least), np.float32)

    @classmethod
    def fit(cls, row: NDArray[np.float32], height: NDArray[np.float32], kind: NDArray[np.intp], *, picture_height: int) -> "BodyHeights":
        """From boxes with feet at `row` (n,); least absolute deviations by reweighting. Without any: a sixth of the picture."""
        known = kind[kind >= 0]
        usual = int(np.bincount(known).argmax()) if known.size else -1
        chosen = kind == usual
        if chosen.sum() < FEWEST:
            usual, chosen = -1, np.ones(len(kind), bool)
        if not chosen.any():
            return cls(0.0, picture_height / 6.0, LEAST_HEIGHT, -1)
        row, height = row[chosen].astype(np.float64), height[chosen].astype(np.float64)
        middle = float(np.median(height))
        least = max(LEAST_HEIGHT, LEAST_SHARE * middle)
        # Where all stand in one row there is no slope to be seen.
        if usual < 0 or float(row.std()) < 0.5 * middle:
            return cls(0.0, middle, least, usual)
        design = np.stack([row, np.ones_like(row)], axis=1)
        weight = np.ones_like(row)
        line = np.array([0.0, middle])
        for _ in range(ROUNDS):
            line = np.linalg.lstsq(design * weight[:, None], height * weight, rcond=None)[0]
            weight = 1.0 / np.sqrt(np.maximum(np.abs(height - design @ line), 1.0))
        # What is nearer is never smaller: a negative slope is chance.
        return cls(0.0, middle, least, usual) if line[0] < 0.0 else cls(float(line[0]), float(line[1]), least, usual)
