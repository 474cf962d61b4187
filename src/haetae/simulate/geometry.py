"""The pinhole camera: metres of the world to pixels of the picture.

World: x to the right, y away from the camera, z up, metres; the ground is z = 0. Picture: u to the right, v down, pixels.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class PinholeCamera:
    """A mounted camera. `pitch` > 0 looks down, `yaw` > 0 to the right (radians); `focal` in pixels; `size` is (width, height)."""

    position: tuple[float, float, float]
    pitch: float
    yaw: float
    focal: float
    size: tuple[int, int]

    @classmethod
    def mounted(
        cls, *, height_m: float, pitch_deg: float, fov_deg: float, size: tuple[int, int], x_m: float = 0.0, yaw_deg: float = 0.0
    ) -> "PinholeCamera":
        """A camera `height_m` above the ground at (`x_m`, 0), with the horizontal field of view `fov_deg`."""
        focal = size[0] / 2.0 / np.tan(np.radians(fov_deg) / 2.0)
        return cls((x_m, 0.0, height_m), float(np.radians(pitch_deg)), float(np.radians(yaw_deg)), float(focal), size)

    def turned(self, yaw: float, pitch: float) -> "PinholeCamera":
        """This camera turned by further angles (radians)."""
        return self if yaw == 0.0 and pitch == 0.0 else replace(self, yaw=self.yaw + yaw, pitch=self.pitch + pitch)

    @cached_property
    def axes(self) -> Floats:
        """Rows: right, down, forward, as unit vectors of the world; shape (3, 3)."""
        sin_p, cos_p, sin_y, cos_y = np.sin(self.pitch), np.cos(self.pitch), np.sin(self.yaw), np.cos(self.yaw)
        return np.array(
            [
                [cos_y, -sin_y, 0.0],
                [-sin_p * sin_y, -sin_p * cos_y, -cos_p],
                [cos_p * sin_y, cos_p * cos_y, -sin_p],
            ]
        )

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Pixels (..., 2) and depth in metres (...,) of world points (..., 3); depth is held above 0.05 m."""
        local = (points - np.asarray(self.position)) @ self.axes.T
        depth = np.maximum(local[..., 2], 0.05)
        centre = np.array([self.size[0] / 2.0, self.size[1] / 2.0])
        return local[..., :2] * (self.focal / depth)[..., None] + centre, depth

    def depth_of(self, x: float, y: float, z: float = 0.0) -> float:
        """Distance along the optical axis in metres, negative behind the camera."""
        return float((np.array([x, y, z]) - np.asarray(self.position)) @ self.axes[2])

    def rays(self, u: Floats, v: Floats) -> Floats:
        """Directions (..., 3) of the rays through pixels, scaled so that a length of 1 is 1 m of depth."""
        local = np.stack([(u - self.size[0] / 2.0) / self.focal, (v - self.size[1] / 2.0) / self.focal, np.ones_like(u)], axis=-1)
        return (local @ self.axes).astype(np.float32)

    def homography_from(self, other: "PinholeCamera") -> Floats:
        """The 3x3 map from pixels of `other` to pixels of this camera; both stand in one place and only look elsewhere."""
        intrinsic = np.array([[self.focal, 0.0, self.size[0] / 2.0], [0.0, self.focal, self.size[1] / 2.0], [0.0, 0.0, 1.0]])
        result: Floats = intrinsic @ self.axes @ other.axes.T @ np.linalg.inv(intrinsic)
        return result
