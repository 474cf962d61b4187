"""How often each value of a network was seen, by row and by cell of the picture: all that is kept of the learned footage.

Counts add and subtract exactly, which is what leave-one-part-out needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError

CODES = 128
COARSE = 4
"""The histograms of cells join COARSE codes each: a cell sees far less than a row."""

RATIO = 1.068
"""Values are coded on a logarithmic scale: code 0 begins at the attribute's least value, each next one RATIO higher; the last is 4,000
times more."""

MOST_IN_CELL = 60_000
"""Where a cell has seen more frames, all counts are halved at saving, so that uint16 holds them."""


def code_of(values: NDArray[np.float32], least: NDArray[np.float32]) -> NDArray[np.float32]:
    """Codes with their fraction, in [0, CODES - 1], for values of shape (attributes, k); `least` (attributes,) is where code 0 begins."""
    ratio = np.maximum(values, least[:, None]) / least[:, None]
    return np.asarray(np.minimum(np.log(ratio) * np.float32(1 / np.log(RATIO)), CODES - 1), np.float32)


def value_at(code: NDArray[Any] | float, least: float) -> NDArray[np.float64]:
    """The value at which a code begins, the inverse of `code_of`."""
    return np.asarray(least * RATIO ** np.asarray(code, np.float64), np.float64)


@dataclass(slots=True)
class Counts:
    """`rows` (attributes, rows, CODES), `cells` (attributes, rows * columns, CODES / COARSE) and `occupied` (rows * columns) count frames;
    `frames` and `seconds` are what was watched."""

    rows: NDArray[np.int64]
    cells: NDArray[np.int32]
    occupied: NDArray[np.int32]
    frames: int = 0
    seconds: float = 0.0

    @classmethod
    def empty(cls, attributes: int, rows: int, columns: int) -> "Counts":
        return cls(
            np.zeros((attributes, rows, CODES), np.int64),
            np.zeros((attributes, rows * columns, CODES // COARSE), np.int32),
            np.zeros(rows * columns, np.int32),
        )

    def take(self, cell: NDArray[np.intp], codes: NDArray[np.float32], elapsed_s: float) -> None:
        """Count one frame: `codes` (attributes, k) of the values in the active cells, `cell` (k,) = row * columns + column."""
        self.frames += 1
        self.seconds += elapsed_s
        if not cell.size:
            return
        columns = self.occupied.size // self.rows.shape[1]
        kinds = np.arange(len(codes))[:, None]
        whole = codes.astype(np.intp)
        np.add.at(self.rows, (kinds, (cell // columns)[None, :], whole), 1)
        np.add.at(self.cells, (kinds, cell[None, :], whole // COARSE), 1)
        self.occupied[cell] += 1

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rows + other.rows,
            self.cells + other.cells,
            self.occupied + other.occupied,
            self.frames + other.frames,
            self.seconds + other.seconds,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rows - other.rows,
            self.cells - other.cells,
            self.occupied - other.occupied,
            self.frames - other.frames,
            self.seconds - other.seconds,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Named arrays for saving, in the smallest types that hold them."""
        most = max(int(self.occupied.max(initial=0)), int(self.cells.max(initial=0)))
        halvings = max(0, int(np.ceil(np.log2(max(1, most) / MOST_IN_CELL))))
        return {
            "rows": (self.rows >> halvings).astype(np.uint32),
            "cells": (self.cells >> halvings).astype(np.uint16),
            "occupied": (self.occupied >> halvings).astype(np.uint16),
            "watched": np.array([self.frames >> halvings, self.seconds / 2**halvings], np.float64),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], attributes: int, rows: int, columns: int) -> "Counts":
        """The counts whose `arrays()` these were. Raises StateError for what does not fit."""
        wanted = cls.empty(attributes, rows, columns)
        for name, dtype in (("rows", np.uint32), ("cells", np.uint16), ("occupied", np.uint16)):
            found = arrays[name]
            if found.shape != getattr(wanted, name).shape or found.dtype != dtype:
                raise StateError(f"the saved counts {name!r} are {found.dtype} {list(found.shape)}", hint="Learn this camera again")
        frames, seconds = arrays["watched"].tolist()
        if not (0 <= frames < 2**53 and 0.0 <= seconds < 1e12):
            raise StateError(f"the saved counts are of {frames} frames in {seconds} s", hint="Learn this camera again")
        return cls(
            arrays["rows"].astype(np.int64),
            arrays["cells"].astype(np.int32),
            arrays["occupied"].astype(np.int32),
            int(frames),
            float(seconds),
        )
