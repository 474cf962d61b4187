"""How the foreground moves: pyramidal Lucas-Kanade on a grid of points (Bouguet 2001), gathered in blocks."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.preprocess import BLOCK, WorkSize

GRID = 6
WINDOW = 13
"""Side of the window in working pixels; 9 was too small for small walkers."""

LEVELS = 2
LEVELS_FROM_S = 0.15
"""Frames further apart than this get one pyramid level more: what runs moves 20 px between frames at 5 fps."""

MOST_POINTS = 1500
WORST_ERROR = 20.0
"""Mean grey-level difference between the matched windows above which a match is none."""

CHANNELS = 4
"""n, sum |v|, sum u, sum v of the points in a block; velocities in working px/s."""

Blocks = NDArray[np.float32]
"""Shape (rows, columns, CHANNELS)."""


@dataclass(slots=True)
class Grid:
    """The points of one picture size, made once."""

    size: WorkSize
    points: NDArray[np.float32]
    flat: NDArray[np.intp]
    block: NDArray[np.intp]

    @classmethod
    def of(cls, size: WorkSize) -> "Grid":
        across, down = np.meshgrid(np.arange(GRID // 2, size.width, GRID), np.arange(GRID // 2, size.height, GRID))
        x, y = across.ravel(), down.ravel()
        return cls(
            size,
            np.stack([x, y], axis=1).astype(np.float32),
            y * size.width + x,
            (y // BLOCK) * size.columns + x // BLOCK,
        )


class Flow:
    """Remembers the last picture of one camera and measures how the foreground moved since."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._former: Luma | None = None

    def reset(self) -> None:
        self._former = None

    def step(self, luma: Luma, mask: Luma, elapsed_s: float) -> Blocks:
        """Flow of the points in `mask` since the last call, `elapsed_s` ago."""
        former, self._former = self._former, luma
        empty = np.zeros((self._grid.size.rows, self._grid.size.columns, CHANNELS), np.float32)
        chosen = np.flatnonzero(mask.ravel()[self._grid.flat])
        if former is None or not chosen.size or elapsed_s <= 0.0:
            return empty
        if chosen.size > MOST_POINTS:
            chosen = chosen[:: -(-chosen.size // MOST_POINTS)]
        points = self._grid.points[chosen]
        earlier, found, error = cv2.calcOpticalFlowPyrLK(
            luma,
            former,
            points,
            np.empty_like(points),
            winSize=(WINDOW, WINDOW),
            maxLevel=LEVELS - 1 if elapsed_s < LEVELS_FROM_S else LEVELS,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.1),
        )
        good = (found.ravel() > 0) & (error.ravel() < WORST_ERROR)
        return self._gather(chosen[good], (points - earlier.reshape(-1, 2))[good], elapsed_s)

    def _gather(self, chosen: NDArray[np.intp], moved: NDArray[np.float32], elapsed_s: float) -> Blocks:
        size = self._grid.size
        count = size.rows * size.columns
        block = self._grid.block[chosen]
        u, v = moved[:, 0], moved[:, 1]
        distance = np.hypot(u, v)
        out = np.empty((count, CHANNELS), np.float32)
        out[:, 0] = np.bincount(block, minlength=count)
        for channel, weight in enumerate((distance, u, v), start=1):
            out[:, channel] = np.bincount(block, weight / elapsed_s, minlength=count)
        return out.reshape(size.rows, size.columns, CHANNELS)
