"""Exemplars of what was normal, and the distance to them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 3
"""The distance is that to the third nearest: one odd exemplar does not make its kind normal."""

CHUNK = 512


@dataclass(slots=True)
class Reservoir:
    """A uniform sample of at most `most` of all rows that were added (Vitter 1985, algorithm R). The same rows in the same order give the
    same sample."""

    most: int
    width: int
    seed: int = 0
    seen: int = 0
    rows: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = np.empty((0, self.width), np.float32)

    def add(self, rows: NDArray[np.float32]) -> None:
        free = max(0, self.most - len(self.rows))
        if free:
            self.rows = np.concatenate([self.rows, rows[:free]])
            self.seen += len(rows[:free])
            rows = rows[free:]
        if not len(rows):
            return
        random = np.random.default_rng((self.seed, self.seen))
        place = (random.random(len(rows)) * (self.seen + 1 + np.arange(len(rows)))).astype(np.intp)
        for row, at in zip(rows, place):
            if at < self.most:
                self.rows[at] = row
        self.seen += len(rows)

    def join(self, other: "Reservoir") -> None:
        """Take the sample of `other` in, each side with the weight of all that it had seen."""
        total = self.seen + other.seen
        if len(self.rows) + len(other.rows) <= self.most:
            self.rows = np.concatenate([self.rows, other.rows])
        elif total:
            random = np.random.default_rng((self.seed, total))
            count = min(len(self.rows), round(self.most * self.seen / total))
            mine = random.permutation(len(self.rows))[:count]
            theirs = random.permutation(len(other.rows))[: self.most - count]
            self.rows = np.concatenate([self.rows[mine], other.rows[theirs]])
        self.seen = total


def distances(exemplars: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Euclidean distance of each row to the NEIGHBOURS-th nearest exemplar, the farthest where there are fewer; 0 where there are none."""
    if not len(exemplars) or not len(rows):
        return np.zeros(len(rows), np.float32)
    rank = min(NEIGHBOURS, len(exemplars)) - 1
    squares = (exemplars * exemplars).sum(axis=1)
    out = np.empty(len(rows), np.float32)
    for first in range(0, len(rows), CHUNK):
        part = rows[first : first + CHUNK]
        square = (part * part).sum(axis=1)[:, None] + squares - 2.0 * (part @ exemplars.T)
        out[first : first + CHUNK] = np.sqrt(np.maximum(np.partition(square, rank, axis=1)[:, rank], 0.0))
    return out
