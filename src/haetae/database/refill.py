"""Rows out of a backup into a new database, of whichever kind, at the revision that they were taken at, then migrated."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Engine, Table, func, insert, inspect, select
from sqlalchemy import types as sql
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.types import TypeEngine

from haetae.database.backup import BATCH_ROWS, reflect
from haetae.database.event_words import is_search_table
from haetae.database.migrate import head_revision, migrate_to
from haetae.database.types import UTCDateTime
from haetae.errors import DatabaseUnavailable, StorageError

VERSION_TABLE = "alembic_version"

Lines = Callable[[str], Iterable[bytes]]
"""From the name of a table to its rows, one JSON object a line."""


def build_and_fill(engine: Engine, revision: str, tables: Iterable[str], lines: Lines) -> dict[str, int]:
    """Make the tables of `revision` in an empty database, fill each in one transaction, then migrate to this Haetae's revision.

    Returns the rows of each table as the database counts them. Raises StorageError for tables or rows that do not fit the revision,
    DatabaseUnavailable; what is in the database then is of no use.
    """
    try:
        migrate_to(engine, revision)
        with engine.connect() as connection:
            names = frozenset(name for name in inspect(connection).get_table_names() if not is_search_table(name))
            built = reflect(connection, names - {VERSION_TABLE})
        if set(built.tables) != set(tables):
            raise StorageError(f"the backup has the tables {', '.join(sorted(tables))}, which are not those of revision {revision!r}")
        rows = {table.name: _fill(engine, table, lines(table.name)) for table in built.sorted_tables}
        if revision != head_revision():
            migrate_to(engine)
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the database cannot be filled: {error.orig}", hint="Check its permissions and its disk") from error
    return rows


def _fill(engine: Engine, table: Table, lines: Iterable[bytes]) -> int:
    rows = _rows(table, lines)
    try:
        with engine.begin() as connection:
            while batch := list(islice(rows, BATCH_ROWS)):
                connection.execute(insert(table), batch)
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
    except StatementError as error:
        raise StorageError(f"rows of the table {table.name!r} cannot be restored: {error.orig or error}") from error


def _rows(table: Table, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    types = {column.name: column.type for column in table.columns}
    for number, line in enumerate(lines, start=1):
        try:
            row = orjson.loads(line)
            if row.keys() != types.keys():
                raise ValueError(f"its columns are {', '.join(sorted(row))}")
            yield {name: _stored_value(value, types[name]) for name, value in row.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise StorageError(f"row {number} of the table {table.name!r} cannot be restored: {error}") from error


def _stored_value(value: Any, kind: TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(kind, sql.Uuid):
        return UUID(value)
    if isinstance(kind, UTCDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, sql.Date):
        return date.fromisoformat(value)
    return float(value) if isinstance(kind, sql.Float) else value
