"""Learning about objects from footage of any length in bounded memory, and judging it by exemplars of its other parts."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from haetae.vad.attributes.banks import Reservoir
from haetae.vad.attributes.bodies import BodyHeights
from haetae.vad.attributes.classes import ClassVisits
from haetae.vad.attributes.fusion import references
from haetae.vad.attributes.objects import Attribute, Objects
from haetae.vad.attributes.tables import LEAST_AREA, Exemplars, Tables, fills, relative_sizes, surprises
from haetae.vad.attributes.tails import NonconformityTail
from haetae.vad.embedding.bank import Part as Vectors
from haetae.vad.embedding.bank import coreset

MOST_PARTS = 16
"""The footage is cut into this many contiguous parts at most; when there are more, neighbours are joined."""

FIRST_PART_S = 2.0
GAP_S = 2.0
"""A longer silence between two looks ends a part."""

SIZE_EXEMPLARS = 4000
MOST_KEPT = 20_000
"""Objects kept for judging the learned footage, about 2 MB; with vectors a quarter of it. Beyond, only the oddest look of each slot of time
is kept: calibration lives on peaks."""

_ROW, _HEIGHT, _WIDTH, _KIND, _AREA = range(5)
"""Columns of what is kept of each object: row of the foot, logarithms of height and width, class, foreground."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the learned footage."""

    t_s: float
    objects: Objects


@dataclass(slots=True)
class Part:
    """A stretch of footage."""

    start_s: float
    length_s: float
    sizes: Reservoir
    classes: ClassVisits
    vectors: Vectors | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The kept looks by what the other parts taught: `surprise` (looks, len(Attribute)) is the greatest of each look's objects, which
    `each` (objects, len(Attribute)) and `look` (objects,) give one by one."""

    t_s: NDArray[np.float64]
    surprise: NDArray[np.float32]
    each: NDArray[np.float32]
    look: NDArray[np.intp]


@dataclass(slots=True)
class Learning:
    """What one camera collects: `width` x `height` is its working size, `exemplars` the most vectors of length `dimensions`."""

    width: int
    height: int
    classes: int
    dimensions: int
    exemplars: int
    parts: list[Part] = field(default_factory=list)
    kept: list[Seen] = field(default_factory=list)
    slot_s: float = 0.0
    _objects: int = 0
    _part_s: float = FIRST_PART_S
    _last_s: float = -np.inf

    def take(self, objects: Objects, t_s: float, seconds: float) -> None:
        """Learn from one look, in time order, that stands for `seconds`."""
        if not self.parts or t_s - self._last_s > GAP_S or self.parts[-1].length_s >= self._part_s:
            self.parts.append(self._new_part(t_s))
        part = self.parts[-1]
        part.length_s += seconds
        # Scenery that a detector has names for, such as parked cars, says nothing of those who come.
        new = objects.take(np.flatnonzero(fills(objects)))
        part.sizes.add(_rows(new))
        part.classes.take(new, seconds, self.width, self.height)
        if part.vectors is not None:
            part.vectors.add(new.vector[new.vector.any(axis=1)])
        self._last_s = t_s
        small = replace(objects, vector=objects.vector.astype(np.float16))
        self.kept.append(Seen(t_s, small))
        self._objects += len(objects)
        if len(self.parts) > MOST_PARTS:
            self._join_parts()
        if self._objects > (MOST_KEPT // 4 if self.dimensions else MOST_KEPT):
            self._thin()

    def tables(self, before: Tables | None) -> tuple[Tables, Judged]:
        """Tables of all that was learned, `before` included, and the judged footage."""
        for part in self.parts:
            if part.vectors is not None and part.vectors.kept > len(part.vectors.rows) // 2:
                part.vectors.reduce()
        whole, visits = self._exemplars(None, before)
        nonconformity, look = self._nonconformity(whole.bodies, before)
        tails = tuple(NonconformityTail.of(_measured(nonconformity[:, attribute])) for attribute in Attribute)
        if before is not None:
            tails = tuple(new.joined(old) for new, old in zip(tails, before.tails, strict=True))
        judged = self._judged(tails, nonconformity, look)
        reference = references(judged.t_s, judged.surprise)
        if before is not None:
            reference = np.maximum(reference, before.reference)
        footage_s = sum(part.length_s for part in self.parts) + (0.0 if before is None else before.footage_s)
        return Tables(self._limited(whole), visits, tails, reference, footage_s), judged

    def _limited(self, whole: Exemplars) -> Exemplars:
        """What may be kept of them, rounded to what is saved, so that a state scores the same after a restart."""
        sizes, vectors = whole.sizes, coreset(whole.vectors, self.exemplars)
        if len(sizes) > SIZE_EXEMPLARS:
            sizes = sizes[np.random.default_rng(len(sizes)).permutation(len(sizes))[:SIZE_EXEMPLARS]]
        return replace(whole, sizes=sizes.astype(np.float16).astype(np.float32), vectors=vectors.astype(np.float16).astype(np.float32))

    def _judged(self, tails: tuple[NonconformityTail, ...], nonconformity: NDArray[np.float32], look: NDArray[np.intp]) -> Judged:
        each = surprises(tails, nonconformity)
        greatest = np.zeros((len(self.kept), len(Attribute)), np.float32)
        np.maximum.at(greatest, look, each)
        return Judged(np.array([seen.t_s for seen in self.kept], np.float64), greatest, each, look)

    def _nonconformity(self, bodies: BodyHeights, before: Tables | None) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Of each object of the kept looks by the exemplars of all parts but its own, and the number of its look."""
        starts = np.array([part.start_s for part in self.parts])
        owner = np.searchsorted(starts, [seen.t_s for seen in self.kept], side="right") - 1
        counts = np.array([len(seen.objects) for seen in self.kept], np.intp)
        look = np.repeat(np.arange(len(self.kept)), counts)
        out = np.zeros((len(look), len(Attribute)), np.float32)
        for number in range(len(self.parts)):
            exemplars, _ = self._exemplars(number, before, bodies)
            for at in np.flatnonzero(owner == number):
                objects = self.kept[at].objects
                if len(objects):
                    large = replace(objects, vector=objects.vector.astype(np.float32))
                    out[look == at] = exemplars.nonconformity(large, self.width, self.height)
        return out, look

    def _exemplars(self, without: int | None, before: Tables | None, bodies: BodyHeights | None = None) -> tuple[Exemplars, ClassVisits]:
        """Of all parts but number `without`."""
        parts = [part for number, part in enumerate(self.parts) if number != without]
        rows = np.concatenate([np.empty((0, 5), np.float32), *(part.sizes.rows for part in parts)])
        if bodies is None:
            heights, kinds = np.exp(rows[:, _HEIGHT]), rows[:, _KIND].astype(np.intp)
            bodies = BodyHeights.fit(rows[:, _ROW], heights, kinds, picture_height=self.height)
        body = bodies.at(rows[:, _ROW])
        large = rows[:, _AREA] >= LEAST_AREA * body * body
        sizes = relative_sizes(rows[large][:, [_HEIGHT, _WIDTH]], body[large])
        visits = sum((part.classes for part in parts), ClassVisits.none(self.classes))
        vectors = np.concatenate(
            [np.empty((0, self.dimensions), np.float32), *(part.vectors.exemplars for part in parts if part.vectors is not None)]
        )
        if before is not None:
            sizes = np.concatenate([before.exemplars.sizes, sizes])
            visits = visits + before.visits
            vectors = np.concatenate([before.exemplars.vectors, vectors])
        return Exemplars(bodies, sizes, visits.surprises(), vectors), visits

    def _new_part(self, start_s: float) -> Part:
        rows = Reservoir(SIZE_EXEMPLARS // MOST_PARTS, 5)
        vectors = None
        if self.dimensions:
            most = 2 * max(1, self.exemplars // MOST_PARTS)
            vectors = Vectors(start_s, 0.0, np.empty((most, self.dimensions), np.float32))
        return Part(start_s, 0.0, rows, ClassVisits.none(self.classes), vectors)

    def _join_parts(self) -> None:
        """Join the two neighbours that are shortest together, and let coming parts grow as long as the footage asks for."""
        lengths = np.array([part.length_s for part in self.parts])
        first = int(np.argmin(lengths[:-1] + lengths[1:]))
        left, right = self.parts[first], self.parts[first + 1]
        left.length_s += right.length_s
        left.sizes.join(right.sizes)
        left.classes = left.classes + right.classes
        if left.vectors is not None and right.vectors is not None:
            left.vectors.add(right.vectors.exemplars)
        self.parts[first : first + 2] = [left]
        self._part_s = max(self._part_s, float(lengths.sum()) / MOST_PARTS)

    def _thin(self) -> None:
        """Keep of each slot of time the oddest look, with slots long enough that half of the objects go."""
        _, judged = self.tables(None)
        oddest = judged.surprise.sum(axis=1)
        t_s = judged.t_s
        self.slot_s = max(2.0 * self.slot_s, 4.0 * float(np.median(np.diff(t_s))))
        best: dict[float, int] = {}
        for at in range(len(t_s)):
            slot = float(t_s[at] // self.slot_s)
            if slot not in best or oddest[at] > oddest[best[slot]]:
                best[slot] = at
        self.kept = [self.kept[at] for at in best.values()]
        self._objects = sum(len(seen.objects) for seen in self.kept)


def _rows(objects: Objects) -> NDArray[np.float32]:
    return np.stack([objects.box[:, 3], *objects.sides.T, objects.kind, objects.area], axis=1).astype(np.float32)


def _measured(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values[values > 0.0]
