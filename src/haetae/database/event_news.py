"""Which events are news: written with the event, in the same transaction, for those who tell people of it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

from haetae.database.notification_models import EventNews
from haetae.ids import new_id

_COLUMNS = ("event_id", "token", "queued_at")


def note_news(session: Session, event_ids: Collection[UUID], now: datetime) -> None:
    """Something is new about these events: they are there exactly if the session's transaction is committed.

    One that is news already keeps its place in the queue and gets a new token. Whoever calls it has written or locked the rows of these
    events in the order of their ids: so two who write the same news never wait for each other.
    """
    if event_ids:
        connection = session.connection()
        connection.execute(_upsert(connection.dialect.name), list(_rows(event_ids, now)))


class NewsStatement:
    """`note_news` for many, prepared once for a database. Immutable: any thread may use it."""

    def __init__(self, dialect: Dialect) -> None:
        """`dialect` of an engine that has connected once: before, it does not know its server."""
        compiled = _upsert(dialect.name).compile(dialect=dialect)
        self._sql = str(compiled)
        columns = EventNews.__table__.columns
        order = getattr(compiled, "positiontup", None) or _COLUMNS
        self._convert = tuple((name, columns[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order)
        self._positional = bool(getattr(compiled, "positional", False))

    def execute(self, connection: Connection, event_ids: Collection[UUID], now: datetime) -> None:
        """Run it for these events, at least one, in the connection's transaction; raises SQLAlchemy's errors."""
        rows = [
            {name: row[name] if convert is None else convert(row[name]) for name, convert in self._convert} for row in _rows(event_ids, now)
        ]
        many: Any = [tuple(row.values()) for row in rows] if self._positional else rows
        connection.exec_driver_sql(self._sql, many)


def _rows(event_ids: Iterable[UUID], now: datetime) -> Iterable[dict[str, Any]]:
    token = new_id()
    return ({"event_id": event_id, "token": token, "queued_at": now} for event_id in dict.fromkeys(event_ids))


def _upsert(dialect: str) -> Any:
    upsert = (postgresql if dialect == "postgresql" else sqlite).insert(EventNews.__table__)
    values = upsert.values(dict.fromkeys(_COLUMNS))
    return values.on_conflict_do_update(index_elements=["event_id"], set_={"token": upsert.excluded.token})
