"""A new database beside the one in use, and the moment in which it takes its place. What was there is moved aside, never deleted."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from haetae.clock import Clock
from haetae.database.engine import make_engine, sqlite_path
from haetae.database.journal import sync_folder
from haetae.database.refill import VERSION_TABLE
from haetae.errors import DatabaseUnavailable, StorageError

_SQLITE_FILES = ("", "-wal", "-shm")
"""What belongs to one database; an old log beside a new database would be taken for its own."""

_FUNCTIONS = text(
    "SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace "
    "WHERE nspname = :schema AND starts_with(proname, 'haetae_') AND pronargs = 0"
)
"""The functions that the migrations make."""

_LEAVING_S = 2.0


class NewDatabase(Protocol):
    """A database in the making. One thread; `close` always, which leaves nothing behind unless `take_place` was called."""

    folder: Path | None
    """Where its file is, None for a server's."""

    def occupied(self) -> str:
        """What holds the place already, in words; "" when it is free. Raises StorageError for what may not be moved, or is in use."""
        ...

    def make(self) -> Engine:
        """An engine on the new, empty database. Raises StorageError."""
        ...

    def take_place(self) -> str:
        """Put the new database in its place; returns where the old one went, "" where there was none. Raises StorageError, and then the old
        one is where it was."""
        ...

    def close(self) -> None:
        """Remove what was made and has not taken its place."""
        ...


def new_database(url: str, stamp: str, clock: Clock) -> NewDatabase:
    """For the database at `url`; `stamp` (letters and digits) tells this restore's names from others. Changes nothing that is in use."""
    engine = make_engine(url)
    path = sqlite_path(engine)
    if path is not None:
        return _NewFile(path, stamp)
    return _NewSchema(engine, url, stamp, clock)


class _NewFile:
    """SQLite: another file in the same folder, renamed."""

    def __init__(self, path: Path, stamp: str) -> None:
        self.folder: Path | None = path.parent
        self._path = path
        self._aside = path.with_name(f"{path.name}.before-restore-{stamp}")
        self._staged = path.with_name(f".{path.name}.restore-{stamp}")
        self._engine = make_engine(f"sqlite:///{self._staged}")

    def occupied(self) -> str:
        return f"the database {self._path}" if self._path.exists() else ""

    def make(self) -> Engine:
        try:
            # Made here, so that nobody else can read it while it is filled.
            os.close(os.open(self._staged, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            if os.geteuid() == 0:
                owner = self._path.parent.stat()
                os.chown(self._staged, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise StorageError(f"no database can be made at {self._path}: {error.strerror}", hint="Check the folder") from error
        return self._engine

    def take_place(self) -> str:
        try:
            with self._engine.connect() as connection:
                # Everything into the one file that is renamed.
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()  # type: ignore[union-attr]
            self._engine.dispose()
            moved = self._move_aside()
            try:
                self._staged.rename(self._path)
            except OSError:
                for old, new in reversed(moved):
                    new.rename(old)
                raise
            sync_folder(self._path.parent)
        except (OSError, DBAPIError) as error:
            raise StorageError(f"the restored database cannot take its place {self._path}: {error}") from error
        return str(self._aside) if moved else ""

    def close(self) -> None:
        self._engine.dispose()
        for suffix in _SQLITE_FILES:
            with suppress(OSError):
                self._with(self._staged, suffix).unlink(missing_ok=True)

    def _move_aside(self) -> list[tuple[Path, Path]]:
        if os.path.lexists(self._aside):
            raise FileExistsError(f"{self._aside} is there already")
        pairs = [(self._with(self._path, suffix), self._with(self._aside, suffix)) for suffix in _SQLITE_FILES]
        moved = [(old, new) for old, new in pairs if old.exists()]
        for old, new in moved:
            old.rename(new)
        return moved

    @staticmethod
    def _with(path: Path, suffix: str) -> Path:
        return path.with_name(path.name + suffix)


class _NewSchema:
    """PostgreSQL: tables in a schema of their own, which change schemas with the old ones in one transaction."""

    def __init__(self, target: Engine, url: str, stamp: str, clock: Clock) -> None:
        self._clock = clock
        self.folder: Path | None = None
        self._target = target
        self._staged = f"haetae_restore_{stamp.lower()}"
        self._aside = f"haetae_before_restore_{stamp.lower()}"
        parsed = make_url(url)
        options = f"{parsed.query.get('options', '')} -csearch_path={self._staged}".strip()
        self._engine = make_engine(parsed.update_query_dict({"options": options}).render_as_string(hide_password=False))
        self._made = False

    def occupied(self) -> str:
        with self._transaction() as connection:
            self._refuse_in_use(connection)
            tables = inspect(connection).get_table_names()
            if tables and VERSION_TABLE not in tables:
                names = ", ".join(sorted(tables)[:5])
                raise StorageError(f"the database holds tables that Haetae did not make ({names})", hint="Use another one")
        return "the tables of the PostgreSQL database" if tables else ""

    def make(self) -> Engine:
        with self._transaction() as connection:
            connection.execute(text(f"CREATE SCHEMA {self._quoted(self._staged)}"))
        self._made = True
        return self._engine

    def take_place(self) -> str:
        with self._transaction() as connection:
            self._refuse_in_use(connection)
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            here = connection.execute(text("SELECT current_schema()")).scalar_one()
            old = inspect(connection).get_table_names()
            if old:
                connection.execute(text(f"CREATE SCHEMA {self._quoted(self._aside)}"))
                self._move(connection, old, here, self._aside)
            self._move(connection, inspect(connection).get_table_names(schema=self._staged), self._staged, here)
            connection.execute(text(f"DROP SCHEMA {self._quoted(self._staged)}"))
        self._made = False
        return f"the schema {self._aside}" if old else ""

    def close(self) -> None:
        self._engine.dispose()
        if self._made:
            with suppress(StorageError), self._transaction() as connection:
                connection.execute(text(f"DROP SCHEMA {self._quoted(self._staged)} CASCADE"))
            self._made = False
        self._target.dispose()

    def _move(self, connection: Connection, tables: list[str], source: str, target: str) -> None:
        for table in tables:
            connection.execute(text(f"ALTER TABLE {self._quoted(source)}.{self._quoted(table)} SET SCHEMA {self._quoted(target)}"))
        # What their triggers call goes with them.
        for function in connection.scalars(_FUNCTIONS, {"schema": source}).all():
            connection.execute(text(f"ALTER FUNCTION {self._quoted(source)}.{self._quoted(function)}() SET SCHEMA {self._quoted(target)}"))

    def _quoted(self, name: str) -> str:
        return self._target.dialect.identifier_preparer.quote(name)

    def _refuse_in_use(self, connection: Connection) -> None:
        """Give those who are just leaving, our own connections among them, time to be gone."""
        self._engine.dispose()
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'haetae'"
        end = self._clock.monotonic() + _LEAVING_S
        while connection.execute(text(f"{others} AND pid <> pg_backend_pid()")).scalar_one():
            if self._clock.monotonic() > end:
                raise StorageError("the database is in use by a running Haetae", hint="Stop that one first")
            # Within one transaction the view would stay as it was first seen.
            connection.execute(text("SELECT pg_stat_clear_snapshot()"))
            self._clock.wait(0.05)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._target.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise DatabaseUnavailable(f"the database cannot be restored: {error.orig}", hint="Check its permissions") from error
