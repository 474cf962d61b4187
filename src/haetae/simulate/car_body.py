"""The shape of cars and boxes: faces in metres round the origin, looking to +x."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from haetae.simulate.geometry import Floats
from haetae.simulate.textures import Colour

GLASS: Colour = (0.17, 0.21, 0.25)
TYRE: Colour = (0.07, 0.07, 0.08)
RIM: Colour = (0.50, 0.51, 0.52)
HEADLIGHT: Colour = (0.95, 0.94, 0.86)
TAILLIGHT: Colour = (0.62, 0.08, 0.07)
PLATE: Colour = (0.88, 0.88, 0.84)
TRIM: Colour = (0.12, 0.12, 0.13)


@dataclass(frozen=True, slots=True)
class Face:
    """A convex polygon (n, 3) in metres, seen from the side that `normal` points to; `colour` None takes the paint of the thing."""

    corners: Floats
    normal: Floats
    colour: Colour | None = None
    details: tuple["Face", ...] = field(default=())
    shine: float = 0.0


def _face(
    corners: list[tuple[float, float, float]],
    outward: tuple[float, float, float],
    colour: Colour | None = None,
    *details: Face,
    shine: float = 0.0,
) -> Face:
    points = np.array(corners)
    normal = np.cross(points[1] - points[0], points[2] - points[0])
    normal = normal / np.linalg.norm(normal)
    return Face(points, normal if float(normal @ np.array(outward)) >= 0 else -normal, colour, details, shine)


def _side(profile: list[tuple[float, float]], y: float, colour: Colour | None = None, *details: Face, inset: float = 0.0) -> Face:
    """A face along the car at one flank; the upper corners lean in by `inset`."""
    top, low = max(z for _, z in profile), min(z for _, z in profile)
    sign = np.sign(y)
    corners = [(x, y - sign * inset * (z - low) / max(top - low, 1e-6), z) for x, z in profile]
    return _face(corners, (0.0, float(sign), 0.0), colour, *details)


def _wheel(x: float, y: float, radius: float = 0.33) -> Face:
    turn = np.linspace(0.0, 2.0 * np.pi, 14, endpoint=False)
    out = float(np.sign(y)) * 0.02

    def disc(r: float, push: float) -> list[tuple[float, float, float]]:
        return [(x + r * float(np.cos(a)), y + push, radius + r * float(np.sin(a))) for a in turn]

    rim = _face(disc(radius * 0.62, 2 * out), (0.0, out, 0.0), RIM)
    hub = _face(disc(radius * 0.20, 3 * out), (0.0, out, 0.0), TRIM)
    return _face(disc(radius, out), (0.0, out, 0.0), TYRE, rim, hub)


@cache
def car_faces(model: str) -> tuple[Face, ...]:
    """The faces of a car that looks to +x, its middle at the origin."""
    if model == "van":
        front, rear, bonnet, screen_low, roof_front, roof_rear, roof, wide = 2.45, -2.45, 1.05, 1.75, 1.05, -2.30, 2.05, 0.95
    else:
        front, rear, bonnet, screen_low, roof_front, roof_rear, roof, wide = 2.20, -2.20, 0.86, 1.05, 0.30, -0.95, 1.44, 0.89
    belt, tail, floor = bonnet + 0.06, -1.75 if model == "sedan" else -2.42, 0.24
    inset = 0.20 if model == "sedan" else 0.10
    top = wide - inset
    faces: list[Face] = []
    for sign in (1.0, -1.0):
        y = sign * wide
        wheels = (_wheel(1.38, y), _wheel(-1.36, y))
        sill = _side([(front - 0.1, floor), (rear + 0.1, floor), (rear + 0.05, 0.42), (front - 0.05, 0.42)], y * 1.004, TRIM)
        handle = _side([(-0.35, belt - 0.14), (-0.15, belt - 0.14), (-0.15, belt - 0.10), (-0.35, belt - 0.10)], y * 1.01, TRIM)
        outline = [
            (front, floor),
            (rear, floor),
            (rear, belt - 0.12),
            (tail, belt),
            (screen_low, belt),
            (front - 0.12, bonnet - 0.10),
            (front, bonnet - 0.28),
        ]
        faces.append(_side(outline, y, None, sill, *wheels, handle))
        low, high = belt + 0.03, roof - 0.09
        share = (high - belt) / (roof - belt)
        x0, x1 = tail + (roof_rear - tail) * share + 0.16, screen_low + (roof_front - screen_low) * share - 0.14
        panes = []
        pillar = (tail + screen_low) / 2.0 - 0.15
        for a_low, a_high, b_low, b_high in (
            (tail + 0.22, x0, pillar - 0.04, pillar - 0.04),
            (pillar + 0.04, pillar + 0.04, screen_low - 0.24, x1),
        ):
            panes.append(_side([(a_low, low), (b_low, low), (b_high, high), (a_high, high)], y * 1.003, GLASS, inset=inset * 0.92))
        faces.append(_side([(tail, belt), (screen_low, belt), (roof_front, roof), (roof_rear, roof)], y, None, *panes, inset=inset))
    lamps = [
        _face(
            [
                (front + 0.01, s * wide * 0.62, 0.58),
                (front + 0.01, s * wide * 0.95, 0.58),
                (front + 0.01, s * wide * 0.95, 0.70),
                (front + 0.01, s * wide * 0.62, 0.70),
            ],
            (1, 0, 0),
            HEADLIGHT,
        )
        for s in (1, -1)
    ]
    grille = _face(
        [(front + 0.01, -0.5, 0.42), (front + 0.01, 0.5, 0.42), (front + 0.01, 0.5, 0.56), (front + 0.01, -0.5, 0.56)], (1, 0, 0), TRIM
    )
    faces.append(
        _face(
            [(front, -wide, floor), (front, wide, floor), (front, wide, bonnet - 0.28), (front, -wide, bonnet - 0.28)],
            (1, 0, 0),
            None,
            *lamps,
            grille,
        )
    )
    tails = [
        _face(
            [
                (rear - 0.01, s * wide * 0.66, 0.62),
                (rear - 0.01, s * wide * 0.97, 0.62),
                (rear - 0.01, s * wide * 0.97, 0.76),
                (rear - 0.01, s * wide * 0.66, 0.76),
            ],
            (-1, 0, 0),
            TAILLIGHT,
        )
        for s in (1, -1)
    ]
    plate = _face(
        [(rear - 0.01, -0.26, 0.48), (rear - 0.01, 0.26, 0.48), (rear - 0.01, 0.26, 0.60), (rear - 0.01, -0.26, 0.60)], (-1, 0, 0), PLATE
    )
    faces.append(
        _face(
            [(rear, -wide, floor), (rear, wide, floor), (rear, wide, belt - 0.12), (rear, -wide, belt - 0.12)],
            (-1, 0, 0),
            None,
            *tails,
            plate,
        )
    )
    faces.append(
        _face(
            [
                (front, -wide, bonnet - 0.28),
                (front, wide, bonnet - 0.28),
                (front - 0.12, wide, bonnet - 0.10),
                (front - 0.12, -wide, bonnet - 0.10),
            ],
            (1, 0, 1),
        )
    )
    faces.append(
        _face(
            [
                (front - 0.12, -wide, bonnet - 0.10),
                (front - 0.12, wide, bonnet - 0.10),
                (screen_low, wide, belt),
                (screen_low, -wide, belt),
            ],
            (0.2, 0, 1),
            shine=0.1,
        )
    )
    faces.append(
        _face([(rear, -wide, belt - 0.12), (rear, wide, belt - 0.12), (tail, wide, belt), (tail, -wide, belt)], (-0.2, 0, 1), shine=0.1)
    )
    faces.append(
        _face(
            [(screen_low, -wide + 0.05, belt), (screen_low, wide - 0.05, belt), (roof_front, top, roof), (roof_front, -top, roof)],
            (1, 0, 1),
            GLASS,
            shine=0.25,
        )
    )
    faces.append(
        _face(
            [(tail, -wide + 0.05, belt), (tail, wide - 0.05, belt), (roof_rear, top, roof), (roof_rear, -top, roof)],
            (-1, 0, 1),
            GLASS if model == "sedan" else None,
            shine=0.2,
        )
    )
    faces.append(
        _face([(roof_front, -top, roof), (roof_front, top, roof), (roof_rear, top, roof), (roof_rear, -top, roof)], (0, 0, 1), shine=0.12)
    )
    return tuple(faces)


@cache
def box_faces(length: float, width: float, height: float, low: float = 0.0) -> tuple[Face, ...]:
    """An upright box round the origin."""
    x, y, z = length / 2.0, width / 2.0, low + height
    return (
        _face([(x, -y, low), (x, y, low), (x, y, z), (x, -y, z)], (1, 0, 0)),
        _face([(-x, -y, low), (-x, y, low), (-x, y, z), (-x, -y, z)], (-1, 0, 0)),
        _face([(-x, y, low), (x, y, low), (x, y, z), (-x, y, z)], (0, 1, 0)),
        _face([(-x, -y, low), (x, -y, low), (x, -y, z), (-x, -y, z)], (0, -1, 0)),
        _face([(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)], (0, 0, 1)),
    )
