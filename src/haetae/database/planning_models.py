"""The tables of planning: playbooks by version, incidents that wait for a plan, and the plans that were made.

Plans name event and camera by id without a foreign key, as events do their camera. Jobs are a queue: a row is there exactly as long as
there is something to plan for its event.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from haetae.database.models import Base, JSONList, JSONObject
from haetae.database.types import word
from haetae.domain.plan import PlannedBy


class PlaybookRow(Base):
    """A playbook as it was stored; never changed but for `active`, which one row has at most."""

    __tablename__ = "playbooks"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    created_name: Mapped[str] = mapped_column(String(128))
    note: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]


class IncidentJobRow(Base):
    """An event whose response is to be planned. `final`: models may be asked. `wanted` grows with every word that triage adds; `steps` are
    those that are finished. `lease_until` is set while somebody plans; `attempts` counts how often that began."""

    __tablename__ = "incident_jobs"
    __table_args__ = (Index(None, "queued_at", "event_id"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    camera_id: Mapped[UUID]
    queued_at: Mapped[datetime]
    final: Mapped[bool]
    wanted: Mapped[int]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    steps: Mapped[JSONList]


class IncidentPlanRow(Base):
    """One plan for an event. `content` holds plan, words, steps and inputs of `haetae.domain.incident.PlanRecord`; the columns beside it
    are for queries."""

    __tablename__ = "incident_plans"
    __table_args__ = (UniqueConstraint("event_id", "number"), Index(None, "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    camera_id: Mapped[UUID]
    number: Mapped[int]
    created_at: Mapped[datetime]
    flow: Mapped[str] = mapped_column(String(64))
    planned_by: Mapped[PlannedBy] = mapped_column(word(PlannedBy))
    playbook_version: Mapped[int]
    calls: Mapped[int]
    tokens: Mapped[int]
    elapsed_s: Mapped[float]
    content: Mapped[JSONObject]
