"""Planning: playbooks by version, the queue of incidents, plans, and each camera's agent flow."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "007_planning"
down_revision = "006_looking"
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("cameras", sa.Column("flow", sa.String(64), nullable=True))
    op.create_table(
        "playbooks",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        _moment("created_at"),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_name", sa.String(128), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_playbooks")),
    )
    op.create_table(
        "incident_jobs",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        _moment("queued_at"),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        _moment("lease_until", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("steps", _json(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_incident_jobs")),
    )
    op.create_index(op.f("ix_incident_jobs_queued_at_event_id"), "incident_jobs", ["queued_at", "event_id"])
    op.create_table(
        "incident_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("created_at"),
        sa.Column("flow", sa.String(64), nullable=False),
        sa.Column("planned_by", sa.String(16), nullable=False),
        sa.Column("playbook_version", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("elapsed_s", sa.Double(), nullable=False),
        sa.Column("content", _json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_plans")),
        sa.UniqueConstraint("event_id", "number", name=op.f("uq_incident_plans_event_id_number")),
    )
    op.create_index(op.f("ix_incident_plans_created_at"), "incident_plans", ["created_at"])
