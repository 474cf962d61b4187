"""Which classes are usual where: visits of each class to each part of the picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.vad.attributes.objects import UNKNOWN, Objects

ROWS, COLUMNS = 6, 8
"""Parts of the picture; a look-up takes the neighbours along."""

VISIT_S = 2.0
"""Seconds of presence that count as one visit: consecutive looks are no independent evidence."""

TRUST = 5.0
"""Visits to a part after which its own classes weigh as much as those of the whole picture."""

FEW = 0.5
"""Visits of a class that was never seen: rarer than one that was seen once, not impossible."""


@dataclass(slots=True)
class ClassVisits:
    """`visits` (classes, ROWS, COLUMNS), each object weighed by the confidence in it; they add and subtract."""

    visits: NDArray[np.float32]

    @classmethod
    def none(cls, classes: int) -> "ClassVisits":
        return cls(np.zeros((classes, ROWS, COLUMNS), np.float32))

    def take(self, objects: Objects, seconds: float, width: int, height: int) -> None:
        """Count a look that stands for `seconds` of a working picture of `width` x `height`."""
        known = np.flatnonzero((objects.kind != UNKNOWN) & (objects.kind < len(self.visits)))
        row, column = part_of(objects.foot[known], width, height)
        np.add.at(self.visits, (objects.kind[known], row, column), objects.confidence[known] * np.float32(seconds / VISIT_S))

    def __add__(self, other: "ClassVisits") -> "ClassVisits":
        return ClassVisits(self.visits + other.visits)

    def __sub__(self, other: "ClassVisits") -> "ClassVisits":
        return ClassVisits(np.maximum(self.visits - other.visits, 0.0))

    def surprises(self) -> NDArray[np.float32]:
        """-log10 of the estimated share of each class among the visitors of each part, (classes, ROWS, COLUMNS): a Dirichlet estimate whose
        prior is the whole picture."""
        near = spread(self.visits)
        of_class = self.visits.sum(axis=(1, 2)) + FEW
        prior = of_class / of_class.sum()
        share = (near + TRUST * prior[:, None, None]) / (near.sum(axis=0) + TRUST)
        return np.asarray(-np.log10(share), np.float32)

    def near(self, kind: int, foot: NDArray[np.float32], width: int, height: int) -> float:
        """Visits of class `kind` to where `foot` (2,) is, and round it."""
        row, column = part_of(foot[None], width, height)
        part: NDArray[np.float32] = self.visits[
            kind, max(0, int(row[0]) - 1) : int(row[0]) + 2, max(0, int(column[0]) - 1) : int(column[0]) + 2
        ]
        return float(part.sum())


def part_of(foot: NDArray[np.float32], width: int, height: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the part that each point (n, 2) lies in."""
    column = np.clip(foot[:, 0] * COLUMNS / width, 0, COLUMNS - 1).astype(np.intp)
    row = np.clip(foot[:, 1] * ROWS / height, 0, ROWS - 1).astype(np.intp)
    return row, column


def spread(visits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each part with its neighbours, so that a part's edge is no border."""
    return np.stack([cv2.GaussianBlur(each, (3, 3), 0.8, borderType=cv2.BORDER_REPLICATE) for each in visits])
