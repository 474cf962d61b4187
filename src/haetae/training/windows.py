"""Samples for networks on pictures: crops of windows, mostly where something is, a uniform choice of all footage in bounded memory."""

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.motion.foreground import Background
from haetae.vad.trained.pictures import BLOCK, UNIT, PictureEye, Window

CROP = 64
"""Side of a crop in pixels: several times the height of a figure, so that most of it is seen whole."""

CROPS = 4
"""Crops of one frame: more of them are more of the same."""

ELSEWHERE = 0.1
"""Share of the crops that lie anywhere in the picture, not round something."""


class CropReservoir:
    """Crops (n, frames, side, side) as int8, grey levels minus the background; a uniform choice of those offered (Vitter 1985, R)."""

    def __init__(self, *, frames: int, step_s: float, most_mb: int, seed: int) -> None:
        self._frames = frames
        self._step_s = step_s
        self._capacity = max(64, most_mb * 2**20 // (frames * CROP * CROP))
        self._random = np.random.default_rng(seed)
        self._eye: PictureEye | None = None
        self._kept: list[NDArray[np.int8]] = []
        self._offered = 0
        self._keeping_since: float | None = None

    def look(self, luma: Luma, t_s: float, *, keep: bool) -> None:
        if self._eye is None:
            self._eye = PictureEye(PictureEye.size_of(luma), Background(), frames=self._frames, step_s=self._step_s)
        seen = self._eye.step(luma, t_s)
        if not keep:
            self._keeping_since = None
            return
        if self._keeping_since is None:
            self._keeping_since = t_s
        # A window that began in footage that is not to be kept holds some of it.
        whole = t_s - self._keeping_since >= self._step_s * (self._frames - 0.5)
        if seen.window is not None and whole:
            self._offer(seen.window, seen.share)

    def array(self) -> NDArray[np.int8]:
        return np.stack(self._kept) if self._kept else np.empty((0, self._frames, CROP, CROP), np.int8)

    def _offer(self, window: Window, share: NDArray[np.float32]) -> None:
        _, height, width = window.shape
        side = min(CROP, height // 8 * 8, width // 8 * 8)
        chances = (share / share.sum()).ravel().astype(np.float64)
        for _ in range(CROPS):
            self._offered += 1
            place = self._offered - 1 if self._offered <= self._capacity else int(self._random.integers(self._offered))
            if place >= self._capacity:
                continue
            if self._random.random() < ELSEWHERE:
                row, column = self._random.integers(height), self._random.integers(width)
            else:
                block = int(self._random.choice(share.size, p=chances / chances.sum()))
                row, column = (block // share.shape[1]) * BLOCK, (block % share.shape[1]) * BLOCK
                row, column = row + self._random.integers(-side // 4, side // 4), column + self._random.integers(-side // 4, side // 4)
            top, left = int(np.clip(row - side // 2, 0, height - side)), int(np.clip(column - side // 2, 0, width - side))
            crop = np.rint(window[:, top : top + side, left : left + side] * np.float32(UNIT)).astype(np.int8)
            if place == len(self._kept):
                self._kept.append(crop)
            else:
                self._kept[place] = crop
