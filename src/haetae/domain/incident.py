"""An event that is to be responded to: its place in the queue, the steps of its planning, and the plans that were made for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent, Severity
from haetae.domain.plan import ResponsePlan


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that actions of this site can reach. `sort` is group, camera, preset, webhook, ticket, siren, door or speaker; `camera_id`
    is whose preset it is."""

    sort: str
    id: str
    name: str
    camera_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step of planning, kept so that nobody asks a model twice for it, whatever ends the process.

    `name` is unique within a plan. `output` is what came of it as JSON has it, `raw` what the model wrote, shortened. `prompt_sha256` is
    that of everything it was told but the random marks. `calls` and `tokens` are what it cost, `took_s` how long it took.
    """

    name: str
    output: Mapping[str, Any]
    model: str = ""
    prompt_id: str = ""
    prompt_sha256: str = ""
    raw: str = ""
    calls: int = 0
    tokens: int = 0
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class WaitingIncident:
    """An incident in the queue, as much of it as choosing the next one needs.

    `final`: nothing more is expected to be learned of the event, so models may be asked. `flow` is the camera's own, "" for the site's.
    """

    event_id: UUID
    camera_id: UUID
    severity: Severity
    queued_at: datetime
    final: bool
    flow: str = ""
    leased: bool = False


@dataclass(frozen=True, slots=True)
class IncidentJob:
    """An incident to be responded to, as it was read. Times are UTC-aware.

    `wanted` grows whenever more is known of the event; `attempts` counts how often its planning
    began. `steps` are those that an earlier attempt finished, `planned` the plans that were made before, oldest first. `flow` is the
    camera's own, "" for the site's.
    """

    event: AnomalyEvent
    analysis: Analysis
    flow: str
    queued_at: datetime
    final: bool
    wanted: int
    attempts: int = 0
    steps: tuple[Step, ...] = ()
    planned: tuple["PlanRecord", ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan as it is kept, with everything that explains it.

    `number` counts the plans of an event from 1: later ones only add. `flow` is who was to plan, `inputs` what the planning was given as
    JSON has it: with them it can be done again. `words` are the actions in words, such as "notify:night-team".
    """

    id: UUID
    event_id: UUID
    camera_id: UUID
    number: int
    created_at: datetime
    flow: str
    plan: ResponsePlan
    words: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlaybookVersion:
    """A playbook as it was stored. `version` counts from 1; `created_by` is the name of who stored it."""

    version: int
    content: str
    sha256: str
    created_at: datetime
    created_by: str
    note: str = ""
    active: bool = False


@dataclass(frozen=True, slots=True)
class RespondStatus:
    """Responding, since the start of the process. `waiting` are incidents in the queue, `fell_back` plans that the playbook made although a
    flow was to, `failed` plannings that ended in a fault and were tried again."""

    waiting: int = 0
    planned: int = 0
    by_model: int = 0
    fell_back: int = 0
    failed: int = 0
    calls: int = 0
    tokens: int = 0
    database_error: str = ""
