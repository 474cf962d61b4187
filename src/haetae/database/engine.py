"""Engines and sessions for SQLite and PostgreSQL.

SQLite: WAL, foreign keys on, and every transaction that may write begins IMMEDIATE: SQLite ignores busy_timeout when a reader becomes a
writer ("database is locked" at once), so the write lock is taken at the start, where it waits. `synchronous=FULL` (an fsync per commit)
rather than NORMAL, because the event journal forgets what a commit has stored: with NORMAL a power cut could take back a commit whose
events the journal no longer offers. The price is one fsync per batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from haetae.errors import ConfigError, MissingExtra

READ_ONLY = "haetae_read_only"
Sessions = sessionmaker[Session]


def make_engine(url: str, *, busy_timeout_s: float = 5.0, connect_timeout_s: float = 5.0) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...` (psycopg 3). Connects to nothing yet; the caller disposes of it.

    `busy_timeout_s` bounds the wait for SQLite's write lock, `connect_timeout_s` that for a PostgreSQL server.
    Raises ConfigError for any other URL, MissingExtra where psycopg is not installed.
    """
    parsed = _parse(url)
    common: dict[str, Any] = {"json_serializer": _dump_json, "json_deserializer": orjson.loads}
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": busy_timeout_s}, **common)
        _set_up_sqlite(engine)
        return engine
    arguments = {"connect_timeout": max(1, round(connect_timeout_s)), "application_name": "haetae", "keepalives_idle": 10}
    try:
        # A connection that died while idle is found before it is used.
        return create_engine(parsed, pool_pre_ping=True, connect_args=arguments, **common)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"PostgreSQL needs the package {error.name!r}, which is not installed", hint="Install it with: pip install 'haetae[postgres]'"
        ) from error


def session_factory(engine: Engine) -> Sessions:
    """Sessions that leave their objects readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def session_scope(sessions: Sessions, *, read_only: bool = False) -> Iterator[Session]:
    """One transaction on a connection of its own: committed when the block ends, rolled back when it raises.

    `read_only` takes no write lock, and a write in it is refused by the database.
    """
    with sessions() as session, session.begin():
        if read_only:
            session.connection(execution_options={READ_ONLY: True, "postgresql_readonly": True})
        yield session


def sqlite_path(engine: Engine) -> Path | None:
    """The file of an SQLite engine, None for another database."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    return Path(engine.url.database)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgres":
            parsed = parsed.set(drivername="postgresql")
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError("the database URL cannot be read", hint="Use sqlite:///path or postgresql://user@host/name") from error
    if backend not in ("sqlite", "postgresql"):
        raise ConfigError(f"the database {backend!r} is not supported", hint="Use sqlite:///path or postgresql://user@host/name")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        # Every thread would get an empty database of its own.
        raise ConfigError("an SQLite database in memory cannot be shared by threads", hint="Use a file: sqlite:///path")
    return parsed


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # Python's driver must not begin transactions by itself: `begin` below does.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = bool(connection.get_execution_options().get(READ_ONLY))
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
