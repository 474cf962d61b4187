"""Alembic's environment: `migrate.upgrade` passes the connection, already inside a transaction."""

from alembic import context

from haetae.database import (  # noqa: F401 (tables of the metadata)
    account_models,
    analysis_models,
    embedding_models,
    notification_models,
    planning_models,
    response_models,
    severity_store,
)
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
