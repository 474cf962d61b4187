"""Acting: planned actions and their results, approvals, what actions can reach; events whose priority a response raised."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "008_acting"
down_revision = "007_planning"
branch_labels = None
depends_on = None


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("events", sa.Column("priority_raised", sa.Boolean(), server_default=sa.false(), nullable=False))
    _actions()
    _approvals()
    _targets()


def _actions() -> None:
    op.create_table(
        "response_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        _json("options"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("risk", sa.String(16), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("planned_by", sa.String(16), nullable=False),
        sa.Column("playbook_version", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("due_at"),
        _moment("lease_until", nullable=True),
        _moment("started_at", nullable=True),
        _moment("finished_at", nullable=True),
        _json("result"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_actions")),
        sa.UniqueConstraint("event_id", "key", name=op.f("uq_response_actions_event_id_key")),
    )
    for columns in (["state", "due_at"], ["kind", "camera_id", "started_at"], ["created_at"]):
        op.create_index(op.f(f"ix_response_actions_{'_'.join(columns)}"), "response_actions", columns)


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        _moment("asked_at"),
        _moment("expires_at"),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        _json("decisions"),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        _moment("told_at", nullable=True),
        _moment("decided_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("action_id", name=op.f("uq_approvals_action_id")),
    )
    for columns in (["state", "expires_at"], ["event_id"]):
        op.create_index(op.f(f"ix_approvals_{'_'.join(columns)}"), "approvals", columns)


def _targets() -> None:
    op.create_table(
        "response_targets",
        sa.Column("id", sa.String(48), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _json("settings"),
        sa.Column("secrets", sa.Text(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_targets")),
    )
