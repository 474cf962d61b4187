"""What was near an alarm lately: for whom it turns out to have been normal."""

from collections import deque
from dataclasses import dataclass

REMEMBERED = 64
JOIN_S = 1.0


@dataclass(slots=True)
class Raised:
    """A rule, by its number, came to `raw` at (x, y) in [0, 1]."""

    at_s: float
    rule: int
    x: float
    y: float
    raw: float


class Raisings:
    """The newest of them, in order of time."""

    def __init__(self) -> None:
        self._raised: deque[Raised] = deque(maxlen=REMEMBERED)

    def take(self, new: Raised) -> None:
        last = self._raised[-1] if self._raised else None
        if last is not None and last.rule == new.rule and new.at_s - last.at_s < JOIN_S:
            last.raw = max(last.raw, new.raw)
            return
        self._raised.append(new)

    def near(self, t_s: float, within_s: float) -> list[Raised]:
        """Those of that time."""
        return [each for each in self._raised if abs(each.at_s - t_s) <= within_s]
