"""The tables of notifications: the ways to people, and the outbox, which is what is promised to be told and what became of it.

Deliveries name event, camera, rule, channel and person by id without a foreign key: what people were told outlives all of them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from haetae.database.models import Base, JSONList, JSONObject
from haetae.database.types import word
from haetae.domain.event import Severity
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.ids import new_id


class NotificationChannel(Base):
    """One way to people. `settings` holds what everybody may see of its settings; `secrets` the rest, a JSON object from the path of each
    setting to its value, sealed for `notification_channels.secrets:ID`, None where it has none."""

    __tablename__ = "notification_channels"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    settings: Mapped[JSONObject] = mapped_column(default=dict)
    secrets: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy's own name)


class NotificationGroup(Base):
    """Recipients under one name: `members` is a list of `Recipient` as JSON."""

    __tablename__ = "notification_groups"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    members: Mapped[JSONList] = mapped_column(default=list)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy's own name)


def _partial(name: str, condition: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class DeliveryRow(Base):
    """One promise, as `haetae.domain.delivery.Delivery` describes it.

    A lane is read by three partial indices, of which a row is in at most one: what waits (the index holds all that choosing a lane needs),
    what was sent, and what was held back and not counted yet.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        # Rows without an event (a test that somebody asked for) are never the same.
        UniqueConstraint("event_id", "channel_id", "target", "stage", name="uq_deliveries_stage"),
        _partial(
            "ix_deliveries_pending",
            "state = 'pending'",
            "channel_id",
            "target",
            "due_at",
            "created_at",
            "severity",
            "lease_until",
            "digest",
            "message_key",
        ),
        _partial("ix_deliveries_sent", "state = 'sent'", "channel_id", "target", "finished_at"),
        _partial("ix_deliveries_uncounted", "state = 'held' AND counted_in IS NULL", "channel_id", "target", "finished_at"),
        Index(None, "created_at", "id"),
        Index(None, "channel_id", "created_at"),
        Index(None, "rule_id", "created_at"),
        Index(None, "state", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID | None]
    event_id: Mapped[UUID | None]
    camera_id: Mapped[UUID | None]
    event_type: Mapped[str] = mapped_column(Text)
    severity: Mapped[Severity] = mapped_column(word(Severity))
    channel_id: Mapped[UUID]
    target: Mapped[str] = mapped_column(Text)
    user_id: Mapped[UUID | None]
    kind: Mapped[NoticeKind] = mapped_column(word(NoticeKind))
    stage: Mapped[str] = mapped_column(String(64))
    digest: Mapped[bool]
    state: Mapped[DeliveryState] = mapped_column(word(DeliveryState))
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    lease_until: Mapped[datetime | None]
    message_key: Mapped[UUID | None]
    held_by: Mapped[UUID | None]
    counted_in: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(Text)
    told: Mapped[JSONList] = mapped_column(default=list)


class EventNews(Base):
    """An event of which something is new since `queued_at`, written in the transaction that wrote it, each time with a new `token`."""

    __tablename__ = "event_news"
    __table_args__ = (Index(None, "queued_at", "event_id"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    token: Mapped[UUID]
    queued_at: Mapped[datetime]


class OptOut(Base):
    """A target that wants no digests from a channel."""

    __tablename__ = "notification_opt_outs"

    channel_id: Mapped[UUID] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    created_at: Mapped[datetime]
