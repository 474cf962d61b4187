"""How abnormal a camera is now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from haetae.domain.example import Example
from haetae.domain.fact import Fact
from haetae.domain.frame import Box

ALARM_LEVEL = 0.5
"""The calibrated score at which a camera alarms, whatever its model."""


Heat: TypeAlias = NDArray[np.float32]
"""An anomaly map, shape (rows, columns), over the whole picture."""

Drawing: TypeAlias = Heat | Callable[[], Heat]
"""An anomaly map, or what draws it when somebody asks: of nearly all frames nobody does."""


def drawn(drawing: Drawing) -> Heat:
    """The map that it stands for."""
    return drawing() if callable(drawing) else drawing


class TamperKind(StrEnum):
    COVERED = "covered"
    TURNED = "turned"
    DEFOCUSED = "defocused"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Score:
    """The judgement of one analysed frame.

    `value` is calibrated to [0, 1] for this camera, 0.5 its alarm level; `raw` is the model's own figure and `threshold`
    the raw figure that maps to 0.5. `drawing` is the anomaly map, each cell on the calibrated scale, or None where there is
    nothing to show: ask for `heat`. `box` is the most abnormal region. `facts` are ranked, most surprising first; `example`
    is what this camera saw before that comes nearest to it.
    """

    value: float
    raw: float
    threshold: float
    frame_number: int
    t_s: float
    captured_at: datetime
    drawing: Drawing | None = None
    box: Box | None = None
    facts: tuple[Fact, ...] = ()
    tamper: TamperKind | None = None
    example: Example | None = None

    @property
    def heat(self) -> Heat | None:
        """The anomaly map, drawn anew each time that it is asked for; any thread may ask."""
        return None if self.drawing is None else drawn(self.drawing)
