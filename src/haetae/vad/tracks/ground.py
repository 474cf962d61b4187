"""The ground that people stand on, as far as their heights in one camera's picture tell."""

from dataclasses import dataclass
from math import hypot

from haetae.vad.tracks.heights import LEAST_PX, Heights

FOCAL = 0.8
"""Focal length in widths of the picture, of a lens that sees 64 degrees: those of surveillance cameras lie between 0.5 and 1.2. It is the
same for all that one camera sees, so a wrong one makes the ways along the line of sight longer or shorter for everybody alike."""

MOST_STRETCHED = 6.0
"""Near the horizon a pixel is more metres than anybody could tell."""

FARTHEST_PX = 9.0
"""Whoever would be smaller than this is too small, or above the horizon."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A flat ground in a picture of `width` x `height` working pixels. `base` and `slope` are a person's height in pixels at the upper edge
    and how much more it is at the lower one. Distances on it are in body heights."""

    width: float
    height: float
    base: float
    slope: float

    @classmethod
    def of(cls, heights: Heights, width: float, height: float) -> "Ground | None":
        """None until enough people were seen."""
        line = heights.line()
        return None if line is None else cls(width, height, *line)

    def body(self, y: float) -> float:
        """The height of a person who stands at `y`, in working pixels."""
        return min(max(self.base + self.slope * y / self.height, LEAST_PX), 0.9 * self.height)

    def told(self, y: float) -> bool:
        """Whether who stands at `y` is near enough."""
        return self.base + self.slope * y / self.height > FARTHEST_PX

    def stretch(self, y: float) -> float:
        """How many times as long as across the picture a pixel is down it at `y`, in [1, MOST_STRETCHED]: who looks along the ground
        sees little of a step towards it. 1 where people are equally tall everywhere, as seen from far above."""
        return min(max(FOCAL * self.width * self.slope / self.height / self.body(y), 1.0), MOST_STRETCHED)

    def distance(self, right: float, down: float, y: float) -> float:
        """The length of a way by (right, down) pixels round `y`."""
        return hypot(right, down * self.stretch(y)) / self.body(y)
