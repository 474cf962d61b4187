"""Bicycles and barriers: things of thin tubes."""

import numpy as np

from haetae.simulate.canvas import Canvas, Sprite, capsules
from haetae.simulate.car_body import TYRE
from haetae.simulate.geometry import Floats
from haetae.simulate.props import Barrier, Bicycle

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
    now = canvas.light_at(float(depths.mean()))
    lit = 0.5 * now.ambient + 0.4 * now.sun * canvas.brightness(bike.x, bike.y)
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
    now = canvas.light_at(float(depths.mean()))
    light = 0.5 * now.ambient + 0.5 * now.sun
    for i, outline in enumerate(outlines):
        colour = (0.80, 0.12, 0.10) if i % 2 else (0.92, 0.91, 0.88)
        sprite.fill(outline, (colour[0] * light, colour[1] * light, colour[2] * light))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, float(depths.min()) - 0.3)
