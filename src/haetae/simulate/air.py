"""What is between the camera and the scene: rain, snow, haze, headlights that sweep by, and drops on the lens."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB
from haetae.simulate.arrivals import Arrivals, Visit
from haetae.simulate.conditions import Weather
from haetae.simulate.hours import busy
from haetae.simulate.streams import stream

_SHEETS = 8
_SPARE = 64
_FLAKES = 260
_DROPS = 16
_SWEEP_EVERY_S = 22.0
_LEAST_TRAFFIC = 0.25
"""Of the rush hour: some car always comes by."""

HAZE = 0.24
"""Share of the picture that full rain or snow turns to haze."""


class Air:
    """One scene's air. What falls differs from frame to frame; everything else is a function of time. Frames come in order."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self._size, self._seed = size, seed
        self._rng = stream(seed, "air")
        self._sheets: list[NDArray[np.uint8]] = []
        self._flakes = stream(seed, "flakes").random((_FLAKES, 5))
        self._sweeps = Arrivals(stream(seed, "sweeps"), _SWEEP_EVERY_S, (1.6, 4.5))
        self._drops = stream(seed, "drops").random((_DROPS, 5))
        self._mask: tuple[int, NDArray[np.uint8]] | None = None
        width, height = size
        y, x = np.mgrid[-1.0 : 1.0 : height * 1j, -2.0 : 2.0 : 2 * width * 1j]
        beam = np.exp(-((x / 0.42) ** 2) - ((y / 0.85) ** 2)) + 0.35 * np.exp(-((x / 1.1) ** 2))
        self._beam = np.asarray(cv2.cvtColor(np.clip(beam * 200.0, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB), np.uint8)

    def sweep(self, rgb: RGB, albedo: RGB, t_s: float, weather: Weather) -> RGB:
        """Headlights of cars out of the picture that pass over the scene; `albedo` is the scene as it is when lit."""
        if weather.headlights == 0.0 or weather.dark < 0.5:
            self._sweeps.at(t_s, 0.0)
            return rgb
        traffic = 1.0 if weather.hour is None else max(_LEAST_TRAFFIC, busy(weather.hour))
        for visit in self._sweeps.at(t_s, weather.headlights * traffic):
            rgb = self._sweep(rgb, albedo, visit, visit.share(t_s))
        return rgb

    def _sweep(self, rgb: RGB, albedo: RGB, visit: Visit, share: float) -> RGB:
        width, height = self._size
        x, y, strength, side = visit.random[:4]
        way = share if side < 0.5 else 1.0 - share
        centre = (-0.4 + 1.8 * way) * width
        left = int(np.clip(width - centre, 0, width))
        middle = int((0.10 * y - 0.02) * height)
        beam = self._beam[:, left : left + width]
        if middle:
            beam = np.roll(beam, middle, axis=0)
        fade = min(1.0, 6.0 * min(share, 1.0 - share))
        lit = cv2.multiply(albedo, np.ascontiguousarray(beam), scale=fade * (0.5 + 0.8 * strength + 0.2 * x) / 255.0)
        return np.asarray(cv2.add(rgb, lit), np.uint8)

    def veil(self, rgb: RGB, weather: Weather) -> RGB:
        """Distance lost in rain and snow."""
        thick = HAZE * max(weather.rain, weather.snow)
        if thick == 0.0:
            return rgb
        grey = 140.0 - 118.0 * weather.dark
        return np.asarray(cv2.convertScaleAbs(rgb, alpha=1.0 - thick, beta=grey * thick), np.uint8)

    def fall(self, rgb: RGB, t_s: float, weather: Weather) -> RGB:
        """Rain and snow on their way down, and rain on the lens."""
        if weather.rain > 0.0:
            rgb = self._wet_lens(self._rain(rgb, weather), t_s, weather)
        return self._snow(rgb, t_s, weather) if weather.snow > 0.0 else rgb

    def _rain(self, rgb: RGB, weather: Weather) -> RGB:
        width, height = self._size
        if not self._sheets:
            self._sheets = [self._sheet(height + _SPARE, width + _SPARE) for _ in range(_SHEETS)]
        which, dx, dy = (int(value) for value in self._rng.integers((_SHEETS, _SPARE, _SPARE)))
        part = self._sheets[which][dy : dy + height, dx : dx + width]
        return np.asarray(cv2.scaleAdd(np.ascontiguousarray(part), 0.35 + 0.65 * weather.rain, rgb), np.uint8)

    def _sheet(self, height: int, width: int) -> NDArray[np.uint8]:
        """Drops at all distances: near ones long, broad and faint, far ones short and many."""
        rng = self._rng
        sheet = np.zeros((height, width), np.float32)
        unit = width / 320.0
        for count, length, thick, bright in ((int(320 * unit**0.5), 6.0, 1, 12.0), (110, 14.0, 1, 17.0), (9, 44.0, 2, 12.0)):
            layer = np.zeros((height, width), np.uint8)
            for x, y, scale, light in rng.random((count, 4)):
                start = (int(x * width * 16), int((y * 1.3 - 0.2) * height * 16))
                long = length * unit * (0.6 + 0.8 * scale)
                end = (start[0] + int(0.10 * long * 16), start[1] + int(long * 16))
                level = int(bright * (0.5 + light) * 4)
                cv2.line(layer, start, end, min(255, level), max(1, round(thick * unit)), cv2.LINE_AA, 4)
            sheet += np.asarray(cv2.GaussianBlur(layer.astype(np.float32), (0, 0), 0.45 * thick), np.float32) / 4.0
        return np.asarray(cv2.cvtColor(np.clip(sheet, 0, 90).astype(np.uint8), cv2.COLOR_GRAY2RGB), np.uint8)

    def _wet_lens(self, rgb: RGB, t_s: float, weather: Weather) -> RGB:
        """Drops that sit on the glass for a while and blur what is behind them."""
        width, height = self._size
        step = int(t_s)
        if self._mask is None or self._mask[0] != step:
            self._mask = (step, self._drop_mask(t_s, weather))
        mask = self._mask[1]
        if not mask.any():
            return rgb
        small = cv2.resize(rgb, (max(8, width // 10), max(6, height // 10)), interpolation=cv2.INTER_AREA)
        soft = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(
            cv2.add(
                cv2.multiply(rgb, cv2.bitwise_not(mask), scale=1.0 / 255.0),
                cv2.multiply(np.asarray(soft, np.uint8), mask, scale=1.08 / 255.0),
            ),
            np.uint8,
        )

    def _drop_mask(self, t_s: float, weather: Weather) -> NDArray[np.uint8]:
        width, height = self._size
        mask = np.zeros((height, width), np.uint8)
        for place, size, stay, phase, y0 in self._drops[: round(_DROPS * weather.rain)]:
            life_s = 25.0 + 90.0 * stay
            age = (t_s / life_s + phase) % 1.0
            turn = int(t_s / life_s + phase)
            x = (place + 0.618 * turn) % 1.0 * width
            y = ((y0 + 0.414 * turn) % 1.0 + 0.10 * age**4) * height
            radius = (0.008 + 0.022 * size**2) * width * min(1.0, 12.0 * age)
            cv2.ellipse(mask, (int(x), int(y)), (max(1, int(radius)), max(1, int(1.25 * radius))), 0.0, 0.0, 360.0, 215, -1)
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.8, width / 300.0))
        return np.asarray(cv2.cvtColor(soft, cv2.COLOR_GRAY2RGB), np.uint8)

    def _snow(self, rgb: RGB, t_s: float, weather: Weather) -> RGB:
        """Flakes that sink and drift; those near the lens are large, faint and out of focus."""
        width, height = self._size
        far, near = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        for x0, y0, close, phase, light in self._flakes[: round(_FLAKES * weather.snow)]:
            scale = 0.15 + close**5
            fall = (1.1 + 0.5 * phase) * scale * 0.9
            y = (y0 * 1.2 + t_s * fall) % 1.2 - 0.1
            sway = 0.02 * scale * np.sin(1.7 * t_s + 6.28 * phase)
            x = (x0 + sway + 0.35 * scale * t_s * (0.2 + weather.gusts)) % 1.0
            radius = int(16 * (0.35 + 2.4 * scale**2) * width / 320.0)
            centre = (int(x * width * 16), int(y * height * 16))
            large = scale > 0.6
            level = (50 + 50 * light) if large else (90 + 110 * light)
            cv2.circle(near if large else far, centre, max(8, radius), int(level), -1, cv2.LINE_AA, 4)
        flakes = cv2.add(cv2.GaussianBlur(far, (0, 0), 0.6), cv2.GaussianBlur(near, (0, 0), width / 260.0))
        return np.asarray(cv2.add(rgb, cv2.cvtColor(flakes, cv2.COLOR_GRAY2RGB)), np.uint8)
