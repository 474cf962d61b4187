"""Boxes of objects, and which of them are the same object."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""Shape (n, 4): left, top, right, bottom in px, x to the right and y down."""


@dataclass(frozen=True, slots=True)
class Detections:
    """What was found in one picture: `boxes` (n, 4), `confidence` (n,) in [0, 1] and `kind` (n,), the number of the class."""

    boxes: Boxes
    confidence: NDArray[np.float32]
    kind: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.confidence)

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> "Detections":
        return Detections(self.boxes[which], self.confidence[which], self.kind[which])

    @classmethod
    def none(cls) -> "Detections":
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.intp))

    @classmethod
    def joined(cls, parts: "list[Detections]") -> "Detections":
        """All of them, in order."""
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.confidence for part in parts]),
            np.concatenate([part.kind for part in parts]),
        )


def area(boxes: Boxes) -> NDArray[np.float32]:
    """In px^2; 0 for a box that is inside out."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def shared_area(one: Boxes, other: Boxes) -> NDArray[np.float32]:
    """What each box of `one` has in common with each of `other`, px^2, shape (len(one), len(other))."""
    corner = np.maximum(one[:, None, :2], other[None, :, :2])
    opposite = np.minimum(one[:, None, 2:], other[None, :, 2:])
    return area(np.concatenate([corner, opposite], axis=2))


def iou(one: Boxes, other: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each box with each, shape (len(one), len(other)), in [0, 1]."""
    shared = shared_area(one, other)
    union = area(one)[:, None] + area(other)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def within(one: Boxes, other: Boxes) -> NDArray[np.float32]:
    """What each two boxes share, as a part of the smaller one, shape (len(one), len(other)), in [0, 1]."""
    smaller = np.minimum(area(one)[:, None], area(other)[None, :])
    return np.asarray(shared_area(one, other) / np.maximum(smaller, 1e-9), np.float32)


def suppress(found: Detections, most_iou: float, most: int, *, most_within: float = 1.0) -> Detections:
    """Greedy non-maximum suppression within each class: the most confident first, at most `most` of them.

    `most_within` below 1 also ends a box of which more lies within a surer one, or round it: pieces of a picture give halves of objects.
    """
    # Stable: equal confidences must not let two cameras, or two runs, differ.
    order = np.argsort(-found.confidence, kind="stable")
    boxes, kind = found.boxes[order], found.kind[order]
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for at in range(len(order)):
        if not alive[at]:
            continue
        kept.append(at)
        if len(kept) == most:
            break
        rest = slice(at + 1, None)
        same = iou(boxes[at : at + 1], boxes[rest])[0] > most_iou
        if most_within < 1.0:
            same |= within(boxes[at : at + 1], boxes[rest])[0] > most_within
        alive[rest] &= ~(same & (kind[rest] == kind[at]))
    return found.take(order[np.array(kept, np.intp)])
