"""Events in the database. `event_statement.to_row` makes an `AnomalyEvent` a row, `to_event` a row an `AnomalyEvent`; nothing else does."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from haetae.database.event_statement import PIPELINE_COLUMNS, EventStatement
from haetae.database.models import Event
from haetae.domain.event import AnomalyEvent, EventStatus

_EVENT = TypeAdapter(AnomalyEvent)


def upsert_events(session: Session, events: Iterable[AnomalyEvent], *, stored_at: datetime) -> int:
    """Insert events, or replace the rows whose revision is lower; returns the number of rows offered.

    Idempotent by id: the highest revision wins whatever the order and however often an event comes. Operators' columns and `created_at`
    (`stored_at` of the first time) stay. One statement, run in the session's transaction. Raises SQLAlchemy's errors; nothing of the
    statement is kept then once the transaction is rolled back.
    """
    newest: dict[UUID, AnomalyEvent] = {}
    for event in events:
        known = newest.get(event.id)
        if known is None or event.revision > known.revision:
            newest[event.id] = event
    if newest:
        connection = session.connection()
        statement = EventStatement(connection.dialect)
        statement.execute(connection, [statement.parameters(event, stored_at) for event in newest.values()])
    return len(newest)


def get_event(session: Session, event_id: UUID) -> AnomalyEvent | None:
    """The event with this id, None where there is none."""
    row = session.get(Event, event_id)
    return None if row is None else to_event(row)


def list_events(session: Session, *, camera_id: UUID | None = None, limit: int = 100, before: datetime | None = None) -> list[AnomalyEvent]:
    """At most `limit` events, newest onset first, with an onset before `before`."""
    query = select(Event).order_by(Event.timestamp.desc(), Event.id.desc()).limit(limit)
    if camera_id is not None:
        query = query.where(Event.camera_id == camera_id)
    if before is not None:
        query = query.where(Event.timestamp < before)
    return [to_event(row) for row in session.scalars(query)]


def mark_interrupted(session: Session, *, camera_ids: Sequence[UUID] | None = None, before: datetime | None = None) -> int:
    """Give events that a killed process left open the status `interrupted`; returns how many.

    Call it after the journal was replayed and before the cameras start; `camera_ids` None means all, `before` spares younger onsets. The
    revision stays, so that a revision still to come (the end of the event) wins over this guess.
    """
    statement = update(Event).where(Event.status == EventStatus.OPEN).values(status=EventStatus.INTERRUPTED)
    if camera_ids is not None:
        statement = statement.where(Event.camera_id.in_(camera_ids))
    if before is not None:
        statement = statement.where(Event.timestamp < before)
    # The identity map is not consulted: objects loaded earlier in this session are refreshed on their next load.
    return int(session.execute(statement, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]


def to_event(row: Event) -> AnomalyEvent:
    """The event that a row holds; raises pydantic's ValidationError for a row that no Haetae wrote."""
    values = {name: getattr(row, name) for name in PIPELINE_COLUMNS}
    return _EVENT.validate_python({**values, "detail": row.detail or "", "verdict": row.verdict, "corrected_type": row.corrected_type})
