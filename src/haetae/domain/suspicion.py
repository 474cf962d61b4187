"""What an event may be, in the word of a rule that was right often enough to name it. Nobody has verified it."""

from enum import StrEnum
from typing import Final

from haetae.domain.analysis import EventType


class Suspicion(StrEnum):
    """Subtype of an anomaly that a rule names. A model's type is shown in its place as soon as there is one."""

    FIRE = "possible_fire"
    FALL = "possible_fall"
    FIGHT = "possible_fight"
    INTRUSION = "possible_intrusion"
    ABANDONED = "possible_abandoned_object"
    RUNNING = "possible_running"
    WRONG_WAY = "possible_wrong_way"
    LOITERING = "possible_loitering"

    @property
    def event_type(self) -> EventType:
        """What it would be if it were so."""
        return _TYPES[self]


_TYPES: Final = {
    Suspicion.FIRE: EventType.ARSON,
    Suspicion.FALL: EventType.FALLING,
    Suspicion.FIGHT: EventType.FIGHTING,
    Suspicion.INTRUSION: EventType.INTRUSION,
    Suspicion.ABANDONED: EventType.SUSPICIOUS_OBJECT,
    Suspicion.RUNNING: EventType.OTHER_ANOMALY,
    Suspicion.WRONG_WAY: EventType.OTHER_ANOMALY,
    Suspicion.LOITERING: EventType.LOITERING,
}


def suspected_type(subtype: str | None) -> EventType | None:
    """What an event of this subtype is suspected to be; None for one that no rule named."""
    return Suspicion(subtype).event_type if subtype in _WORDS else None


_WORDS: Final = frozenset(Suspicion)
