"""What each cell of the foreground does and looks like, as one vector: for networks on features.

Dense inverse search flow (Kroeger et al. 2016) between neighbouring frames, gathered over the foreground of each block; the same gradients
of the picture that HOG counts; the shape of the connected foreground; and the height in the picture, which stands for the distance.
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

DIRECTIONS = 8
EDGES = 8
"""Bins of the directions of movement, and of the unsigned directions of edges."""

FLOW_SCALE = 2
"""The flow is computed on a picture so many times smaller: half a millisecond instead of two, and averaging calms it."""

MEAN_S = 0.45
MEAN_FRAMES = 8
"""Features are means over the frames of the last MEAN_S, never over more than MEAN_FRAMES: as long as half a step of a walker."""

CONNECTED_SHARE = 0.25
PRIOR_PIXELS = 32.0
"""Added to the pixels of a cell, so that a few of them make no speed."""

SLOW = 6.0
"""Working px/s that speeds are compared with: below it noise of the flow is all there is."""

NAMES = (
    "speed",
    "spread",
    *(f"flow{number}" for number in range(DIRECTIONS)),
    "foreground",
    "contrast",
    "edges",
    *(f"edge{number}" for number in range(EDGES)),
    "area",
    "shape",
    "row",
)
FEATURES = len(NAMES)

_CHANNELS = 4 + DIRECTIONS + EDGES + 1
"""Sums by block: pixels, |v|, |v|^2, |difference|, speed by direction, edge strength by direction, all edge strength."""

_CELL = np.ones((CELL, CELL), np.uint8)


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame as a network on features needs it: `rows` (k, FEATURES) of the active cells `cell` (k,), `share` (rows, columns) is the
    foreground of each block."""

    scene: Scene
    rows: NDArray[np.float32]
    share: NDArray[np.float32]
    cell: NDArray[np.intp]


class MovementEye:
    """Measures the features of one camera. Not shared between cameras."""

    def __init__(self, size: WorkSize, background: Background) -> None:
        self.grid = Grid(size, BLOCK)
        self._stage = Stage(size, background)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
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
        small = np.asarray(cv2.resize(scene.work, None, fx=1 / FLOW_SCALE, fy=1 / FLOW_SCALE, interpolation=cv2.INTER_AREA), np.uint8)
        former, self._former = self._former, small
        if scene.elapsed_s <= 0.0 or former is None:
            self._recent.clear()
            return self._empty(scene)
        while self._recent and self._recent[0][0] < scene.t_s - MEAN_S:
            self._recent.popleft()
        if scene.count < SPECKS * FLOW_SCALE**2:
            self._recent.append((scene.t_s, np.zeros((self.grid.rows, self.grid.columns, _CHANNELS), np.float32)))
            return self._empty(scene)
        self._recent.append((scene.t_s, self._blocks(scene, former, small)))
        mean = np.asarray(np.mean([blocks for _, blocks in self._recent], axis=0), np.float32)
        share = mean[..., 0] * np.float32(1 / BLOCK**2)
        cell = active_cells(share)
        return Seen(scene, self._rows(mean, share, cell), share, cell) if cell.size else self._empty(scene)

    def _empty(self, scene: Scene) -> Seen:
        return Seen(scene, np.empty((0, FEATURES), np.float32), self._nothing, np.empty(0, np.intp))

    def _blocks(self, scene: Scene, former: Luma, small: Luma) -> NDArray[np.float32]:
        """The sums of each block's foreground in one frame, shape (rows, columns, _CHANNELS)."""
        rows, columns = self.grid.rows, self.grid.columns
        y, x = np.nonzero(scene.mask[::FLOW_SCALE, ::FLOW_SCALE])
        block = (y // (BLOCK // FLOW_SCALE)) * columns + x // (BLOCK // FLOW_SCALE)
        flow = np.asarray(self._flow.calc(former, small, np.empty(0, np.float32)))[y, x] * np.float32(FLOW_SCALE / scene.elapsed_s)
        speed = np.hypot(flow[:, 0], flow[:, 1])
        across = cv2.Sobel(small, cv2.CV_32F, 1, 0, ksize=3)[y, x] * np.float32(0.25)
        down = cv2.Sobel(small, cv2.CV_32F, 0, 1, ksize=3)[y, x] * np.float32(0.25)
        strength = np.hypot(across, down)
        assert self.background.mean is not None
        contrast = np.abs(scene.work[::FLOW_SCALE, ::FLOW_SCALE][y, x] - self.background.mean[::FLOW_SCALE, ::FLOW_SCALE][y, x])
        turn = np.rint(np.arctan2(flow[:, 1], flow[:, 0]) * np.float32(DIRECTIONS / (2 * np.pi))).astype(np.intp) % DIRECTIONS
        edge = np.floor(np.arctan2(down, across) * np.float32(EDGES / np.pi)).astype(np.intp) % EDGES
        sums = np.zeros((rows * columns, _CHANNELS), np.float32)
        for channel, weight in enumerate((None, speed, speed * speed, contrast)):
            sums[:, channel] = np.bincount(block, weight, minlength=rows * columns)
        sums[:, 4:-1] += _by_bin(block, turn, speed, rows * columns, DIRECTIONS, DIRECTIONS + EDGES, 0)
        sums[:, 4:-1] += _by_bin(block, edge, strength, rows * columns, EDGES, DIRECTIONS + EDGES, DIRECTIONS)
        sums[:, -1] = np.bincount(block, strength, minlength=rows * columns)
        return (sums * np.float32(FLOW_SCALE**2)).reshape(rows, columns, _CHANNELS)

    def _rows(self, mean: NDArray[np.float32], share: NDArray[np.float32], cell: NDArray[np.intp]) -> NDArray[np.float32]:
        """The features of the active cells, each of about the order of 1."""
        total = cell_sums(mean).reshape(-1, _CHANNELS)[cell]
        pixels, speed_sum, square_sum, contrast = total[:, :4].T
        speed = speed_sum / (pixels + np.float32(PRIOR_PIXELS))
        spread = np.sqrt(np.maximum(square_sum / (pixels + np.float32(PRIOR_PIXELS)) - speed * speed, 0.0))
        edges = total[:, -1:]
        out = np.empty((cell.size, FEATURES), np.float32)
        out[:, 0] = np.log1p(speed / SLOW)
        out[:, 1] = np.log1p(spread / SLOW)
        out[:, 2 : 2 + DIRECTIONS] = np.sqrt(total[:, 4 : 4 + DIRECTIONS] / (speed_sum + SLOW * PRIOR_PIXELS)[:, None])
        after = 2 + DIRECTIONS
        out[:, after] = pixels / (CELL * CELL * BLOCK * BLOCK)
        out[:, after + 1] = np.log1p(contrast / (pixels + 1.0) / 16.0)
        out[:, after + 2] = np.log1p(edges[:, 0] / (pixels + 1.0) / 8.0)
        out[:, after + 3 : after + 3 + EDGES] = np.sqrt(total[:, 4 + DIRECTIONS : -1] / np.maximum(edges, 1.0))
        out[:, -3:-1] = _shapes(share).reshape(-1, 2)[cell]
        out[:, -1] = (cell // self.grid.columns) / np.float32(self.grid.rows)
        return out


def _by_bin(
    block: NDArray[np.intp], number: NDArray[np.intp], weight: NDArray[np.float32], blocks: int, bins: int, width: int, first: int
) -> NDArray[np.float32]:
    """Sums of `weight` by block and bin, in the columns from `first` on of (blocks, width)."""
    out = np.zeros((blocks, width), np.float32)
    out[:, first : first + bins] = np.bincount(block * bins + number, weight, minlength=blocks * bins).reshape(blocks, bins)
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
