"""What lens and sensor do to the picture: a cover, blur, tone, noise."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB
from haetae.simulate.conditions import Weather
from haetae.simulate.exposure import Exposure
from haetae.simulate.props import Lens, Moment
from haetae.simulate.streams import stream

_TILES = 6
_SPARE = 48
_UNIT = 24.0
"""Deviation of the stored noise, in steps."""

BLUR_PIXELS_PER_WIDTH = 0.011
USUAL_WIDTH = 640
READ_NOISE, SHOT_NOISE = 0.9, 0.16
"""Deviation in grey levels: the constant part, and the part that grows with the square root of the signal."""


class Sensor:
    """The camera's optics and chip; one per scene. Frames must come in order, each once."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        width, height = size
        self._rng = stream(seed, "sensor")
        self._tiles = [self._tile(height + _SPARE, width + _SPARE) for _ in range(_TILES)]
        self._exposure = Exposure(size, seed)
        levels = np.arange(256, dtype=np.float32)
        self._tone = np.clip(255.0 * (levels / 255.0) ** 0.80 * 1.06, 0, 255).astype(np.uint8)
        self._gain = ((READ_NOISE + SHOT_NOISE * np.sqrt(levels)) / _UNIT * 256.0).astype(np.int16)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        weave = 4.0 * np.sin(x / width * 9.0 + 3.0 * np.sin(y / height * 4.0)) + 3.0 * np.sin(y / height * 23.0)
        self._cloth = np.clip(17.0 + weave + 5.0 * (x / width), 4, 40).astype(np.uint8)

    def expose(self, rgb: RGB, lens: Lens, moment: Moment | None = None) -> RGB:
        """The picture that leaves the camera; `moment` tells of its weather, if there is any."""
        if moment is not None and moment.weather is not None:
            return self._in_weather(rgb, lens, moment, moment.weather)
        if lens.blurred > 0.0:
            rgb = self._blur(rgb, lens.blurred)
        rgb = np.asarray(cv2.LUT(rgb, self._tone), np.uint8)
        if lens.covered > 0.0:
            rgb = self._cover(rgb, lens.covered)
        return self._noise(rgb)

    def _in_weather(self, rgb: RGB, lens: Lens, moment: Moment, weather: Weather) -> RGB:
        """The same for a camera that sways, sets its exposure, and sees by infrared at night: grey, with strong noise."""
        exposure = self._exposure
        rgb = exposure.sway(rgb, moment.t_s, weather, moment.wind)
        if lens.blurred > 0.0:
            rgb = self._blur(rgb, lens.blurred)
        gain = exposure.gain(rgb, moment.t_s) if lens.covered == 0.0 else exposure.held
        rgb = np.asarray(cv2.LUT(rgb, self._tone_of(gain)), np.uint8)
        if lens.covered > 0.0:
            rgb = self._cover(rgb, lens.covered)
        # Larger pixels gather more light: the noise is meant for pictures of USUAL_WIDTH.
        noise = exposure.noise(gain, weather) * min(1.0, rgb.shape[1] / USUAL_WIDTH)
        if not weather.infrared:
            return self._noise(rgb, noise)
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        return np.asarray(cv2.cvtColor(self._noise(grey, noise), cv2.COLOR_GRAY2RGB), np.uint8)

    def _tone_of(self, gain: float) -> NDArray[np.uint8]:
        """The tone curve under a gain, with a soft shoulder so that lamps do not clip at once."""
        light = np.arange(256, dtype=np.float32) / 255.0 * np.float32(gain)
        return np.asarray(255.0 * np.minimum(1.0, 1.06 * light**0.80 / (1.0 + 0.12 * light**2)) + 0.5, np.uint8)

    def _tile(self, height: int, width: int) -> NDArray[np.int16]:
        """Noise with more luma than chroma, a little smoothed as cameras do."""
        luma = self._rng.standard_normal((height, width, 1), np.float32)
        chroma = cv2.blur(self._rng.standard_normal((height, width, 3), np.float32), (2, 2))
        mixed = cv2.GaussianBlur(luma + 0.5 * chroma, (0, 0), 0.55)
        tile: NDArray[np.int16] = (mixed / mixed.std() * _UNIT).astype(np.int16)
        return tile

    def _noise(self, rgb: RGB, strength: float = 1.0) -> RGB:
        height, width = rgb.shape[:2]
        which, dx, dy = (int(value) for value in self._rng.integers((_TILES, _SPARE, _SPARE)))
        tile = self._tiles[which][dy : dy + height, dx : dx + width]
        if rgb.ndim == 2:
            tile = tile[..., 1]
        gain: Any = cv2.LUT(rgb, self._gain)
        noise = cv2.multiply(np.ascontiguousarray(tile), gain, scale=strength / 256.0)
        return np.asarray(cv2.add(rgb, noise, dtype=cv2.CV_8U), np.uint8)

    def _blur(self, rgb: RGB, share: float) -> RGB:
        sigma = max(0.3, share * BLUR_PIXELS_PER_WIDTH * rgb.shape[1])
        if sigma < 2.0:
            return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.uint8)
        small = cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return np.asarray(
            cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 2.0), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8
        )

    def _cover(self, rgb: RGB, share: float) -> RGB:
        """A dark cloth that comes down over the lens, out of focus at its edge."""
        height, width = rgb.shape[:2]
        edge = share * 1.35 * height
        slope = np.linspace(-0.08, 0.08, width, dtype=np.float32)[None, :] * height
        y = np.arange(height, dtype=np.float32)[:, None]
        shade = np.clip((edge + slope - y) / (0.22 * height), 0.0, 1.0)[..., None]
        covered = rgb.astype(np.float32) * (1.0 - shade) + self._cloth[..., None].astype(np.float32) * shade
        return np.asarray(covered, np.uint8)
