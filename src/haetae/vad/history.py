"""How surprising normal footage has been, minute by minute: what the alarm level is fitted to as long as the camera is watched."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.looks import read_array
from haetae.vad.peaks import DECLUSTER_S, OPEN_K, OPEN_N, SUSTAINED_S, Peaks, block_length_s, block_starts, sustained, watched_s

MOST_BLOCKS = 10_080
"""A week of minutes; the oldest are forgotten first."""


class History:
    """The greatest sustained value of each of `kinds` measures for each block of normal footage, with the block's length in seconds.

    Blocks with an alarm in them are left out: what is reported is not what is usual.
    """

    def __init__(self, kinds: int) -> None:
        self._kinds = kinds
        self._blocks: deque[NDArray[np.float16]] = deque(maxlen=MOST_BLOCKS)
        self._lengths: deque[float] = deque(maxlen=MOST_BLOCKS)
        self._recent: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=OPEN_N)
        self.interrupt()

    @property
    def seconds(self) -> float:
        """Normal footage that the blocks stand for."""
        return float(sum(self._lengths))

    def begin(self, t_s: NDArray[np.float64], values: NDArray[np.floating[Any]]) -> None:
        """Start from the learned footage as its held-out tables judge it: `t_s` (frames,), `values` (frames, kinds)."""
        self._blocks.clear()
        self._lengths.clear()
        seconds = watched_s(t_s)
        peaks = np.maximum.reduceat(sustained(values, t_s), block_starts(t_s, block_length_s(seconds)), axis=0)
        for peak in peaks:
            self._blocks.append(peak.astype(np.float16))
            self._lengths.append(seconds / len(peaks))

    def take(self, t_s: float, values: NDArray[np.float32]) -> None:
        """The values (kinds,) of one normal frame, in time order."""
        if self._recent:
            self._watched_s += min(t_s - self._recent[-1][0], SUSTAINED_S)
        self._recent.append((t_s, values))
        if len(self._recent) == OPEN_N and t_s - self._recent[0][0] <= SUSTAINED_S:
            lasting = np.sort(np.array([each for _, each in self._recent]), axis=0)[-OPEN_K]
            np.maximum(self._greatest, lasting, out=self._greatest)
        if self._watched_s >= DECLUSTER_S:
            self._blocks.append(self._greatest.astype(np.float16))
            self._lengths.append(self._watched_s)
            self.interrupt()

    def interrupt(self) -> None:
        """Forget the block that is under way: an alarm, or frames that cannot be judged."""
        self._greatest = np.zeros(self._kinds, np.float32)
        self._watched_s = 0.0
        self._recent.clear()

    def by_block(self) -> NDArray[np.float32]:
        """Shape (blocks, kinds)."""
        return np.array(self._blocks, np.float32).reshape(-1, self._kinds)

    def peaks(self, values: NDArray[np.floating[Any]]) -> Peaks:
        """`values` (blocks,), one for each block, as peaks of the footage."""
        return Peaks(values.astype(np.float64), self.seconds)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"history": self.by_block().astype(np.float16), "lengths": np.array(self._lengths, np.float32)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], kinds: int) -> "History":
        """The history whose `arrays()` these were. Raises StateError when they are none."""
        blocks = read_array(arrays, "history", np.float16, (None, kinds))
        lengths = read_array(arrays, "lengths", np.float32, (len(blocks),))
        if len(blocks) > MOST_BLOCKS or (blocks < 0).any() or not (lengths > 0).all():
            raise StateError("the saved history cannot be read", hint="Learn this camera again")
        history = cls(kinds)
        history._blocks.extend(blocks)
        history._lengths.extend(float(length) for length in lengths)
        return history
