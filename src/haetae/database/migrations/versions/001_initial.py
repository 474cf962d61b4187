"""The first schema: users, cameras, events, daily statistics, camera access, notification rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "001_initial"
down_revision = None
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cameras",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("vad_model", sa.String(64), nullable=False),
        sa.Column("analysed_fps", sa.Double(), nullable=True),
        sa.Column("false_alarms_per_day", sa.Double(), nullable=False),
        sa.Column("learning_s", sa.Double(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("zones", _json(), nullable=True),
        sa.Column("schedule", _json(), nullable=True),
        sa.Column("offline_alert_s", sa.Double(), nullable=False),
        sa.Column("pre_roll_s", sa.Double(), nullable=False),
        sa.Column("post_roll_s", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
    )
    op.create_index(op.f("ix_cameras_name"), "cameras", ["name"], unique=False)
    op.create_table(
        "daily_statistics",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("frames_read", sa.BigInteger(), nullable=False),
        sa.Column("frames_analysed", sa.BigInteger(), nullable=False),
        sa.Column("frames_skipped", sa.BigInteger(), nullable=False),
        sa.Column("frames_dropped", _json(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("events_by_type", _json(), nullable=False),
        sa.Column("uptime_s", sa.Double(), nullable=False),
        sa.Column("score_sum", sa.Double(), nullable=False),
        sa.Column("score_count", sa.BigInteger(), nullable=False),
        sa.Column("score_max", sa.Double(), nullable=True),
        sa.Column("vad_time_sum_s", sa.Double(), nullable=False),
        sa.Column("vad_time_count", sa.BigInteger(), nullable=False),
        sa.Column("vlm_time_sum_s", sa.Double(), nullable=False),
        sa.Column("vlm_time_count", sa.BigInteger(), nullable=False),
        sa.Column("agent_time_sum_s", sa.Double(), nullable=False),
        sa.Column("agent_time_count", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_statistics")),
        sa.UniqueConstraint("camera_id", "day", name=op.f("uq_daily_statistics_camera_id_day")),
    )
    op.create_index(op.f("ix_daily_statistics_day"), "daily_statistics", ["day"], unique=False)
    op.create_table(
        "notification_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("camera_ids", _json(), nullable=True),
        sa.Column("event_types", _json(), nullable=True),
        sa.Column("system_events", sa.Boolean(), nullable=False),
        sa.Column("min_severity", sa.String(16), nullable=False),
        sa.Column("min_score", sa.Double(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("schedule", _json(), nullable=True),
        sa.Column("quiet_hours", _json(), nullable=True),
        sa.Column("channels", _json(), nullable=False),
        sa.Column("recipients", _json(), nullable=False),
        sa.Column("escalation", _json(), nullable=True),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("templates", _json(), nullable=True),
        sa.Column("rate_limit_count", sa.Integer(), nullable=True),
        sa.Column("rate_limit_period_s", sa.Double(), nullable=True),
        sa.Column("include_picture", sa.Boolean(), nullable=False),
        sa.Column("include_clip_link", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_rules")),
        sa.UniqueConstraint("name", name=op.f("uq_notification_rules_name")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "camera_access",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_camera_access_camera_id_cameras"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_camera_access_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera_access")),
        sa.UniqueConstraint("user_id", "camera_id", name=op.f("uq_camera_access_user_id_camera_id")),
    )
    op.create_index(op.f("ix_camera_access_camera_id"), "camera_access", ["camera_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subtype", sa.Text(), nullable=True),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("onset_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=True),
        sa.Column("peak_s", sa.Double(), nullable=False),
        sa.Column("frame_number", sa.BigInteger(), nullable=False),
        sa.Column("vad_score", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("box", _json(), nullable=True),
        sa.Column("facts", _json(), nullable=False),
        sa.Column("faults", _json(), nullable=False),
        sa.Column("continues", sa.Uuid(), nullable=True),
        sa.Column("clip_path", sa.Text(), nullable=True),
        sa.Column("thumbnail_path", sa.Text(), nullable=True),
        sa.Column("vlm_type", sa.Text(), nullable=True),
        sa.Column("vlm_description", sa.Text(), nullable=True),
        sa.Column("vlm_confidence", sa.Double(), nullable=True),
        sa.Column("agent_actions", _json(), nullable=False),
        sa.Column("agent_response_time", sa.Double(), nullable=True),
        sa.Column("acknowledged", sa.Boolean(), nullable=False),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["users.id"], name=op.f("fk_events_acknowledged_by_users"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_camera_id_timestamp"), "events", ["camera_id", "timestamp"], unique=False)
    op.create_index(op.f("ix_events_severity_timestamp"), "events", ["severity", "timestamp"], unique=False)
    op.create_index(op.f("ix_events_status_timestamp"), "events", ["status", "timestamp"], unique=False)
    op.create_index(op.f("ix_events_timestamp"), "events", ["timestamp"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_events_timestamp"), table_name="events")
    op.drop_index(op.f("ix_events_status_timestamp"), table_name="events")
    op.drop_index(op.f("ix_events_severity_timestamp"), table_name="events")
    op.drop_index(op.f("ix_events_camera_id_timestamp"), table_name="events")
    op.drop_table("events")
    op.drop_index(op.f("ix_camera_access_camera_id"), table_name="camera_access")
    op.drop_table("camera_access")
    op.drop_table("users")
    op.drop_table("notification_rules")
    op.drop_index(op.f("ix_daily_statistics_day"), table_name="daily_statistics")
    op.drop_table("daily_statistics")
    op.drop_index(op.f("ix_cameras_name"), table_name="cameras")
    op.drop_table("cameras")
