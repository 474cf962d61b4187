"""A statement for many rows, compiled once for a database: SQLAlchemy's work for each row and execution is the larger half of a batch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect


class PreparedRows:
    """Each column's own conversion is applied, so a wrong type is refused as everywhere else. Immutable: any thread may use it."""

    def __init__(self, statement: Any, table: Table, columns: Sequence[str], dialect: Dialect) -> None:
        """`dialect` of an engine that has connected once: before, it does not know its server."""
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        order = getattr(compiled, "positiontup", None) or columns
        self._convert = tuple((name, table.columns[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order)
        self._positional = bool(getattr(compiled, "positional", False))

    def execute(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for these rows, at least one, in the connection's transaction; raises SQLAlchemy's errors."""
        converted = [{name: row[name] if convert is None else convert(row[name]) for name, convert in self._convert} for row in rows]
        many: Any = [tuple(row.values()) for row in converted] if self._positional else converted
        connection.exec_driver_sql(self._sql, many)
