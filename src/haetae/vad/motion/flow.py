"""How the foreground moves: pyramidal Lucas-Kanade on a grid of points (Bouguet 2001), gathered in blocks."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.preprocess import BLOCK, WORK_PIXELS, WorkSize

GRID = 6
WINDOW = 13
SMALL_WINDOW = 11
SMALL_PIXELS = int(0.8 * WORK_PIXELS)
"""Side of the window in working pixels, SMALL_WINDOW in working pictures of less than SMALL_PIXELS: a small figure must not drown in the
still ground round it; 9 was too small for small walkers."""

LEVELS = 2
LEVELS_FROM_S = 0.15
"""Frames further apart than this get one pyramid level more: what runs moves 20 px between frames at 5 fps."""

ITERATIONS = 8
PRECISION = 0.1
"""Where a search ends, in working pixels."""

MOST_POINTS = 400
"""Of more, an even share is followed and each counts for those left out."""

WORST_ERROR = 20.0
"""Mean grey-level difference between the matched windows above which a match is none."""

CHANNELS = 4
"""n, sum |v|, sum u, sum v of the points in a block; velocities in working px/s."""

_NEIGHBOURS = np.ones((3, 3), np.uint8)

Blocks = NDArray[np.float32]
"""Shape (rows, columns, CHANNELS)."""


@dataclass(slots=True)
class Grid:
    """The points of one picture size, made once: `points` (n, 2) as x, y, and `slot` (n, CHANNELS), where each adds to flat blocks.

    `odd` is 255 for every other point, as they lie in the picture."""

    size: WorkSize
    points: NDArray[np.float32]
    slot: NDArray[np.intp]
    odd: Luma

    @classmethod
    def of(cls, size: WorkSize) -> "Grid":
        across, down = np.meshgrid(np.arange(GRID // 2, size.width, GRID), np.arange(GRID // 2, size.height, GRID))
        x, y = across.ravel(), down.ravel()
        block = (y // BLOCK) * size.columns + x // BLOCK
        odd = (np.add.outer(np.arange(len(across)), np.arange(across.shape[1])) % 2 * 255).astype(np.uint8)
        return cls(size, np.stack([x, y], axis=1).astype(np.float32), block[:, None] * CHANNELS + np.arange(CHANNELS), odd)

    def within(self, mask: Luma) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The numbers of the points in `mask` to follow, and how many each stands for.

        Inside of something large neighbours move alike: there every other point is left out, on a chequerboard.
        """
        present = np.ascontiguousarray(mask[GRID // 2 :: GRID, GRID // 2 :: GRID])
        inside = np.asarray(cv2.erode(present, _NEIGHBOURS), np.uint8)
        chosen = (present > (inside & self.odd)).ravel().nonzero()[0]
        weight = np.where(inside.take(chosen), np.float32(2.0), np.float32(1.0))
        if chosen.size > MOST_POINTS:
            every = -(-chosen.size // MOST_POINTS)
            return chosen[::every], weight[::every] * np.float32(every)
        return chosen, weight


class Flow:
    """Remembers the last picture of one camera and measures how the foreground moved since."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._window = SMALL_WINDOW if grid.size.width * grid.size.height < SMALL_PIXELS else WINDOW
        self.former: Luma | None = None
        """The picture from which the next step is measured."""

    def reset(self) -> None:
        self.former = None

    def skip(self, luma: Luma) -> None:
        """Nothing of `luma` is to be measured; the next step is measured from it."""
        self.former = luma

    def step(self, luma: Luma, mask: Luma, elapsed_s: float) -> Blocks:
        """Flow of the points in `mask` since the last call, `elapsed_s` ago."""
        former, self.former = self.former, luma
        size = self._grid.size
        if former is None or elapsed_s <= 0.0:
            return np.zeros((size.rows, size.columns, CHANNELS), np.float32)
        chosen, weight = self._grid.within(mask)
        if not chosen.size:
            return np.zeros((size.rows, size.columns, CHANNELS), np.float32)
        points = self._grid.points.take(chosen, axis=0)
        earlier, found, error = cv2.calcOpticalFlowPyrLK(
            luma,
            former,
            points,
            np.empty_like(points),
            winSize=(self._window, self._window),
            maxLevel=LEVELS - 1 if elapsed_s < LEVELS_FROM_S else LEVELS,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ITERATIONS, PRECISION),
        )
        weight[(found.ravel() == 0) | (error.ravel() >= WORST_ERROR)] = 0.0
        return self._gather(chosen, weight, points - earlier.reshape(-1, 2), elapsed_s)

    def _gather(self, chosen: NDArray[np.intp], weight: NDArray[np.float32], moved: NDArray[np.float32], elapsed_s: float) -> Blocks:
        size = self._grid.size
        each = np.empty((chosen.size, CHANNELS), np.float32)
        each[:, 2:] = moved * np.float32(1.0 / elapsed_s)
        np.hypot(each[:, 2], each[:, 3], out=each[:, 1])
        each[:, 0] = 1.0
        each *= weight[:, None]
        sums = np.bincount(self._grid.slot.take(chosen, axis=0).ravel(), each.ravel(), minlength=size.rows * size.columns * CHANNELS)
        return sums.astype(np.float32).reshape(size.rows, size.columns, CHANNELS)
