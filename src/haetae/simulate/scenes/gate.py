"""The gate of a works: people come in by the footway, cars under the barrier beside the lodge."""

import numpy as np

from haetae.simulate.geometry import Floats
from haetae.simulate.raycast import Block, Crown, Stage
from haetae.simulate.scenes.base import Foliage, Lane, Layout, Mount, Way
from haetae.simulate.textures import Facade, Hit, asphalt, band, bricks, flat, lines, paint, paving, plain

GATE_Y = 17.0
ROAD_Y, FAR_Y = 30.0, 37.0
FOOT = (-5.4, -2.2)
DRIVE = (1.6, 7.6)
METAL = plain((0.25, 0.27, 0.28), 0.03, 2.0)
CAP = plain((0.70, 0.69, 0.66), 0.04, 2.0)


def _ground(hit: Hit) -> Floats:
    x, y = hit.u, hit.v
    grass: Floats = flat((0.28, 0.36, 0.16), hit, 0.16, 8.0) * (1.0 + 0.10 * hit.noise.clouds(x, y, 1.2))[:, None]
    foot = paving((0.62, 0.58, 0.54), 0.4, hit)
    drive = asphalt(hit)
    on_foot = band(x, FOOT[0], FOOT[1], hit.pixel_u)
    on_drive = band(x, DRIVE[0], DRIVE[1], hit.pixel_u) * band(y, -5.0, ROAD_Y, hit.pixel_v)
    base: Floats = grass + (foot - grass) * on_foot[:, None]
    edges = np.maximum(band(np.abs(x - sum(FOOT) / 2.0), 1.6, 1.75, hit.pixel_u), band(np.abs(x - sum(DRIVE) / 2.0), 3.0, 3.2, hit.pixel_u))
    base = base + (drive - base) * on_drive[:, None]
    base = paint(base, (0.72, 0.71, 0.68), 0.9 * edges * band(y, -5.0, ROAD_Y, hit.pixel_v))
    stop = band(y, GATE_Y + 1.3, GATE_Y + 1.65, hit.pixel_v) * band(x, DRIVE[0] + 0.3, DRIVE[1] - 0.3, hit.pixel_u)
    base = paint(base, (0.90, 0.89, 0.85), 0.85 * stop)
    # An arrow on the footway, in the direction of the flow.
    at_y, at_x = y - 10.5, x - sum(FOOT) / 2.0
    half = np.clip(at_y + 0.9, 0.0, 0.8) * 0.7
    head = band(at_y, -0.9, -0.1, hit.pixel_v) * np.clip((half - np.abs(at_x)) / np.maximum(hit.pixel_u, 0.01) + 0.5, 0.0, 1.0)
    arrow = np.maximum(head, band(at_y, -0.1, 1.1, hit.pixel_v) * band(at_x, -0.15, 0.15, hit.pixel_u))
    base = paint(base, (0.88, 0.88, 0.86), 0.75 * arrow)
    street: Floats = asphalt(hit, (0.25, 0.255, 0.265))
    middle = (ROAD_Y + FAR_Y) / 2.0
    street = paint(
        street, (0.88, 0.87, 0.82), 0.85 * band(y, middle - 0.07, middle + 0.07, hit.pixel_v) * band(x % 6.0, 0.0, 3.0, hit.pixel_u)
    )
    base = base + (street - base) * band(y, ROAD_Y, FAR_Y, hit.pixel_v)[:, None]
    pavement = np.maximum(band(y, ROAD_Y - 2.2, ROAD_Y, hit.pixel_v) * (1.0 - on_drive), band(y, FAR_Y, FAR_Y + 3.0, hit.pixel_v))
    return base + (paving((0.60, 0.59, 0.57), 0.6, hit) - base) * pavement[:, None]


def _lodge(hit: Hit) -> Floats:
    base: Floats = flat((0.78, 0.76, 0.70), hit, 0.04, 5.0)
    glass = band(hit.v, 1.0, 2.15, hit.pixel_v) * (1.0 - 0.9 * lines(hit.u, 0.8, 0.09, hit.pixel_u))
    base = paint(base, (0.24, 0.31, 0.36), 0.95 * glass)
    return paint(base, (0.16, 0.28, 0.42), band(hit.v, 2.35, 2.7, hit.pixel_v))


def _wall(low_x: float, high_x: float) -> tuple[Block, Block]:
    return (
        Block((low_x, GATE_Y, 0.0), (high_x, GATE_Y + 0.3, 1.25), bricks),
        Block((low_x - 0.03, GATE_Y - 0.05, 1.25), (high_x + 0.03, GATE_Y + 0.35, 1.35), CAP),
    )


def _pillar(x: float) -> tuple[Block, Block]:
    return (
        Block((x - 0.3, GATE_Y - 0.15, 0.0), (x + 0.3, GATE_Y + 0.45, 2.3), bricks),
        Block((x - 0.38, GATE_Y - 0.23, 2.3), (x + 0.38, GATE_Y + 0.53, 2.45), CAP),
    )


def _stage() -> Stage:
    roof = plain((0.40, 0.40, 0.41), 0.05, 4.0)
    blocks = (
        *_wall(-40.0, FOOT[0] - 0.4),
        *_wall(DRIVE[1] + 0.6, 40.0),
        *_pillar(FOOT[0] - 0.4),
        *_pillar(FOOT[1] + 0.3),
        *_pillar(DRIVE[1] + 0.5),
        Block((-1.4, GATE_Y - 1.2, 0.0), (0.9, GATE_Y + 1.4, 2.7), _lodge),
        Block((-1.7, GATE_Y - 1.5, 2.7), (1.2, GATE_Y + 1.7, 2.9), roof),
        Block((1.25, GATE_Y - 0.2, 0.0), (1.55, GATE_Y + 0.1, 1.05), plain((0.75, 0.55, 0.10), 0.05, 1.0)),
        Block((-60.0, 44.0, 0.0), (-12.0, 60.0, 9.0), Facade((0.72, 0.66, 0.56), brick=False), roof),
        Block((-8.0, 46.0, 0.0), (14.0, 60.0, 6.5), Facade((0.50, 0.36, 0.30), 2.6, 3.2, (1.3, 1.6), brick=True, shop=False), roof),
        Block((19.0, 44.0, 0.0), (60.0, 60.0, 11.0), Facade((0.68, 0.69, 0.70), 3.0, 3.3, (2.2, 1.7)), roof),
        Block((-9.62, 20.4, 0.0), (-9.38, 20.7, 2.6), plain((0.30, 0.25, 0.20), 0.12, 0.8)),
        Block((10.36, 20.8, 0.0), (10.64, 21.1, 2.8), plain((0.30, 0.25, 0.20), 0.12, 0.8)),
        Block((-0.6, 28.2, 0.0), (-0.46, 28.34, 6.0), METAL),
        Block((-0.6, 27.2, 5.9), (-0.5, 28.3, 6.0), METAL),
    )
    crowns = (Crown((-9.5, 20.5, 4.1), (2.1, 2.1, 1.8)), Crown((10.5, 21.0, 4.3), (2.3, 2.3, 1.9)))
    return Stage(_ground, blocks, crowns, sun=(0.60, -0.35, 0.72))


def gate() -> Layout:
    """The works gate."""
    middle = sum(FOOT) / 2.0
    road = (ROAD_Y + FAR_Y) / 2.0
    return Layout(
        name="gate",
        mount=Mount(height_m=4.6, pitch_deg=13.5, fov_deg=66.0),
        stage=_stage(),
        ways=(
            Way(
                ((-28.0, 28.9), (-5.5, 28.9), (middle, 26.5), (middle, GATE_Y), (middle - 0.1, 9.0), (middle - 0.3, 2.0)),
                0.75,
                1.4,
                one_way=True,
            ),
            Way(
                ((28.0, 28.9), (-1.6, 28.9), (middle, 26.5), (middle, GATE_Y), (middle + 0.2, 9.0), (middle, 2.0)), 0.75, 1.0, one_way=True
            ),
            Way(((-40.0, FAR_Y + 1.5), (40.0, FAR_Y + 1.5)), 0.8, 1.2),
        ),
        walkers=17.0,
        spots=((middle, 11.5), (middle + 0.4, 13.2), (middle - 0.4, 9.8), (middle + 0.2, 14.4)),
        runs=(
            ((-20.0, 28.9), (-6.0, 27.0), (middle, 22.0), (middle, GATE_Y), (middle, 2.0)),
            ((12.0, 28.9), (0.0, 27.0), (middle, 22.0), (middle, GATE_Y), (middle, 2.0)),
        ),
        rides=(((-22.0, 28.9), (-6.0, 27.5), (middle, 22.0), (middle, GATE_Y), (middle, 2.0)),),
        drives=(((-30.0, 31.5), (-9.0, 31.0), (middle, 25.0), (middle, GATE_Y), (middle - 0.5, 9.5), (-11.0, 3.0)),),
        wrong=(((middle, 2.0), (middle, GATE_Y), (middle, 24.0), (-8.0, 28.6), (-30.0, 28.9)),),
        fires=((9.2, 15.6), (-7.0, 14.2)),
        entries=((middle + 0.2, 47.0), (middle - 0.6, 47.0)),
        exits=((middle - 0.4, 2.0), (middle + 0.5, 2.0)),
        default_kinds=(
            "wrong_way",
            "running",
            "vehicle",
            "cyclist",
            "fall",
            "fight",
            "loitering",
            "crowd_running",
            "camera_turned",
            "fire",
        ),
        lanes=(
            Lane(((-50.0, road + 1.75), (50.0, road + 1.75)), 9.0, 9.0),
            Lane(((50.0, road - 1.75), (-50.0, road - 1.75)), 9.0, 10.0),
            Lane(((45.0, road + 1.2), (16.0, road), (5.5, 27.0), (4.6, GATE_Y), (5.4, 11.0), (9.5, 6.5), (16.0, 4.0)), 4.2, 24.0),
        ),
        foliage=(
            Foliage((-9.5, 20.5, 4.1), 2.2, 1.9),
            Foliage((10.5, 21.0, 4.3), 2.4, 2.0, (0.30, 0.42, 0.17)),
            Foliage((-11.0, 16.3, 0.6), 2.6, 0.6, (0.22, 0.35, 0.16)),
            Foliage((11.5, 16.3, 0.6), 2.4, 0.6, (0.24, 0.37, 0.16)),
        ),
        barrier=((1.4, GATE_Y - 0.05, 1.0), (DRIVE[1] - 0.1, GATE_Y - 0.05, 1.0)),
        lights=((-0.5, 27.4, 5.9), (7.6, 17.4, 4.0)),
        flag=(-0.53, 28.0, 5.4),
    )
