"""The peaks of normal raw scores, block of time by block of time: what calibration is fitted to.

A false alarm is an incident, not a frame: a peak is what the gate would see of it, the third greatest of five scores in a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.base import HeldOut

DECLUSTER_S = 60.0
SHORTEST_DECLUSTER_S = 2.0
LEAST_BLOCKS = 120
"""Short footage is cut into this many blocks rather than into DECLUSTER_S, down to SHORTEST_DECLUSTER_S each."""

OPEN_K, OPEN_N = 3, 5
"""The gate opens at OPEN_K of OPEN_N scores."""

SUSTAINED_S = 1.5


@dataclass(frozen=True, slots=True)
class Peaks:
    """`values` (blocks,) >= 0, the greatest sustained score of each block, in `seconds` of normal footage altogether."""

    values: NDArray[np.float64]
    seconds: float

    @classmethod
    def of(cls, held_out: HeldOut) -> Self:
        """Of footage of any length, gaps in time not counted; blocks without a frame give no peak."""
        seconds = watched_s(held_out.t_s)
        if not held_out.raw.size:
            return cls(np.empty(0), 0.0)
        starts = block_starts(held_out.t_s, block_length_s(seconds))
        return cls(np.asarray(np.maximum.reduceat(sustained(held_out.raw, held_out.t_s), starts), np.float64), seconds)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As named arrays, for saving without pickle."""
        return {"peaks": self.values.astype(np.float32), "peaks_s": np.array([self.seconds], np.float64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """The peaks whose `arrays()` these were; None where none were saved. Raises StateError when they cannot be read."""
        if (values := arrays.get("peaks")) is None:
            return None
        seconds = np.asarray(arrays.get("peaks_s", np.zeros(0)), np.float64)
        if values.ndim != 1 or seconds.shape != (1,) or not np.isfinite(values).all() or (values < 0).any() or not 0 <= seconds[0] < np.inf:
            raise StateError("the saved peaks cannot be read", hint="Learn this camera again")
        return cls(values.astype(np.float64), float(seconds[0]))


def watched_s(t_s: NDArray[np.float64]) -> float:
    """Length of the footage of frames at `t_s`; steps much longer than the usual one are gaps."""
    if t_s.size < 2:
        return float(t_s.size)
    steps = np.diff(t_s)
    usual = float(np.median(steps))
    return float(steps[steps <= 10 * usual].sum() + usual)


def block_length_s(seconds: float) -> float:
    """How long the blocks of so much footage are."""
    return float(np.clip(seconds / LEAST_BLOCKS, SHORTEST_DECLUSTER_S, DECLUSTER_S))


def block_starts(t_s: NDArray[np.float64], block_s: float) -> NDArray[np.intp]:
    """The numbers of the frames at which blocks begin."""
    block = np.floor((t_s - t_s[0]) / block_s).astype(np.int64)
    return np.flatnonzero(np.r_[True, np.diff(block) != 0])


def sustained(raw: NDArray[Any], t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each frame the OPEN_K-th greatest score of the last OPEN_N; `raw` has shape (frames,) or (frames, kinds).

    A frame with fewer of them within SUSTAINED_S has none. Footage thinned below that rate keeps its scores as they are.
    """
    raw = np.asarray(raw, np.float64)
    if len(raw) < OPEN_N or float(np.median(np.diff(t_s))) * (OPEN_N - 1) > SUSTAINED_S:
        return raw
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(raw, OPEN_N, axis=0), axis=-1)[..., -OPEN_K]
    dense = t_s[OPEN_N - 1 :] - t_s[: -OPEN_N + 1] <= SUSTAINED_S
    shape = (-1,) + (1,) * (raw.ndim - 1)
    return np.concatenate([np.zeros((OPEN_N - 1, *raw.shape[1:])), np.where(dense.reshape(shape), windows, 0.0)])
