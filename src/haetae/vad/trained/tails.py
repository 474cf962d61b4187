"""How surprising what a network says is: -log10 of the share of normal occasions that reach it, for this row and this cell.

A network's error is no probability, and it grows where the picture has more texture or objects are nearer. So each row of the picture has
its own tail, empirical up to the 99 % quantile and exponential beyond it, and each cell departs from its row as its own footage grows.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.vad.trained.counts import COARSE, CODES, Counts, value_at

QUANTILE = 0.99
LEAST_BAND = 2
ENOUGH_IN_BAND = 2000
"""A row's tail is that of the narrowest band of rows round it, +- LEAST_BAND at least, with ENOUGH_IN_BAND values: 20 of them lie beyond
the quantile."""

LEAST_SPREAD = 0.08
"""Least mean excess over the 99 % quantile, as a share of it: few values, all alike, do not make the next one impossible."""

TRUST = 500.0
"""Frames after which a cell's own tail weighs as much as its row's."""

GREATEST = 40.0


@dataclass(slots=True)
class Tails:
    """Look-up tables made from counts: `cells` (attributes, rows * columns, CODES + 1) is -log10 p at the beginning of each code, `usual`
    (attributes, rows) the 99 % quantile of each row."""

    columns: int
    cells: NDArray[np.float16]
    usual: NDArray[np.float32]

    @classmethod
    def of(cls, counts: Counts, least: NDArray[np.float32]) -> "Tails":
        """`least` (attributes,) is the value at which code 0 begins."""
        attributes, rows, _ = counts.rows.shape
        columns = counts.occupied.size // rows
        cells = np.empty((attributes, rows * columns, CODES + 1), np.float16)
        usual = np.zeros((attributes, rows), np.float32)
        for attribute in range(attributes):
            tails = np.zeros((rows, CODES + 1), np.float32)
            for row in range(rows):
                tails[row], usual[attribute, row] = row_tail(_band(counts.rows[attribute], row), float(least[attribute]))
            cells[attribute] = _cell_tails(counts.cells[attribute], tails)
        return cls(columns, cells, usual)

    def surprise(self, cell: NDArray[np.intp], codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """-log10 p of `codes` (attributes, k) in `cell` (k,), shape (attributes, k), in [0, GREATEST]."""
        attributes, places, width = self.cells.shape
        first = codes.astype(np.intp)
        part = codes - first.astype(np.float32)
        at = first + cell[None, :] * width + (np.arange(attributes) * (places * width))[:, None]
        flat = self.cells.ravel()
        lower = flat.take(at).astype(np.float32)
        return np.asarray(lower + (flat.take(at + 1).astype(np.float32) - lower) * part, np.float32)


def row_tail(histogram: NDArray[np.int64], least: float) -> tuple[NDArray[np.float32], float]:
    """-log10 P(value >= beginning of code) for CODES + 1 codes, and the 99 % quantile. All 0 where nothing was seen."""
    total = int(histogram.sum())
    if total == 0:
        return np.zeros(CODES + 1, np.float32), 0.0
    survival = np.append(histogram[::-1].cumsum()[::-1], 0) / total
    x, middle = value_at(np.arange(CODES + 1), least), value_at(np.arange(CODES) + 0.5, least)
    first = int(np.argmax(survival <= 1 - QUANTILE))
    step = (survival[first - 1] - (1 - QUANTILE)) / (survival[first - 1] - survival[first])
    quantile = float(x[first - 1] + step * (x[first] - x[first - 1]))
    beyond = histogram * (middle > quantile)
    excess = float((beyond * (middle - quantile)).sum() / max(1, beyond.sum()))
    spread = max(excess, LEAST_SPREAD * max(quantile, 4 * least))
    tail = -np.log10(1 - QUANTILE) + (x - quantile) / (spread * np.log(10))
    empirical = -np.log10(np.maximum(survival, 1e-9))
    return np.minimum(np.where(x <= quantile, empirical, tail), GREATEST).astype(np.float32), quantile


def _band(by_row: NDArray[np.int64], row: int) -> NDArray[np.int64]:
    """The histogram of the narrowest sufficient band round `row`."""
    for half in range(LEAST_BAND, len(by_row)):
        band: NDArray[np.int64] = by_row[max(0, row - half) : row + half + 1].sum(axis=0)
        if band.sum() >= ENOUGH_IN_BAND:
            return band
    return np.asarray(by_row.sum(axis=0))


def _cell_tails(by_cell: NDArray[np.int32], tails: NDArray[np.float32]) -> NDArray[np.float32]:
    """-log10 p in each cell, shape (cells, CODES + 1): its own footage `by_cell` (cells, CODES / COARSE) weighed against that of its row,
    `tails` (rows, CODES + 1)."""
    count, bins = by_cell.shape
    near = _spread(by_cell.reshape(len(tails), -1, bins)).reshape(count, bins)
    seen = near.sum(axis=1)
    survival = np.zeros((count, bins + 1), np.float32)
    survival[:, :bins] = near[:, ::-1].cumsum(axis=1)[:, ::-1] / np.maximum(seen, 1e-9)[:, None]
    step = np.arange(COARSE, dtype=np.float32) / COARSE
    own = (survival[:, :-1, None] * (1 - step) + survival[:, 1:, None] * step).reshape(count, CODES)
    p = np.repeat(TRUST * np.exp(tails * np.float32(-np.log(10))), count // len(tails), axis=0)
    p[:, :CODES] += seen[:, None] * own
    p /= seen[:, None] + TRUST
    return np.asarray(np.clip(-np.log10(np.maximum(p, 1e-37)), 0.0, GREATEST), np.float32)


def _spread(by_cell: NDArray[Any]) -> NDArray[np.float32]:
    """Each cell with its neighbours, Gaussian weights: an object is never exactly where the last one was."""
    out = np.empty(by_cell.shape, np.float32)
    for layer in range(by_cell.shape[2]):
        out[..., layer] = cv2.GaussianBlur(by_cell[..., layer].astype(np.float32), (5, 5), 1.0, borderType=cv2.BORDER_REPLICATE)
    return out
