"""Alembic's scripts; `haetae.database.migrate` runs them."""
