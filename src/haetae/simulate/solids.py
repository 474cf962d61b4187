"""Cars and bags: things of flat faces, painted from far to near."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from haetae.simulate.canvas import Canvas, Sprite, convex
from haetae.simulate.car_body import Face, box_faces, car_faces
from haetae.simulate.geometry import Floats
from haetae.simulate.props import Bag, Car, Robot
from haetae.simulate.textures import Colour

ROBOT_PAINT: Colour = (0.86, 0.80, 0.42)


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


@cache
def robot_mesh(blink: bool) -> Mesh:
    """A cleaning robot: a low body with a mast, and a light on top."""
    lamp = [replace(face, colour=(1.0, 0.62, 0.10) if blink else (0.45, 0.25, 0.08)) for face in box_faces(0.14, 0.14, 0.14, 1.05)]
    return _mesh((*box_faces(1.10, 0.80, 0.70), *box_faces(0.30, 0.60, 0.35, 0.70), *lamp))


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


def solid_of(thing: Car | Bag | Robot) -> Solid:
    """A car, a bag or a robot, in place."""
    if isinstance(thing, Car):
        return Solid(car_mesh(thing.model), thing.x, thing.y, thing.heading, thing.paint)
    if isinstance(thing, Robot):
        return Solid(robot_mesh(thing.blink), thing.x, thing.y, thing.heading, ROBOT_PAINT)
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
    now = canvas.light_at(camera.depth_of(solid.x, solid.y))
    sunlight = canvas.brightness(solid.x, solid.y) * now.sun
    normals = solid.rotate(mesh.normals)
    views = np.asarray(camera.position) - solid.place(mesh.middles)
    facing = np.einsum("ij,ij->i", normals, views)
    sunny = np.maximum(0.0, normals @ (np.array(sun) / np.linalg.norm(sun)))
    light = 0.42 * now.ambient * (0.75 + 0.25 * normals[:, 2]) + 0.62 * sunlight * sunny + np.array(mesh.shine)
    # Glass and lamps never look quite black in daylight.
    least = min(0.35, 0.35 * now.ambient + 0.35 * now.sun)
    corners = sprite.corners(pixels)
    for i in np.argsort(-np.linalg.norm(views, axis=1), kind="stable"):
        if facing[i] > 0.0:
            for where, colour, detail in mesh.fills[i]:
                r, g, b = colour or solid.paint
                lit = max(float(light[i]), least) if detail else float(light[i])
                sprite.fill(corners[where], (r * lit, g * lit, b * lit))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, camera.depth_of(solid.x, solid.y) - 1.6)
