"""The still part of a scene: rays from the camera to the ground, to boxes and to the sky, with soft sun shadows.

It is traced once per camera direction. The result keeps ambient light and sunlight apart, so that clouds and moving shadows
are cheap afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.simulate.geometry import Floats, PinholeCamera
from haetae.simulate.streams import stream
from haetae.simulate.textures import Colour, Hit, Material, Noise

FAR_M = 400.0
SUPERSAMPLE = 2
SUN_SPREAD = 0.035
GROUND = 0
SKY = -1


@dataclass(frozen=True, slots=True)
class Block:
    """An upright box from `low` to `high` (x, y, z in metres); `top` covers its upper face where that differs."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    side: Material
    top: Material | None = None
    casts_shadow: bool = True


@dataclass(frozen=True, slots=True)
class Crown:
    """The leaves of a tree or bush as far as its shadow goes: an ellipsoid, metres."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that stands still.

    `sun` points from the ground to the light; `lamps`, where given, replaces the sun by light from
    above as a function of world points (n, 3).
    """

    ground: Material
    blocks: tuple[Block, ...] = ()
    crowns: tuple[Crown, ...] = ()
    sun: tuple[float, float, float] = (-0.55, -0.45, 0.75)
    sun_colour: Colour = (0.68, 0.63, 0.55)
    ambient_colour: Colour = (0.40, 0.43, 0.48)
    lamps: Callable[[Floats], Floats] | None = None
    sky_colour: tuple[Colour, Colour] = field(default=((0.86, 0.89, 0.92), (0.58, 0.70, 0.85)))


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The traced picture. `ambient` and `sun` are uint8 (h, w, 3); `depth` float32 metres; `lit` uint8, how much sun a pixel gets;
    `ground` uint8, 255 where the ground is seen."""

    camera: PinholeCamera
    ambient: NDArray[np.uint8]
    sun: NDArray[np.uint8]
    depth: NDArray[np.float32]
    lit: NDArray[np.uint8]
    ground: NDArray[np.uint8]


def trace(stage: Stage, camera: PinholeCamera, seed: int) -> Backdrop:
    """Render the still scene as `camera` sees it. Takes about a second for 640x360."""
    rng = stream(seed, "backdrop")
    noise = Noise(rng)
    width, height = camera.size
    k = SUPERSAMPLE
    u, v = np.meshgrid((np.arange(width * k) + 0.5) / k, (np.arange(height * k) + 0.5) / k)
    rays = camera.rays(u.ravel(), v.ravel())
    origin = np.asarray(camera.position, np.float32)
    depth, surface, face = _nearest(stage, camera, rays, origin)
    points = origin + rays * depth[:, None]

    albedo, normal = _materials(stage, camera, points, rays, depth, surface, face, noise)
    light = _sunlight(stage, camera, points, normal, surface, noise, rng)
    shade = _occlusion(stage, points, surface)
    ambient = albedo * np.asarray(stage.ambient_colour, np.float32) * shade[:, None]
    sun = albedo * np.asarray(stage.sun_colour, np.float32) * light[:, None]
    sky = surface == SKY
    ambient[sky], sun[sky], light[sky] = _sky(stage, rays[sky], noise), 0.0, 0.0

    def shrink(values: Floats) -> Floats:
        shaped = values.reshape(height * k, width * k, -1).astype(np.float32)
        return np.asarray(cv2.resize(shaped, (width, height), interpolation=cv2.INTER_AREA), np.float32)

    vignette = _vignette(width, height)
    return Backdrop(
        camera,
        ambient=_to_bytes(shrink(ambient) * vignette),
        sun=_to_bytes(shrink(sun) * vignette),
        depth=np.ascontiguousarray(depth.reshape(height * k, width * k)[::k, ::k]),
        lit=_to_bytes(shrink(light)),
        ground=_to_bytes(shrink((surface == GROUND).astype(np.float32))),
    )


def _to_bytes(values: Floats) -> NDArray[np.uint8]:
    return np.asarray(np.clip(values * 255.0 + 0.5, 0, 255), np.uint8)


def _vignette(width: int, height: int) -> Floats:
    y, x = np.mgrid[-1.0 : 1.0 : height * 1j, -1.0 : 1.0 : width * 1j]
    falloff: Floats = (1.0 - 0.20 * ((x**2 + 0.6 * y**2) / 1.6) ** 1.5).astype(np.float32)[..., None]
    return falloff


def _nearest(stage: Stage, camera: PinholeCamera, rays: Floats, origin: Floats) -> tuple[Floats, NDArray[np.int16], NDArray[np.int8]]:
    """Depth of the nearest surface of every ray, which surface (SKY, GROUND or 1 + block) and which face (0 x, 1 y, 2 z)."""
    depth = np.full(len(rays), FAR_M, np.float32)
    surface = np.full(len(rays), SKY, np.int16)
    face = np.full(len(rays), 2, np.int8)
    falling = rays[:, 2] < -1e-4
    depth[falling] = -origin[2] / rays[falling, 2]
    surface[falling] = GROUND
    too_far = depth >= FAR_M
    depth[too_far], surface[too_far] = FAR_M, SKY
    width = camera.size[0] * SUPERSAMPLE
    for index, block in enumerate(stage.blocks, start=1):
        rows = _rows_of(block, camera)
        part = slice(rows[0] * SUPERSAMPLE * width, rows[1] * SUPERSAMPLE * width)
        entry, axis = _enter(block, origin, rays[part])
        nearer = entry < depth[part]
        depth[part][nearer] = entry[nearer]
        surface[part][nearer] = index
        face[part][nearer] = axis[nearer]
    return depth, surface, face


def _rows_of(block: Block, camera: PinholeCamera) -> tuple[int, int]:
    """The picture rows that a block can touch; all of them when it reaches behind the camera."""
    corners = np.array(
        [[x, y, z] for x in (block.low[0], block.high[0]) for y in (block.low[1], block.high[1]) for z in (block.low[2], block.high[2])]
    )
    if min(camera.depth_of(*corner) for corner in corners) < 0.2:
        return 0, camera.size[1]
    rows = camera.project(corners)[0][:, 1]
    return max(0, int(rows.min()) - 1), max(0, min(camera.size[1], int(rows.max()) + 2))


def _enter(block: Block, origin: Floats, rays: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """Where rays enter a block (inf for a miss), by the slab method, and through which axis."""
    entry = np.full(len(rays), 1e-3, np.float32)
    leave = np.full(len(rays), np.inf, np.float32)
    axis = np.zeros(len(rays), np.int8)
    for i in range(3):
        direction = np.where(np.abs(rays[:, i]) < 1e-7, np.float32(1e-7), rays[:, i])
        near, far = (block.low[i] - origin[..., i]) / direction, (block.high[i] - origin[..., i]) / direction
        near, far = np.minimum(near, far), np.maximum(near, far)
        later = near > entry
        axis[later] = i
        entry = np.maximum(entry, near)
        leave = np.minimum(leave, far)
    return np.where((entry < leave) & (entry > 1e-3), entry, np.inf).astype(np.float32), axis


def _materials(
    stage: Stage,
    camera: PinholeCamera,
    points: Floats,
    rays: Floats,
    depth: Floats,
    surface: NDArray[np.int16],
    face: NDArray[np.int8],
    noise: Noise,
) -> tuple[Floats, Floats]:
    albedo = np.zeros((len(points), 3), np.float32)
    normal = np.zeros((len(points), 3), np.float32)
    towards = np.sign(-rays)
    for index in range(len(stage.blocks) + 1):
        for axis in (2,) if index == GROUND else (0, 1, 2):
            at = np.flatnonzero((surface == index) & (face == axis))
            if not at.size:
                continue
            p, d = points[at], depth[at]
            length = np.linalg.norm(rays[at], axis=1)
            slant = np.maximum(np.abs(rays[at, axis]) / length, 0.02)
            across = d * length / camera.focal
            u = p[:, 1] if axis == 0 else p[:, 0]
            v = p[:, 1] if axis == 2 else p[:, 2]
            stretched = across / slant
            hit = Hit(p, u, v, stretched if axis == 0 else across, stretched if axis == 2 else across, noise)
            block = stage.blocks[index - 1] if index else None
            material = stage.ground if block is None else (block.top or block.side) if axis == 2 else block.side
            albedo[at] = material(hit)
            normal[at, axis] = towards[at, axis]
    return albedo, normal


def _sunlight(
    stage: Stage, camera: PinholeCamera, points: Floats, normal: Floats, surface: NDArray[np.int16], noise: Noise, rng: np.random.Generator
) -> Floats:
    """Direct light in [0, 1] on every point, soft at the edges of shadows."""
    if stage.lamps is not None:
        return (stage.lamps(points) * np.where(normal[:, 2] > 0.5, 1.0, 0.72)).astype(np.float32)
    sun = np.asarray(stage.sun, np.float32) / np.linalg.norm(stage.sun).astype(np.float32)
    facing = np.clip(normal @ sun, 0.0, 1.0) / max(float(sun[2]), 0.3)
    at = np.flatnonzero((facing > 0.01) & (surface != SKY))
    start = points[at] + normal[at] * np.float32(0.02)
    towards = sun + rng.standard_normal((len(at), 3)).astype(np.float32) * np.float32(SUN_SPREAD)
    visible = np.ones(len(at), np.float32)
    for block in stage.blocks:
        if block.casts_shadow:
            visible[np.isfinite(_enter(block, start, towards)[0])] = 0.0
    for crown in stage.crowns:
        depth = _pierces(crown, start, towards)
        dapple = 0.28 * noise.clouds(start[:, 0] + start[:, 2], start[:, 1], 4.0) * (depth > 0.0)
        visible *= 1.0 - 0.9 * np.clip(3.0 * (depth - 0.25 + dapple), 0.0, 1.0)
    light = np.zeros(len(points), np.float32)
    light[at] = visible
    for inside in (surface == GROUND, surface > GROUND):
        light = _soften(light, inside, camera)
    return light * np.minimum(facing, 1.15)


def _soften(light: Floats, inside: NDArray[np.bool_], camera: PinholeCamera) -> Floats:
    """Average the grain out of the shadows on the ground, without taking light from what stands on it."""
    shape = (camera.size[1] * SUPERSAMPLE, camera.size[0] * SUPERSAMPLE)
    mask = inside.reshape(shape).astype(np.float32)
    spread = cv2.GaussianBlur(light.reshape(shape) * mask, (0, 0), 1.6) / np.maximum(cv2.GaussianBlur(mask, (0, 0), 1.6), 1e-3)
    result: Floats = np.where(inside, spread.ravel(), light)
    return result


def _pierces(crown: Crown, start: Floats, towards: Floats) -> Floats:
    """How deep rays go through a crown: 0 outside to 1 through its middle."""
    radii = np.asarray(crown.radii, np.float32)
    o = (start - np.asarray(crown.centre, np.float32)) / radii
    d = towards / radii
    along = -np.einsum("ij,ij->i", o, d) / np.einsum("ij,ij->i", d, d)
    closest = np.einsum("ij,ij->i", o, o) - along**2 * np.einsum("ij,ij->i", d, d)
    depth: Floats = np.where(along > 0.0, np.sqrt(np.clip(1.0 - closest, 0.0, 1.0)), 0.0)
    return depth


def _occlusion(stage: Stage, points: Floats, surface: NDArray[np.int16]) -> Floats:
    """Ambient light that corners lose: darker ground beside blocks, darker walls at their foot."""
    shade = np.ones(len(points), np.float32)
    on_ground = np.flatnonzero(surface == GROUND)
    x, y = points[on_ground, 0], points[on_ground, 1]
    for block in stage.blocks:
        if block.low[2] > 0.3:
            continue
        dx = np.maximum(np.maximum(block.low[0] - x, x - block.high[0]), 0.0)
        dy = np.maximum(np.maximum(block.low[1] - y, y - block.high[1]), 0.0)
        reach = 0.25 + 0.12 * min(block.high[2], 4.0)
        shade[on_ground] *= 1.0 - 0.38 * np.exp(-np.hypot(dx, dy) / reach)
    walls = np.flatnonzero(surface > GROUND)
    shade[walls] *= 1.0 - 0.35 * np.exp(-np.maximum(points[walls, 2], 0.0) / 0.35)
    return shade


def _sky(stage: Stage, rays: Floats, noise: Noise) -> Floats:
    low, high = (np.asarray(colour, np.float32) for colour in stage.sky_colour)
    flat = np.maximum(np.hypot(rays[:, 0], rays[:, 1]), 1e-3)
    height = np.clip(rays[:, 2] / flat / 0.5, 0.0, 1.0)[:, None]
    sky = low + (high - low) * height**0.7
    bearing = np.arctan2(rays[:, 0], rays[:, 1])
    clouds = np.clip(0.5 + 0.5 * noise.clouds(bearing * 40.0, rays[:, 2] / flat * 90.0, 60.0), 0.0, 1.0)[:, None]
    result: Floats = sky + (np.float32(0.95) - sky) * 0.55 * clouds
    return result
