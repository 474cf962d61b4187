"""The severity policy has a version, so that of two people who edit it at once neither overwrites the other unseen."""

import sqlalchemy as sa
from alembic import op

revision = "011_severity_version"
down_revision = "010_embeddings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("severity_policy", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
