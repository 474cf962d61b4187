"""What a camera does about changing light: exposure in small steps, gain with its noise, infrared at night; and its pole sways."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB
from haetae.simulate.conditions import Weather
from haetae.simulate.geometry import Floats
from haetae.simulate.streams import stream

TARGET = 105.0
"""Mean grey level that exposure aims at."""

DEAD_BAND, STEP = 0.34, 0.11
"""Stops that the mean may be off before exposure moves, and how far it moves at once."""

PAUSE_S = 0.18
"""Time between two steps."""

LEAST_STOPS, MOST_STOPS = -1.1, 1.3
NIGHT_GAIN = 1.9
"""Noise at night, against that by day."""

SWAY_PER_WIDTH = 1.5 / 320.0


class Exposure:
    """One camera's exposure. Frames come in order."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self._size = size
        self._phases = stream(seed, "sway").uniform(0.0, 6.283, 3)
        self._stops: float | None = None
        self._moving = False
        self._next_s = 0.0

    def gain(self, rgb: RGB, t_s: float) -> float:
        """What the light is multiplied by now; follows the mean of the pictures."""
        mean = float(cv2.mean(rgb[::4, ::4])[1])
        off = float(np.log2(TARGET / max(mean, 1.0)))
        off = float(np.clip(0.75 * off, LEAST_STOPS, MOST_STOPS))
        if self._stops is None:
            self._stops = off
        elif t_s >= self._next_s:
            gap = off - self._stops
            self._moving = abs(gap) > (STEP if self._moving else DEAD_BAND)
            if self._moving:
                self._stops += float(np.clip(gap, -STEP, STEP))
                self._next_s = t_s + PAUSE_S
        return float(2.0**self._stops)

    @property
    def held(self) -> float:
        """The gain of the last picture, for one that tells nothing."""
        return float(2.0 ** (self._stops or 0.0))

    def noise(self, gain: float, weather: Weather) -> float:
        """How much stronger the noise is than in good light."""
        return float(max(1.0, gain) ** 0.6 * (1.0 + (NIGHT_GAIN - 1.0) * weather.dark))

    def sway(self, rgb: RGB, t_s: float, weather: Weather, wind: float) -> RGB:
        """The picture of a camera whose pole moves in the wind."""
        reach = SWAY_PER_WIDTH * self._size[0] * weather.gusts**2 * min(1.0, wind)
        if reach < 0.03:
            return rgb
        a, b, c = self._phases
        dx = reach * (0.7 * np.sin(9.1 * t_s + a) + 0.3 * np.sin(15.3 * t_s + b))
        dy = 0.6 * reach * np.sin(11.7 * t_s + c)
        shift: Floats = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])
        moved: NDArray[np.uint8] = np.asarray(
            cv2.warpAffine(rgb, shift, self._size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        return moved
