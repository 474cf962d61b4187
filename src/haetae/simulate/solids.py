"""Cars, bicycles, bags and barriers: flat faces in three dimensions, painted from far to near."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from haetae.simulate.canvas import Canvas, Sprite, capsules, convex
from haetae.simulate.geometry import Floats
from haetae.simulate.props import Bag, Barrier, Bicycle, Car
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


@dataclass(frozen=True, slots=True)
class Mesh:
    """The faces of a thing laid out for painting: all corners in one array (n, 3), and per face its middle, normal and the polygons to
    fill, each as a range of corners, a colour (None: the paint) and whether it is a detail."""

    points: Floats
    middles: Floats
    normals: Floats
    shine: tuple[float, ...]
    fills: tuple[tuple[tuple[slice, Colour | None, bool], ...], ...]


def _mesh(faces: tuple[Face, ...]) -> Mesh:
    flat: list[Floats] = [face.corners for face in faces]
    end = sum(len(face.corners) for face in faces)
    start = 0
    fills = []
    for face in faces:
        entries: list[tuple[slice, Colour | None, bool]] = [(slice(start, start + len(face.corners)), face.colour, False)]
        start += len(face.corners)
        for detail in face.details:
            for part in (detail, *detail.details):
                flat.append(part.corners)
                entries.append((slice(end, end + len(part.corners)), part.colour, True))
                end += len(part.corners)
        fills.append(tuple(entries))
    middles = np.array([face.corners.mean(axis=0) for face in faces])
    normals = np.array([face.normal for face in faces])
    return Mesh(np.concatenate(flat), middles, normals, tuple(face.shine for face in faces), tuple(fills))


@cache
def car_mesh(model: str) -> Mesh:
    """A `sedan` or a `van`."""
    return _mesh(car_faces(model))


@cache
def bag_mesh() -> Mesh:
    """A travelling bag with its handle."""
    return _mesh((*box_faces(0.55, 0.26, 0.30), *box_faces(0.22, 0.05, 0.08, 0.30)))


@dataclass(frozen=True, slots=True)
class Solid:
    """A thing of faces that stands at (x, y)."""

    mesh: Mesh
    x: float
    y: float
    heading: float
    paint: Colour

    def place(self, points: Floats) -> Floats:
        """Local points (n, 3) in the world."""
        placed: Floats = self.rotate(points) + np.array([self.x, self.y, 0.0])
        return placed

    def rotate(self, vectors: Floats) -> Floats:
        """Local directions (n, 3) in the world."""
        c, s = np.cos(self.heading), np.sin(self.heading)
        rotated: Floats = vectors @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
        return rotated

    def corners(self) -> Floats:
        """All corners in the world, (n, 3)."""
        return self.place(self.mesh.points)


def solid_of(thing: Car | Bag) -> Solid:
    """A car or a bag, in place."""
    if isinstance(thing, Car):
        return Solid(car_mesh(thing.model), thing.x, thing.y, thing.heading, thing.paint)
    return Solid(bag_mesh(), thing.x, thing.y, thing.heading, thing.colour)


def cast_shadow(solid: Solid, canvas: Canvas, sun: tuple[float, float, float]) -> None:
    """The shadow of a solid, and the darkness under it."""
    corners = solid.corners()
    ground = corners.copy()
    ground[:, 0] -= ground[:, 2] * sun[0] / sun[2]
    ground[:, 1] -= ground[:, 2] * sun[1] / sun[2]
    ground[:, 2] = 0.0
    low = corners[corners[:, 2] < 0.3] * np.array([1.0, 1.0, 0.0])
    for footprint in (np.concatenate([ground, low]), low):
        pixels, depths = canvas.camera.project(footprint)
        if len(footprint) > 2 and float(depths.min()) > 0.5 and float(pixels.max()) > 0.0:
            canvas.shadow(convex(pixels)[None])


def draw(solid: Solid, canvas: Canvas, sun: tuple[float, float, float]) -> None:
    """Paint a solid. One that reaches behind the camera is left out."""
    camera, mesh = canvas.camera, solid.mesh
    pixels, depths = camera.project(solid.place(mesh.points))
    if float(depths.min()) < 0.8:
        return
    extent = float(np.ptp(pixels, axis=0).max())
    sprite = Sprite(pixels, 3.0, 4 if extent < 60 else 3 if extent < 150 else 2, camera.size)
    if not sprite.visible:
        return
    sunlight = canvas.brightness(solid.x, solid.y) * canvas.light.sun
    normals = solid.rotate(mesh.normals)
    views = np.asarray(camera.position) - solid.place(mesh.middles)
    facing = np.einsum("ij,ij->i", normals, views)
    sunny = np.maximum(0.0, normals @ (np.array(sun) / np.linalg.norm(sun)))
    light = 0.42 * canvas.light.ambient * (0.75 + 0.25 * normals[:, 2]) + 0.62 * sunlight * sunny + np.array(mesh.shine)
    corners = sprite.corners(pixels)
    for i in np.argsort(-np.linalg.norm(views, axis=1), kind="stable"):
        if facing[i] > 0.0:
            for where, colour, detail in mesh.fills[i]:
                r, g, b = colour or solid.paint
                lit = max(float(light[i]), 0.35) if detail else float(light[i])
                sprite.fill(corners[where], (r * lit, g * lit, b * lit))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, camera.depth_of(solid.x, solid.y) - 1.6)


_BIKE_TUBES: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = (
    ((-0.50, 0.34), (-0.08, 0.30)), ((-0.08, 0.30), (-0.22, 0.92)), ((-0.20, 0.80), (0.36, 0.82)), ((-0.08, 0.30), (0.36, 0.82)),
    ((-0.50, 0.34), (-0.20, 0.80)), ((0.52, 0.34), (0.33, 1.02)), ((0.33, 1.02), (0.45, 1.06)),
)  # fmt: skip


def bicycle_points(bike: Bicycle) -> Floats:
    """Ends of tubes and spokes of a bicycle in the world, (n, 2, 3)."""
    turn = np.linspace(0.0, 2.0 * np.pi, 15)
    segments = [np.array([[a[0], 0.0, a[1]], [b[0], 0.0, b[1]]]) for a, b in _BIKE_TUBES]
    for middle in (-0.50, 0.52):
        ring = np.stack([middle + 0.33 * np.cos(turn), np.zeros(15), 0.34 + 0.33 * np.sin(turn)], axis=-1)
        segments.extend(np.stack([ring[:-1], ring[1:]], axis=1))
    segments.append(np.array([[0.36, -0.26, 1.04], [0.36, 0.26, 1.04]]))
    points = np.array(segments)
    c, s = np.cos(bike.heading), np.sin(bike.heading)
    return np.stack(
        [points[..., 0] * c - points[..., 1] * s + bike.x, points[..., 0] * s + points[..., 1] * c + bike.y, points[..., 2]], axis=-1
    )


def draw_bicycle(bike: Bicycle, canvas: Canvas) -> None:
    """Paint a bicycle."""
    points = bicycle_points(bike)
    pixels, depths = canvas.camera.project(points)
    scale = canvas.camera.focal / float(depths.mean())
    sprite = Sprite(pixels.reshape(-1, 2), 3.0, 4, canvas.camera.size)
    if not sprite.visible or float(depths.min()) < 0.8:
        return
    radii = np.full(len(points), max(0.022 * scale, 0.35))
    lit = 0.5 * canvas.light.ambient + 0.4 * canvas.light.sun * canvas.brightness(bike.x, bike.y)
    tubes = len(_BIKE_TUBES)
    for i, outline in enumerate(sprite.corners(capsules(pixels[:, 0], pixels[:, 1], radii, radii))):
        colour = bike.paint if i < tubes else TYRE
        sprite.fill(outline, (colour[0] * lit, colour[1] * lit, colour[2] * lit))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, canvas.camera.depth_of(bike.x, bike.y) - 0.5)


def bicycle_shadow(bike: Bicycle, canvas: Canvas, sun: tuple[float, float, float]) -> None:
    """The thin shadow of a bicycle."""
    points = bicycle_points(bike)
    points[..., 0] -= points[..., 2] * sun[0] / sun[2]
    points[..., 1] -= points[..., 2] * sun[1] / sun[2]
    points[..., 2] = 0.0
    pixels, depths = canvas.camera.project(points)
    radii = 0.03 * canvas.camera.focal / depths.mean(axis=1)
    canvas.shadow(capsules(pixels[:, 0], pixels[:, 1], radii, radii), 0.8)


def draw_barrier(barrier: Barrier, canvas: Canvas) -> None:
    """Paint a gate's arm in red and white."""
    hinge, tip = np.array(barrier.hinge), np.array(barrier.tip)
    length = float(np.linalg.norm(tip - hinge))
    flat = (tip - hinge) / length
    angle = barrier.raised * np.radians(82.0)
    along = flat * np.cos(angle) + np.array([0.0, 0.0, 1.0]) * np.sin(angle)
    marks = hinge + along * np.linspace(0.0, length, 9)[:, None]
    pixels, depths = canvas.camera.project(marks)
    sprite = Sprite(pixels, 4.0, 4, canvas.camera.size)
    if not sprite.visible:
        return
    radii = 0.055 * canvas.camera.focal / depths
    outlines = sprite.corners(capsules(pixels[:-1], pixels[1:], radii[:-1], radii[1:]))
    light = 0.5 * canvas.light.ambient + 0.5 * canvas.light.sun
    for i, outline in enumerate(outlines):
        colour = (0.80, 0.12, 0.10) if i % 2 else (0.92, 0.91, 0.88)
        sprite.fill(outline, (colour[0] * light, colour[1] * light, colour[2] * light))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, float(depths.min()) - 0.3)
