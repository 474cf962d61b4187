"""Has the camera been moved a little? Then what was learned moves with it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.vad.motion.counts import Counts

LOOK_S = 60.0
LEAST_SHIFT = 3.0
"""Working pixels; less is thermal play or the blur of the estimate."""

LEAST_RESPONSE = 0.15
"""Of the phase correlation, in [0, 1]: lower where the scene itself is another one (night, snow)."""

FARTHEST_SHARE = 0.15
"""Of the picture's height; a camera that was turned further shows another scene, which is tampering."""

AGREE = 1.5
PATIENCE = 2


class ShiftWatch:
    """Compares the background with `anchor`, what it was when the tables were made: (height, width) grey levels, None before that."""

    def __init__(self, anchor: NDArray[np.float32] | None = None) -> None:
        self.anchor = anchor
        self._looked_s = -np.inf
        self._seen: list[NDArray[np.float64]] = []

    def look(self, background: NDArray[np.float32], t_s: float) -> tuple[float, float] | None:
        """By how many working pixels (right, down) the scene has moved, once that is sure; then the background is the new anchor."""
        if self.anchor is None or self.anchor.shape != background.shape:
            self.anchor = background.copy()
            return None
        if t_s - self._looked_s < LOOK_S:
            return None
        self._looked_s = t_s
        window = cv2.createHanningWindow((background.shape[1], background.shape[0]), cv2.CV_32F)
        moved, response = cv2.phaseCorrelate(_edges(self.anchor), _edges(background), window)
        shift = np.array(moved)
        length = float(np.hypot(*shift))
        if response < LEAST_RESPONSE or not LEAST_SHIFT < length < FARTHEST_SHARE * background.shape[0]:
            self._seen.clear()
            return None
        self._seen.append(shift)
        if len(self._seen) < PATIENCE or np.hypot(*(self._seen[-1] - self._seen[-2])) > AGREE:
            return None
        self._seen.clear()
        self.anchor = background.copy()
        return float(shift[0]), float(shift[1])


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Edges do not change with the light."""
    small = cv2.GaussianBlur(picture, (0, 0), 1.0)
    return np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)).astype(np.float32)


def moved_counts(counts: Counts, rows: int, columns: int, right: int, down: int) -> Counts:
    """The counts of a scene that moved by whole blocks; what comes into the picture has seen nothing."""

    def moved(layers: NDArray[np.generic], axis: int) -> NDArray[np.generic]:
        """`layers` with the places along `axis`."""
        grid = np.moveaxis(layers, axis, 0).reshape(rows, columns, -1)
        out = np.zeros_like(grid)
        to_row, from_row = slice(max(0, down), rows + min(0, down)), slice(max(0, -down), rows - max(0, down))
        to_column, from_column = slice(max(0, right), columns + min(0, right)), slice(max(0, -right), columns - max(0, right))
        out[to_row, to_column] = grid[from_row, from_column]
        shape = np.moveaxis(layers, axis, 0).shape
        return np.moveaxis(out.reshape(shape), 0, axis)

    by_row = np.zeros_like(counts.rows)
    by_row[:, max(0, down) : rows + min(0, down)] = counts.rows[:, max(0, -down) : rows - max(0, down)]
    return Counts(by_row, moved(counts.cells, 1), moved(counts.occupied, 0), moved(counts.turned, 0), counts.frames, counts.seconds)  # type: ignore[arg-type]
