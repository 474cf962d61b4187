"""The objects of one frame, as arrays."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from haetae.vad.detector.boxes import Boxes

UNKNOWN = -1
"""The class of what moves and no box covers."""


class Attribute(IntEnum):
    """What can be surprising about an object."""

    SPEED = 0
    SIZE = 1
    CLASS = 2
    APPEARANCE = 3


@dataclass(frozen=True, slots=True)
class Objects:
    """All arrays have one row per object, lengths in working px.

    `box` (n, 4); `kind` (n,) is the class or UNKNOWN; `confidence` (n,) that of the detector, 0 for UNKNOWN; `sides` (n, 2) are the
    logarithms of height and width; `velocity` (n, 2) px/s, and `points` (n,) on how many followed points it rests; `area` (n,) is the
    foreground in the box that lies in no smaller one, px^2; `vector` (n, d) the unit vector of its picture, of length 0 without a network
    for it.
    """

    box: Boxes
    kind: NDArray[np.intp]
    confidence: NDArray[np.float32]
    sides: NDArray[np.float32]
    velocity: NDArray[np.float32]
    points: NDArray[np.float32]
    area: NDArray[np.float32]
    vector: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def foot(self) -> NDArray[np.float32]:
        """Where each one stands, (n, 2): the middle of the lower edge."""
        return np.stack([0.5 * (self.box[:, 0] + self.box[:, 2]), self.box[:, 3]], axis=1)

    @property
    def speed(self) -> NDArray[np.float32]:
        """px/s; that of few points is not trusted much."""
        return np.asarray(np.hypot(*self.velocity.T) * (self.points / (self.points + PRIOR_POINTS)), np.float32)

    def take(self, which: NDArray[np.intp]) -> "Objects":
        return Objects(*(getattr(self, each.name)[which] for each in fields(self)))

    @classmethod
    def none(cls, dimensions: int = 0) -> "Objects":
        return cls.of_boxes(np.empty((0, 4), np.float32), np.empty(0, np.intp), np.empty(0, np.float32), dimensions)

    @classmethod
    def of_boxes(cls, box: Boxes, kind: NDArray[np.intp], confidence: NDArray[np.float32], dimensions: int = 0) -> "Objects":
        """Objects of which only this is known yet."""
        count = len(box)
        sides = np.log(np.maximum(box[:, [3, 2]] - box[:, [1, 0]], 1.0)).astype(np.float32)
        nothing = np.zeros(count, np.float32)
        still = np.zeros((count, 2), np.float32)
        return cls(box, kind, confidence, sides, still, nothing, nothing, np.zeros((count, dimensions), np.float32))


PRIOR_POINTS = 3.0
"""Added to the number of points, so that a single wrong match is not a speed."""
