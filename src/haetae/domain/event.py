"""One incident: what the gate opens, what is stored, what people are told."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from haetae.domain.fact import Fact
from haetae.domain.frame import Box


class EventKind(StrEnum):
    ANOMALY = "anomaly"
    TAMPER = "tamper"
    SYSTEM = "system"


SITE = UUID(int=0)
"""Stands in `camera_id` for the site itself, where an event belongs to no camera (the disk is full)."""

CAMERA_OFFLINE = "camera_offline"
STORAGE_FULL = "storage_full"
STORAGE_LOW = "storage_low"
DATABASE_AWAY = "database_away"
LEARNING_FINISHED = "learning_finished"
VLM_AWAY = "vlm_away"
ACTION_UNKNOWN = "action_unknown"
APPROVAL_NEEDED = "approval_needed"
"""Subtypes of system events."""


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least severe. The words themselves sort otherwise."""
        return list(Severity).index(self)


class EventStatus(StrEnum):
    """`open` while it lasts, `closed` after its end, `interrupted` when Haetae was stopped by force in the middle of it."""

    OPEN = "open"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"


class Review(StrEnum):
    """What people made of an event; `normal` also tells the camera that such things are to be expected there."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    FALSE_ALARM = "false_alarm"
    NORMAL = "normal"


class Verdict(StrEnum):
    """What looking at an event came to: `unverified` until one who may do so says otherwise. Every failure ends in it."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class AnomalyEvent:
    """One incident, from the first abnormal frame to the last. Never one event per frame.

    It is logged when it opens (`revision` 0) and again, under the same id and a higher revision, whenever more is known (its end, its
    clip): the highest revision is the truth. `timestamp` is the onset; `onset_s`, `end_s` and `peak_s` are presentation times of the
    stream in seconds. `vad_score` is the peak so far, in [0, 1]. `clip_path` and `thumbnail_path` are relative to the storage folder.
    `faults` says in words what went wrong round this event (no clip could be written), never in silence. `continues` is the event that
    reached the maximum length and of which this is the next part. `subtype` is what sort of tampering or system event it is, or what a
    rule suspects an anomaly to be (`Suspicion`), None where it has no word for it. `detail` says in words what a system event is about.
    `media_bytes` is the size of its clip and pictures, None while they are being made. `verdict` and what begins with `vlm_` is written
    by triage alone; `verdict` is None until it has. `corrected_type` is what a person says that it is, who has the last word. Times are
    UTC-aware.
    """

    id: UUID
    camera_id: UUID
    timestamp: datetime
    frame_number: int
    vad_score: float
    threshold: float
    kind: EventKind = EventKind.ANOMALY
    subtype: str | None = None
    severity: Severity = Severity.MEDIUM
    status: EventStatus = EventStatus.OPEN
    revision: int = 0
    ended_at: datetime | None = None
    onset_s: float = 0.0
    end_s: float | None = None
    peak_s: float = 0.0
    box: Box | None = None
    facts: tuple[Fact, ...] = ()
    clip_path: str | None = None
    thumbnail_path: str | None = None
    faults: tuple[str, ...] = ()
    continues: UUID | None = None
    detail: str = ""
    media_bytes: int | None = None
    verdict: Verdict | None = None
    vlm_type: str | None = None
    vlm_description: str | None = None
    vlm_confidence: float | None = None
    agent_actions: tuple[str, ...] = field(default=())
    agent_response_time: float | None = None
    corrected_type: str | None = None

    @property
    def shown_type(self) -> str:
        """What it is called: by a person, else by a model, else by its subtype, else by its kind."""
        return self.corrected_type or self.vlm_type or self.subtype or self.kind.value
