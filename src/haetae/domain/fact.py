"""A measured statement about an event."""

from dataclasses import dataclass
from enum import StrEnum


class FactKind(StrEnum):
    SPEED = "speed"
    DIRECTION = "direction"
    SIZE = "size"
    PLACE = "place"
    DWELL = "dwell"
    APPEARANCE = "appearance"
    SCENE_CHANGE = "scene_change"
    SCORE = "score"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Fact:
    """One measurement: `value` in `unit` over [t0_s, t1_s] (seconds of the stream's presentation time).

    `usual` is the greatest value seen on 99 % of comparable normal occasions of this camera, where known; `rarity` the
    estimated share of normal occasions that reach `value` (0.00005 = 1 in 20,000); `quality` in [0, 1] how far to trust it.
    """

    id: str
    kind: FactKind
    value: float
    unit: str
    t0_s: float
    t1_s: float
    usual: float | None = None
    rarity: float | None = None
    quality: float = 1.0
    source: str = "motion"
