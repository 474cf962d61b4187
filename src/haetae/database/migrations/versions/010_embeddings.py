"""Search by meaning: a queue of words to embed, and their embeddings."""

import sqlalchemy as sa
from alembic import op

revision = "010_embeddings"
down_revision = "009_facts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "embedding_jobs",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_embedding_jobs")),
    )
    op.create_index(op.f("ix_embedding_jobs_queued_at_event_id"), "embedding_jobs", ["queued_at", "event_id"])
    op.create_table(
        "event_embeddings",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("vector", sa.Text(), nullable=False),
        sa.Column("embedded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_embeddings")),
    )
    op.create_index(op.f("ix_event_embeddings_embedded_at"), "event_embeddings", ["embedded_at"])
