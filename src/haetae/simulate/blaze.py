"""Flames and smoke: soft puffs whose every place is a function of time."""

import cv2
import numpy as np

from haetae.simulate.canvas import Canvas
from haetae.simulate.geometry import Floats, PinholeCamera
from haetae.simulate.props import Fire
from haetae.simulate.streams import stream

FLAME_M, SMOKE_M = 1.3, 4.2
_FLAMES, _PUFFS = 46, 34
_WIND_M_S = 0.45


def _stamp() -> Floats:
    y, x = np.mgrid[-1.0:1.0:33j, -1.0:1.0:33j]
    stamp: Floats = np.clip(1.0 - (x * x + y * y), 0.0, 1.0).astype(np.float32) ** 1.5
    return stamp


class Blaze:
    """Paints one scene's fires."""

    def __init__(self, seed: int) -> None:
        rng = stream(seed, "blaze")
        self._flames = rng.random((_FLAMES, 4))
        self._puffs = rng.random((_PUFFS, 4))
        self._stamp = _stamp()

    def outline(self, fire: Fire, camera: PinholeCamera) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels round the flames and the thicker smoke."""
        (u, v), depth = camera.project(np.array([fire.x, fire.y, 0.0]))
        scale = camera.focal / float(depth)
        tall = (FLAME_M + min(1.0, fire.age_s / 3.0) * SMOKE_M * 0.5) * fire.strength
        drift = _WIND_M_S * min(fire.age_s, 2.0)
        x, y = float(u), float(v)
        return x - 0.6 * scale, y - tall * scale, x + (0.6 + drift) * scale, y + 0.1 * scale

    def draw(self, fire: Fire, canvas: Canvas) -> None:
        """Paint a fire, its smoke and its light on the ground."""
        (u, v), depth = canvas.camera.project(np.array([fire.x, fire.y, 0.0]))
        scale = canvas.camera.focal / float(depth)
        left, top = int(u - 2.2 * scale), int(v - (SMOKE_M + 1.2) * scale)
        width, height = int(5.2 * scale), int((SMOKE_M + 1.8) * scale)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, canvas.rgb.shape[1]), min(top + height, canvas.rgb.shape[0])
        if x1 - x0 < 4 or y1 - y0 < 4:
            return
        area = canvas.rgb[y0:y1, x0:x1].astype(np.float32)
        origin = np.array([float(u) - x0, float(v) - y0])
        smoke = np.zeros(area.shape[:2], np.float32)
        for rate, place, size, turn in self._puffs:
            age = (fire.age_s * (0.22 + 0.10 * rate) + place) % 1.0
            if age / 0.28 > fire.age_s:
                continue
            x = 0.25 * (size - 0.5) + _WIND_M_S * age * 3.2 + 0.25 * np.sin(4.0 * age + 6.3 * turn)
            self._add(
                smoke,
                origin + np.array([x, -(0.5 + age * SMOKE_M)]) * scale,
                (0.22 + 0.75 * age) * scale,
                0.40 * (1.0 - age) ** 0.8 * fire.strength,
            )
        veil = np.clip(smoke, 0.0, 0.86)[..., None]
        grey = np.array([66.0, 64.0, 62.0], np.float32) * canvas.light.ambient
        area += (grey - area) * veil
        area += self._flame_light(area.shape[:2], origin, scale, fire)
        canvas.rgb[y0:y1, x0:x1] = np.clip(area, 0.0, 255.0).astype(np.uint8)

    def _flame_light(self, shape: tuple[int, ...], origin: Floats, scale: float, fire: Fire) -> Floats:
        heat = np.zeros(shape[:2], np.float32)
        for rate, place, size, turn in self._flames:
            age = (fire.age_s * (1.5 + 1.3 * rate) + place) % 1.0
            flicker = 0.7 + 0.3 * np.sin(17.0 * fire.age_s * (0.6 + rate) + 6.3 * turn)
            x = (size - 0.5) * 0.9 * (1.0 - 0.75 * age) * fire.strength + 0.08 * np.sin(9.0 * fire.age_s + 6.3 * place)
            z = 0.08 + age * FLAME_M * (0.55 + 0.45 * turn) * fire.strength
            self._add(
                heat,
                origin + np.array([x, -z]) * scale,
                (0.20 - 0.13 * age) * scale * (0.6 + 0.4 * fire.strength),
                0.62 * (1.0 - age) * flicker,
            )
        glow = np.zeros(shape[:2], np.float32)
        pulse = 0.8 + 0.2 * np.sin(13.0 * fire.age_s) * np.sin(7.3 * fire.age_s)
        self._add(glow, origin + np.array([0.0, -0.2]) * scale, 1.9 * scale, 0.22 * fire.strength * pulse)
        colour = np.stack(
            [np.clip(heat * 400.0, 0.0, 255.0), np.clip(heat * 230.0 - 25.0, 0.0, 225.0), np.clip(heat * 130.0 - 70.0, 0.0, 140.0)], axis=-1
        )
        result: Floats = colour + glow[..., None] * np.array([150.0, 80.0, 25.0], np.float32)
        return result

    def _add(self, field: Floats, centre: Floats, radius: float, amount: float) -> None:
        """Add a soft disc to a field."""
        size = max(3, int(2 * radius))
        x, y = int(centre[0] - size / 2), int(centre[1] - size / 2)
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + size, field.shape[1]), min(y + size, field.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        puff = cv2.resize(self._stamp, (size, size), interpolation=cv2.INTER_LINEAR)
        field[y0:y1, x0:x1] += puff[y0 - y : y1 - y, x0 - x : x1 - x] * np.float32(amount)
