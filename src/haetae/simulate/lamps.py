"""The lamps of cars at night: their glow, and the light that they throw on the ground ahead."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.simulate.canvas import Canvas
from haetae.simulate.props import Car

_STAMP_PX = 65
_GLOW_M, _BEAM_M = 0.55, 3.2


def _stamp() -> NDArray[np.float32]:
    y, x = np.mgrid[-1.0 : 1.0 : _STAMP_PX * 1j, -1.0 : 1.0 : _STAMP_PX * 1j]
    return np.asarray(np.clip(1.0 - (x * x + y * y), 0.0, 1.0) ** 2, np.float32)


class CarLamps:
    """Paints the lamps of the cars of one scene."""

    def __init__(self) -> None:
        self._stamp = _stamp()

    def draw(self, canvas: Canvas, cars: list[Car], dark: float) -> None:
        """Add what lamps give to a picture of darkness `dark`."""
        if dark < 0.35:
            return
        for car in cars:
            self._draw(canvas, car, min(1.0, 1.4 * dark))

    def _draw(self, canvas: Canvas, car: Car, strength: float) -> None:
        camera = canvas.camera
        ahead, left = np.array([np.cos(car.heading), np.sin(car.heading)]), np.array([-np.sin(car.heading), np.cos(car.heading)])
        place = np.array([car.x, car.y])
        towards = float(
            np.dot(np.asarray(camera.position)[:2] - place, ahead) / max(1.0, np.hypot(*(np.asarray(camera.position)[:2] - place)))
        )
        for side in (-0.7, 0.7):
            front, rear = place + 2.2 * ahead + side * left, place - 2.2 * ahead + side * left
            beam = front + 4.5 * ahead
            self._add(canvas, (*beam, 0.0), (_BEAM_M, 1.0), 85.0 * strength)
            if towards > 0.0:
                self._add(canvas, (*front, 0.64), (_GLOW_M * (0.6 + 1.2 * towards), 0.0), 250.0 * strength)
            else:
                self._add(canvas, (*rear, 0.70), (0.30, 0.0), 130.0 * strength)

    def _add(self, canvas: Canvas, point: tuple[float, ...], size: tuple[float, float], amount: float) -> None:
        """A soft round light of radius size[0] metres at `point`; size[1] of 1 lies flat on the ground, 0 faces the camera."""
        camera = canvas.camera
        (u, v), depth = camera.project(np.array(point))
        if float(depth) < 2.0:
            return
        radius = size[0] * camera.focal / float(depth)
        flat = 1.0 if size[1] == 0.0 else max(0.12, camera.position[2] / float(depth))
        wide, tall = max(3, int(2 * radius)), max(3, int(2 * radius * flat))
        x, y = int(u - wide / 2), int(v - tall / 2)
        height, width = canvas.rgb.shape[:2]
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + wide, width), min(y + tall, height)
        if x0 >= x1 or y0 >= y1:
            return
        stamp = cv2.resize(self._stamp, (wide, tall), interpolation=cv2.INTER_LINEAR)[y0 - y : y1 - y, x0 - x : x1 - x] * amount
        nearer = canvas.backdrop.depth[y0:y1, x0:x1] > float(depth) - 2.5
        light = np.where(nearer, stamp, 0.0).astype(np.uint8)
        part = canvas.rgb[y0:y1, x0:x1]
        part[...] = cv2.add(part, cv2.cvtColor(light, cv2.COLOR_GRAY2RGB))
