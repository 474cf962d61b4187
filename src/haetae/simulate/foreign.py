"""Something that does not belong: a patterned body that crosses a picture."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB

SIDES = (0.06, 0.2)
"""Its height relative to the picture's, drawn evenly; its width is SHAPE times that."""

SHAPE = (0.5, 2.0)
SOFT_PX = 1.2
"""Its rim is as soft as the edges that a lens draws."""


@dataclass(frozen=True, slots=True)
class ForeignThing:
    """`texture` (height, width, 3) and `cover` (height, width) in [0, 1]; its centre goes from `start` to `end`, (x, y) in px, in a bow.

    Both ends lie outside of the picture.
    """

    texture: NDArray[np.float32]
    cover: NDArray[np.float32]
    start: tuple[float, float]
    end: tuple[float, float]
    bow: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, size: tuple[int, int]) -> Self:
        """One at random, for pictures of `size` (width, height)."""
        picture_width, picture_height = size
        height = max(6, round(float(rng.uniform(*SIDES)) * picture_height))
        width = max(6, round(height * float(np.exp(rng.uniform(*np.log(SHAPE))))))
        across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        power = float(rng.choice([2.0, 8.0]))
        body = (np.abs(across) ** power + np.abs(down) ** power < 0.9).astype(np.float32)
        cover = cv2.GaussianBlur(body, (0, 0), SOFT_PX)
        colours = rng.uniform(20, 235, (2, 3)).astype(np.float32)
        coarse = rng.random((4, 4), np.float32)
        pattern = np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)[..., None]
        texture = colours[0] * pattern + colours[1] * (1 - pattern) + rng.normal(0, 4, (height, width, 1)).astype(np.float32)
        from_left = bool(rng.integers(2))
        y0, y1 = (float(rng.uniform(0.25, 0.85)) * picture_height for _ in range(2))
        ends = (-width / 2, y0), (picture_width + width / 2, y1)
        start, end = ends if from_left else ends[::-1]
        return cls(texture.astype(np.float32), np.asarray(cover, np.float32), start, end, float(rng.uniform(-0.15, 0.15)) * picture_height)

    def paste(self, rgb: RGB, share: float) -> tuple[RGB, NDArray[np.bool_]]:
        """`rgb` with the thing after `share` of its way, in [0, 1], and where it covers it by half or more."""
        height, width = rgb.shape[:2]
        x = self.start[0] + (self.end[0] - self.start[0]) * share
        y = self.start[1] + (self.end[1] - self.start[1]) * share + self.bow * float(np.sin(np.pi * share))
        rows, columns = self.cover.shape
        place = np.array([[1, 0, x - columns / 2], [0, 1, y - rows / 2]], np.float64)
        cover = np.asarray(cv2.warpAffine(self.cover, place, (width, height)), np.float32)
        body = np.asarray(cv2.warpAffine(self.texture, place, (width, height), borderMode=cv2.BORDER_REPLICATE), np.float32)
        mixed = rgb + (body - rgb) * cover[..., None]
        return np.clip(np.rint(mixed), 0, 255).astype(np.uint8), cover >= 0.5
