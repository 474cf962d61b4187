"""Procedural materials: the colour of a surface as a function of where it was hit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from haetae.simulate.geometry import Floats

Colour: TypeAlias = tuple[float, float, float]
"""Red, green, blue; 0 to 1."""

TILE = 512


@dataclass(frozen=True, slots=True)
class Hit:
    """Where rays met one surface: world points (n, 3), surface coordinates u, v in metres (n,), and the size of a pixel along them."""

    p: Floats
    u: Floats
    v: Floats
    pixel_u: Floats
    pixel_v: Floats
    noise: "Noise"


Material: TypeAlias = Callable[[Hit], Floats]
"""Albedo of shape (n, 3), 0 to 1; above 1 where the surface shines itself."""


class Noise:
    """A tileable cloud texture, looked up by position."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._tile = np.zeros((TILE, TILE), np.float32)
        for octave in range(7):
            cells = 4 << octave
            grid = rng.standard_normal((cells, cells)).astype(np.float32)
            wrapped = np.pad(grid, 2, mode="wrap")
            scale = TILE // cells
            large = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            self._tile += large[2 * scale : 2 * scale + TILE, 2 * scale : 2 * scale + TILE] * np.float32(0.55**octave)
        self._tile /= self._tile.std()
        self._grain = rng.standard_normal((TILE, TILE)).astype(np.float32)

    def clouds(self, u: Floats, v: Floats, size_m: float) -> Floats:
        """Smooth noise of unit deviation; its largest lumps are about `size_m` / 4 across."""
        return _look_up(self._tile, u, v, TILE / size_m)

    def cells(self, i: Floats, j: Floats) -> Floats:
        """One random value of unit deviation per whole-numbered cell."""
        return self._grain[np.floor(j).astype(np.int64) % TILE, np.floor(i).astype(np.int64) % TILE]


def _look_up(tile: Floats, u: Floats, v: Floats, scale: float) -> Floats:
    if not u.size:
        return np.zeros(u.shape, np.float32)
    shape = u.shape
    width = min(4096, max(1, u.size))
    rows = -(-u.size // width)
    flat_u = np.resize((u * scale) % TILE, rows * width).astype(np.float32).reshape(rows, width)
    flat_v = np.resize((v * scale) % TILE, rows * width).astype(np.float32).reshape(rows, width)
    out = np.asarray(cv2.remap(np.asarray(tile, np.float32), flat_u, flat_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)
    return out.reshape(-1)[: u.size].reshape(shape)


def lines(x: Floats, period: float, width: float, pixel: Floats) -> Floats:
    """Coverage in [0, 1] of lines of `width` every `period` (at whole multiples), filtered to the pixel size so that it never aliases."""
    distance = np.abs((x / period + 0.5) % 1.0 - 0.5) * period
    pixel = np.maximum(pixel, 1e-4)
    sharp = np.clip((width / 2.0 + pixel / 2.0 - distance) / np.minimum(pixel, width), 0.0, 1.0) * np.minimum(1.0, width / pixel)
    blend = np.clip(2.0 * pixel / period - 0.5, 0.0, 1.0)
    result: Floats = sharp * (1.0 - blend) + (width / period) * blend
    return result


def band(x: Floats, low: float, high: float, pixel: Floats | float = 0.01) -> Floats:
    """1 where low < x < high, with edges as soft as a pixel."""
    soft = np.maximum(pixel, 1e-3)
    result: Floats = np.clip((x - low) / soft + 0.5, 0.0, 1.0) * np.clip((high - x) / soft + 0.5, 0.0, 1.0)
    return result


def paint(base: Floats, colour: Colour, coverage: Floats) -> Floats:
    """`base` (n, 3) covered with `colour`."""
    result: Floats = base + (np.asarray(colour, np.float32) - base) * coverage[:, None]
    return result


def flat(colour: Colour, hit: Hit, grain: float = 0.03, size_m: float = 6.0) -> Floats:
    """A plain colour with stains."""
    stains = 1.0 + grain * hit.noise.clouds(hit.u, hit.v, size_m)
    result: Floats = np.asarray(colour, np.float32) * stains[:, None]
    return result


def plain(colour: Colour, grain: float = 0.03, size_m: float = 6.0) -> Material:
    """A material of one colour with stains."""
    return lambda hit: flat(colour, hit, grain, size_m)


def paving(colour: Colour, slab_m: float, hit: Hit) -> Floats:
    """Slabs with joints, each a little different, with stains over all."""
    fade = np.clip(1.0 - np.maximum(hit.pixel_u, hit.pixel_v) / slab_m, 0.0, 1.0)
    each = 0.045 * fade * hit.noise.cells(hit.u / slab_m, hit.v / slab_m)
    stains = 0.05 * hit.noise.clouds(hit.u, hit.v, 30.0) + 0.03 * fade * hit.noise.clouds(hit.u, hit.v, 5.0)
    base = np.asarray(colour, np.float32) * (1.0 + each + stains)[:, None]
    joints = np.maximum(lines(hit.u, slab_m, 0.03, hit.pixel_u), lines(hit.v, slab_m, 0.03, hit.pixel_v))
    return base * (1.0 - 0.33 * joints)[:, None]


def asphalt(hit: Hit, colour: Colour = (0.27, 0.275, 0.285)) -> Floats:
    """Tarmac with stains, patches and grit."""
    near = np.clip(1.0 - np.maximum(hit.pixel_u, hit.pixel_v) / 0.2, 0.0, 1.0)
    stains = 0.08 * hit.noise.clouds(hit.u, hit.v, 40.0) + 0.05 * hit.noise.clouds(hit.u + 7.0, hit.v, 9.0)
    grit = 0.05 * near * hit.noise.cells(hit.u / 0.07, hit.v / 0.07)
    result: Floats = np.asarray(colour, np.float32) * (1.0 + stains + grit)[:, None]
    return result


def bricks(hit: Hit, colour: Colour = (0.52, 0.31, 0.25)) -> Floats:
    """Courses of brick with pale mortar."""
    row = np.floor(hit.v / 0.12)
    shifted = hit.u + 0.15 * (row % 2.0)
    fade = np.clip(1.0 - hit.pixel_u / 0.2, 0.0, 1.0)
    each = 0.10 * fade * hit.noise.cells(shifted / 0.3, row)
    stains = 0.06 * hit.noise.clouds(hit.u, hit.v, 20.0)
    base = np.asarray(colour, np.float32) * (1.0 + each + stains)[:, None]
    mortar = np.maximum(lines(hit.v, 0.12, 0.018, hit.pixel_v), lines(shifted, 0.3, 0.018, hit.pixel_u))
    return paint(base, (0.62, 0.58, 0.53), 0.6 * mortar)


@dataclass(frozen=True, slots=True)
class Facade:
    """A front with rows of windows; `shop` gives the ground floor large panes. Sizes in metres."""

    wall: Colour
    pitch_m: float = 2.8
    storey_m: float = 3.2
    window_m: tuple[float, float] = (1.5, 1.7)
    brick: bool = False
    shop: bool = True

    def __call__(self, hit: Hit) -> Floats:
        base = bricks(hit, self.wall) if self.brick else flat(self.wall, hit, 0.05, 14.0)
        column, row = np.floor(hit.u / self.pitch_m), np.floor(hit.v / self.storey_m)
        x = hit.u - (column + 0.5) * self.pitch_m
        z = hit.v - (row + 0.5) * self.storey_m
        half_w: Floats = np.full_like(x, self.window_m[0] / 2.0)
        half_h: Floats = np.full_like(x, self.window_m[1] / 2.0)
        if self.shop:
            ground = row < 1
            half_w = np.where(ground, self.pitch_m * 0.44, half_w)
            half_h = np.where(ground, self.storey_m * 0.40, half_h)
        inside = _rectangle(x, z, half_w, half_h, hit)
        frame = _rectangle(x, z, half_w + 0.1, half_h + 0.1, hit)
        base = paint(base, (0.80, 0.79, 0.76), 0.8 * frame)
        glass = _glass(hit, column, row, z / np.maximum(half_h, 0.1))
        base = base + (glass - base) * inside[:, None]
        mullion = _rectangle(x, z, np.full_like(x, 0.04), half_h, hit)
        base = paint(base, (0.72, 0.72, 0.70), 0.8 * mullion)
        sill = _rectangle(x, z + half_h + 0.12, half_w + 0.15, np.full_like(x, 0.05), hit)
        base = paint(base, (0.86, 0.85, 0.82), 0.7 * sill)
        ledge = lines(hit.v, self.storey_m, 0.14, hit.pixel_v)
        base = paint(base, (0.36, 0.34, 0.33), 0.28 * ledge)
        if self.shop:
            awning = band(hit.v, self.storey_m * 0.86, self.storey_m * 1.02, hit.pixel_v)
            tint = 0.12 * hit.noise.cells(np.floor(column / 2.0), row * 0.0 + 5.0)
            fascia = np.stack([0.30 + tint, 0.33 - 0.5 * tint, 0.36 - tint], axis=-1)
            base = base + (fascia - base) * (0.9 * awning)[:, None]
        return base.astype(np.float32)


def _rectangle(x: Floats, z: Floats, half_w: Floats | float, half_h: Floats | float, hit: Hit) -> Floats:
    soft_x, soft_z = np.maximum(hit.pixel_u, 0.01), np.maximum(hit.pixel_v, 0.01)
    inside: Floats = np.clip((half_w - np.abs(x)) / soft_x + 0.5, 0.0, 1.0) * np.clip((half_h - np.abs(z)) / soft_z + 0.5, 0.0, 1.0)
    return inside


def _glass(hit: Hit, column: Floats, row: Floats, height: Floats) -> Floats:
    """Panes that mirror a bright sky at the top and dark rooms below; some have a light or a blind."""
    each = hit.noise.cells(column, row + 31.0)
    sky = 0.30 + 0.16 * height + 0.05 * each + 0.05 * hit.noise.clouds(hit.u, hit.v, 9.0)
    blind = (each > 1.0) & (height > -0.2)
    tone = np.where(blind, 0.62, sky)
    return np.stack([tone * 0.80, tone * 0.95, tone * 1.08], axis=-1).astype(np.float32)
