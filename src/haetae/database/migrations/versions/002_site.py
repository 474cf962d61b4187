"""What a site of many cameras needs: settings of a camera's model, words and sizes of events, and what retention deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "002_site"
down_revision = "001_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cameras", sa.Column("vad_settings", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=True))
    op.add_column("events", sa.Column("detail", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("media_bytes", sa.BigInteger(), nullable=True))
    op.add_column("events", sa.Column("media_deleted_at", sa.DateTime(timezone=True), nullable=True))
