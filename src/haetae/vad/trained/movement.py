"""How each cell of the foreground moves and what shape it belongs to, as one short vector: for networks on features.

Pyramidal Lucas-Kanade flow (Bouguet 2001) of points in the foreground, current to previous frame; the connected foreground's area and
shape; and the height in the picture, which stands for the distance. Histograms of directions and of edges were tried and left out: each
adds eight numbers that differ freely from walker to walker, in which a density drowns what is odd about speed and shape (measured on Ped2:
0.97 became 0.82).
"""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import BLOCK, WorkSize
from haetae.vad.trained.look import ACTIVE_SHARE, CELL, SPECKS, Grid, Scene, Stage, active_cells, cell_sums

GRID = 6
"""Distance of the points that are followed, in working pixels."""

WINDOW = 13
LEVELS = 2
LEVELS_FROM_S = 0.15
"""Side of the window, and pyramid levels above the first; one less where frames are closer than LEVELS_FROM_S."""

ITERATIONS = 8
PRECISION = 0.1
WORST_ERROR = 20.0
"""Mean grey-level difference between the matched windows above which a match is none."""

MOST_POINTS = 1500

MEAN_S = 0.45
MEAN_FRAMES = 8
"""Features are means over the frames of the last MEAN_S, never over more than MEAN_FRAMES: as long as half a step of a walker."""

CONNECTED_SHARE = 0.25
PRIOR_POINTS = 2.0
"""Added to the points of a cell, so that a single wrong match is no speed."""

SLOW = 6.0
"""Working px/s that speeds are compared with: below it noise of the flow is all there is."""

NAMES = ("speed", "spread", "area", "shape", "row")
"""Of the features: log speed, log standard deviation of it, log area and log width / height of the connected foreground, height in the
picture."""

FEATURES = len(NAMES)

_CHANNELS = 4
"""Means by block of a few frames: share of foreground, points, sum of |v|, sum of |v|^2."""

_CELL = np.ones((CELL, CELL), np.uint8)


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame as a network on features needs it: `rows` (k, FEATURES) of the active cells `cell` (k,), `share` (rows, columns) is the
    foreground of each block. `unjudged`: something is there, and no picture before it that would tell how it moves."""

    scene: Scene
    rows: NDArray[np.float32]
    share: NDArray[np.float32]
    cell: NDArray[np.intp]
    unjudged: bool = False


class MovementEye:
    """Measures the features of one camera. Not shared between cameras."""

    def __init__(self, size: WorkSize, background: Background) -> None:
        self.grid = Grid(size, BLOCK)
        self._stage = Stage(size, background)
        self._former: Luma | None = None
        self._recent: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=MEAN_FRAMES)
        self._nothing = np.zeros((self.grid.rows, self.grid.columns), np.float32)

    @staticmethod
    def size_of(luma: Luma) -> WorkSize:
        """The working size for a source."""
        return WorkSize.of(luma)

    @property
    def background(self) -> Background:
        return self._stage.background

    def step(self, luma: Luma, t_s: float) -> Seen:
        """Look at a source picture taken at `t_s`."""
        scene = self._stage.step(luma, t_s)
        former, self._former = self._former, scene.work
        if scene.elapsed_s <= 0.0 or former is None:
            self._recent.clear()
            return self._empty(scene, unjudged=scene.valid and scene.count >= SPECKS * 4)
        while self._recent and self._recent[0][0] < scene.t_s - MEAN_S:
            self._recent.popleft()
        if scene.count < SPECKS * 4:
            self._recent.append((scene.t_s, np.zeros((self.grid.rows, self.grid.columns, _CHANNELS), np.float32)))
            return self._empty(scene)
        self._recent.append((scene.t_s, self._blocks(scene, former)))
        mean = np.asarray(np.mean([blocks for _, blocks in self._recent], axis=0), np.float32)
        share = mean[..., 0]
        cell = active_cells(share)
        return Seen(scene, self._rows(mean, cell), share, cell) if cell.size else self._empty(scene)

    def _empty(self, scene: Scene, *, unjudged: bool = False) -> Seen:
        return Seen(scene, np.empty((0, FEATURES), np.float32), self._nothing, np.empty(0, np.intp), unjudged)

    def _blocks(self, scene: Scene, former: Luma) -> NDArray[np.float32]:
        """What is in each block's foreground in one frame, shape (rows, columns, _CHANNELS)."""
        count = self.grid.rows * self.grid.columns
        blocks = np.empty((count, _CHANNELS), np.float32)
        blocks[:, 0] = self.grid.mean(scene.mask).ravel() * np.float32(1 / 255)
        block, speed = self._moved(scene, former)
        for channel, weight in enumerate((None, speed, speed * speed), start=1):
            blocks[:, channel] = np.bincount(block, weight, minlength=count)
        return blocks.reshape(self.grid.rows, self.grid.columns, _CHANNELS)

    def _moved(self, scene: Scene, former: Luma) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """For the points that were followed the number of their block and their speed (n,) in working px/s."""
        y, x = np.nonzero(scene.mask[GRID // 2 :: GRID, GRID // 2 :: GRID])
        every = max(1, -(-len(y) // MOST_POINTS))
        points = np.stack([x, y], axis=1)[::every].astype(np.float32) * GRID + GRID // 2
        if not len(points):
            return np.empty(0, np.intp), np.empty(0, np.float32)
        earlier, found, error = cv2.calcOpticalFlowPyrLK(
            scene.work,
            former,
            points,
            np.empty_like(points),
            winSize=(WINDOW, WINDOW),
            maxLevel=LEVELS - 1 if scene.elapsed_s < LEVELS_FROM_S else LEVELS,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ITERATIONS, PRECISION),
        )
        good = (found.ravel() > 0) & (error.ravel() < WORST_ERROR)
        at, moved = points[good].astype(np.intp) // BLOCK, points[good] - earlier.reshape(-1, 2)[good]
        return at[:, 1] * self.grid.columns + at[:, 0], np.hypot(moved[:, 0], moved[:, 1]) * np.float32(1 / scene.elapsed_s)

    def _rows(self, mean: NDArray[np.float32], cell: NDArray[np.intp]) -> NDArray[np.float32]:
        """The features of the active cells, each of about the order of 1."""
        points, speed_sum, square_sum = cell_sums(mean).reshape(-1, _CHANNELS)[cell, 1:].T
        points = points + np.float32(PRIOR_POINTS)
        speed = speed_sum / points
        out = np.empty((cell.size, FEATURES), np.float32)
        out[:, 0] = np.log1p(speed / SLOW)
        out[:, 1] = np.log1p(np.sqrt(np.maximum(square_sum / points - speed * speed, 0.0)) / SLOW)
        out[:, 2:4] = _shapes(mean[..., 0]).reshape(-1, 2)[cell]
        out[:, 4] = (cell // self.grid.columns) / np.float32(self.grid.rows)
        return out


def _shapes(share: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each cell log area in cells and log width / height of the largest connected foreground that reaches into it, shape
    (rows, columns, 2)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((share > CONNECTED_SHARE).astype(np.uint8), connectivity=8)
    shapes = np.zeros((len(stats), 2), np.float32)
    area = np.bincount(labels.ravel(), share.ravel(), minlength=len(stats))
    shapes[:, 0] = np.log1p(area / (CELL * CELL * ACTIVE_SHARE))
    shapes[:, 1] = np.log(stats[:, cv2.CC_STAT_WIDTH] / stats[:, cv2.CC_STAT_HEIGHT])
    shapes[0] = 0.0
    # The shape goes with the area: each cell takes both from the same component.
    order = np.argsort(shapes[:, 0])
    rank = np.empty(len(order), np.float32)
    rank[order] = np.arange(len(order))
    rank[0] = -1.0
    top = cv2.dilate(rank[labels], _CELL).astype(np.intp)
    return np.asarray(np.where((top >= 0)[..., None], shapes[order[np.maximum(top, 0)]], 0.0), np.float32)
