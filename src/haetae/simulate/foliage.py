"""Leaves of trees and bushes, stirred by gusts of wind."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.simulate.canvas import Canvas
from haetae.simulate.geometry import Floats, PinholeCamera
from haetae.simulate.scenes.base import Foliage
from haetae.simulate.streams import stream

_SCALE = 3
_REACH = 0.055
"""How far leaves sway at full wind, in crown radii."""


class Leaves:
    """One crown or bush as a camera sees it, painted once and then bent by the wind of each frame."""

    def __init__(self, foliage: Foliage, camera: PinholeCamera, number: int, seed: int) -> None:
        depth = camera.depth_of(*foliage.centre)
        self._centre = np.asarray(foliage.centre)
        rng = stream(seed, "foliage", number)
        scale = camera.focal / max(depth, 1.0)
        half_w, half_h = max(4.0, foliage.radius_m * scale), max(3.0, foliage.height_m * scale)
        self._picture = _paint(foliage, half_w, half_h, scale, rng)
        self._lit, self._level = self._picture.copy(), 1.0
        height, width = self._picture.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._x, self._y = x, y
        phase = rng.uniform(0.0, 2.0 * np.pi, 2).astype(np.float32)
        along = x / np.float32(max(6.0, half_w * 0.30))
        self._waves = [
            (np.sin(along + y / np.float32(half_h * 0.4 + 3.0) + phase[0]), np.cos(along + phase[0])),
            (np.sin(along * 2.7 + y / 3.5 + phase[1]), np.cos(along * 2.7 + phase[1])),
        ]
        rise = (1.0 - y / height).astype(np.float32)
        self._bend = rise * np.float32(half_w * _REACH)
        self._flutter = np.float32(max(0.5, min(2.2, half_w * 0.020)))
        self._rate = float(rng.uniform(0.85, 1.15))

    def depth_in(self, camera: PinholeCamera) -> float:
        """Distance along the optical axis of a camera, metres."""
        return camera.depth_of(*self._centre)

    def draw(self, canvas: Canvas, t_s: float, wind: float) -> None:
        """Paint it as it is at `t_s` in `wind` (0 calm to 1 gusty)."""
        now = canvas.light_at(self.depth_in(canvas.camera))
        level = 0.55 * now.ambient + 0.45 * now.sun
        if abs(level - self._level) > 0.008:
            self._level = level
            self._lit[..., :3] = cv2.convertScaleAbs(self._picture[..., :3], alpha=level)
        t = t_s * self._rate
        strength = 0.18 + wind
        shift = self._bend * np.float32(strength * (0.55 * np.sin(1.9 * t) + 0.3 * np.sin(3.1 * t + 1.0) + 0.35 * wind))
        for (sine, cosine), speed in zip(self._waves, (5.3, 9.7), strict=True):
            shift = (
                shift
                + self._flutter * np.float32(0.5 * strength * np.cos(speed * t)) * sine
                + self._flutter * np.float32(0.5 * strength * np.sin(speed * t)) * cosine
            )
        moved: NDArray[np.uint8] = np.asarray(
            cv2.remap(self._lit, self._x - shift, self._y + np.float32(0.35) * shift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT),
            np.uint8,
        )
        (u, v), _ = canvas.camera.project(self._centre)
        height, width = self._picture.shape[:2]
        canvas.blend(moved, round(float(u) - width / 2.0), round(float(v) - height / 2.0), self.depth_in(canvas.camera) - 0.9)


def _paint(foliage: Foliage, half_w: float, half_h: float, scale: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A crown of many small leaves in clumps, lit from the upper left, premultiplied RGBA."""
    margin = half_w * 0.15 + 4.0
    width, height = int(2 * (half_w + margin)), int(2 * (half_h + margin))
    large = np.zeros((height * _SCALE, width * _SCALE, 4), np.uint8)
    clumps = int(np.clip(half_w * half_h / 14.0, 14, 70))
    radius = np.sqrt(rng.random(clumps)) * 0.82
    turn = rng.uniform(0.0, 2.0 * np.pi, clumps)
    middle_x, middle_y = radius * np.cos(turn), radius * np.sin(turn)
    order = np.argsort(-middle_y + rng.normal(0.0, 0.25, clumps))
    green = np.asarray(foliage.colour)
    leaf = max(1.2, 0.075 * scale)
    for i in order:
        size = rng.uniform(0.20, 0.34)
        base = 0.70 - 0.38 * middle_y[i] - 0.22 * middle_x[i] + rng.normal(0.0, 0.08)
        hue = 1.0 + rng.normal(0.0, 0.06, 3)
        for _ in range(26):
            dx, dy = rng.normal(0.0, 0.5, 2) * size
            x, y = (middle_x[i] + dx) * half_w, (middle_y[i] + dy) * half_h
            light = base + 0.40 * (-dy - 0.5 * dx) / size + rng.normal(0.0, 0.10)
            colour = np.clip(green * hue * max(0.22, light) * 1.25, 0.0, 1.0) * 255.0
            centre = (int((x + half_w + margin) * _SCALE), int((y + half_h + margin) * _SCALE))
            axes = (max(1, int(leaf * _SCALE * rng.uniform(0.5, 1.0))), max(1, int(leaf * _SCALE * rng.uniform(0.3, 0.6))))
            cv2.ellipse(large, centre, axes, float(rng.uniform(0.0, 180.0)), 0.0, 360.0, (*colour.tolist(), 255.0), -1)
    return np.asarray(cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def wind_at(t_s: float, phases: Floats) -> float:
    """Gusts, 0 to 1: mostly a breeze, sometimes more."""
    slow = (
        np.sin(2.0 * np.pi * t_s / 23.0 + phases[0])
        + np.sin(2.0 * np.pi * t_s / 9.7 + phases[1])
        + 0.6 * np.sin(2.0 * np.pi * t_s / 4.1 + phases[2])
    )
    return float(np.clip(0.18 + 0.32 * slow, 0.0, 1.0))
