"""Events for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.ids import new_id

ONSET = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
CAMERA = UUID("01960000-0000-7000-8000-000000000001")


def make_event(number: int = 0, **changes: Any) -> AnomalyEvent:
    """A plausible event; `number` sets its frame and onset, `changes` any field."""
    values: dict[str, Any] = {
        "id": new_id(),
        "camera_id": CAMERA,
        "timestamp": ONSET + timedelta(seconds=number),
        "frame_number": number,
        "vad_score": 0.75,
        "threshold": 0.5,
        "box": Box(0.1, 0.2, 0.3, 0.4),
        "facts": (Fact("f1", FactKind.SPEED, 2.5, "m/s", 0.0, 1.5, usual=1.2, rarity=0.0001),),
    }
    return AnomalyEvent(**(values | changes))
