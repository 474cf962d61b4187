"""Looking at a database and a journal without making or changing anything: for `haetae doctor`."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from haetae.database.engine import Sessions, make_engine, session_factory, sqlite_path
from haetae.database.journal import Position, segment_path, segments
from haetae.database.journal_reader import Checkpoint, count_lines
from haetae.database.migrate import head_revision, known_revisions
from haetae.errors import DatabaseUnavailable

_MOST_FAULTS = 10
_EXTENSIONS = "SELECT extname || ' ' || extversion FROM pg_extension WHERE extname IN ('pg_trgm', 'vector') ORDER BY extname"


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What is known of a database that could be opened.

    `revision` None: it is empty. `newer` and `older` compare its schema with this Haetae's. `faults` are what the integrity check found, at
    most ten, `broken_references` the rows that refer to rows which are not there; both are looked for in SQLite only. Sizes are in bytes.
    `extensions` are PostgreSQL's that search makes use of, as "name version".
    """

    kind: str
    version: str
    revision: str | None
    newer: bool = False
    older: bool = False
    faults: tuple[str, ...] = ()
    broken_references: int = 0
    size_bytes: int = 0
    wal_bytes: int = 0
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalReport:
    """Events that are accepted and not yet stored, and dead letters. `held`: a running Haetae is at work on it."""

    waiting: int = 0
    dead: int = 0
    held: bool = False


@contextmanager
def looking(url: str) -> Iterator[Engine | None]:
    """An engine that can only read; None where there is no SQLite file. Raises ConfigError and MissingExtra as `make_engine` does."""
    plain = make_engine(url)
    path = sqlite_path(plain)
    if path is None:
        engine: Engine | None = plain
    elif path.exists():
        engine = create_engine("sqlite://", creator=lambda: _open_sqlite(path), poolclass=NullPool, json_deserializer=orjson.loads)
    else:
        engine = None
    try:
        yield engine
    finally:
        if engine is not None:
            engine.dispose()


@contextmanager
def looking_sessions(url: str) -> Iterator[Sessions | None]:
    """Sessions that can only read, None where there is no database of this Haetae's schema."""
    with looking(url) as engine:
        if engine is None:
            yield None
            return
        with _connected(engine) as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
        yield session_factory(engine) if revision == head_revision() else None


def inspect_database(url: str) -> DatabaseReport | None:
    """Look at the database at `url`; None where there is none yet. The integrity check of SQLite reads all of it.

    Raises DatabaseUnavailable when it cannot be opened, or is no database; ConfigError and MissingExtra as `make_engine` does.
    """
    path = sqlite_path(make_engine(url))
    with looking(url) as engine:
        if engine is None:
            return None
        with _connected(engine) as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            known = revision in known_revisions()
            newer, older = revision is not None and not known, known and revision != head_revision()
            if path is None:
                version = str(connection.execute(text("SHOW server_version")).scalar_one())
                size = int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
                extensions = tuple(connection.execute(text(_EXTENSIONS)).scalars())
                return DatabaseReport("postgresql", version, revision, newer, older, size_bytes=size, extensions=extensions)
        faults, broken = _check_sqlite(path)
        wal = _size(path.with_name(path.name + "-wal"))
        return DatabaseReport("sqlite", sqlite3.sqlite_version, revision, newer, older, faults, broken, _size(path), wal)


def inspect_journal(folder: Path) -> JournalReport:
    """Look at the journal in `folder`, which need not be there. Raises OSError when it cannot be read."""
    numbers = segments(folder)
    waiting = 0
    if numbers:
        end = Position(numbers[-1], _size(segment_path(folder, numbers[-1])))
        waiting = count_lines(folder, Checkpoint(folder).load(folder), end)
    dead = folder / "dead-letters.jsonl"
    letters = 0
    if dead.exists():
        with dead.open("rb") as file:
            letters = sum(1 for _ in file)
    return JournalReport(waiting, letters, held=_held(folder / "journal.lock"))


def _open_sqlite(path: Path) -> sqlite3.Connection:
    # A reader makes the files of the write-ahead log where they are missing. Where they are, nobody has the database open, and it does
    # not change while it is read.
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


def _check_sqlite(path: Path) -> tuple[tuple[str, ...], int]:
    """Faults in words, and the number of broken references."""
    try:
        with closing(_open_sqlite(path)) as connection:
            rows = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_MOST_FAULTS})")]
            broken = sum(1 for _ in connection.execute("PRAGMA foreign_key_check"))
    except sqlite3.DatabaseError as error:
        return (str(error),), 0
    return tuple(row for row in rows if row != "ok"), broken


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as connection:
            yield connection
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the database cannot be used: {error.orig}", hint="Check its path, permissions or server") from error


def _held(lock: Path) -> bool:
    """Whether somebody holds this lock. Takes it for a moment, shared."""
    try:
        file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
