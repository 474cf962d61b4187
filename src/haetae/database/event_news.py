"""Which events are news: written with the event, in the same transaction, for those who tell people of it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

from haetae.database.notification_models import EventNews
from haetae.database.prepared_rows import PreparedRows
from haetae.ids import new_id

_COLUMNS = ("event_id", "token", "queued_at")
_TABLE = cast(Table, EventNews.__table__)


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
        self._prepared = PreparedRows(_upsert(dialect.name), _TABLE, _COLUMNS, dialect)

    def execute(self, connection: Connection, event_ids: Collection[UUID], now: datetime) -> None:
        """Run it for these events, at least one, in the connection's transaction; raises SQLAlchemy's errors."""
        self._prepared.execute(connection, _rows(event_ids, now))


def _rows(event_ids: Iterable[UUID], now: datetime) -> Iterable[dict[str, Any]]:
    token = new_id()
    return ({"event_id": event_id, "token": token, "queued_at": now} for event_id in dict.fromkeys(event_ids))


def _upsert(dialect: str) -> Any:
    upsert = (postgresql if dialect == "postgresql" else sqlite).insert(_TABLE)
    values = upsert.values(dict.fromkeys(_COLUMNS))
    return values.on_conflict_do_update(index_elements=["event_id"], set_={"token": upsert.excluded.token})
