"""The six tables of the site; those of log-in and audit are in `account_models`, those of notifications in `notification_models`, those of
looking in `analysis_models`, those of planning in `planning_models`, those of acting in `response_models`.

Events and daily statistics name their camera by id without a foreign key, on purpose: evidence outlives the camera it came from, and an
event that reaches the database after its camera was removed is stored like any other. Ids are UUIDs, so none is ever used twice.
Grants (`CameraAccess`) do go with their camera and their user.
"""

from datetime import date, datetime
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from haetae.database.types import UTCDateTime, json_type, word
from haetae.domain.analysis import Basis
from haetae.domain.event import EventKind, EventStatus, Review, Severity, Verdict
from haetae.domain.viewer import AccessLevel, Role
from haetae.ids import new_id

JSONObject: TypeAlias = dict[str, Any]
JSONList: TypeAlias = list[Any]


class Base(DeclarativeBase):
    """Constraint names are fixed, so that migrations can name them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        UUID: Uuid(),
        float: Double(),
        JSONObject: json_type(),
        JSONList: json_type(),
    }


class User(Base):
    """A person who may log in. `password_hash` is Argon2id; who leaves is made inactive, so that the name stays on what they did.

    `generation` grows when everything that was handed out to this person is taken back; tokens of an older one are worth nothing.
    """

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(word(Role), default=Role.VIEWER)
    language: Mapped[str] = mapped_column(String(8), default="en")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    password_changed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    generation: Mapped[int] = mapped_column(default=0, server_default="0")


class Camera(Base):
    """A configured video source; None means the default of `CameraConfig`.

    `version` grows with every change: optimistic locking, and the ETag.
    """

    __tablename__ = "cameras"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(128), index=True)
    source: Mapped[str] = mapped_column(Text)
    vad_model: Mapped[str] = mapped_column(String(64), default="motion")
    vad_settings: Mapped[JSONObject | None]
    analysed_fps: Mapped[float | None]
    false_alarms_per_day: Mapped[float] = mapped_column(default=1.0)
    learning_s: Mapped[float | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    zones: Mapped[JSONList | None]
    schedule: Mapped[JSONObject | None]
    offline_alert_s: Mapped[float] = mapped_column(default=30.0)
    pre_roll_s: Mapped[float] = mapped_column(default=5.0)
    post_roll_s: Mapped[float] = mapped_column(default=5.0)
    flow: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy's own name)


def _partial_index(name: str, condition: str, *columns: str) -> Index:
    """An index of the few events that meet a condition: retention's, for instance, holds none whose media is gone."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


_FILTERED = ("severity", "kind", "subtype", "status", "review", "acknowledged", "locked", "vad_score")


class Event(Base):
    """One incident at its highest known revision.

    The pipeline writes all columns but the operators' own (`acknowledged*`, `review*`, `note`, `locked`, `corrected_type`), which no
    revision touches, and `media_deleted_at`, which retention sets when it deletes clip and pictures. `locked` is evidence: retention leaves
    it alone. Once triage has looked at an event (`analysed_at`), `verdict`, `basis` and what begins with `vlm_` are triage's;
    `analysed_revision` is what it looked at, `search_text` what else the event can be found by. `agent_*` are written by who plans
    responses; a response sets `priority_raised`.
    `timestamp` is the onset; `onset_s`, `end_s`, `peak_s` are presentation times in seconds.
    """

    __tablename__ = "events"
    __table_args__ = (
        # All that lists are filtered by, so that filtering and counting read no rows.
        Index("ix_events_by_camera", "camera_id", "timestamp", *_FILTERED),
        Index("ix_events_by_time", "timestamp", "camera_id", *_FILTERED),
        Index(None, "severity", "timestamp"),
        Index(None, "status", "timestamp"),
        _partial_index("ix_events_media_kept", "media_bytes > 0", "timestamp", "locked", "media_bytes"),
        _partial_index("ix_events_media_unknown", "media_bytes IS NULL", "timestamp"),
        _partial_index("ix_events_corrected", "corrected_type IS NOT NULL", "timestamp"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    camera_id: Mapped[UUID]
    revision: Mapped[int]
    kind: Mapped[EventKind] = mapped_column(word(EventKind))
    subtype: Mapped[str | None] = mapped_column(Text)
    severity: Mapped[Severity] = mapped_column(word(Severity))
    status: Mapped[EventStatus] = mapped_column(word(EventStatus))
    timestamp: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    onset_s: Mapped[float]
    end_s: Mapped[float | None]
    peak_s: Mapped[float]
    frame_number: Mapped[int] = mapped_column(BigInteger)
    vad_score: Mapped[float]
    threshold: Mapped[float]
    box: Mapped[JSONObject | None]
    facts: Mapped[JSONList]
    faults: Mapped[JSONList]
    continues: Mapped[UUID | None]
    clip_path: Mapped[str | None] = mapped_column(Text)
    thumbnail_path: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
    media_bytes: Mapped[int | None] = mapped_column(BigInteger)
    media_deleted_at: Mapped[datetime | None]
    vlm_type: Mapped[str | None] = mapped_column(Text)
    vlm_description: Mapped[str | None] = mapped_column(Text)
    vlm_confidence: Mapped[float | None]
    verdict: Mapped[Verdict | None] = mapped_column(word(Verdict))
    basis: Mapped[Basis | None] = mapped_column(word(Basis))
    analysed_at: Mapped[datetime | None]
    analysed_revision: Mapped[int | None]
    search_text: Mapped[str | None] = mapped_column(Text)
    agent_actions: Mapped[JSONList]
    agent_response_time: Mapped[float | None]
    priority_raised: Mapped[bool] = mapped_column(server_default=false())
    acknowledged: Mapped[bool] = mapped_column(default=False)
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    acknowledged_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    locked: Mapped[bool] = mapped_column(default=False)
    review: Mapped[Review] = mapped_column(word(Review), server_default=Review.NEW.value)
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    corrected_type: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]


class DailyStatistics(Base):
    """One camera's local day. Sums and counts, not means, so that it can be added to and two parts of a day merged without error.

    `day` is the date in `time_zone` (IANA name); times are in seconds, `uptime_s` of watching. `events_by_type` maps a type to a count,
    `frames_dropped` a reason to a count.
    """

    __tablename__ = "daily_statistics"
    __table_args__ = (UniqueConstraint("camera_id", "day"), Index(None, "day"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    camera_id: Mapped[UUID]
    day: Mapped[date] = mapped_column(Date)
    time_zone: Mapped[str] = mapped_column(String(64))
    frames_read: Mapped[int] = mapped_column(BigInteger, default=0)
    frames_analysed: Mapped[int] = mapped_column(BigInteger, default=0)
    frames_skipped: Mapped[int] = mapped_column(BigInteger, default=0)
    frames_dropped: Mapped[JSONObject] = mapped_column(default=dict)
    events: Mapped[int] = mapped_column(Integer, default=0)
    events_by_type: Mapped[JSONObject] = mapped_column(default=dict)
    uptime_s: Mapped[float] = mapped_column(default=0.0)
    score_sum: Mapped[float] = mapped_column(default=0.0)
    score_count: Mapped[int] = mapped_column(BigInteger, default=0)
    score_max: Mapped[float | None]
    vad_time_sum_s: Mapped[float] = mapped_column(default=0.0)
    vad_time_count: Mapped[int] = mapped_column(BigInteger, default=0)
    vlm_time_sum_s: Mapped[float] = mapped_column(default=0.0)
    vlm_time_count: Mapped[int] = mapped_column(BigInteger, default=0)
    agent_time_sum_s: Mapped[float] = mapped_column(default=0.0)
    agent_time_count: Mapped[int] = mapped_column(BigInteger, default=0)
    updated_at: Mapped[datetime]


class CameraAccess(Base):
    """What one user may do with one camera. No row: the camera does not exist for that user (admins see all)."""

    __tablename__ = "camera_access"
    __table_args__ = (UniqueConstraint("user_id", "camera_id"), Index(None, "camera_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    camera_id: Mapped[UUID] = mapped_column(ForeignKey("cameras.id", ondelete="CASCADE"))
    level: Mapped[AccessLevel] = mapped_column(word(AccessLevel))
    created_at: Mapped[datetime]


class NotificationRule(Base):
    """Who hears of which event, how: `haetae.domain.rule.Rule` in columns. `channels` is a list of ids as text, `templates` may hold
    `title` and `text`."""

    __tablename__ = "notification_rules"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    camera_ids: Mapped[JSONList | None]
    event_types: Mapped[JSONList | None]
    system_events: Mapped[bool] = mapped_column(default=False)
    min_severity: Mapped[Severity] = mapped_column(word(Severity), default=Severity.MEDIUM)
    min_score: Mapped[float] = mapped_column(default=0.0)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    schedule: Mapped[JSONObject | None]
    quiet_hours: Mapped[JSONObject | None]
    channels: Mapped[JSONList] = mapped_column(default=list)
    recipients: Mapped[JSONList] = mapped_column(default=list)
    escalation: Mapped[JSONList | None]
    language: Mapped[str] = mapped_column(String(8), default="en")
    templates: Mapped[JSONObject | None]
    rate_limit_count: Mapped[int | None]
    rate_limit_period_s: Mapped[float | None]
    include_picture: Mapped[bool] = mapped_column(default=True)
    include_clip_link: Mapped[bool] = mapped_column(default=True)
    updates: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy's own name)
