"""A car park: two rows of bays, standing cars, cars and people in the aisles."""

import numpy as np

from haetae.simulate.geometry import Floats
from haetae.simulate.raycast import Block, Crown, Stage
from haetae.simulate.scenes.base import Foliage, Lane, Layout, Mount, Parked, Way
from haetae.simulate.textures import Facade, Hit, asphalt, band, flat, lines, paint, paving, plain

BAY_M = 2.7
NEAR_ROW, FAR_ROW = (12.0, 17.0), (23.6, 28.6)
KERB_Y = 28.9
CROSSING_X = -1.35
METAL = plain((0.30, 0.32, 0.33), 0.03, 2.0)


def _ground(hit: Hit) -> Floats:
    x, y = hit.u, hit.v
    base = asphalt(hit, (0.31, 0.315, 0.325))
    marks = np.zeros_like(x)
    for low, high in (NEAR_ROW, FAR_ROW):
        marks = np.maximum(marks, lines(x, BAY_M, 0.11, hit.pixel_u) * band(y, low, high, hit.pixel_v) * band(np.abs(x), -1.0, 24.4))
    marks = np.maximum(marks, band(y, NEAR_ROW[0] - 0.06, NEAR_ROW[0] + 0.06, hit.pixel_v) * band(np.abs(x), -1.0, 24.4))
    base = paint(base, (0.86, 0.85, 0.81), 0.75 * marks)
    stripes = (
        band(y % 1.0, 0.0, 0.5, hit.pixel_v) * band(x, CROSSING_X - 1.1, CROSSING_X + 1.1, hit.pixel_u) * band(y, NEAR_ROW[0], NEAR_ROW[1])
    )
    base = paint(base, (0.90, 0.78, 0.25), 0.75 * stripes)
    at_x, at_y = np.abs((x - 6.0) % 14.0 - 7.0), y - 21.6
    arrow = band(at_y, -0.1, 0.1, hit.pixel_v) * band(at_x, -1.0, 1.0, hit.pixel_u)
    base = paint(base, (0.86, 0.85, 0.81), 0.7 * arrow)
    oil = np.clip(hit.noise.clouds(x, y, 7.0) - 1.6, 0.0, 1.0)
    base = base * (1.0 - 0.35 * oil)[:, None]
    verge = flat((0.30, 0.37, 0.17), hit, 0.18, 6.0)
    base = base + (verge - base) * band(y, KERB_Y + 0.3, 33.0, hit.pixel_v)[:, None]
    path = paving((0.64, 0.62, 0.58), 0.6, hit)
    base = base + (path - base) * band(y, 33.0, 39.0, hit.pixel_v)[:, None]
    return paint(base, (0.72, 0.71, 0.68), 0.9 * band(y, KERB_Y, KERB_Y + 0.3, hit.pixel_v))


def _post(x: float, y: float) -> tuple[Block, ...]:
    return (
        Block((x - 0.08, y - 0.08, 0.0), (x + 0.08, y + 0.08, 6.5), METAL),
        Block((x - 0.7, y - 0.09, 6.4), (x + 0.7, y + 0.09, 6.55), METAL),
    )


def _stage() -> Stage:
    roof = plain((0.46, 0.46, 0.47), 0.05, 5.0)
    trunk = plain((0.30, 0.25, 0.20), 0.12, 0.8)
    blocks = (
        Block((-60.0, 39.0, 0.0), (12.0, 60.0, 7.2), Facade((0.70, 0.71, 0.72), 3.4, 3.6, (2.6, 1.6)), roof),
        Block((16.0, 41.0, 0.0), (60.0, 60.0, 10.5), Facade((0.60, 0.42, 0.34), 2.8, 3.3, (1.5, 1.7), brick=True), roof),
        *_post(-9.45, 29.6),
        *_post(9.45, 29.6),
        Block((10.1, 12.3, 0.0), (10.6, 12.8, 1.5), plain((0.15, 0.30, 0.50), 0.03, 1.0)),
        Block((-14.15, 30.85, 0.0), (-13.85, 31.15, 2.4), trunk),
        Block((3.85, 30.85, 0.0), (4.15, 31.15, 2.6), trunk),
        Block((17.85, 30.85, 0.0), (18.15, 31.15, 2.4), trunk),
    )
    crowns = (
        Crown((-14.0, 31.0, 3.9), (2.2, 2.2, 1.8)),
        Crown((4.0, 31.0, 4.1), (2.2, 2.2, 1.9)),
        Crown((18.0, 31.0, 3.9), (2.2, 2.2, 1.8)),
    )
    return Stage(_ground, blocks, crowns, sun=(0.58, -0.40, 0.70))


def _parked() -> tuple[Parked, ...]:
    paints = (
        (0.78, 0.78, 0.77),
        (0.13, 0.13, 0.14),
        (0.47, 0.48, 0.50),
        (0.50, 0.10, 0.10),
        (0.14, 0.24, 0.45),
        (0.85, 0.84, 0.80),
        (0.26, 0.31, 0.29),
    )
    near = {-7: 2, -6: 0, -5: 4, -3: 1, -2: 5, 1: 3, 2: 0, 4: 2, 5: 6, 7: 1}
    far = {-8: 0, -7: 3, -5: 2, -4: 6, -3: 5, -1: 1, 0: 4, 2: 2, 3: 0, 5: 1, 6: 3, 8: 5}
    cars = []
    for row, (low, high), heading in ((near, NEAR_ROW, np.pi / 2.0), (far, FAR_ROW, -np.pi / 2.0)):
        for bay, colour in row.items():
            # Nobody parks quite straight.
            skew = 0.03 * ((bay * 7 + colour * 3) % 5 - 2)
            facing = heading if (bay + colour) % 3 else -heading
            place = ((bay + 0.5) * BAY_M + 2.0 * skew, (low + high) / 2.0 + 3.0 * skew)
            cars.append(Parked(place, facing + skew, paints[colour], "van" if (bay * 5 + colour) % 7 == 0 else "sedan"))
    return tuple(cars)


def car_park() -> Layout:
    """The car park."""
    return Layout(
        name="car_park",
        mount=Mount(height_m=6.6, pitch_deg=18.0, fov_deg=66.0),
        stage=_stage(),
        ways=(
            Way(((-22.0, 18.3), (22.0, 18.1)), 0.5, 1.4),
            Way(((-22.0, 22.6), (24.0, 22.5)), 0.4, 1.0),
            Way(((-16.0, 11.0), (16.0, 10.8)), 0.5, 1.2),
            Way(((CROSSING_X, 4.0), (CROSSING_X, 17.6), (4.0, 22.4), (24.0, 22.6)), 0.45, 1.0),
            Way(((-32.0, 36.0), (32.0, 36.2)), 1.2, 1.4),
        ),
        walkers=11.0,
        spots=((CROSSING_X, 10.4), (2.5, 18.6), (-3.4, 18.8), (4.4, 10.3), (-4.5, 10.2)),
        runs=(
            ((-19.0, 18.9), (19.0, 19.2)),
            ((16.0, 10.2), (-16.0, 10.4)),
            ((CROSSING_X, 4.0), (CROSSING_X, 17.5), (-6.0, 19.3), (-20.0, 19.4)),
        ),
        rides=(((-20.0, 19.2), (20.0, 18.9)),),
        drives=(),
        wrong=(),
        fires=((4.05, 18.0), (-9.4, 18.2)),
        entries=((-16.0, 10.4), (16.0, 10.4)),
        default_kinds=("running", "fight", "fall", "loitering", "abandoned", "crowd_running", "fire", "defocus", "camera_turned"),
        lanes=(
            Lane(((-34.0, 20.6), (34.0, 20.6)), 3.6, 20.0),
            Lane(((26.0, 8.4), (-26.0, 8.4)), 3.2, 30.0),
        ),
        parked=_parked(),
        foliage=(
            Foliage((-14.0, 31.0, 3.9), 2.3, 1.9),
            Foliage((4.0, 31.0, 4.1), 2.3, 2.0, (0.30, 0.42, 0.17)),
            Foliage((18.0, 31.0, 3.9), 2.3, 1.9, (0.26, 0.40, 0.17)),
            Foliage((-4.0, 30.0, 0.6), 3.0, 0.55, (0.22, 0.35, 0.16)),
            Foliage((11.0, 30.0, 0.6), 3.0, 0.55, (0.22, 0.35, 0.16)),
        ),
        lights=((-9.45, 29.6, 6.4), (9.45, 29.6, 6.4)),
        flag=(9.45, 29.4, 5.4),
    )
