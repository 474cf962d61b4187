"""The still scene as the camera sees it while it is turned away."""

from dataclasses import replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.simulate import solids
from haetae.simulate.canvas import Canvas, Light, convex
from haetae.simulate.geometry import PinholeCamera
from haetae.simulate.props import Car
from haetae.simulate.raycast import Backdrop, trace
from haetae.simulate.scenes.base import Layout, Parked

Image: TypeAlias = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]


class Views:
    """Backdrops by direction: the home view is traced at once, another when the camera first turns there; between them pictures
    are turned by a homography, which is exact for a camera that only turns."""

    def __init__(self, layout: Layout, home: PinholeCamera, seed: int) -> None:
        self.home = home
        self._layout, self._seed = layout, seed
        self._home = self._trace(home)
        self._away: dict[tuple[float, float], Backdrop] = {}

    def backdrop(self, camera: PinholeCamera) -> Backdrop:
        """What `camera`, which stands where home stands, sees of the still scene."""
        yaw, pitch = camera.yaw - self.home.yaw, camera.pitch - self.home.pitch
        if abs(yaw) + abs(pitch) < 1e-9:
            return self._home
        target = self._target(yaw)
        if abs(target.camera.yaw - camera.yaw) + abs(target.camera.pitch - camera.pitch) < 1e-9:
            return target
        return _between(self._home, target, camera)

    def _target(self, yaw: float) -> Backdrop:
        """The far end of a turn to this side."""
        limit_yaw, limit_pitch = (float(np.radians(angle)) for angle in self._layout.turn_deg)
        key = (limit_yaw if yaw >= 0 else -limit_yaw, limit_pitch)
        if key not in self._away:
            self._away[key] = self._trace(self.home.turned(*key))
        return self._away[key]

    def _trace(self, camera: PinholeCamera) -> Backdrop:
        backdrop = trace(self._layout.stage, camera, self._seed)
        return with_parked(backdrop, self._layout) if self._layout.parked else backdrop


def with_parked(backdrop: Backdrop, layout: Layout) -> Backdrop:
    """The backdrop with the standing cars in it."""
    stage = layout.stage
    cars = [_car(parked) for parked in layout.parked]
    cars.sort(key=lambda car: -backdrop.camera.depth_of(car.x, car.y))
    share = float(np.mean(stage.sun_colour) / (np.mean(stage.sun_colour) + np.mean(stage.ambient_colour)))
    layers = []
    for light in (Light(0.0, 1.0), Light(1.0, 1.0)):
        canvas = Canvas(backdrop, light, share)
        for car in cars:
            solids.cast_shadow(solids.solid_of(car), canvas, stage.sun)
        canvas.cast()
        for car in cars:
            solids.draw(solids.solid_of(car), canvas, stage.sun)
        layers.append(canvas.rgb)
    depth, lit, ground = backdrop.depth.copy(), backdrop.lit.copy(), backdrop.ground.copy()
    for car in cars:
        covered = _silhouette(solids.solid_of(car), backdrop)
        depth[covered] = np.minimum(depth[covered], backdrop.camera.depth_of(car.x, car.y))
        ground[covered] = 0
    return replace(
        backdrop, ambient=layers[0], sun=np.asarray(cv2.subtract(layers[1], layers[0]), np.uint8), depth=depth, lit=lit, ground=ground
    )


def _car(parked: Parked) -> Car:
    return Car(*parked.place, parked.heading, parked.paint, parked.model)


def _silhouette(solid: solids.Solid, backdrop: Backdrop) -> NDArray[np.bool_]:
    """Where a standing car is seen."""
    pixels, depths = backdrop.camera.project(solid.corners())
    mask = np.zeros(backdrop.depth.shape, np.uint8)
    if float(depths.min()) > 0.8:
        cv2.fillConvexPoly(mask, convex(pixels).astype(np.int32), 255)
    return (mask > 0) & (backdrop.depth > backdrop.camera.depth_of(solid.x, solid.y) - 1.6)


def _between(home: Backdrop, away: Backdrop, camera: PinholeCamera) -> Backdrop:
    """A view on the way, put together from both ends."""
    from_home, from_away = camera.homography_from(home.camera), camera.homography_from(away.camera)

    def turn(of_home: Image, of_away: Image) -> NDArray[Any]:
        out = cv2.warpPerspective(of_away, from_away, camera.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cv2.warpPerspective(of_home, from_home, camera.size, dst=out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
        return np.asarray(out)

    # Depth is along each camera's own axis; the distance from the camera is the same for all.
    lengths = _ray_lengths(camera)
    return Backdrop(
        camera,
        ambient=np.asarray(turn(home.ambient, away.ambient), np.uint8),
        sun=np.asarray(turn(home.sun, away.sun), np.uint8),
        depth=np.asarray(turn(home.depth * lengths, away.depth * lengths) / lengths, np.float32),
        lit=np.asarray(turn(home.lit, away.lit), np.uint8),
        ground=np.asarray(turn(home.ground, away.ground), np.uint8),
    )


def _ray_lengths(camera: PinholeCamera) -> NDArray[np.float32]:
    """How long the ray through each pixel is for 1 m of depth."""
    width, height = camera.size
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.asarray(np.linalg.norm(camera.rays(u, v), axis=-1), np.float32)
