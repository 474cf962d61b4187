"""An underground passage, one way: people walk towards the camera, as the arrows on the floor say."""

import numpy as np

from haetae.simulate.geometry import Floats
from haetae.simulate.raycast import Block, Stage
from haetae.simulate.scenes.base import Layout, Mount, Way
from haetae.simulate.textures import Hit, band, flat, lines, paint, paving

HALF_M, END_Y, CEILING_M = 2.7, 62.0, 3.0
CAMERA_M = 2.72
LAMP_EVERY_M = 4.0


def _floor(hit: Hit) -> Floats:
    base: Floats = paving((0.56, 0.57, 0.57), 0.6, hit)
    side = np.maximum(band(np.abs(hit.u), HALF_M - 0.35, HALF_M - 0.20, hit.pixel_u), 0.0)
    base = paint(base, (0.80, 0.66, 0.15), 0.85 * side)
    # Arrows that point to the camera, one every six metres.
    y = hit.v % 6.0 - 3.0
    shaft = band(y, -0.2, 1.1, hit.pixel_v) * band(hit.u, -0.14, 0.14, hit.pixel_u)
    half = np.clip(y + 1.0, 0.0, 0.8) * 0.62
    head = band(y, -1.0, -0.2, hit.pixel_v) * np.clip((half - np.abs(hit.u)) / np.maximum(hit.pixel_u, 0.01) + 0.5, 0.0, 1.0)
    worn = 0.72 + 0.12 * hit.noise.clouds(hit.u, hit.v, 3.0)
    base = paint(base, (0.88, 0.88, 0.85), np.clip(worn, 0.3, 0.9) * np.maximum(shaft, head))
    # The polished floor mirrors the lamps where the camera sees them.
    lamp_y = hit.v * (CAMERA_M + CEILING_M) / CAMERA_M
    distance = np.abs((lamp_y / LAMP_EVERY_M + 0.5) % 1.0 - 0.5) * LAMP_EVERY_M
    gloss = np.exp(-((distance / 0.7) ** 2)) * np.exp(-((hit.u / 0.55) ** 2)) * np.clip(hit.v / 10.0, 0.1, 1.0)
    result: Floats = base + (0.30 * gloss)[:, None]
    return result


def _wall(hit: Hit) -> Floats:
    upper = flat((0.80, 0.79, 0.74), hit, 0.03, 12.0)
    tiles: Floats = flat((0.66, 0.71, 0.72), hit, 0.02, 5.0)
    each = 0.03 * hit.noise.cells(hit.u / 0.3, hit.v / 0.3)
    joints = np.maximum(lines(hit.u, 0.3, 0.015, hit.pixel_u), lines(hit.v, 0.3, 0.015, hit.pixel_v))
    tiles = tiles * (1.0 + each - 0.22 * joints)[:, None]
    low = band(hit.v, -1.0, 1.5, hit.pixel_v)
    base: Floats = upper + (tiles - upper) * low[:, None]
    base = paint(base, (0.10, 0.32, 0.50), band(hit.v, 1.5, 1.68, hit.pixel_v))
    base = paint(base, (0.30, 0.31, 0.32), band(hit.v, -1.0, 0.12, hit.pixel_v))
    # Posters in frames, each of its own colours.
    column = np.floor(hit.u / 5.0) + np.where(hit.p[:, 0] > 0.0, 40.0, 0.0)
    x, z = hit.u % 5.0 - 2.5, hit.v - 2.05
    tint = np.stack([0.55 + 0.13 * hit.noise.cells(column, column * 0.0 + k) for k in (3.0, 9.0, 17.0)], axis=-1)
    picture = tint * (1.0 + 0.25 * hit.noise.clouds(hit.u, hit.v, 2.5))[:, None]
    inside = band(x, -0.75, 0.75, hit.pixel_u) * band(z, -0.32, 0.50, hit.pixel_v)
    frame = band(x, -0.82, 0.82, hit.pixel_u) * band(z, -0.39, 0.57, hit.pixel_v)
    base = paint(base, (0.22, 0.22, 0.23), frame)
    return np.asarray(np.clip(base + (picture - base) * inside[:, None], 0.0, 1.0), np.float32)


def _ceiling(hit: Hit) -> Floats:
    base: Floats = flat((0.72, 0.72, 0.70), hit, 0.02, 8.0)
    grid = np.maximum(lines(hit.u - 0.3, 0.6, 0.02, hit.pixel_u), lines(hit.v, 1.2, 0.02, hit.pixel_v))
    base = base * (1.0 - 0.25 * grid)[:, None]
    y = (hit.v / LAMP_EVERY_M + 0.5) % 1.0 * LAMP_EVERY_M - LAMP_EVERY_M / 2.0
    lamp = band(y, -0.6, 0.6, hit.pixel_v) * band(hit.u, -0.3, 0.3, hit.pixel_u)
    return paint(base, (2.2, 2.2, 2.1), lamp)


def _doors(hit: Hit) -> Floats:
    base: Floats = flat((0.70, 0.70, 0.68), hit)
    glass = band(hit.u, -1.5, 1.5, hit.pixel_u) * band(hit.v, 0.0, 2.4, hit.pixel_v)
    base = paint(base, (1.25, 1.30, 1.32), glass)
    return paint(
        base, (0.25, 0.26, 0.27), glass * np.maximum(band(hit.u, -0.06, 0.06, hit.pixel_u), band(np.abs(hit.u), 1.40, 1.5, hit.pixel_u))
    )


def _lamps(points: Floats) -> Floats:
    """Brighter under each lamp, and high up on the walls."""
    along = 0.5 + 0.5 * np.cos(2.0 * np.pi * points[:, 1] / LAMP_EVERY_M)
    across = np.exp(-((points[:, 0] / 3.4) ** 2))
    result: Floats = (0.55 + 0.30 * along) * (0.45 + 0.55 * across) + 0.06 * points[:, 2]
    return result


def corridor() -> Layout:
    """The passage."""
    blocks = (
        Block((-HALF_M - 1.0, -3.0, 0.0), (-HALF_M, END_Y, CEILING_M), _wall),
        Block((HALF_M, -3.0, 0.0), (HALF_M + 1.0, END_Y, CEILING_M), _wall),
        Block((-HALF_M, END_Y, 0.0), (HALF_M, END_Y + 1.0, CEILING_M), _doors),
        Block((-HALF_M - 1.0, -3.0, CEILING_M), (HALF_M + 1.0, END_Y, CEILING_M + 0.3), _ceiling, _ceiling),
    )
    near = ((-0.9, 0.6), (0.2, 0.6), (1.0, 0.6))
    return Layout(
        name="corridor",
        mount=Mount(height_m=CAMERA_M, pitch_deg=15.0, fov_deg=72.0),
        stage=Stage(_floor, blocks, sun_colour=(0.64, 0.64, 0.61), ambient_colour=(0.37, 0.38, 0.39), lamps=_lamps),
        ways=(
            Way(((-0.9, END_Y - 1.0), (-1.0, 20.0), (-0.8, 0.6)), 0.55, 1.0, one_way=True),
            Way(((0.9, END_Y - 1.0), (0.8, 22.0), (1.1, 0.6)), 0.55, 1.0, one_way=True),
        ),
        walkers=15.0,
        spots=((-0.6, 8.5), (0.5, 9.5), (0.1, 7.5), (0.8, 11.0)),
        runs=(((0.3, END_Y - 30.0), (0.2, 20.0), (-0.2, 0.6)), ((-0.8, END_Y - 30.0), (0.6, 14.0), (0.4, 0.6))),
        rides=(((0.2, END_Y - 28.0), (0.0, 0.6)),),
        drives=(),
        wrong=(((0.3, 0.6), (0.2, 12.0), (-0.2, 24.0)), ((-0.5, 0.6), (0.1, 24.0))),
        fires=((1.9, 11.0),),
        entries=((-0.8, END_Y - 1.0), (0.8, END_Y - 1.0)),
        exits=near,
        default_kinds=(
            "wrong_way",
            "fall",
            "running",
            "fight",
            "abandoned",
            "loitering",
            "crowd_running",
            "cyclist",
            "camera_covered",
            "defocus",
        ),
        turn_deg=(24.0, 12.0),
    )
