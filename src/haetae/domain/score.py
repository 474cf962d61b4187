"""How abnormal a camera is now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from haetae.domain.example import Example
from haetae.domain.fact import Fact
from haetae.domain.frame import Box

ALARM_LEVEL = 0.5
"""The calibrated score at which a camera alarms, whatever its model."""


class TamperKind(StrEnum):
    COVERED = "covered"
    TURNED = "turned"
    DEFOCUSED = "defocused"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Score:
    """The judgement of one analysed frame.

    `value` is calibrated to [0, 1] for this camera, 0.5 its alarm level; `raw` is the model's own figure and `threshold`
    the raw figure that maps to 0.5. `heat` is the anomaly map, float32 of shape (rows, columns), each cell on the
    calibrated scale, or None where there is nothing to show; `box` the most abnormal region. `facts` are ranked, most
    surprising first; `example` is what this camera saw before that comes nearest to it.
    """

    value: float
    raw: float
    threshold: float
    frame_number: int
    t_s: float
    captured_at: datetime
    heat: NDArray[np.float32] | None = None
    box: Box | None = None
    facts: tuple[Fact, ...] = ()
    tamper: TamperKind | None = None
    example: Example | None = None
