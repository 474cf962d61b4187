"""The tables of acting: what was planned and what came of it, who was asked to approve of it, and what actions can reach.

Actions and approvals name event, camera and each other by id without a foreign key: what was done outlives what it was done about.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from haetae.database.models import Base, JSONList, JSONObject
from haetae.database.types import word
from haetae.domain.action import ApprovalState, TargetKind
from haetae.domain.plan import ActionKind, ActionState, PlannedBy, Risk

WORD = 32
"""Room for the longest of these words."""


class ResponseAction(Base):
    """One action of the response to one event, as `haetae.domain.action.Action` describes it.

    `key` is its kind and target: an event has each at most once. `lease_until` is set while somebody runs it.
    """

    __tablename__ = "response_actions"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        Index(None, "state", "due_at"),
        Index(None, "kind", "camera_id", "started_at"),
        Index(None, "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    camera_id: Mapped[UUID]
    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[ActionKind] = mapped_column(word(ActionKind, WORD))
    target: Mapped[str] = mapped_column(Text)
    options: Mapped[JSONObject]
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    mandatory: Mapped[bool]
    disputed: Mapped[bool]
    risk: Mapped[Risk] = mapped_column(word(Risk))
    state: Mapped[ActionState] = mapped_column(word(ActionState, WORD))
    planned_by: Mapped[PlannedBy] = mapped_column(word(PlannedBy))
    playbook_version: Mapped[int]
    idempotency_key: Mapped[UUID]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    result: Mapped[JSONObject]


class ApprovalRow(Base):
    """A question to people about one action. `decisions` is a list of `Decision` as JSON.

    `secret`, sealed for `approvals.secret:ID`, is what each person's code is made of; `told_at` is when those who may decide were written
    to, None before.
    """

    __tablename__ = "approvals"
    __table_args__ = (UniqueConstraint("action_id"), Index(None, "state", "expires_at"), Index(None, "event_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    action_id: Mapped[UUID]
    event_id: Mapped[UUID]
    camera_id: Mapped[UUID]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    needed: Mapped[int]
    state: Mapped[ApprovalState] = mapped_column(word(ApprovalState))
    decisions: Mapped[JSONList]
    secret: Mapped[str | None] = mapped_column(Text)
    wrong_codes: Mapped[int]
    told_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]


class ResponseTargetRow(Base):
    """What actions can reach. `settings` holds what everybody may see of its settings, `secrets` the rest, sealed for
    `response_targets.secrets:ID`, None where it has none."""

    __tablename__ = "response_targets"

    id: Mapped[str] = mapped_column(String(48), primary_key=True)
    kind: Mapped[TargetKind] = mapped_column(word(TargetKind))
    name: Mapped[str] = mapped_column(String(128))
    camera_id: Mapped[UUID | None]
    people: Mapped[int]
    enabled: Mapped[bool]
    settings: Mapped[JSONObject]
    secrets: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy's own name)
