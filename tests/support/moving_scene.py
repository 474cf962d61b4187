"""A cheap scene for models that look at motion: textured boxes that move over a textured ground, without any camera or codec."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mover:
    """A textured box, `y` its upper edge; visible in [start_s, end_s], at `x` at `start_s`, moving `speed` px/s to the right."""

    x: float
    y: int
    speed: float
    start_s: float = 0.0
    end_s: float = float("inf")
    width: int = 24
    height: int = 40


@dataclass(frozen=True)
class MovingScene:
    movers: tuple[Mover, ...] = ()
    width: int = 320
    height: int = 240
    seed: int = 3

    @cached_property
    def ground(self) -> NDArray[np.uint8]:
        return texture(self.height, self.width, 90, 20, self.seed)

    def picture(self, t_s: float) -> NDArray[np.uint8]:
        """The luma at `t_s`, with a little sensor noise that depends on the time alone."""
        noise = np.random.default_rng(int(t_s * 1000)).normal(0, 1.5, (self.height, self.width))
        picture = self.ground.astype(np.float32)
        for number, mover in enumerate(self.movers):
            if mover.start_s <= t_s <= mover.end_s:
                _draw(
                    picture, mover, mover.x + mover.speed * (t_s - mover.start_s), texture(mover.height, mover.width, 190, 30, 100 + number)
                )
        return np.clip(picture + noise, 0, 255).astype(np.uint8)


def walkers(count: int, *, every_s: float = 4.0, speed: float = 40.0, y: int = 100, start_s: float = 0.0) -> tuple[Mover, ...]:
    """People who cross from the left one after the other, at speeds 15 % round `speed`."""
    random = np.random.default_rng(7)
    return tuple(
        Mover(
            -24,
            y + int(random.integers(-6, 7)),
            speed * float(random.uniform(0.85, 1.15)),
            start_s + every_s * number,
            start_s + every_s * number + 400 / speed,
        )
        for number in range(count)
    )


@lru_cache(maxsize=512)
def texture(height: int, width: int, level: float, contrast: float, seed: int) -> NDArray[np.uint8]:
    """Smooth noise, so that optical flow finds something to hold on to."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (height, width)).astype(np.float32), (0, 0), 2.0)
    made = np.clip(level + contrast * noise / noise.std(), 0, 255).astype(np.uint8)
    made.setflags(write=False)
    return made


def _draw(picture: NDArray[np.float32], mover: Mover, x: float, skin: NDArray[np.uint8]) -> None:
    """Places the box with sub-pixel accuracy."""
    shift = np.array([[1, 0, x], [0, 1, mover.y]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    alpha = cv2.warpAffine(np.ones(skin.shape, np.float32), shift, size)
    picture *= 1 - alpha
    picture += cv2.warpAffine(skin.astype(np.float32), shift, size) * alpha
