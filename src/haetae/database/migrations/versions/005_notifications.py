"""Notifications: channels, groups, the outbox, events of which something is new."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "005_notifications"
down_revision = "004_accounts"
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("notification_rules", sa.Column("updates", sa.Boolean(), nullable=False, server_default=sa.true()))
    _channels()
    _groups()
    _deliveries()
    _event_news()
    _opt_outs()


def _channels() -> None:
    op.create_table(
        "notification_channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("settings", _json(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_channels")),
        sa.UniqueConstraint("name", name=op.f("uq_notification_channels_name")),
    )


def _groups() -> None:
    op.create_table(
        "notification_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("members", _json(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_notification_groups_name")),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("camera_id", sa.Uuid(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(64), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        _moment("due_at"),
        _moment("created_at"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("lease_until", nullable=True),
        sa.Column("message_key", sa.Uuid(), nullable=True),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("counted_in", sa.Uuid(), nullable=True),
        _moment("finished_at", nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("told", _json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("event_id", "channel_id", "target", "stage", name="uq_deliveries_stage"),
    )
    waiting = ["due_at", "created_at", "severity", "lease_until", "digest", "message_key"]
    _lane_index("ix_deliveries_pending", "state = 'pending'", *waiting)
    _lane_index("ix_deliveries_sent", "state = 'sent'", "finished_at")
    _lane_index("ix_deliveries_uncounted", "state = 'held' AND counted_in IS NULL", "finished_at")
    for columns in (["created_at", "id"], ["channel_id", "created_at"], ["rule_id", "created_at"], ["state", "created_at"]):
        op.create_index(op.f(f"ix_deliveries_{'_'.join(columns)}"), "deliveries", columns)


def _lane_index(name: str, condition: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "deliveries", ["channel_id", "target", *columns], sqlite_where=where, postgresql_where=where)


def _event_news() -> None:
    op.create_table(
        "event_news",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        _moment("queued_at"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_news")),
    )
    op.create_index(op.f("ix_event_news_queued_at_event_id"), "event_news", ["queued_at", "event_id"])


def _opt_outs() -> None:
    op.create_table(
        "notification_opt_outs",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("channel_id", "target", name=op.f("pk_notification_opt_outs")),
    )
