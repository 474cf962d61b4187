"""Alembic's environment: `migrate.upgrade` passes the connection, already inside a transaction."""

from alembic import context

from haetae.database import account_models, analysis_models, notification_models, severity_store  # noqa: F401 (their tables are part of the metadata)
from haetae.database.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite has transactional DDL too: a migration that fails leaves nothing behind.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
