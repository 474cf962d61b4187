"""What a person says that an event is; it is among the words that an event is found by."""

import sqlalchemy as sa
from alembic import op

revision = "012_corrected_type"
down_revision = "011_severity_version"
branch_labels = None
depends_on = None

# What an event is found by. The page database/event_words.py searches the same columns.
_COLUMNS = ("corrected_type", "subtype", "detail", "vlm_type", "vlm_description", "note", "search_text")


def upgrade() -> None:
    op.add_column("events", sa.Column("corrected_type", sa.String(32), nullable=True))
    corrected = sa.text("corrected_type IS NOT NULL")
    op.create_index("ix_events_corrected", "events", ["timestamp"], sqlite_where=corrected, postgresql_where=corrected)
    if op.get_bind().dialect.name == "postgresql":
        _search_of_postgresql()
    else:
        _search_of_sqlite()


def _text_of(row: str) -> str:
    """The columns of a row as one text, in SQL."""
    return " || ' ' || ".join(f"coalesce({row}{name}, '')" for name in _COLUMNS)


def _search_of_sqlite() -> None:
    """The triggers of 006 with one more column. The texts that are there stay: nobody has corrected anything yet."""
    any_text = " OR ".join(f"NEW.{name} IS NOT NULL" for name in _COLUMNS)
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _COLUMNS)
    new = f"INSERT INTO event_texts (event_id, text) VALUES (NEW.id, {_text_of('NEW.')});"  # noqa: S608 (names of columns)
    old = "DELETE FROM event_texts WHERE event_id = OLD.id;"
    for statement in (
        "DROP TRIGGER events_text_added",
        "DROP TRIGGER events_text_changed",
        f"CREATE TRIGGER events_text_added AFTER INSERT ON events WHEN {any_text} BEGIN {new} END",
        f"CREATE TRIGGER events_text_changed AFTER UPDATE OF {', '.join(_COLUMNS)} ON events WHEN {changed} BEGIN {old} {new} END",
    ):
        op.execute(statement)


def _search_of_postgresql() -> None:
    """The index over the longer expression, where 006 could make one."""
    connection = op.get_bind()
    find = sa.text("SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm'")
    schema = connection.scalar(find)
    op.execute("DROP INDEX IF EXISTS ix_events_text")
    if schema is not None:
        quoted = connection.dialect.identifier_preparer.quote(schema)
        op.execute(f"CREATE INDEX ix_events_text ON events USING gin (({_text_of('')}) {quoted}.gin_trgm_ops)")
