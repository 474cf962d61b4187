"""How surprising each attribute has been, minute by minute of normal footage: what references and the alarm level are fitted to as long as
the camera is watched."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.motion.learning import Judged
from haetae.vad.motion.tables import Attribute
from haetae.vad.peaks import DECLUSTER_S, OPEN_K, OPEN_N, SUSTAINED_S, Peaks, block_length_s, block_starts, sustained, watched_s

MOST_BLOCKS = 10_080
"""A week of minutes; the oldest are forgotten first."""


class History:
    """`blocks` holds the greatest sustained surprise of each attribute, (len(Attribute),), for each block of footage of `lengths` seconds.

    Blocks with an alarm in them are left out: what is reported is not what is usual.
    """

    def __init__(self) -> None:
        self._blocks: deque[NDArray[np.float16]] = deque(maxlen=MOST_BLOCKS)
        self._lengths: deque[float] = deque(maxlen=MOST_BLOCKS)
        self._recent: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=OPEN_N)
        self._greatest = np.zeros(len(Attribute), np.float32)
        self._watched_s = 0.0

    @property
    def seconds(self) -> float:
        """Normal footage that the blocks stand for."""
        return float(sum(self._lengths))

    def begin(self, judged: Judged) -> None:
        """Take the learned footage as its held-out tables judge it."""
        seconds = watched_s(judged.t_s)
        starts = block_starts(judged.t_s, block_length_s(seconds))
        peaks = np.maximum.reduceat(sustained(judged.surprise, judged.t_s), starts, axis=0)
        for peak in peaks:
            self._blocks.append(peak.astype(np.float16))
            self._lengths.append(seconds / len(peaks))

    def take(self, t_s: float, elapsed_s: float, greatest: NDArray[np.float32]) -> None:
        """The greatest surprise of each attribute in one normal frame, (len(Attribute),)."""
        self._recent.append((t_s, greatest))
        if len(self._recent) == OPEN_N and t_s - self._recent[0][0] <= SUSTAINED_S:
            lasting = np.sort(np.stack([each for _, each in self._recent]), axis=0)[-OPEN_K]
            np.maximum(self._greatest, lasting, out=self._greatest)
        self._watched_s += elapsed_s
        if self._watched_s >= DECLUSTER_S:
            self._blocks.append(self._greatest.astype(np.float16))
            self._lengths.append(self._watched_s)
            self.interrupt()

    def interrupt(self) -> None:
        """Forget the block that is under way: an alarm, or frames that cannot be judged."""
        self._greatest = np.zeros(len(Attribute), np.float32)
        self._watched_s = 0.0
        self._recent.clear()

    def by_block(self) -> NDArray[np.float32]:
        """Shape (blocks, len(Attribute))."""
        return np.array(self._blocks, np.float32).reshape(-1, len(Attribute))

    def peaks(self, values: NDArray[np.floating]) -> Peaks:
        """`values` (blocks,), one for each block, as peaks of the footage."""
        return Peaks(values.astype(np.float64), self.seconds)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"history": np.array(self._blocks, np.float16).reshape(-1, len(Attribute)), "lengths": np.array(self._lengths, np.float32)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "History":
        """The history whose `arrays()` these were. Raises StateError when they are none."""
        blocks, lengths = arrays["history"], arrays["lengths"]
        fits = blocks.shape == (lengths.size, len(Attribute)) and lengths.ndim == 1
        if not fits or not np.isfinite(blocks).all() or not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise StateError("the saved history cannot be read", hint="Learn this camera again")
        history = cls()
        history._blocks.extend(blocks.astype(np.float16))
        history._lengths.extend(float(length) for length in lengths)
        return history
