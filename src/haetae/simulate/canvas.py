"""The picture of one frame while it is painted: the still scene in its light, shadows, then sprites from far to near."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB
from haetae.simulate.geometry import Floats, PinholeCamera
from haetae.simulate.raycast import Backdrop

SUBPIXEL = 4
"""Fractional bits of polygon corners."""

_CAP = np.stack([np.cos(np.linspace(0.5, 1.5, 5) * np.pi), np.sin(np.linspace(0.5, 1.5, 5) * np.pi)], axis=-1)
_DISC = np.stack([np.cos(np.arange(10) * np.pi / 5.0), np.sin(np.arange(10) * np.pi / 5.0)], axis=-1)


@dataclass(frozen=True, slots=True)
class Light:
    """The light now: `sun` scales the sunlight and `ambient` the rest (1 is as traced)."""

    sun: float = 1.0
    ambient: float = 1.0


class Canvas:
    """One frame. Colours are red, green, blue."""

    def __init__(self, backdrop: Backdrop, light: Light, sun_share: float, lamp: Callable[[float], float] | None = None) -> None:
        """`lamp` is how much light of the camera's own lamp arrives at a distance in metres, None while it is off."""
        self.backdrop = backdrop
        self._lamp = lamp
        self.camera: PinholeCamera = backdrop.camera
        self.light = light
        self._sun_share = sun_share
        self.rgb: RGB = np.asarray(cv2.addWeighted(backdrop.ambient, light.ambient, backdrop.sun, light.sun, 0.0), np.uint8)
        width, height = self.camera.size
        self._shadow = np.zeros(((height + 1) // 2, (width + 1) // 2), np.uint8)

    def shadow(self, polygons: Floats, strength: float = 1.0) -> None:
        """Darken the ground within each of some convex polygons of pixels, (m, n, 2)."""
        corners = np.clip(polygons * (0.5 * (1 << SUBPIXEL)) - (0.25 * (1 << SUBPIXEL)), -60000, 60000).astype(np.int32)
        value = int(255 * strength)
        for polygon in corners:
            cv2.fillConvexPoly(self._shadow, polygon, value, cv2.LINE_8, SUBPIXEL)

    def cast(self, softness: int = 3) -> None:
        """Apply all shadows; called once, before the first sprite."""
        width, height = self.camera.size
        soft = cv2.blur(self._shadow, (softness, softness))
        mask = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
        lit = cv2.addWeighted(self.backdrop.lit, self._sun_share * self.light.sun, self.backdrop.ground, 0.14, 0.0)
        dark = cv2.multiply(mask, cv2.min(lit, self.backdrop.ground), scale=1.0 / 255.0)
        keep = cv2.cvtColor(cv2.bitwise_not(dark), cv2.COLOR_GRAY2RGB)
        self.rgb = np.asarray(cv2.multiply(self.rgb, keep, scale=1.0 / 255.0), np.uint8)

    def light_at(self, depth: float) -> Light:
        """The light on what stands `depth` metres away."""
        return self.light if self._lamp is None else Light(self.light.sun, self.light.ambient * self._lamp(depth))

    def brightness(self, x: float, y: float) -> float:
        """How much sun falls on the ground at world point (x, y), 0 to 1."""
        (u, v), _ = self.camera.project(np.array([x, y, 0.0]))
        column, row = int(u), int(v)
        width, height = self.camera.size
        if 0 <= column < width and 0 <= row < height and self.backdrop.ground[row, column] > 127:
            return float(self.backdrop.lit[row, column]) / 255.0
        return 0.8 if self._lamp is None else 0.0

    def blend(self, sprite: NDArray[np.uint8], left: int, top: int, depth: float | None) -> None:
        """Lay a premultiplied RGBA sprite with its corner at (left, top); what stands nearer than `depth` metres hides it."""
        height, width = sprite.shape[:2]
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + width, self.rgb.shape[1]), min(top + height, self.rgb.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        part = sprite[y0 - top : y1 - top, x0 - left : x1 - left]
        target = self.rgb[y0:y1, x0:x1]
        keep = 255 - part[..., 3]
        colour = part[..., :3]
        if depth is not None:
            hidden = self.backdrop.depth[y0:y1, x0:x1] < depth
            if hidden.any():
                keep = np.where(hidden, 255, keep).astype(np.uint8)
                colour = np.where(hidden[..., None], 0, colour).astype(np.uint8)
        under = cv2.multiply(target, cv2.cvtColor(np.ascontiguousarray(keep), cv2.COLOR_GRAY2RGB), scale=1.0 / 255.0)
        target[...] = cv2.add(under, np.ascontiguousarray(colour))


class Sprite:
    """A small picture that is drawn `scale` times larger and then shrunk, which makes its edges smooth."""

    def __init__(self, points: Floats, margin: float, scale: int, size: tuple[int, int]) -> None:
        low = np.maximum(np.floor(points.min(axis=0) - margin), -8.0)
        high = np.minimum(np.ceil(points.max(axis=0) + margin), (size[0] + 8.0, size[1] + 8.0))
        self.left, self.top = int(low[0]), int(low[1])
        self.width, self.height = int(high[0] - low[0]), int(high[1] - low[1])
        self.scale = scale
        self._origin = low
        self._large = np.zeros((max(0, self.height) * scale, max(0, self.width) * scale, 4), np.uint8)

    @property
    def visible(self) -> bool:
        """False when nothing of it lies in the picture; then it must not be filled."""
        return self.width > 0 and self.height > 0

    def corners(self, polygons: Floats) -> NDArray[np.int32]:
        """Pixels (..., 2) as the corner format of `fill`."""
        one = 1 << SUBPIXEL
        inside = (polygons - self._origin) * (self.scale * one) - 0.5 * one
        corners: NDArray[np.int32] = inside.astype(np.int32)
        return corners

    def fill(self, corners: NDArray[np.int32], colour: tuple[float, float, float]) -> None:
        """Fill one convex polygon from `corners`; colour 0 to 1."""
        self.fill_bytes(corners, (255.0 * colour[0], 255.0 * colour[1], 255.0 * colour[2], 255.0))

    def fill_bytes(self, corners: NDArray[np.int32], rgba: Sequence[float]) -> None:
        """The same, quicker: colour 0 to 255 with an opacity of 255."""
        cv2.fillConvexPoly(self._large, corners, rgba, cv2.LINE_8, SUBPIXEL)

    def shrunk(self) -> NDArray[np.uint8]:
        """The premultiplied RGBA picture in its real size."""
        return np.asarray(cv2.resize(self._large, (self.width, self.height), interpolation=cv2.INTER_AREA), np.uint8)


def capsules(start: Floats, end: Floats, start_radius: Floats, end_radius: Floats) -> Floats:
    """Outlines of round-ended limbs: (..., 2) pixels and radii (...,) to polygons (..., 10, 2)."""
    along = end - start
    length = np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-9)
    cos, sin = (along[..., 0] / length)[..., None], (along[..., 1] / length)[..., None]
    # The cap's corners, turned to the direction of the limb; the other end has the same cap turned by half a turn.
    x, y = cos * _CAP[:, 0] - sin * _CAP[:, 1], sin * _CAP[:, 0] + cos * _CAP[:, 1]
    outline = np.empty((*x.shape[:-1], 2 * len(_CAP), 2))
    near, far = start_radius[..., None], end_radius[..., None]
    outline[..., : len(_CAP), 0] = start[..., :1] + near * x
    outline[..., : len(_CAP), 1] = start[..., 1:] + near * y
    outline[..., len(_CAP) :, 0] = end[..., :1] - far * x
    outline[..., len(_CAP) :, 1] = end[..., 1:] - far * y
    return outline


def discs(centres: Floats, radii: Floats) -> Floats:
    """Outlines of circles: centres (..., 2) and radii (...,) in pixels to polygons (..., 10, 2)."""
    outline: Floats = centres[..., None, :] + radii[..., None, None] * _DISC
    return outline


def hull(circles: Floats, radii: Floats) -> Floats:
    """The convex outline round circles: centres (n, 2), radii (n,) to a polygon (m, 2)."""
    return convex(discs(circles, radii).reshape(-1, 2))


def convex(points: Floats) -> Floats:
    """The convex outline of pixels (n, 2)."""
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float32)
