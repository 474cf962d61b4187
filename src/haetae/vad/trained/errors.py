"""How wrong a network was about each cell of a picture, in pixels.

An error in grey levels says little: a dark coat with a bright bag is foretold worse than a grey one. Divided by the picture's own gradient
it is the shift that would make as large an error, in pixels, whatever the clothes (the reasoning of optical flow: I_t = -grad I * v).
"""

from collections import deque
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.vad.trained.look import Grid, Scene, cell_sums

MEAN_S = 0.45
MEAN_FRAMES = 8
"""Errors are means over the frames of the last MEAN_S, never over more than MEAN_FRAMES: as long as half a step of a walker."""

PRIOR_PIXELS = 8.0
PRIOR_GRADIENT = 10.0
"""A cell counts as if it held so many pixels more, of a gradient of so many grey levels per pixel and foretold without error: a few of
them, or a flat surface, make no large error."""

_RIM = np.ones((3, 3), np.uint8)


class Looked(Protocol):
    """What is needed of a frame."""

    @property
    def scene(self) -> Scene: ...

    @property
    def cell(self) -> NDArray[np.intp]: ...


class ErrorMemory:
    """The errors of one camera's last frames, by block. Not shared between cameras."""

    def __init__(self, grid: Grid, unit: float) -> None:
        """`unit` is what 1 is in grey levels."""
        self._grid = grid
        self._unit = np.float32(unit)
        self._recent: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=MEAN_FRAMES)

    def clear(self) -> None:
        """What comes next does not follow from what came before."""
        self._recent.clear()

    def values(self, seen: Looked, picture: NDArray[np.float32], error: NDArray[np.float32]) -> NDArray[np.float32]:
        """The error of each active cell in pixels, shape (k,): root of the sum of `error` (height, width) squared over that of the gradient
        of `picture`, both over the foreground and its rim."""
        while self._recent and self._recent[0][0] < seen.scene.t_s - MEAN_S:
            self._recent.popleft()
        rim = cv2.dilate(seen.scene.mask, _RIM) > 0
        across, down = (cv2.Sobel(picture, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0))
        both = np.stack([np.square(error), np.square(across) + np.square(down)], axis=-1) * (self._unit * self._unit)
        both[~rim] = 0.0
        self._recent.append((seen.scene.t_s, self._grid.mean(both) * np.float32(self._grid.block**2)))
        mean = np.asarray(np.mean([blocks for _, blocks in self._recent], axis=0), np.float32)
        square, gradient = np.maximum(cell_sums(mean).reshape(-1, 2)[seen.cell].T, 0.0)
        return np.asarray(np.sqrt(square / (gradient + np.float32(PRIOR_PIXELS * PRIOR_GRADIENT**2))), np.float32)
