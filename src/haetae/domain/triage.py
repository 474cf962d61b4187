"""The queue of triage: which events wait to be described and looked at, and how that stands."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent, Severity
from haetae.domain.schedule import WeeklySchedule
from haetae.domain.zone import Zone


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the queue, as much of it as choosing the next one needs.

    `settled`: it is over and its clip is there, or never will be. `alerted`: it was looked at while it went on. `asked`: a person wants it
    to be looked at, again or at all. `continues` is the event of which it is the next part. `leased`: somebody is looking at it.
    """

    event_id: UUID
    camera_id: UUID
    severity: Severity
    queued_at: datetime
    settled: bool
    alerted: bool
    asked: bool
    leased: bool = False
    continues: UUID | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """An event to be described or looked at, as it was read. Times are UTC-aware."""

    event: AnomalyEvent
    camera_name: str | None
    queued_at: datetime
    settled: bool
    described_revision: int = -1
    alerted: bool = False
    asked_at: datetime | None = None
    attempts: int = 0
    media_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to write down of a job: the analysis with what the event can be found by, and whether the job is done with it.

    `media_bytes` is by how much the event's media grew (pictures that were sent). `alerted` notes that a look at a going event was made.
    """

    job: Job
    analysis: Analysis
    search_text: str
    done: bool
    alerted: bool = False
    media_bytes: int = 0


@dataclass(frozen=True, slots=True)
class LookRecord:
    """One look at an event, as it is kept. `revision` is what was looked at."""

    id: UUID
    event_id: UUID
    created_at: datetime
    revision: int
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class LookStatus:
    """Looking, since the start of the process. `backend` is who looks; `state` is `idle` without a model, else `ready`, or `away` with the
    cause. `shed` counts events that got no look, by reason."""

    backend: str = "evidence"
    model: str = ""
    state: str = "idle"
    cause: str = ""
    waiting: int = 0
    described: int = 0
    looked: int = 0
    failed: int = 0
    latency_s: float = 0.0
    shed: dict[str, int] = field(default_factory=dict)
    database_error: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of the place that a camera sees: `notes` and `prompts` (by type of event) are what admins tell a model."""

    camera: str = ""
    zones: tuple[Zone, ...] = ()
    schedule: WeeklySchedule | None = None
    pre_roll_s: float = 5.0
    post_roll_s: float = 5.0
    notes: str = ""
    prompts: dict[str, str] = field(default_factory=dict)
