"""What things came to while a camera learned, kept until all of them can be held against what is usual without them."""

import numpy as np
from numpy.typing import NDArray

from haetae.vad.rules.levels import BLOCK_S
from haetae.vad.tracks.manners import MEASURES, pace, pace_of_large
from haetae.vad.tracks.places import part
from haetae.vad.tracks.repeats import Repeats

USUAL = tuple((number, MEASURES.index(pace_of_large)) if measure is pace else (number,) for number, measure in enumerate(MEASURES))
"""By measure, those by which it is told what is usual: where cars pass, small pieces of cars do, too."""

MOST_KEPT = 100_000
"""Values kept, about 20 MB: those of hours of a busy place. When there are more, they are judged by what is usual by then."""


class Learned:
    """The greatest value of each thing by each measure in each part of the picture, minute by minute."""

    def __init__(self) -> None:
        self._judged = np.zeros((0, len(MEASURES)), np.float32)
        self._values: dict[tuple[int, int, tuple[int, int], int], tuple[float, float, float]] = {}
        self._things: set[int] = set()
        self._first_s: float | None = None
        self._last = 0

    @property
    def things(self) -> int:
        """How many there were that could be measured."""
        return len(self._things)

    def take(self, number: int, thing: int, x: float, y: float, value: float, t_s: float, usual: Repeats) -> None:
        """The thing came to `value` by measure `number` at (x, y) in [0, 1], where so much is `usual` so far."""
        self._first_s = t_s if self._first_s is None else self._first_s
        self._last = int((t_s - self._first_s) / BLOCK_S)
        self._things.add(thing)
        at = (number, thing, part(x, y), self._last)
        kept = self._values.get(at)
        if kept is None or value > kept[0]:
            self._values[at] = (value, x, y)
        if len(self._values) > MOST_KEPT:
            self._judged = self.blocks(usual)
            self._values.clear()

    def blocks(self, usual: Repeats) -> NDArray[np.float32]:
        """The peaks of each minute in units of what is usual without the thing itself, (blocks, measures)."""
        peaks = np.zeros((self._last + 1, len(MEASURES)), np.float32)
        peaks[: len(self._judged)] = self._judged
        for (number, thing, _, block), (value, x, y) in self._values.items():
            peaks[block, number] = max(peaks[block, number], usual.beyond(USUAL[number], x, y, value, thing))
        return peaks
