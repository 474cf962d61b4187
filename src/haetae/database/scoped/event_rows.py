"""Events as lists and details show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, null

from haetae.database.models import Camera, Event
from haetae.domain.analysis import Basis
from haetae.domain.event import EventKind, EventStatus, Review, Severity, Verdict

DURATION_S: ColumnElement[float | None] = Event.end_s - Event.onset_s


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event in a list. `camera_name` is None where the camera is gone, `duration_s` while the event lasts."""

    id: UUID
    camera_id: UUID
    camera_name: str | None
    kind: EventKind
    subtype: str | None
    severity: Severity
    status: EventStatus
    revision: int
    timestamp: datetime
    ended_at: datetime | None
    duration_s: float | None
    vad_score: float
    threshold: float
    detail: str | None
    vlm_type: str | None
    vlm_description: str | None
    vlm_confidence: float | None
    has_clip: bool
    has_thumbnail: bool
    media_deleted_at: datetime | None
    acknowledged: bool
    acknowledged_at: datetime | None
    review: Review
    note: str | None
    locked: bool
    verdict: Verdict | None
    basis: Basis | None
    analysed_at: datetime | None
    priority_raised: bool
    corrected_type: str | None

    @property
    def shown_type(self) -> str:
        """What it is called: by a person, else by a model, else by its subtype, else by its kind."""
        return self.corrected_type or self.vlm_type or self.subtype or self.kind.value

    @property
    def priority(self) -> int:
        """0 to 3: the severity, one less where a model calls the event nothing, which is all that a model's word against it does; one more
        where a response raised it."""
        return min(3, max(0, self.severity.rank - (self.verdict is Verdict.REJECTED)) + self.priority_raised)


@dataclass(frozen=True, slots=True)
class EventDetail(EventRow):
    """All that is known of an event. `continued_by` is the event that goes on where this one reached the greatest length."""

    frame_number: int
    onset_s: float
    end_s: float | None
    peak_s: float
    box: dict[str, Any] | None
    facts: list[dict[str, Any]]
    faults: list[str]
    continues: UUID | None
    continued_by: UUID | None
    media_bytes: int | None
    agent_actions: list[str]
    agent_response_time: float | None
    acknowledged_by: UUID | None
    acknowledged_by_name: str | None
    reviewed_by: UUID | None
    reviewed_by_name: str | None
    reviewed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MediaPaths:
    """What the database says of an event's media; paths are relative to the storage folder."""

    id: UUID
    camera_id: UUID
    timestamp: datetime
    clip_path: str | None
    thumbnail_path: str | None
    media_bytes: int | None
    media_deleted_at: datetime | None


_COMPUTED: dict[str, Any] = {
    "camera_name": Camera.name,
    "duration_s": DURATION_S,
    "has_clip": Event.clip_path.is_not(None),
    "has_thumbnail": Event.thumbnail_path.is_not(None),
}


def _columns(kind: type[Any], given: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(given[name] if name in given else getattr(Event, name) for name in kind.__dataclass_fields__)


ROW_COLUMNS = _columns(EventRow, _COMPUTED)
"""In the order of `EventRow`; of `Event` joined with its `Camera`."""

MEDIA_COLUMNS = _columns(MediaPaths, {})


def detail_columns(*, acknowledged_by_name: Any, reviewed_by_name: Any) -> tuple[Any, ...]:
    """In the order of `EventDetail`; `continued_by` is None."""
    named = {"acknowledged_by_name": acknowledged_by_name, "reviewed_by_name": reviewed_by_name, "continued_by": null()}
    return _columns(EventDetail, _COMPUTED | named)
