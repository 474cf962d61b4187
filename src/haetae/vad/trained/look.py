"""One camera's frames against its background: where there is something, and the cells that are judged.

The picture is cut into square blocks; a cell is CELL x CELL blocks and there is one at every block, so that neighbours overlap and an
incident is not cut in two.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Box, Luma
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize, to_work

CELL = 4
ACTIVE_SHARE = 0.12
"""Least share of foreground in a cell that is judged."""

MAP_SHARE = 0.1
"""Blocks with less foreground stay blank in the map, so that it shows the object and not its surroundings."""

REGION_SHARE = 0.6
"""The top region is what is connected to the top cell and reaches this share of its score."""

SPECKS = 4
"""Fewer pixels of foreground than this are noise of the sensor or of the coder."""

LEAST_STEP_S = 1 / 60
"""Frames closer than this are taken for this far apart: sources repeat time stamps, and none is analysed faster."""

GAP_S = 1.0
"""After a longer silence nothing follows from the last frame."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The blocks of a working picture, `block` px each; both sides of the picture are multiples of it."""

    size: WorkSize
    block: int

    @property
    def rows(self) -> int:
        return self.size.height // self.block

    @property
    def columns(self) -> int:
        return self.size.width // self.block

    def mean(self, picture: NDArray[Any]) -> NDArray[np.float32]:
        """The mean of each block, shape (rows, columns), of a picture (height, width) or of several channels of it."""
        return np.asarray(cv2.resize(picture, (self.columns, self.rows), interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame against the background. `valid` is false while there is none, `elapsed_s` 0 where nothing came shortly before; `work` is
    the working picture, `mask` 255 where it differs from the background, in `count` pixels."""

    t_s: float
    elapsed_s: float
    work: Luma
    mask: Luma
    count: int
    valid: bool
    changed: bool


class Stage:
    """Turns the frames of one camera into scenes. Not shared between cameras."""

    def __init__(self, size: WorkSize, background: Background) -> None:
        self.size = size
        self.background = background
        self._last_s: float | None = None

    def step(self, luma: Luma, t_s: float) -> Scene:
        """Look at a source picture taken at `t_s`."""
        work = to_work(luma, self.size)
        elapsed = 0.0 if self._last_s is None else t_s - self._last_s
        follows = 0.0 < elapsed <= GAP_S
        self._last_s = t_s
        seen = self.background.step(work, t_s, min(max(elapsed, LEAST_STEP_S), GAP_S))
        valid = seen.settled and not seen.changed
        return Scene(t_s, max(elapsed, LEAST_STEP_S) if follows and valid else 0.0, work, seen.mask, seen.count, valid, seen.changed)


def cell_sums(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum over each cell of values by block, shape (rows, columns) or (rows, columns, channels): from two blocks before the cell's own
    to one after it."""
    return np.asarray(cv2.boxFilter(blocks, -1, (CELL, CELL), normalize=False, borderType=cv2.BORDER_CONSTANT), np.float32)


def active_cells(share: NDArray[np.float32]) -> NDArray[np.intp]:
    """The cells (k,) with enough foreground, from the share of each block."""
    return np.flatnonzero(cell_sums(share) > ACTIVE_SHARE * CELL * CELL)


def hidden_cells(ignored: NDArray[np.bool_], grid: Grid) -> NDArray[np.bool_]:
    """The cells (rows * columns,) of which more than half lies in `ignored`, which has the shape of any picture of the camera."""
    size = WorkSize(ignored.shape[1], ignored.shape[0], grid.size.width, grid.size.height)
    share = grid.mean(to_work(ignored.astype(np.uint8) * 255, size)) / np.float32(255)
    # What of a cell lies outside of the picture counts neither way.
    return np.asarray(cell_sums(share) > 0.5 * cell_sums(np.ones_like(share))).ravel()


def heat_map(cell: NDArray[np.intp], value: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """The anomaly map (rows, columns): each block of the foreground has the greatest value (k,) of the cells that it belongs to."""
    values = np.zeros(share.shape, np.float32)
    values.ravel()[cell] = value
    anchor = (CELL - 1 - CELL // 2, CELL - 1 - CELL // 2)
    spread = np.asarray(cv2.dilate(values, np.ones((CELL, CELL), np.uint8), anchor=anchor), np.float32)
    return np.asarray(spread * (share > MAP_SHARE), np.float32)


def top_region(heat: NDArray[np.float32]) -> Box:
    """The box of the top region of a map with a positive maximum."""
    rows, columns = heat.shape
    top = np.unravel_index(int(heat.argmax()), heat.shape)
    _, labels = cv2.connectedComponents((heat >= REGION_SHARE * heat[top]).astype(np.uint8), connectivity=8)
    row, column = np.nonzero(labels == labels[top])
    return Box(column.min() / columns, row.min() / rows, (column.max() + 1) / columns, (row.max() + 1) / rows)
