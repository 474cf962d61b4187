"""Small animals: birds that cross the scene by day, insects and now and then a spider in the lamp light close to the lens."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB
from haetae.simulate.arrivals import Arrivals, Visit
from haetae.simulate.canvas import Canvas, Sprite
from haetae.simulate.conditions import Weather
from haetae.simulate.geometry import Floats
from haetae.simulate.streams import stream

_INSECT_EVERY_S, _SPIDER_EVERY_S, _BIRD_EVERY_S = 14.0, 1500.0, 45.0
_INSECT_GLOW, _SPIDER_GLOW = 150.0, 120.0


class Visitors:
    """One scene's animals; where each is is a function of time. Moments never go back."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self._size = size
        self._insects = Arrivals(stream(seed, "insects"), _INSECT_EVERY_S, (1.0, 6.0))
        self._spiders = Arrivals(stream(seed, "spiders"), _SPIDER_EVERY_S, (40.0, 200.0))
        self._birds = Arrivals(stream(seed, "birds"), _BIRD_EVERY_S, (2.5, 5.5))

    def fly(self, canvas: Canvas, t_s: float, weather: Weather) -> None:
        """Paint the birds."""
        for visit in self._birds.at(t_s, weather.birds if weather.dark < 0.5 else 0.0):
            for i in range(1 + int(visit.random[0] ** 2 * 5.0)):
                _bird(canvas, visit, i, t_s)

    def glow(self, rgb: RGB, t_s: float, weather: Weather) -> RGB:
        """Paint what the camera's lamp shows near the lens, far out of focus."""
        intensity = weather.insects if weather.infrared else 0.0
        insects = self._insects.at(t_s, intensity)
        spiders = self._spiders.at(t_s, intensity)
        if not insects and not spiders:
            return rgb
        width, height = self._size
        layer = np.zeros((height, width), np.uint8)
        for visit in insects:
            self._insect(layer, visit, t_s)
        for visit in spiders:
            self._spider(layer, visit, t_s)
        soft = cv2.GaussianBlur(layer, (0, 0), max(0.8, width / 200.0))
        return np.asarray(cv2.add(rgb, cv2.cvtColor(soft, cv2.COLOR_GRAY2RGB)), np.uint8)

    def _insect(self, layer: NDArray[np.uint8], visit: Visit, t_s: float) -> None:
        """It flies in, dances in the light and flies off; its path smears while the shutter is open."""
        width, height = self._size
        ends = [_dance(visit, t_s - back_s) for back_s in (0.0, 0.02, 0.04)]
        thick = max(1, int((0.006 + 0.022 * visit.random[6] ** 2) * width))
        glow = _INSECT_GLOW * (0.45 + 0.55 * visit.random[7])
        points = np.array([(int(x * width * 16), int(y * height * 16)) for x, y in ends], np.int32)
        cv2.polylines(layer, [points[:, None]], False, glow, thick, cv2.LINE_AA, 4)

    def _spider(self, layer: NDArray[np.uint8], visit: Visit, t_s: float) -> None:
        """It hangs on a thread and sways."""
        width, height = self._size
        share, (x0, depth, big, *_) = visit.share(t_s), visit.random
        sway = 0.035 * np.sin(1.1 * t_s + 6.28 * big) + 0.015 * np.sin(2.7 * t_s)
        x = int((0.2 + 0.6 * x0 + sway) * width)
        y = int((0.15 + 0.6 * depth) * height * min(1.0, 5.0 * share, 5.0 * (1.0 - share)))
        body = int((0.015 + 0.025 * big) * width)
        cv2.line(layer, (int((0.2 + 0.6 * x0) * width), 0), (x, y), 0.35 * _SPIDER_GLOW, 1, cv2.LINE_AA)
        for i in range(8):
            angle = (i - 3.5) * 0.35 * (1.0 if i % 2 else -1.0) + (0.0 if i % 2 else np.pi) + 0.15 * np.sin(3.0 * t_s + i)
            end = (x + int(2.4 * body * np.cos(angle)), y + int(1.8 * body * np.sin(angle)))
            cv2.line(layer, (x, y), end, 0.7 * _SPIDER_GLOW, max(1, body // 5), cv2.LINE_AA)
        cv2.ellipse(layer, (x, y), (body, int(1.3 * body)), 0.0, 0.0, 360.0, _SPIDER_GLOW, -1, cv2.LINE_AA)


def _dance(visit: Visit, t_s: float) -> tuple[float, float]:
    share, r = visit.share(t_s), visit.random
    # In from one side and out at another, with loops on the way.
    angle, turn = 6.28 * r[0], 1.5 + 2.5 * r[1]
    away = (2.0 * share - 1.0) * 0.95
    bend = 0.22 * np.sin(turn * 6.28 * share + 6.28 * r[2]) + 0.08 * np.sin(9.0 * t_s + 6.28 * r[3])
    x = 0.5 + 0.3 * (r[4] - 0.5) + away * np.cos(angle) - bend * np.sin(angle)
    y = 0.5 + 0.3 * (r[5] - 0.5) + away * np.sin(angle) + bend * np.cos(angle)
    return float(x), float(y)


def _bird(canvas: Canvas, visit: Visit, i: int, t_s: float) -> None:
    """A dark bird in straight flight; its wings beat about five times a second."""
    since, r = t_s - visit.starts_s, visit.random
    side = 1.0 if r[1] < 0.5 else -1.0
    far = 9.0 + 22.0 * r[2] + 1.1 * i
    reach = canvas.camera.size[0] / 2.0 / canvas.camera.focal * far + 2.0
    speed = 2.0 * reach / visit.lasts_s
    x = side * (speed * since - reach) - 0.8 * i * side
    z = 2.0 + 6.0 * r[3] + 0.35 * np.sin(1.3 * since + i) + 0.4 * (i % 2)
    beat = 0.55 * np.sin(2.0 * np.pi * (4.6 + r[4]) * since + 1.7 * i)
    wings = np.array([(0.0, 0.0), (-0.16 * side, 0.0), (-0.04 * side, 1.0), (-0.04 * side, -1.0), (0.16 * side, 0.0)])
    points = np.array([(x + dx, far + 0.30 * spread, z + abs(spread) * 0.30 * beat / 0.55) for dx, spread in wings])
    pixels, depths = canvas.camera.project(points)
    sprite = Sprite(pixels, 2.0, 4, canvas.camera.size)
    if not sprite.visible or float(depths.min()) < 1.0:
        return
    dark = 0.16 * canvas.light.ambient
    size = max(0.9, 0.05 * canvas.camera.focal / far)
    for wing in (2, 3):
        corners: Floats = np.array([pixels[1] * 0.4 + pixels[0] * 0.6, pixels[wing], pixels[4] * 0.5 + pixels[0] * 0.5])
        sprite.fill(sprite.corners(corners), (dark, dark, dark * 1.05))
    body: Floats = np.array([pixels[1], pixels[0] + (0.0, size), pixels[4], pixels[0] - (0.0, size * 0.6)])
    sprite.fill(sprite.corners(body), (dark * 0.8, dark * 0.8, dark * 0.8))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, far)
