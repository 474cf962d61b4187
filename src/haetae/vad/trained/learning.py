"""Learning from a stream of any length in bounded memory, and judging the learned footage by tails that have not seen it."""

from dataclasses import dataclass, field
from functools import reduce
from math import exp
from operator import add

import numpy as np
from numpy.typing import NDArray

from haetae.vad.base import HeldOut
from haetae.vad.calibrate import Tail
from haetae.vad.trained.counts import Counts, code_of
from haetae.vad.trained.tails import Tails

MOST_PARTS = 16
"""The footage is cut into this many contiguous parts at most; when there are more, neighbours are joined."""

FIRST_PART_S = 2.0
FEWEST_PARTS = 2
FEWEST_FRAMES = 10
GAP_S = 1.0
"""A longer silence ends a part."""

MOST_VALUES = 3_000_000
"""Values kept for judging the learned footage, about 12 MB; beyond it only the most surprising frame of each second is kept, reduced to the
cells that lead in some attribute."""

REFERENCE_PER_DAY = 1.0
LEAST_REFERENCE = 4.0
"""What is rarer than 1 in 10,000 was hardly seen at all, so no footage makes an attribute more sensitive."""

GREATEST_REFERENCE = 30.0
"""A few seconds of footage extrapolate to anything; what is ten times the usual still has to count."""

SMOOTH_S = 0.09
"""Time constant of the last smoothing, about two frames at 10 fps."""


@dataclass(frozen=True, slots=True)
class Values:
    """What a network said about one frame: `value` (attributes, k) >= 0 in the active cells `cell` (k,) = row * columns + column."""

    t_s: float
    elapsed_s: float
    cell: NDArray[np.intp]
    value: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """The learned footage as tails of the other parts see it: `t_s` (frames,), `elapsed_s` (frames,) and the greatest surprise of each
    attribute over the cells, `surprise` (frames, attributes)."""

    t_s: NDArray[np.float64]
    elapsed_s: NDArray[np.float64]
    surprise: NDArray[np.float32]


@dataclass(slots=True)
class Part:
    """A stretch of footage."""

    start_s: float
    length_s: float
    counts: Counts


@dataclass(slots=True)
class Learning:
    """What one camera collects while it learns; `least` (attributes,) is the value at which each attribute's codes begin."""

    least: NDArray[np.float32]
    rows: int
    columns: int
    parts: list[Part] = field(default_factory=list)
    kept: list[Values] = field(default_factory=list)
    frames: int = 0
    _part_s: float = FIRST_PART_S
    _values: int = 0
    _last_s: float = -np.inf

    def take(self, seen: Values) -> None:
        """Learn from one frame, in time order."""
        if not self.parts or seen.t_s - self._last_s > GAP_S or self.parts[-1].length_s >= self._part_s:
            self.parts.append(Part(seen.t_s, 0.0, self._nothing()))
        part = self.parts[-1]
        part.counts.take(seen.cell, code_of(seen.value, self.least), seen.elapsed_s)
        part.length_s += seen.elapsed_s
        self._last_s = seen.t_s
        self.frames += 1
        self.kept.append(Values(seen.t_s, seen.elapsed_s, seen.cell.astype(np.uint16), seen.value.astype(np.float16)))
        self._values += seen.value.size
        if len(self.parts) > MOST_PARTS:
            self._join_parts()
        if self._values > MOST_VALUES:
            self._thin()

    def total(self) -> Counts:
        """Everything that was counted."""
        return reduce(add, (part.counts for part in self.parts), self._nothing())

    def enough(self) -> bool:
        return len(self.parts) >= FEWEST_PARTS and self.frames >= FEWEST_FRAMES

    def judge(self, before: Counts | None = None) -> Judged:
        """Every kept frame by the tails of all other parts, and of what was known `before`."""
        total = self.total() if before is None else self.total() + before
        t_s = np.array([seen.t_s for seen in self.kept])
        owner = np.searchsorted([part.start_s for part in self.parts], t_s, side="right") - 1
        surprise = np.zeros((len(self.kept), len(self.least)), np.float32)
        for index, part in enumerate(self.parts):
            tails = Tails.of(total - part.counts, self.least)
            for frame in np.flatnonzero(owner == index):
                surprise[frame] = self._surprise(tails, self.kept[frame]).max(axis=1, initial=0.0)
        return Judged(t_s, np.array([seen.elapsed_s for seen in self.kept]), surprise)

    def _nothing(self) -> Counts:
        return Counts.empty(len(self.least), self.rows, self.columns)

    def _surprise(self, tails: Tails, kept: Values) -> NDArray[np.float32]:
        return tails.surprise(kept.cell.astype(np.intp), code_of(kept.value.astype(np.float32), self.least))

    def _join_parts(self) -> None:
        """Join the two neighbours that are shortest together, and let coming parts grow as long as the footage asks for."""
        lengths = np.array([part.length_s for part in self.parts])
        first = int(np.argmin(lengths[:-1] + lengths[1:]))
        left, right = self.parts[first], self.parts[first + 1]
        self.parts[first : first + 2] = [Part(left.start_s, left.length_s + right.length_s, left.counts + right.counts)]
        self._part_s = max(self._part_s, float(lengths.sum()) / MOST_PARTS)

    def _thin(self) -> None:
        """Keep, of all frames so far, one for each second, with the leading cells only."""
        tails = Tails.of(self.total(), self.least)
        best: dict[int, tuple[float, Values]] = {}
        for seen in self.kept:
            surprise = self._surprise(tails, seen)
            greatest = float(surprise.max(initial=0.0))
            if int(seen.t_s) not in best or greatest > best[int(seen.t_s)][0]:
                lead = np.unique(surprise.argmax(axis=1)) if seen.cell.size else np.empty(0, np.intp)
                best[int(seen.t_s)] = greatest, Values(seen.t_s, seen.elapsed_s, seen.cell[lead], seen.value[:, lead])
        self.kept = [seen for _, seen in best.values()]
        self._values = sum(seen.value.size for seen in self.kept)


class Smoothing:
    """An exponential mean over time, for one camera."""

    def __init__(self) -> None:
        self._value = 0.0

    def step(self, value: float, elapsed_s: float) -> float:
        """`elapsed_s` 0 starts anew."""
        if elapsed_s <= 0.0:
            self._value = value
        else:
            self._value += (1.0 - exp(-elapsed_s / SMOOTH_S)) * (value - self._value)
        return self._value


def references(judged: Judged) -> NDArray[np.float32]:
    """The surprise of each attribute (attributes,) that normal footage of this camera passes about once a day: divided by it, a surprise
    is 1 about there, and no attribute spends the alarm budget of another."""
    levels = [Tail.of(HeldOut(judged.t_s, column.astype(np.float64))).level(REFERENCE_PER_DAY) for column in judged.surprise.T]
    return np.clip(np.array(levels, np.float32), LEAST_REFERENCE, GREATEST_REFERENCE)


def held_out(judged: Judged, reference: NDArray[np.float32]) -> HeldOut:
    """The raw scores of the learned footage."""
    value = (judged.surprise / reference).max(axis=1, initial=0.0)
    smoothing = Smoothing()
    raw = [smoothing.step(float(each), float(elapsed)) for each, elapsed in zip(value, judged.elapsed_s, strict=True)]
    return HeldOut(judged.t_s, np.array(raw, np.float64))
