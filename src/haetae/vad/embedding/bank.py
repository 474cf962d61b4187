"""What a camera keeps while it learns: exemplars by parts of time, and samples of the footage to judge by the parts they are not from."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from haetae.vad.embedding.network import Vectors

MOST_PARTS = 16
"""The footage is cut into this many contiguous parts at most; when there are more, neighbours are joined."""

FIRST_PART_S = 2.0
FEWEST_PARTS = 2
FEWEST_FRAMES = 10
GAP_S = 2.0
"""A longer silence between two frames ends a part."""

MOST_SAMPLES = 1024
"""Of longer footage the most novel frame of each slot of time is judged; peaks, which calibration lives on, are kept that way."""

_SAME = 1e-6
"""Cosine distance below which vectors count as equal: the rounding of float16."""


def coreset(vectors: Vectors, count: int) -> Vectors:
    """At most `count` of the rows, so that no row is far from a chosen one: greedy farthest point (k-center), as in PatchCore
    (Roth et al. 2022, after Gonzalez 1985). Stops early when the rest are copies."""
    if len(vectors) <= count:
        return vectors
    chosen = [0]
    distance = 1.0 - vectors @ vectors[0]
    while len(chosen) < count:
        farthest = int(distance.argmax())
        if distance[farthest] < _SAME:
            break
        chosen.append(farthest)
        np.minimum(distance, 1.0 - vectors @ vectors[farthest], out=distance)
    return np.asarray(vectors[np.sort(chosen)])


@dataclass(slots=True)
class Part:
    """A stretch of footage: the first `kept` rows of `rows` are its exemplars, twice as many as in the end."""

    start_s: float
    length_s: float
    rows: Vectors
    kept: int = 0

    @property
    def exemplars(self) -> Vectors:
        return self.rows[: self.kept]

    def add(self, vectors: Vectors) -> None:
        for vector in vectors:
            if self.kept == len(self.rows):
                self.reduce()
            self.rows[self.kept] = vector
            self.kept += 1

    def reduce(self) -> None:
        """Down to a half of what there is room for."""
        less = coreset(self.exemplars.copy(), max(1, len(self.rows) // 2))
        self.kept = len(less)
        self.rows[: self.kept] = less


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame of the footage; `novelty` is its distance to the exemplars of all parts before its own."""

    t_s: float
    novelty: float
    vector: NDArray[np.float16]


@dataclass(slots=True)
class Learning:
    """What one camera collects, in memory that the length of the footage does not change: `exemplars` vectors in the end."""

    exemplars: int
    dimensions: int
    parts: list[Part] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    frames: int = 0
    _part_s: float = FIRST_PART_S
    _slot_s: float = 0.0
    _last_s: float = -np.inf

    def take(self, vector: NDArray[np.float32], t_s: float) -> None:
        """Learn from one frame, in time order."""
        elapsed_s = t_s - self._last_s
        if not self.parts or elapsed_s > GAP_S or self.parts[-1].length_s >= self._part_s:
            self.parts.append(Part(t_s, 0.0, np.empty((2 * max(1, self.exemplars // MOST_PARTS), self.dimensions), np.float32)))
        self._sample(vector, t_s)
        part = self.parts[-1]
        part.add(vector[None])
        part.length_s += elapsed_s if elapsed_s <= GAP_S else 0.0
        self._last_s = t_s
        self.frames += 1
        if len(self.parts) > MOST_PARTS:
            self._join_parts()

    def enough(self) -> bool:
        return len(self.parts) >= FEWEST_PARTS and self.frames >= FEWEST_FRAMES

    def total(self) -> Vectors:
        """The exemplars of all parts, shape (n <= exemplars, dimensions)."""
        for part in self.parts:
            if part.kept > len(part.rows) // 2:
                part.reduce()
        return np.concatenate([np.empty((0, self.dimensions), np.float32), *(part.exemplars for part in self.parts)])

    def judge(self, before: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Time and distance of each sample to the nearest exemplar of all other parts, and of what was known `before`."""
        bank = np.concatenate([before, self.total()])
        part_of_row = np.repeat([-1, *range(len(self.parts))], [len(before), *(part.kept for part in self.parts)])
        t_s = np.array([sample.t_s for sample in self.samples])
        part_of_sample = np.searchsorted([part.start_s for part in self.parts], t_s, side="right") - 1
        likeness = np.stack([sample.vector for sample in self.samples]).astype(np.float32) @ bank.T
        likeness[part_of_sample[:, None] == part_of_row[None, :]] = -1.0
        return t_s, np.clip(1.0 - likeness.max(axis=1), 0.0, 2.0).astype(np.float64)

    def _sample(self, vector: NDArray[np.float32], t_s: float) -> None:
        novelty = 1.0 - max((float((part.exemplars @ vector).max()) for part in self.parts[:-1]), default=-1.0)
        sample = Sample(t_s, novelty, vector.astype(np.float16))
        if self.samples and self._slot_s and t_s // self._slot_s == self.samples[-1].t_s // self._slot_s:
            if novelty > self.samples[-1].novelty:
                self.samples[-1] = sample
            return
        self.samples.append(sample)
        if len(self.samples) > MOST_SAMPLES:
            self._thin()

    def _thin(self) -> None:
        """Double the slots, and keep the most novel sample of each."""
        self._slot_s = 2.0 * max(self._slot_s, (self.samples[-1].t_s - self.samples[0].t_s) / MOST_SAMPLES)
        best: dict[float, Sample] = {}
        for sample in self.samples:
            slot = sample.t_s // self._slot_s
            if slot not in best or sample.novelty > best[slot].novelty:
                best[slot] = sample
        self.samples = list(best.values())

    def _join_parts(self) -> None:
        """Join the two neighbours that are shortest together, and let coming parts grow as long as the footage asks for."""
        lengths = np.array([part.length_s for part in self.parts])
        first = int(np.argmin(lengths[:-1] + lengths[1:]))
        left, right = self.parts[first], self.parts[first + 1]
        left.length_s += right.length_s
        left.add(right.exemplars)
        self.parts[first : first + 2] = [left]
        self._part_s = max(self._part_s, float(lengths.sum()) / MOST_PARTS)
