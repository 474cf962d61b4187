"""The upsert of events, prepared once for a database: what makes ten thousand rows a second possible in Python."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Double, Engine, case, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from haetae.database.models import Event
from haetae.domain.event import AnomalyEvent

OPERATOR_COLUMNS = frozenset(
    {"acknowledged", "acknowledged_by", "acknowledged_at", "note", "locked", "review", "reviewed_by", "reviewed_at", "corrected_type"}
)
"""What people decide about an event; no revision from the pipeline touches it."""

KEEPER_COLUMNS = frozenset({"media_deleted_at"})
"""What retention writes."""

MEDIA_COLUMNS = ("clip_path", "thumbnail_path", "media_bytes")
"""What no revision changes any more once retention has set `media_deleted_at`."""

TRIAGE_COLUMNS = frozenset({"verdict", "basis", "analysed_at", "analysed_revision", "search_text"})
"""What triage alone writes."""

RESPONSE_COLUMNS = frozenset({"priority_raised"})
"""What responses write."""

LOOKED_COLUMNS = ("vlm_type", "vlm_description", "vlm_confidence")
"""What no revision changes any more once triage has set `analysed_at`."""

AGENT_COLUMNS = ("agent_actions", "agent_response_time")
"""What no revision changes any more once a response was planned."""

_OTHERS = OPERATOR_COLUMNS | KEEPER_COLUMNS | TRIAGE_COLUMNS | RESPONSE_COLUMNS | {"created_at"}
PIPELINE_COLUMNS = tuple(name for name in Event.__table__.columns.keys() if name not in _OTHERS)  # noqa: SIM118

Parameters = Any
"""One row as the driver takes it: a tuple for SQLite, a dict for PostgreSQL."""


class EventStatement:
    """`INSERT ... ON CONFLICT DO UPDATE` where the new revision is higher.

    SQLAlchemy compiles the statement and supplies each column's conversion, so that a wrong type is refused as everywhere else; only its
    work per row and execution (half of the time of a batch) is done once here. Immutable: any thread may use it.
    """

    def __init__(self, dialect: Dialect) -> None:
        """`dialect` of an engine that has connected once: before, it does not know its server."""
        compiled = _upsert(dialect.name).compile(dialect=dialect)
        self._sql = str(compiled)
        columns = Event.__table__.columns
        order: Sequence[str] = getattr(compiled, "positiontup", None) or [*PIPELINE_COLUMNS, "created_at", "acknowledged", "locked"]
        self._columns = tuple((name, _conversion(columns[name].type, dialect)) for name in order)
        self._positional = bool(getattr(compiled, "positional", False))

    def parameters(self, event: AnomalyEvent, stored_at: datetime) -> Parameters:
        """The row of an event. Raises ValueError or TypeError for a value that its column refuses."""
        row = to_row(event)
        row["created_at"] = stored_at
        row["acknowledged"] = row["locked"] = False
        if self._positional:
            return tuple([row[name] if convert is None else convert(row[name]) for name, convert in self._columns])
        return {name: row[name] if convert is None else convert(row[name]) for name, convert in self._columns}

    def execute(self, connection: Connection, rows: Sequence[Parameters]) -> None:
        """Run it for all rows in the connection's transaction; raises SQLAlchemy's errors."""
        connection.exec_driver_sql(self._sql, list(rows))


def insert_rows(engine: Engine, events: Sequence[AnomalyEvent], *, stored_at: datetime) -> None:
    """Insert events that are not there yet in one transaction, with SQLAlchemy's own `executemany`: what benchmarks compare with."""
    rows = [{**to_row(event), "created_at": stored_at, "acknowledged": False, "locked": False} for event in events]
    with engine.begin() as connection:
        connection.execute(insert(Event), rows)


def to_row(event: AnomalyEvent) -> dict[str, Any]:
    """The pipeline's columns of an event. Box and facts stay dataclasses: the engine's JSON writer takes them as they are."""
    return {
        "id": event.id,
        "camera_id": event.camera_id,
        "revision": event.revision,
        "kind": event.kind,
        "subtype": _text(event.subtype),
        "severity": event.severity,
        "status": event.status,
        "timestamp": event.timestamp,
        "ended_at": event.ended_at,
        "onset_s": event.onset_s,
        "end_s": event.end_s,
        "peak_s": event.peak_s,
        "frame_number": event.frame_number,
        "vad_score": event.vad_score,
        "threshold": event.threshold,
        "box": event.box,
        "facts": event.facts,
        "faults": [_text(fault) for fault in event.faults],
        "continues": event.continues,
        "clip_path": _text(event.clip_path),
        "thumbnail_path": _text(event.thumbnail_path),
        "detail": _text(event.detail) or None,
        "media_bytes": event.media_bytes,
        "vlm_type": _text(event.vlm_type),
        "vlm_description": _text(event.vlm_description),
        "vlm_confidence": event.vlm_confidence,
        "agent_actions": [_text(action) for action in event.agent_actions],
        "agent_response_time": event.agent_response_time,
    }


def _upsert(dialect: str) -> Any:
    upsert = (postgresql if dialect == "postgresql" else sqlite).insert(Event.__table__)
    values = upsert.values(dict.fromkeys((*PIPELINE_COLUMNS, "created_at", "acknowledged", "locked")))
    changes: dict[str, Any] = {name: upsert.excluded[name] for name in PIPELINE_COLUMNS if name != "id"}
    for name in MEDIA_COLUMNS:
        # What retention deleted stays deleted, however late a revision that still names it comes.
        changes[name] = case((Event.media_deleted_at.is_(None), upsert.excluded[name]), else_=Event.__table__.columns[name])
    for name in LOOKED_COLUMNS:
        changes[name] = case((Event.analysed_at.is_(None), upsert.excluded[name]), else_=Event.__table__.columns[name])
    for name in AGENT_COLUMNS:
        changes[name] = case((Event.agent_response_time.is_(None), upsert.excluded[name]), else_=Event.__table__.columns[name])
    return values.on_conflict_do_update(
        index_elements=["id"],
        set_=changes,
        where=upsert.excluded.revision > Event.revision,
    )


def _conversion(column_type: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(column_type, (Double, Boolean)):
        return None  # both drivers take Python's own floats and booleans
    convert: Callable[[Any], Any] | None = column_type.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _text(value: str | None) -> str | None:
    """PostgreSQL refuses NUL characters in text, and a model's text is no reason to lose an event."""
    return value if value is None or "\x00" not in value else value.replace("\x00", "\ufffd")
