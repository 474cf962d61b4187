"""A paved square before a street: trees, planters, a front of houses behind, cars on the street."""

import numpy as np

from haetae.simulate.geometry import Floats
from haetae.simulate.raycast import Block, Crown, Stage
from haetae.simulate.scenes.base import Foliage, Lane, Layout, Mount, Way
from haetae.simulate.textures import Facade, Hit, asphalt, band, flat, lines, paint, paving, plain

KERB_Y, FAR_KERB_Y, FRONT_Y = 26.0, 33.4, 36.5
CONCRETE = plain((0.62, 0.61, 0.58), 0.05, 3.0)
BARK = plain((0.30, 0.25, 0.20), 0.12, 0.8)
METAL = plain((0.24, 0.26, 0.27), 0.03, 2.0)


def _ground(hit: Hit) -> Floats:
    y = hit.v
    slabs = paving((0.66, 0.63, 0.58), 0.6, hit)
    bands = np.maximum(lines(hit.u, 6.0, 0.62, hit.pixel_u), lines(y - 1.8, 6.0, 0.62, hit.pixel_v))
    slabs = slabs * (1.0 - 0.22 * bands)[:, None]
    street = asphalt(hit)
    middle = (KERB_Y + FAR_KERB_Y) / 2.0
    dashes = band(y, middle - 0.08, middle + 0.08, hit.pixel_v) * band(hit.u % 6.0, 0.0, 3.0, hit.pixel_u)
    edges = np.maximum(band(y, KERB_Y + 0.5, KERB_Y + 0.62, hit.pixel_v), band(y, FAR_KERB_Y - 0.62, FAR_KERB_Y - 0.5, hit.pixel_v))
    street = paint(street, (0.88, 0.87, 0.82), 0.85 * np.maximum(dashes, edges))
    stripes = band((hit.u + 11.5) % 1.0, 0.0, 0.5, hit.pixel_u) * band(hit.u, -12.5, -8.5) * band(y, KERB_Y + 0.7, FAR_KERB_Y - 0.7)
    street = paint(street, (0.90, 0.89, 0.85), 0.85 * stripes)
    on_street = band(y, KERB_Y, FAR_KERB_Y, hit.pixel_v)
    base = slabs + (street - slabs) * on_street[:, None]
    kerbs = np.maximum(band(y, KERB_Y - 0.3, KERB_Y, hit.pixel_v), band(y, FAR_KERB_Y, FAR_KERB_Y + 0.3, hit.pixel_v))
    return paint(base, (0.74, 0.73, 0.70), 0.9 * kerbs)


def _soil(hit: Hit) -> Floats:
    return flat((0.27, 0.24, 0.17), hit, 0.15, 1.5)


def _post(x: float, y: float, height: float, half: float = 0.07) -> Block:
    return Block((x - half, y - half, 0.0), (x + half, y + half, height), METAL)


def _planter(x: float, y: float, half_x: float, half_y: float) -> Block:
    return Block((x - half_x, y - half_y, 0.0), (x + half_x, y + half_y, 0.55), CONCRETE, _soil)


def _roof(hit: Hit) -> Floats:
    return flat((0.45, 0.44, 0.43), hit)


def _stage() -> Stage:
    blocks = (
        Block((-60.0, FRONT_Y, 0.0), (-15.5, 50.0, 9.6), Facade((0.76, 0.70, 0.60)), _roof),
        Block((-15.5, FRONT_Y + 0.6, 0.0), (1.5, 50.0, 12.8), Facade((0.55, 0.34, 0.27), 2.6, 3.2, (1.2, 1.8), brick=True), _roof),
        Block((6.5, FRONT_Y, 0.0), (24.0, 50.0, 11.2), Facade((0.80, 0.79, 0.75), 3.2, 3.6, (2.3, 1.9)), _roof),
        Block((24.0, FRONT_Y - 0.4, 0.0), (70.0, 50.0, 8.0), Facade((0.58, 0.60, 0.62), 2.8, 3.2), _roof),
        Block((-40.0, 78.0, 0.0), (60.0, 90.0, 17.0), Facade((0.62, 0.60, 0.58), 3.0, 3.2, shop=False)),
        _planter(-7.5, 19.6, 2.1, 0.7),
        _planter(7.8, 21.6, 2.4, 0.7),
        _planter(13.2, 15.2, 1.0, 1.0),
        Block((-7.66, 19.45, 0.0), (-7.34, 19.75, 2.7), BARK),
        Block((13.05, 15.05, 0.0), (13.35, 15.35, 2.9), BARK),
        Block((-1.2, 22.6, 0.38), (1.0, 23.1, 0.46), plain((0.48, 0.34, 0.22), 0.1, 1.0)),
        Block((-1.1, 22.7, 0.0), (-0.95, 23.0, 0.38), METAL),
        Block((0.75, 22.7, 0.0), (0.9, 23.0, 0.38), METAL),
        Block((3.2, 23.7, 0.0), (3.75, 24.25, 0.95), plain((0.22, 0.33, 0.27), 0.05, 1.0)),
        _post(-13.5, 24.6, 6.0),
        _post(4.6, 24.6, 6.0),
        Block((4.55, 24.0, 5.9), (4.65, 25.6, 6.02), METAL),
        _post(17.5, 24.6, 6.0),
    )
    crowns = (
        Crown((-7.5, 19.6, 4.0), (2.0, 2.0, 1.6)),
        Crown((13.2, 15.2, 4.2), (2.2, 2.2, 1.7)),
        Crown((7.8, 21.6, 0.9), (2.1, 0.6, 0.5)),
    )
    return Stage(_ground, blocks, crowns, sun=(-0.62, -0.30, 0.72))


def plaza() -> Layout:
    """The square."""
    return Layout(
        name="plaza",
        mount=Mount(height_m=5.8, pitch_deg=15.5, fov_deg=64.0),
        stage=_stage(),
        ways=(
            Way(((-17.0, 12.5), (17.0, 13.5)), 1.2, 2.0),
            Way(((-19.0, 16.8), (20.0, 17.6)), 0.8, 2.5),
            Way(((-24.0, 25.1), (25.0, 25.1)), 0.45, 1.5),
            Way(((-30.0, 35.0), (32.0, 35.0)), 0.6, 1.5),
            Way(((-3.5, 6.0), (-2.5, 14.0), (3.5, 18.0), (12.0, 18.6), (21.0, 19.4)), 0.7, 1.2),
            Way(((4.0, 6.0), (3.0, 13.0), (-3.0, 17.2), (-10.5, 17.4), (-20.0, 19.0)), 0.7, 1.2),
        ),
        walkers=14.0,
        spots=((-3.0, 14.6), (2.5, 15.0), (5.5, 18.2), (-4.5, 17.8), (0.5, 19.0)),
        runs=(
            ((-15.0, 14.6), (15.5, 13.0)),
            ((16.0, 17.8), (-16.5, 15.6)),
            ((-17.0, 15.4), (17.0, 17.4)),
        ),
        rides=(((-17.0, 15.2), (17.0, 17.4)), ((17.0, 12.9), (-17.0, 15.4))),
        drives=(
            ((-22.0, 15.4), (-6.0, 15.8), (5.0, 14.6), (11.0, 12.2), (23.0, 11.0)),
            ((23.0, 11.4), (11.0, 12.4), (4.0, 15.2), (-22.0, 15.0)),
        ),
        wrong=(),
        fires=((3.45, 23.4), (-2.2, 19.4)),
        entries=((-17.0, 15.0), (17.0, 17.6), (-19.0, 17.0), (19.0, 18.0)),
        default_kinds=("running", "fall", "vehicle", "fight", "cyclist", "crowd_running", "abandoned", "fire", "camera_covered"),
        lanes=(
            Lane(((-42.0, KERB_Y + 1.9), (44.0, KERB_Y + 1.9)), 8.0, 9.0),
            Lane(((44.0, FAR_KERB_Y - 1.9), (-42.0, FAR_KERB_Y - 1.9)), 8.5, 8.0),
        ),
        foliage=(
            Foliage((-7.5, 19.6, 4.0), 2.2, 1.75),
            Foliage((13.2, 15.2, 4.2), 2.4, 1.85, (0.30, 0.42, 0.17)),
            Foliage((-8.3, 19.2, 0.85), 1.2, 0.5, (0.22, 0.36, 0.16)),
            Foliage((7.8, 21.5, 0.85), 2.2, 0.55, (0.24, 0.37, 0.17)),
        ),
        lights=((-13.5, 24.6, 6.0), (4.6, 25.4, 5.9), (17.5, 24.6, 6.0)),
        flag=(4.6, 24.5, 5.2),
    )
