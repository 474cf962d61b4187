"""Looking: jobs of triage, analyses, site notes, prompts; what triage writes of an event; full-text search."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "006_looking"
down_revision = "005_notifications"
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("events", sa.Column("verdict", sa.String(16), nullable=True))
    op.add_column("events", sa.Column("basis", sa.String(16), nullable=True))
    op.add_column("events", _moment("analysed_at", nullable=True))
    op.add_column("events", sa.Column("analysed_revision", sa.Integer(), nullable=True))
    op.add_column("events", sa.Column("search_text", sa.Text(), nullable=True))
    op.create_table(
        "analysis_jobs",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        _moment("queued_at"),
        sa.Column("described_revision", sa.Integer(), nullable=False),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        _moment("asked_at", nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        _moment("lease_until", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_analysis_jobs")),
    )
    op.create_index(op.f("ix_analysis_jobs_queued_at_event_id"), "analysis_jobs", ["queued_at", "event_id"])
    op.create_table(
        "analyses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        _moment("created_at"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("event_type", sa.String(32), nullable=True),
        sa.Column("basis", sa.String(16), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("content", _json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
    )
    op.create_index(op.f("ix_analyses_event_id_created_at"), "analyses", ["event_id", "created_at"])
    op.create_index(op.f("ix_analyses_created_at"), "analyses", ["created_at"])
    op.create_table(
        "camera_notes",
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _moment("updated_at"),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_camera_notes_camera_id_cameras"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_notes")),
    )
    op.create_table(
        "prompt_texts",
        sa.Column("event_type", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _moment("updated_at"),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("event_type", name=op.f("pk_prompt_texts")),
    )
    _search()


# What an event is found by. The page database/event_words.py searches the same columns.
_COLUMNS = ("subtype", "detail", "vlm_type", "vlm_description", "note", "search_text")


def _search() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _search_of_postgresql()
    else:
        _search_of_sqlite()


def _text_of(row: str) -> str:
    """The columns of a row as one text, in SQL."""
    return " || ' ' || ".join(f"coalesce({row}{name}, '')" for name in _COLUMNS)


def _search_of_sqlite() -> None:
    """Full text by trigrams (FTS5), kept by triggers. It is numbered by `event_texts`, for the rows of `events` have no lasting number."""
    any_text = " OR ".join(f"NEW.{name} IS NOT NULL" for name in _COLUMNS)
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _COLUMNS)
    new = f"INSERT INTO event_texts (event_id, text) VALUES (NEW.id, {_text_of('NEW.')});"  # noqa: S608 (names of columns)
    gone = "INSERT INTO event_search (event_search, rowid, text) VALUES ('delete', OLD.id, OLD.text);"
    old = "DELETE FROM event_texts WHERE event_id = OLD.id;"
    for statement in (
        "CREATE TABLE event_texts (id INTEGER PRIMARY KEY, event_id CHAR(32) NOT NULL UNIQUE, text TEXT NOT NULL)",
        "CREATE VIRTUAL TABLE event_search USING fts5(text, content='event_texts', content_rowid='id', tokenize='trigram')",
        "CREATE TRIGGER event_texts_added AFTER INSERT ON event_texts "
        "BEGIN INSERT INTO event_search (rowid, text) VALUES (NEW.id, NEW.text); END",
        f"CREATE TRIGGER event_texts_gone AFTER DELETE ON event_texts BEGIN {gone} END",
        f"CREATE TRIGGER events_text_added AFTER INSERT ON events WHEN {any_text} BEGIN {new} END",
        f"CREATE TRIGGER events_text_changed AFTER UPDATE OF {', '.join(_COLUMNS)} ON events WHEN {changed} BEGIN {old} {new} END",
        f"CREATE TRIGGER events_text_gone AFTER DELETE ON events BEGIN {old} END",
        f"INSERT INTO event_texts (event_id, text) SELECT id, {_text_of('')} FROM events "  # noqa: S608 (names of columns)
        f"WHERE {' OR '.join(f'{name} IS NOT NULL' for name in _COLUMNS)}",
    ):
        op.execute(statement)


def _search_of_postgresql() -> None:
    """A trigram index, where the extension pg_trgm is there or may be made; without it the same search reads every row."""
    connection = op.get_bind()
    find = sa.text("SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm'")
    schema = connection.scalar(find)
    if schema is None:
        try:
            with connection.begin_nested():
                connection.execute(sa.text("CREATE EXTENSION pg_trgm SCHEMA public"))
        except sa.exc.DBAPIError:
            return
        schema = "public"
    quoted = connection.dialect.identifier_preparer.quote(schema)
    op.execute(f"CREATE INDEX ix_events_text ON events USING gin (({_text_of('')}) {quoted}.gin_trgm_ops)")
