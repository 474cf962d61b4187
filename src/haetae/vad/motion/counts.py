"""How often each value was seen, by row and by cell: all that is kept of the learned footage, whatever its length.

Counts add and subtract exactly, which is what leave-one-part-out needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.motion.cells import DIRECTIONS, Observation, Value

CODES = 128
COARSE = 4
"""Values are coded on a logarithmic scale; the histograms of cells join COARSE codes each."""

RATIO = 1.068
LEAST_VALUE = np.array([0.5, 0.5, 0.4, 0.05, 0.25], np.float32)
"""Code 0 begins at LEAST_VALUE (by `Value`, in its unit), each next one RATIO higher; 127 is 4,000 times more."""

MOST_IN_CELL = 60_000
"""Where a cell has seen more frames, all counts are halved at saving, so that uint16 holds them."""


def code_of(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Codes with their fraction, in [0, CODES - 1], for values of shape (len(Value), k)."""
    ratio = np.maximum(values, LEAST_VALUE[:, None]) / LEAST_VALUE[:, None]
    codes: NDArray[np.float32] = np.minimum(np.log(ratio) * np.float32(1 / np.log(RATIO)), CODES - 1)
    return codes


def value_at(kind: Value, code: NDArray[Any] | float) -> NDArray[np.float64]:
    """The value at which a code begins, the inverse of `code_of`."""
    return np.asarray(LEAST_VALUE[kind] * RATIO ** np.asarray(code, np.float64), np.float64)


@dataclass(slots=True)
class Counts:
    """`rows` (len(Value), rows, CODES), `cells` (len(Value), rows * columns, CODES / COARSE), `occupied` (rows * columns), `turned`
    (rows * columns, DIRECTIONS) count frames; `frames` and `seconds` are what was watched."""

    rows: NDArray[np.int64]
    cells: NDArray[np.int32]
    occupied: NDArray[np.int32]
    turned: NDArray[np.int32]
    frames: int = 0
    seconds: float = 0.0

    @classmethod
    def empty(cls, rows: int, columns: int) -> "Counts":
        count = rows * columns
        return cls(
            np.zeros((len(Value), rows, CODES), np.int64),
            np.zeros((len(Value), count, CODES // COARSE), np.int32),
            np.zeros(count, np.int32),
            np.zeros((count, DIRECTIONS), np.int32),
        )

    def take(self, seen: Observation, codes: NDArray[np.floating | np.unsignedinteger], frames: int = 1) -> None:
        """Count one frame, which stands for so many; `codes` are those of its values."""
        self.frames += frames
        self.seconds += seen.elapsed_s
        if not seen.cell.size:
            return
        columns = self.occupied.size // self.rows.shape[1]
        kinds = np.arange(len(Value))[:, None]
        whole = codes.astype(np.intp)
        np.add.at(self.rows, (kinds, (seen.cell // columns)[None, :], whole), frames)
        np.add.at(self.cells, (kinds, seen.cell[None, :], whole // COARSE), frames)
        self.occupied[seen.cell] += frames
        told = seen.direction >= 0
        self.turned[seen.cell[told], seen.direction[told]] += frames

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rows + other.rows,
            self.cells + other.cells,
            self.occupied + other.occupied,
            self.turned + other.turned,
            self.frames + other.frames,
            self.seconds + other.seconds,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rows - other.rows,
            self.cells - other.cells,
            self.occupied - other.occupied,
            self.turned - other.turned,
            self.frames - other.frames,
            self.seconds - other.seconds,
        )

    def faded(self, share: float, *, seed: int) -> "Counts":
        """What remains of it all when each count is kept with that share; rounded at random, so that single counts fade as well."""
        random = np.random.default_rng(seed)

        def kept(counts: NDArray[Any]) -> NDArray[Any]:
            return np.asarray(np.floor(counts * share + random.random(counts.shape, np.float32)), counts.dtype)

        parts = (kept(self.rows), kept(self.cells), kept(self.occupied), kept(self.turned))
        return Counts(*parts, round(self.frames * share), self.seconds * share)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Named arrays for saving, in the smallest types that hold them."""
        most = max(int(self.occupied.max(initial=0)), int(self.turned.max(initial=0)), int(self.cells.max(initial=0)))
        halvings = max(0, int(np.ceil(np.log2(max(1, most) / MOST_IN_CELL))))
        return {
            "rows": (self.rows >> halvings).astype(np.uint32),
            "cells": (self.cells >> halvings).astype(np.uint16),
            "occupied": (self.occupied >> halvings).astype(np.uint16),
            "turned": (self.turned >> halvings).astype(np.uint16),
            "watched": np.array([self.frames >> halvings, self.seconds / 2**halvings], np.float64),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], rows: int, columns: int) -> "Counts":
        """The counts whose `arrays()` these were. Raises StateError for shapes that do not fit `rows` x `columns`."""
        wanted = cls.empty(rows, columns)
        for name in ("rows", "cells", "occupied", "turned"):
            found = arrays[name].shape
            if found != getattr(wanted, name).shape:
                raise StateError(f"saved counts {name!r} have shape {found}", hint="Learn this camera again")
        frames, seconds = arrays["watched"]
        return cls(
            arrays["rows"].astype(np.int64),
            arrays["cells"].astype(np.int32),
            arrays["occupied"].astype(np.int32),
            arrays["turned"].astype(np.int32),
            int(frames),
            float(seconds),
        )
