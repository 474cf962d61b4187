"""That the picture changed as a whole a moment ago: a lamp was switched, the camera was moved, something large stood in front of it."""

from haetae.domain.fact import Fact, FactKind
from haetae.vad.motion.foreground import CHANGED_SHARE

SOURCE = "tracks"
JOIN_S = 2.0
"""Changes closer than this are one."""

TOLD_S = 10.0
"""What happens so soon after a change may be its work."""

SURE_LOOKS = 3
"""A flash is in one picture only."""


class WholeChange:
    """The last one of a camera."""

    def __init__(self) -> None:
        self._since_s = 0.0
        self._until_s: float | None = None
        self._share = 0.0
        self._looks = 0

    def note(self, share: float, t_s: float) -> None:
        """`share` of the picture, in [0, 1], is not what it was; less than CHANGED_SHARE is something in it."""
        if share < CHANGED_SHARE:
            return
        if self._until_s is None or not 0.0 <= t_s - self._until_s <= JOIN_S:
            self._since_s, self._share, self._looks = t_s, 0.0, 0
        self._until_s = t_s
        self._share = max(self._share, share)
        self._looks += 1

    def fact(self, t_s: float) -> Fact | None:
        """How much changed, in % of the picture; None where that is longer ago than TOLD_S."""
        if self._until_s is None or not 0.0 <= t_s - self._until_s <= TOLD_S:
            return None
        quality = min(1.0, self._looks / SURE_LOOKS)
        span = (self._since_s, self._until_s)
        return Fact(
            f"{SOURCE}.scene_change", FactKind.SCENE_CHANGE, 100.0 * self._share, "% of the picture", *span, quality=quality, source=SOURCE
        )
