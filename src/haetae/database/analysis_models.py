"""The tables of looking: what is still to be looked at, what came of it, and what people say of the places and to the models.

Analyses name event and camera by id without a foreign key, as events do their camera. Jobs are a queue: a row is there exactly as long as
there is something to do about its event.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from haetae.database.models import Base, JSONObject
from haetae.database.types import word
from haetae.domain.analysis import Basis
from haetae.domain.event import Verdict


class AnalysisJob(Base):
    """An event that is to be described and, where a model is configured, looked at.

    `described_revision` is the revision whose facts were put into words, -1 before. `alerted`: it was looked at while it went on.
    `asked_by` is who wants it to be looked at again, with `asked_at`. `lease_until` is set while somebody looks; `attempts` counts how
    often that began.
    """

    __tablename__ = "analysis_jobs"
    __table_args__ = (Index(None, "queued_at", "event_id"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    camera_id: Mapped[UUID]
    queued_at: Mapped[datetime]
    described_revision: Mapped[int]
    alerted: Mapped[bool]
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]


class AnalysisRow(Base):
    """One look at an event, at `revision`. `content` is the whole `haetae.domain.analysis.Analysis`; the columns beside it are for queries.

    `calls` is how often a model was asked for it, `latency_s` how long that took.
    """

    __tablename__ = "analyses"
    __table_args__ = (Index(None, "event_id", "created_at"), Index(None, "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    camera_id: Mapped[UUID]
    created_at: Mapped[datetime]
    revision: Mapped[int]
    verdict: Mapped[Verdict] = mapped_column(word(Verdict))
    event_type: Mapped[str | None] = mapped_column(String(32))
    basis: Mapped[Basis] = mapped_column(word(Basis))
    failed: Mapped[bool]
    calls: Mapped[int]
    latency_s: Mapped[float]
    content: Mapped[JSONObject]


class CameraNotes(Base):
    """What admins tell a model about the place that a camera sees."""

    __tablename__ = "camera_notes"

    camera_id: Mapped[UUID] = mapped_column(Uuid(), ForeignKey("cameras.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
    updated_by: Mapped[UUID | None]


class PromptText(Base):
    """What admins add to the prompt where an event may be of this type."""

    __tablename__ = "prompt_texts"

    event_type: Mapped[str] = mapped_column(String(32), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
    updated_by: Mapped[UUID | None]
