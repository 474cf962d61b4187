"""Indexes for retention: events with media by onset, and events whose media is not known yet."""

import sqlalchemy as sa
from alembic import op

revision = "003_media_index"
down_revision = "002_site"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kept, unknown = sa.text("media_bytes > 0"), sa.text("media_bytes IS NULL")
    columns = ["timestamp", "locked", "media_bytes"]
    op.create_index("ix_events_media_kept", "events", columns, sqlite_where=kept, postgresql_where=kept)
    op.create_index("ix_events_media_unknown", "events", ["timestamp"], sqlite_where=unknown, postgresql_where=unknown)
