"""The rows of a database as JSON lines that either kind of database can read back.

A table is read as the database itself describes it, not as today's models do, so that a dump of any revision can be made and read. Types
are made portable on the way: a UUID is its text, a moment ISO 8601 in UTC, JSON is JSON.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, Table, event, inspect, select
from sqlalchemy import types as sql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.types import TypeEngine

from haetae.database import (  # noqa: F401 (tables of the metadata)
    account_models,
    analysis_models,
    embedding_models,
    notification_models,
    planning_models,
    response_models,
    severity_store,
)
from haetae.database.engine import READ_ONLY, make_engine, sqlite_path
from haetae.database.migrate import known_revisions
from haetae.database.models import Base
from haetae.database.types import UTCDateTime, json_type
from haetae.errors import DatabaseTooNew, DatabaseUnavailable, StorageError

TABLES = frozenset(Base.metadata.tables)
BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a database, held by a read-only transaction. Belongs to one thread."""

    kind: str
    revision: str
    tables: tuple[str, ...]
    """In an order in which they can be filled."""
    _connection: Connection
    _metadata: MetaData

    def lines(self, table: str) -> Iterator[bytes]:
        """Every row of a table as one line of JSON with its end; memory stays flat. Raises DatabaseUnavailable."""
        query = select(self._metadata.tables[table])
        # The names are of a class of SQLAlchemy's that no JSON writer takes.
        names = [str(column.name) for column in query.selected_columns]
        try:
            for row in self._connection.execute(query, execution_options={"yield_per": BATCH_ROWS}):
                yield orjson.dumps({name: _portable_value(value) for name, value in zip(names, row)}) + b"\n"
        except (SQLAlchemyError, ValueError, TypeError) as error:
            raise _unreadable(error) from error


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """One consistent state of the database at `url`, which others may go on writing meanwhile.

    SQLite: a read transaction, which in WAL mode blocks nobody (the write-ahead log grows until it ends). PostgreSQL: REPEATABLE READ.
    Raises StorageError where there is no database of Haetae's, DatabaseTooNew, DatabaseUnavailable.
    """
    engine = make_engine(url)
    try:
        path = sqlite_path(engine)
        if path is not None and not path.is_file():
            raise StorageError(f"there is no database {path}", hint="Check storage.directory and storage.database_url, or --config")
        with _reading(engine) as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision is None:
                raise StorageError("the database holds no tables of Haetae's", hint="Check storage.database_url, or --config")
            if revision not in known_revisions():
                raise DatabaseTooNew(f"the database is at revision {revision!r}, which this Haetae does not know", hint="Update Haetae")
            metadata = reflect(connection)
            names = tuple(table.name for table in metadata.sorted_tables)
            yield Snapshot(engine.dialect.name, revision, names, connection, metadata)
    except DBAPIError as error:
        raise _unreadable(error) from error
    finally:
        engine.dispose()


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    options: dict[str, Any] = {READ_ONLY: True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def reflect(connection: Connection, only: frozenset[str] = TABLES) -> MetaData:
    """The tables in `only` that are there, as they are, but with types that take and give the same values on every database."""
    metadata = MetaData()
    event.listen(metadata, "column_reflect", _make_portable)
    metadata.reflect(connection, only=[name for name in inspect(connection).get_table_names() if name in only])
    return metadata


def _make_portable(_inspector: Any, _table: Table, column: dict[str, Any]) -> None:
    column["type"] = _portable_type(column["type"])


def _portable_type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    # SQLite keeps a UUID in a CHAR(32), and Haetae keeps nothing else in one.
    if isinstance(kind, sql.Uuid) or (isinstance(kind, sql.CHAR) and kind.length == 32):
        return sql.Uuid()
    if isinstance(kind, sql.DateTime):
        return UTCDateTime()
    return json_type() if isinstance(kind, sql.JSON) else kind


def _portable_value(value: Any) -> Any:
    # JSON has no NaN and no infinity.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _unreadable(error: Exception) -> DatabaseUnavailable:
    reason = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    return DatabaseUnavailable(f"the database cannot be read: {reason}", hint="Check it with: haetae doctor")
