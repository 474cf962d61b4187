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
    COUNT = "count"
    """Moving things at the same time."""
    CLASS = "class"
    """What a detector holds `subject` for; the value is how many."""
    ZONE = "zone"
    """Time in the zone `subject`."""
    PATH = "path"
    POSTURE_RATIO = "posture_ratio"
    FLOW = "flow"
    FLICKER = "flicker"
    HYPOTHESIS = "hypothesis"
    """A named rule's guess: `subject` is the rule, such as `fall_rule_v2`, the value its strength in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One measurement: `value` in `unit` over [t0_s, t1_s] (seconds of the stream's presentation time).

    `usual` is the greatest value seen on 99 % of comparable normal occasions of this camera, where known; `rarity` the
    estimated share of normal occasions that reach `value` (0.00005 = 1 in 20,000); `quality` in [0, 1] how far to trust it. `subject` is
    what it is about where the kind alone does not say (a zone's name, a class, a rule); `track_ids` are the tracks that it was measured on.
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
    subject: str = ""
    track_ids: tuple[int, ...] = ()
