"""Looking: jobs of triage, analyses, site notes, prompts; what triage writes of an event."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "006_looking"
down_revision = "005_notifications"
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("events", sa.Column("verdict", sa.String(16), nullable=True))
    op.add_column("events", sa.Column("basis", sa.String(16), nullable=True))
    op.add_column("events", _moment("analysed_at", nullable=True))
    op.add_column("events", sa.Column("analysed_revision", sa.Integer(), nullable=True))
    op.add_column("events", sa.Column("search_text", sa.Text(), nullable=True))
    op.create_table(
        "analysis_jobs",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        _moment("queued_at"),
        sa.Column("described_revision", sa.Integer(), nullable=False),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        _moment("asked_at", nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        _moment("lease_until", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_analysis_jobs")),
    )
    op.create_index(op.f("ix_analysis_jobs_queued_at_event_id"), "analysis_jobs", ["queued_at", "event_id"])
    op.create_table(
        "analyses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        _moment("created_at"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("event_type", sa.String(32), nullable=True),
        sa.Column("basis", sa.String(16), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("content", _json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
    )
    op.create_index(op.f("ix_analyses_event_id_created_at"), "analyses", ["event_id", "created_at"])
    op.create_index(op.f("ix_analyses_created_at"), "analyses", ["created_at"])
    op.create_table(
        "camera_notes",
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _moment("updated_at"),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_camera_notes_camera_id_cameras"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_notes")),
    )
    op.create_table(
        "prompt_texts",
        sa.Column("event_type", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _moment("updated_at"),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("event_type", name=op.f("pk_prompt_texts")),
    )
