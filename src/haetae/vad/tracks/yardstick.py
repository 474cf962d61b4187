"""The measure of people that one camera goes by.

It is kept as it is until another one is clearly right: what was learned in body heights means nothing once a body is of another height.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.tracks.ground import Ground
from haetae.vad.tracks.heights import LEAST_PX, USUAL_SHARE, Heights

REMEMBERED = 64
"""Where so many things stood last, one look a second: a measure is judged where it is used."""

FEWEST = 8
OTHER = 0.25
"""Octaves: by so much, or a fifth, a body must be of another height for a third of what moves before another measure is taken up. After a
few minutes the line of heights may still be far off (rendered plaza: 9 pixels, then 14), and pace, stay and size with it."""

OTHER_SHARE = 1 / 3


class Yardstick:
    """How tall people are in each row of the picture, and the line of it that is in use."""

    def __init__(self, heights: Heights | None = None, line: tuple[float, float] | None = None) -> None:
        self._heights = Heights() if heights is None else heights
        self._line = line
        self._feet: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def known(self) -> bool:
        """Whether enough people were seen."""
        return self._line is not None

    def at(self, foot_share: float, picture_height: float) -> float:
        """The height in working pixels of who stands at `foot_share` in [0, 1] of the picture's height from the top."""
        return _at(self._line, foot_share, picture_height)

    def ground(self, width: float, height: float) -> Ground | None:
        """None until enough people were seen."""
        return None if self._line is None else Ground(width, height, *self._line)

    def learn(self, foot_share: float, height_px: float) -> None:
        """Somebody of that height stands there."""
        self._heights.learn(foot_share, height_px)

    def look(self, feet: Iterable[float], picture_height: float) -> bool:
        """Take where things stand, each in [0, 1]; whether another measure was taken up, and all that was learned by the former is void."""
        self._feet.extend(feet)
        line = self._heights.line()
        if line is None or len(self._feet) < FEWEST or line == self._line:
            return False
        apart = [abs(np.log2(_at(line, foot, picture_height) / self.at(foot, picture_height))) > OTHER for foot in self._feet]
        if self._line is not None and sum(apart) < OTHER_SHARE * len(apart):
            return False
        self._line = line
        return True

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The heights that were counted and the line in use; `of_arrays` reads them back."""
        return {**self._heights.arrays(), "yardstick": np.array(self._line or (), np.float64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises StateError where they are none. States of before there was a line in use went by that of their heights."""
        heights = Heights.of_arrays(arrays)
        if "yardstick" not in arrays:
            return cls(heights, heights.line())
        saved = arrays["yardstick"]
        if saved.shape not in ((0,), (2,)) or not np.isfinite(saved).all():
            raise StateError("the saved measure of people cannot be read", hint="Learn this camera again")
        return cls(heights, (float(saved[0]), float(saved[1])) if saved.size else None)


def _at(line: tuple[float, float] | None, foot_share: float, picture_height: float) -> float:
    if line is None:
        return USUAL_SHARE * picture_height
    base, slope = line
    return min(max(base + slope * foot_share, LEAST_PX), 0.9 * picture_height)
