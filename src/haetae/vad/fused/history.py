"""How high the fused score of normal footage has been, minute by minute: what the alarm level is fitted to while the camera is watched."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.base import HeldOut
from haetae.vad.looks import read_array
from haetae.vad.peaks import DECLUSTER_S, OPEN_K, OPEN_N, SUSTAINED_S, Peaks

MOST_BLOCKS = 10_080
"""A week of minutes; the oldest are forgotten first."""


class RawHistory:
    """The greatest sustained score of each block of normal footage. Blocks with an alarm in them are left out."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[float, float]] = deque(maxlen=MOST_BLOCKS)
        self._recent: deque[tuple[float, float]] = deque(maxlen=OPEN_N)
        self._greatest = 0.0
        self._watched_s = 0.0

    def begin(self, held_out: HeldOut) -> None:
        """Start from the learned footage."""
        peaks = Peaks.of(held_out)
        self._blocks.clear()
        self._blocks.extend((float(value), peaks.seconds / peaks.values.size) for value in peaks.values)

    def take(self, t_s: float, value: float) -> None:
        """The score of one normal frame."""
        before_s = self._recent[-1][0] if self._recent else t_s
        self._recent.append((t_s, value))
        if len(self._recent) == OPEN_N and t_s - self._recent[0][0] <= SUSTAINED_S:
            self._greatest = max(self._greatest, sorted(each for _, each in self._recent)[-OPEN_K])
        self._watched_s += min(t_s - before_s, SUSTAINED_S)
        if self._watched_s >= DECLUSTER_S:
            self._blocks.append((self._greatest, self._watched_s))
            self.interrupt()

    def interrupt(self) -> None:
        """Forget the block that is under way: an alarm."""
        self._recent.clear()
        self._greatest = self._watched_s = 0.0

    def peaks(self) -> Peaks:
        """Of all that is remembered."""
        values = np.array([value for value, _ in self._blocks], np.float64)
        return Peaks(values, float(sum(seconds for _, seconds in self._blocks)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As one named array, for saving."""
        return {"history": np.array(self._blocks, np.float32).reshape(-1, 2)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "RawHistory":
        """The history whose `arrays()` these were. Raises StateError."""
        blocks = read_array(arrays, "history", np.float32, (None, 2))
        if (blocks < 0.0).any() or len(blocks) > MOST_BLOCKS:
            raise StateError("the saved history cannot be read", hint="Learn this camera again")
        history = cls()
        history._blocks.extend((float(value), float(seconds)) for value, seconds in blocks)
        return history
