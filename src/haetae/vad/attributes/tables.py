"""What was learned, ready to judge objects by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haetae.vad.attributes.banks import distances
from haetae.vad.attributes.bodies import BodyHeights
from haetae.vad.attributes.classes import ClassVisits, part_of
from haetae.vad.attributes.objects import UNKNOWN, Attribute, Objects
from haetae.vad.attributes.tails import NonconformityTail

LEAST_AREA = 0.06
"""Foreground of its own, as a share of a square body height, below which an object is a scrap of something: a walker has 0.25."""

LEAST_FILL = 0.12
"""And as a share of its box, below which it is scenery, such as a floor that a detector takes for a bed while people walk on it."""


@dataclass(frozen=True, slots=True)
class Exemplars:
    """What objects are compared with: the usual height, sizes relative to it (n, 2), visits of classes, and unit vectors (n, d).

    Made of the whole footage, or of what is left of it without a part; `class_surprise` is `ClassVisits.surprises()`.
    """

    bodies: BodyHeights
    sizes: NDArray[np.float32]
    class_surprise: NDArray[np.float32]
    vectors: NDArray[np.float32]

    def nonconformity(self, objects: Objects, width: int, height: int) -> NDArray[np.float32]:
        """How unlike the exemplars each object is, (n, len(Attribute)), each attribute >= 0 in a unit of its own: body heights/s; distance
        of the logarithms of the sides; -log10 of the share of its class, weighed by the confidence in it; cosine distance.

        `width` and `height` are those of the working picture.
        """
        out = np.zeros((len(objects), len(Attribute)), np.float32)
        body = self.bodies.at(objects.box[:, 3])
        there = np.flatnonzero((objects.area >= LEAST_AREA * body * body) & fills(objects))
        if not there.size:
            return out
        seen, body = objects.take(there), body[there]
        out[there, Attribute.SPEED] = seen.speed / body
        out[there, Attribute.SIZE] = distances(self.sizes, relative_sizes(seen.sides, body))
        known = np.flatnonzero((seen.kind != UNKNOWN) & (seen.kind < len(self.class_surprise)))
        row, column = part_of(seen.foot[known], width, height)
        out[there[known], Attribute.CLASS] = seen.confidence[known] * self.class_surprise[seen.kind[known], row, column]
        if len(self.vectors):
            looked = np.flatnonzero(seen.vector.any(axis=1))
            out[there[looked], Attribute.APPEARANCE] = np.clip(1.0 - (seen.vector[looked] @ self.vectors.T).max(axis=1, initial=-1.0), 0, 2)
        return out


@dataclass(frozen=True, slots=True)
class Tables:
    """`tails` has one per attribute, `reference` (len(Attribute),) is the surprise that normal footage of this camera passes about once a
    day, `visits` is what the surprises of the classes come from, and `footage_s` how much was looked at."""

    exemplars: Exemplars
    visits: ClassVisits
    tails: tuple[NonconformityTail, ...]
    reference: NDArray[np.float32]
    footage_s: float

    def surprise(self, nonconformity: NDArray[np.float32]) -> NDArray[np.float32]:
        """-log10 p by attribute, the shape of `nonconformity`."""
        return surprises(self.tails, nonconformity)


def fills(objects: Objects) -> NDArray[np.bool_]:
    """Which of them are foreground and no scenery."""
    sides = objects.box[:, 2:] - objects.box[:, :2]
    return np.asarray(objects.area >= LEAST_FILL * sides[:, 0] * sides[:, 1])


def surprises(tails: tuple[NonconformityTail, ...], nonconformity: NDArray[np.float32]) -> NDArray[np.float32]:
    """-log10 p of nonconformities (..., len(Attribute)). What was not measured is 0, and has p = 1."""
    out = np.stack([tail.surprise(nonconformity[..., attribute]) for attribute, tail in enumerate(tails)], axis=-1)
    return np.where(nonconformity > 0.0, out, 0.0).astype(np.float32)


def relative_sizes(sides: NDArray[np.float32], body: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of height and width (n, 2) relative to the usual height where they stand (n,)."""
    return np.asarray(sides - np.log(body)[:, None], np.float32)
