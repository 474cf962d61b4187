"""Bring a database to this Haetae's schema: made, migrated after a backup, or refused because it is newer."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from haetae.clock import Clock, SystemClock
from haetae.database.engine import sqlite_path
from haetae.errors import DatabaseTooNew, DatabaseUnavailable, StorageError

log = structlog.get_logger()

_ADVISORY_LOCK = 0x6861657461650001
"""Key of the PostgreSQL advisory lock under which one process at a time migrates ("haetae", 1)."""


def upgrade(engine: Engine, *, clock: Clock | None = None) -> Path | None:
    """Create or migrate the database; returns the backup that was made, None where none was needed.

    An older SQLite database is copied beside itself first (`NAME.backup-REVISION-TIME`); PostgreSQL is left to its own backups. Two
    processes may call this at once: one waits for the other. A migration that fails leaves the database as it was.
    Raises DatabaseTooNew, DatabaseUnavailable, and StorageError for a database that holds something else.
    """
    try:
        current = current_revision(engine)
        if current == head_revision():
            return None
        _refuse_unknown(engine, current)
        backup = None
        path = sqlite_path(engine)
        if path is not None and current is not None:
            backup = _back_up(path, current, clock or SystemClock())
        migrate_to(engine)
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the database cannot be used: {error.orig}", hint="Check its path, permissions or server") from error
    log.info("database_migrated", from_revision=current, to_revision=head_revision(), backup=str(backup) if backup else None)
    return backup


def migrate_to(engine: Engine, revision: str = "head") -> None:
    """Go forward to `revision` in one transaction, without a backup: for a database that is new. Raises SQLAlchemy's errors."""
    with _migrating(engine) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def known_revisions() -> set[str]:
    """Every revision that this Haetae can migrate from."""
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at, None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision that this Haetae's models stand for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise StorageError("the migrations are missing from this installation", hint="Install haetae again")
    return head


def _config() -> Config:
    config = Config()
    # A '%' in the path would be taken for interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_unknown(engine: Engine, current: str | None) -> None:
    if current is None:
        tables = inspect(engine).get_table_names()
        if set(tables) - {"alembic_version"}:
            raise StorageError(
                f"the database already holds tables that Haetae did not make ({', '.join(sorted(tables)[:5])})", hint="Use another one"
            )
        return
    if current not in known_revisions():
        raise DatabaseTooNew(
            f"the database is at revision {current!r}, which this Haetae does not know",
            hint="Install the newer Haetae again, or restore the backup",
        )


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """One transaction for the whole migration, which one process at a time gets."""
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        raw = connection.connection.driver_connection
        assert raw is not None
        if sqlite:
            # Rebuilding a table drops it; the pragma works outside a transaction only.
            raw.execute("PRAGMA foreign_keys=OFF").close()
        try:
            with connection.begin():
                if not sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                yield connection
                if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise StorageError(
                        "the migration would break references between tables; nothing was changed",
                        hint="Report this, with the database's revision",
                    )
        finally:
            if sqlite:
                raw.execute("PRAGMA foreign_keys=ON").close()


def _back_up(path: Path, revision: str, clock: Clock) -> Path:
    stamp = clock.now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.name}.backup-{revision}-{stamp}")
    return back_up_sqlite(path, target)


def back_up_sqlite(path: Path, target: Path) -> Path:
    """Copy a live SQLite database: written under a temporary name, fsynced, renamed. Raises StorageError when it cannot be."""
    partial = target.with_name(target.name + ".part")
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StorageError(
            f"no backup of the database could be written to {target}: {error}", hint="Make room, then start again"
        ) from error
    return target
