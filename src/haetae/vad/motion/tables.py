"""How surprising a value is: -log10 of the share of normal occasions that reach it.

Each row of the picture has its own tail (speeds and sizes grow towards the camera): the empirical one up to the 99 % quantile, beyond it
exponential for speeds and a power law (Hill 1975) for areas and times. Each cell departs from its row as its own footage grows.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.vad.motion.cells import DIRECTIONS, Observation, Value
from haetae.vad.motion.counts import COARSE, CODES, LEAST_VALUE, Counts, value_at


class Attribute(IntEnum):
    """What can be surprising about a cell; the first ones are the measured values."""

    SPEED = Value.SPEED
    AGITATION = Value.AGITATION
    SIZE = Value.SIZE
    FLATNESS = Value.FLATNESS
    STAY = Value.STAY
    STILL = Value.STILL
    FLICKER = Value.FLICKER
    DIRECTION = 7
    PLACE = 8
    HOUR = 9
    """The place at this hour of the day."""


QUANTILE = 0.99
POWER_LAW = (Value.SIZE, Value.FLATNESS, Value.STAY, Value.STILL)
LEAST_BAND = 2
ENOUGH_IN_BAND = 2000
"""A row's tail is that of the narrowest band of rows round it, +- LEAST_BAND at least, with ENOUGH_IN_BAND values."""

MOST_OF_ROW = 4.0

LEAST_SPREAD = 0.08
"""Least mean excess over the 99 % quantile, as a share of it: few values, all alike, do not make the next one impossible."""

TRUST = 500.0
"""Frames after which a cell's own tail weighs as much as its row's."""

TRUST_DIRECTION = 3.0
"""Visits after which a cell's own headings weigh as much as those of the whole picture."""

CELLS_OF_ONE = 25.0
"""Cells that one object makes active at a time, roughly: they are one visit, not many."""

VISIT_S = 2.0
"""Seconds of presence that count as one visit: consecutive frames are no independent evidence."""

LEAST_WATCHED_S = 300.0
"""With less footage, how long a stay is normal cannot be told: that surprise grows linearly up to here."""

STAYS = 10.0
"""A stay of more than this part of the footage cannot be called rare: its frames are one occasion. Without it, 40 of 60 minutes of ordinary
life at a rendered gate and in a corridor alarmed after ten minutes of learning, now 5; 25 costs 0.2 points of Ped2, whose four minutes know
little of stays."""

GREATEST = 40.0

LIMIT_SURPRISE = 3.0


@dataclass(slots=True)
class Tables:
    """Look-up tables made from counts.

    `cells` (len(Value), cells, CODES + 1) is -log10 p at the beginning of each code, float16 since that is most of a camera's memory;
    `usual` (len(Value), rows) the 99 % quantile of each row, `limits` (len(Value), rows) one code above what 1 in 1,000 reaches there;
    `turned` (cells, DIRECTIONS), `place` (cells) and `hour` (cells), of the present hour, are -log10 p; `hour` is None while unknown.
    """

    columns: int
    cells: NDArray[np.float16]
    usual: NDArray[np.float32]
    limits: NDArray[np.uint8]
    turned: NDArray[np.float32]
    place: NDArray[np.float32]
    hour: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, counts: Counts) -> "Tables":
        rows = counts.rows.shape[1]
        columns = counts.occupied.size // rows
        cells = np.empty((len(Value), rows * columns, CODES + 1), np.float16)
        usual = np.zeros((len(Value), rows), np.float32)
        limits = np.empty((len(Value), rows), np.uint8)
        for kind in Value:
            tails = np.zeros((rows, CODES + 1), np.float32)
            by_row = _evenly(counts.rows[kind], counts.cells[kind])
            for row in range(rows):
                tails[row], usual[kind, row] = _tail(kind, _band(by_row, row))
            limits[kind] = np.minimum((tails < LIMIT_SURPRISE).sum(axis=1) + 1, CODES - 1)
            if kind in (Value.STAY, Value.STILL):
                tails *= min(1.0, counts.seconds / LEAST_WATCHED_S)
            cells[kind] = _cell_tails(counts.cells[kind], tails)
            if kind is Value.STAY:
                cells[kind] *= _told_stays(counts.seconds)
        return cls(columns, cells, usual, limits, _turned(counts, rows, columns), _place(counts, rows, columns))

    def surprise(self, seen: Observation, codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """-log10 p for each attribute and active cell, shape (len(Attribute), k), in [0, GREATEST]."""
        out = np.zeros((len(Attribute), seen.cell.size), np.float32)
        if not seen.cell.size:
            return out
        out[: len(Value)] = _between(self.cells, seen.cell, codes)
        told = np.flatnonzero(seen.direction >= 0)
        out[Attribute.DIRECTION, told] = self.turned[seen.cell[told], seen.direction[told]]
        out[Attribute.PLACE] = self.place[seen.cell]
        if self.hour is not None:
            out[Attribute.HOUR] = self.hour[seen.cell]
        return out


def _between(table: NDArray[np.float16], where: NDArray[np.intp], codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear interpolation along the last axis of `table` (len(Value), places, codes), at `where` (k,) and `codes` (len(Value), k) >= 0."""
    kinds, places, width = table.shape
    first = codes.astype(np.intp)
    part = codes - first.astype(np.float32)
    first += where * width
    first += (np.arange(kinds) * (places * width))[:, None]
    flat = table.ravel()
    lower = flat.take(first).astype(np.float32)
    first += 1
    return np.asarray(lower + (flat.take(first).astype(np.float32) - lower) * part, np.float32)


def _evenly(by_row: NDArray[np.int64], by_cell: NDArray[np.int32]) -> NDArray[np.float64]:
    """The histograms of the rows, (rows, CODES), as if no cell had been active more than MOST_OF_ROW times as often as usual in its row:
    leaves in the wind must not tell how fast people are beside them."""
    rows = len(by_row)
    cells = by_cell.reshape(rows, -1, by_cell.shape[1])
    active = cells.sum(axis=2)
    usual = np.array([np.median(row[row > 0]) if row.any() else 0.0 for row in active])
    weight = np.minimum(1.0, MOST_OF_ROW * usual[:, None] / np.maximum(active, 1))
    kept = np.einsum("rc,rcb->rb", weight, cells) / np.maximum(cells.sum(axis=1), 1)
    return np.asarray(by_row * np.repeat(kept, COARSE, axis=1), np.float64)


def _band(by_row: NDArray[np.float64], row: int) -> NDArray[np.float64]:
    """The histogram of the narrowest sufficient band round `row`."""
    for half in range(LEAST_BAND, len(by_row)):
        band: NDArray[np.float64] = by_row[max(0, row - half) : row + half + 1].sum(axis=0)
        if band.sum() >= ENOUGH_IN_BAND:
            return band
    return np.asarray(by_row.sum(axis=0))


def _tail(kind: Value, histogram: NDArray[np.float64]) -> tuple[NDArray[np.float32], float]:
    """-log10 P(value >= beginning of code) for CODES + 1 codes, and the 99 % quantile. All 0 where nothing was seen."""
    total = float(histogram.sum())
    if total <= 0.0:
        return np.zeros(CODES + 1, np.float32), 0.0
    survival = np.append(histogram[::-1].cumsum()[::-1], 0) / total
    edges = value_at(kind, np.arange(CODES + 1))
    scale = np.log if kind in POWER_LAW else np.asarray
    x, middle = scale(edges), scale(value_at(kind, np.arange(CODES) + 0.5))
    first = int(np.argmax(survival <= 1 - QUANTILE))
    step = (survival[first - 1] - (1 - QUANTILE)) / (survival[first - 1] - survival[first])
    quantile = x[first - 1] + step * (x[first] - x[first - 1])
    beyond = histogram * (middle > quantile)
    excess = float((beyond * (middle - quantile)).sum() / max(1, beyond.sum()))
    least = LEAST_SPREAD if kind in POWER_LAW else LEAST_SPREAD * max(quantile, 4 * float(LEAST_VALUE[kind]))
    tail = -np.log10(1 - QUANTILE) + (x - quantile) / (max(excess, least) * np.log(10))
    empirical = -np.log10(np.maximum(survival, 1e-9))
    surprise = np.where(x <= quantile, empirical, tail)
    usual = np.exp(quantile) if kind in POWER_LAW else quantile
    return np.minimum(surprise, GREATEST).astype(np.float32), float(usual)


def _told_stays(seconds: float) -> NDArray[np.float16]:
    """How much of the surprise of a stay counts, (CODES + 1,) in [0, 1]: all of it up to the STAYS-th part of the footage."""
    stays = value_at(Value.STAY, np.arange(CODES + 1))
    return np.asarray(np.minimum(1.0, seconds / (STAYS * stays)), np.float16)


def _cell_tails(by_cell: NDArray[np.int32], tails: NDArray[np.float32]) -> NDArray[np.float32]:
    """-log10 p of one value in each cell, shape (cells, CODES + 1): its own footage `by_cell` (cells, CODES / COARSE) weighed against
    that of its row, `tails` (rows, CODES + 1)."""
    count, bins = by_cell.shape
    rows = len(tails)
    near = _spread(by_cell.reshape(rows, -1, bins)).reshape(count, bins)
    seen = near.sum(axis=1)
    survival = np.zeros((count, bins + 1), np.float32)
    survival[:, :bins] = near[:, ::-1].cumsum(axis=1)[:, ::-1] / np.maximum(seen, 1e-9)[:, None]
    step = np.arange(COARSE, dtype=np.float32) / COARSE
    own = (survival[:, :-1, None] * (1 - step) + survival[:, 1:, None] * step).reshape(count, CODES)
    p = np.repeat(TRUST * np.exp(tails * np.float32(-np.log(10))), count // rows, axis=0)
    p[:, :CODES] += seen[:, None] * own
    p /= seen[:, None] + TRUST
    np.log(np.maximum(p, 1e-37, out=p), out=p)
    p *= np.float32(-1 / np.log(10))
    return np.asarray(np.clip(p, 0.0, GREATEST, out=p), np.float32)


def _turned(counts: Counts, rows: int, columns: int) -> NDArray[np.float32]:
    """A Dirichlet estimate of each cell's headings, whose prior is that of the whole picture; all in visits."""
    visits = counts.turned * (_frame_s(counts) / VISIT_S)
    near = _spread(visits.reshape(rows, columns, DIRECTIONS)).reshape(-1, DIRECTIONS)
    near = near + 0.5 * (np.roll(near, 1, axis=1) + np.roll(near, -1, axis=1))
    everywhere = visits.sum(axis=0) / CELLS_OF_ONE + 1.0
    share = (near + TRUST_DIRECTION * everywhere / everywhere.sum()) / (near.sum(axis=1, keepdims=True) / 2 + TRUST_DIRECTION)
    return np.asarray(np.clip(-np.log10(share), 0.0, GREATEST), np.float32)


def _place(counts: Counts, rows: int, columns: int) -> NDArray[np.float32]:
    visits = _spread(counts.occupied.reshape(rows, columns, 1)).ravel() * (_frame_s(counts) / VISIT_S)
    return np.asarray(np.clip(-np.log10((visits + 0.5) / (counts.seconds / VISIT_S + 1.0)), 0.0, GREATEST), np.float32)


def _frame_s(counts: Counts) -> float:
    return counts.seconds / max(1, counts.frames)


def _spread(by_cell: NDArray[Any]) -> NDArray[np.float32]:
    """Each cell with its neighbours, Gaussian weights: an object is never exactly where the last one was."""
    out = np.empty(by_cell.shape, np.float32)
    for layer in range(by_cell.shape[2]):
        out[..., layer] = cv2.GaussianBlur(by_cell[..., layer].astype(np.float32), (5, 5), 1.0, borderType=cv2.BORDER_REPLICATE)
    return out
