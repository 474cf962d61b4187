"""Learning from a stream of any length in bounded memory, and judging the learned footage by tables that have not seen it."""

from dataclasses import dataclass, field
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from haetae.vad.motion.cells import GAP_S, Observation
from haetae.vad.motion.counts import Counts, code_of
from haetae.vad.motion.tables import Attribute, Tables

MOST_PARTS = 16
"""The footage is cut into this many contiguous parts at most; when there are more, neighbours are joined."""

FIRST_PART_S = 2.0
FEWEST_PARTS = 2
FEWEST_FRAMES = 10

MOST_CELLS = 3_000_000
"""Active cells kept for judging the learned footage, about 60 MB; beyond it only the most surprising frame of each second is kept,
reduced to the cells that lead in some attribute."""


@dataclass(slots=True)
class Part:
    """A stretch of footage."""

    start_s: float
    length_s: float
    counts: Counts


@dataclass(slots=True)
class Judged:
    """The learned footage as tables of the other parts see it: `t_s` (frames,), `elapsed_s` (frames,) and the greatest surprise of each
    attribute over the cells, `surprise` (frames, len(Attribute))."""

    t_s: NDArray[np.float64]
    elapsed_s: NDArray[np.float64]
    surprise: NDArray[np.float32]


@dataclass(slots=True)
class Learning:
    """What one camera collects while it learns."""

    rows: int
    columns: int
    parts: list[Part] = field(default_factory=list)
    kept: list[Observation] = field(default_factory=list)
    frames: int = 0
    _part_s: float = FIRST_PART_S
    _cells: int = 0
    _last_s: float = -np.inf

    def take(self, seen: Observation) -> None:
        """Learn from one valid observation, in time order."""
        if not self.parts or seen.t_s - self._last_s > GAP_S or self.parts[-1].length_s >= self._part_s:
            self.parts.append(Part(seen.t_s, 0.0, Counts.empty(self.rows, self.columns)))
        part = self.parts[-1]
        part.counts.take(seen, code_of(seen.values))
        part.length_s += seen.elapsed_s
        self._last_s = seen.t_s
        self.frames += 1
        self.kept.append(_small(seen))
        self._cells += seen.cell.size
        if len(self.parts) > MOST_PARTS:
            self._join_parts()
        if self._cells > MOST_CELLS:
            self._thin()

    def total(self) -> Counts:
        """Everything that was counted."""
        return reduce(add, (part.counts for part in self.parts), Counts.empty(self.rows, self.columns))

    def enough(self) -> bool:
        return len(self.parts) >= FEWEST_PARTS and self.frames >= FEWEST_FRAMES

    def judge(self, before: Counts | None = None) -> Judged:
        """Every kept frame by the tables of all other parts, and of what was known `before`."""
        total = self.total() if before is None else self.total() + before
        starts = np.array([part.start_s for part in self.parts])
        t_s = np.array([seen.t_s for seen in self.kept])
        owner = np.searchsorted(starts, t_s, side="right") - 1
        surprise = np.zeros((len(self.kept), len(Attribute)), np.float32)
        for index, part in enumerate(self.parts):
            tables = Tables.of(total - part.counts)
            for frame in np.flatnonzero(owner == index):
                surprise[frame] = greatest(tables, _large(self.kept[frame]))
        return Judged(t_s, np.array([seen.elapsed_s for seen in self.kept]), surprise)

    def _join_parts(self) -> None:
        """Join the two neighbours that are shortest together, and let coming parts grow as long as the footage asks for."""
        lengths = np.array([part.length_s for part in self.parts])
        first = int(np.argmin(lengths[:-1] + lengths[1:]))
        left, right = self.parts[first], self.parts[first + 1]
        joined = Part(left.start_s, left.length_s + right.length_s, left.counts + right.counts)
        self.parts[first : first + 2] = [joined]
        self._part_s = max(self._part_s, float(lengths.sum()) / MOST_PARTS)

    def _thin(self) -> None:
        """Keep, of all frames so far, one for each second, with the leading cells only."""
        tables = Tables.of(self.total())
        best: dict[int, tuple[float, Observation]] = {}
        for seen in self.kept:
            lead = _leading(tables, _large(seen))
            second = int(seen.t_s)
            if second not in best or lead[0] > best[second][0]:
                best[second] = lead
        self.kept = [seen for _, seen in best.values()]
        self._cells = sum(seen.cell.size for seen in self.kept)


def greatest(tables: Tables, seen: Observation) -> NDArray[np.float32]:
    """The greatest surprise of each attribute over the cells of one frame, shape (len(Attribute),)."""
    surprise: NDArray[np.float32] = tables.surprise(seen, code_of(seen.values)).max(axis=1, initial=0.0)
    return surprise


def _leading(tables: Tables, seen: Observation) -> tuple[float, Observation]:
    if not seen.cell.size:
        return 0.0, _small(seen)
    surprise = tables.surprise(seen, code_of(seen.values))
    chosen = np.unique(surprise.argmax(axis=1))
    less = Observation(seen.t_s, seen.elapsed_s, seen.cell[chosen], seen.values[:, chosen], seen.direction[chosen])
    return float(surprise.max()), _small(less)


def _small(seen: Observation) -> Observation:
    """The same in the smallest types that hold it."""
    return Observation(
        seen.t_s, seen.elapsed_s, seen.cell.astype(np.uint16), seen.values.astype(np.float16), seen.direction.astype(np.int8)
    )


def _large(seen: Observation) -> Observation:
    return Observation(seen.t_s, seen.elapsed_s, seen.cell.astype(np.intp), seen.values.astype(np.float32), seen.direction.astype(np.intp))
