"""The control socket: how another process of the same user asks a running site how it is, or tells it to look at the database now.

A Unix-domain socket in the storage folder, mode 0600. One JSON object per connection and line in, one out:
`{"ask": "status"}` gives the SiteStatus, `{"ask": "reconcile"}` gives `{"done": true}`, anything else `{"error": "..."}`.
"""

import fcntl
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError

from haetae.domain.site import SiteStatus
from haetae.errors import HaetaeError, StorageError
from haetae.telemetry import redact_url

_log = structlog.get_logger()

CONTROL_SOCKET = "haetae.sock"
"""Its name in the storage folder."""

_REQUEST_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_ANSWER_BYTES = 16 * 1024 * 1024
_TIMEOUT_S = 5.0
_MOST_REQUESTS = 8
"""At once; the next waits in the kernel's queue until one of them is done or out of time."""

_BACKLOG = 64
_CLIENT_TIMEOUT_S = 15.0
_ADDRESS_BYTES = 107
"""`sun_path` of sockaddr_un holds 108 with the final zero (unix(7))."""

_STATUS = TypeAdapter(SiteStatus)


class ControlServer:
    """Answers on `path` from now on until closed; each request on a thread of its own.

    A client that sends nonsense, too much, nothing, or too slowly costs one thread for at most 5 seconds in and 5 out.
    """

    def __init__(self, path: Path, status: Callable[[], SiteStatus], reconcile: Callable[[], None]) -> None:
        """`status` and `reconcile` are called on a request's thread; what they raise is told to the client.

        The socket file of a process that died is replaced. Raises StorageError when a living one answers there, when something else lies
        there, or when the folder cannot be written.
        """
        self._path = path
        self._status = status
        self._reconcile = reconcile
        self._listener, self._identity = _listen(path)
        self._slots = threading.Semaphore(_MOST_REQUESTS)
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and remove the socket. Safe to call twice; does not wait for an answer that is being made."""
        if self._closing.is_set():
            return
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._slots.release()
        self._thread.join()
        self._listener.close()
        with suppress(OSError):
            # Not one that a later process has made.
            if _identity(os.lstat(self._path)) == self._identity:
                self._path.unlink()
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while True:
            self._slots.acquire()
            if self._closing.is_set():
                return
            try:
                connection, _address = self._listener.accept()
                self._start(connection)
            except (OSError, RuntimeError) as error:
                self._slots.release()
                if not self._closing.is_set():
                    # Out of files or threads: the clients wait, and so does this.
                    _log.warning("control_refused", error=str(error))
                    self._closing.wait(1.0)

    def _start(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.add(connection)
        try:
            threading.Thread(target=self._serve, args=(connection,), name="control-request", daemon=True).start()
        except RuntimeError:
            self._end(connection)
            raise

    def _serve(self, connection: socket.socket) -> None:
        try:
            try:
                answer = self._answer(_read_line(connection, _REQUEST_BYTES, _TIMEOUT_S))
            except (ValueError, TimeoutError) as error:
                answer = _error(str(error))
            connection.settimeout(_TIMEOUT_S)
            connection.sendall(answer + b"\n")
        except OSError as error:
            _log.debug("control_client_lost", error=str(error))
        finally:
            self._end(connection)
            self._slots.release()

    def _end(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.discard(connection)
            connection.close()

    def _answer(self, line: bytes) -> bytes:
        try:
            request = orjson.loads(line)
        except orjson.JSONDecodeError:
            request = None
        match request:
            case {"ask": "status"}:
                return self._guarded(lambda: orjson.dumps(self._status(), option=orjson.OPT_SERIALIZE_NUMPY))
            case {"ask": "reconcile"}:
                return self._guarded(self._do_reconcile)
            case _:
                return _error('ask {"ask": "status"} or {"ask": "reconcile"}, in one line')

    def _do_reconcile(self) -> bytes:
        self._reconcile()
        return orjson.dumps({"done": True})

    def _guarded(self, make: Callable[[], bytes]) -> bytes:
        try:
            return make()
        except HaetaeError as error:
            return _error(str(error))
        except Exception as error:
            _log.error("control_failed", exc_info=error)
            return _error("it failed; see the log of the running Haetae")


def read_status(path: Path) -> SiteStatus | None:
    """The status of the site whose control socket is `path`; None where nothing is running.

    Raises HaetaeError when something is running and gives no status: another user's, one that hangs, or another version.
    """
    answer = _ask(path, "status")
    if answer is None:
        return None
    try:
        return _STATUS.validate_python(answer)
    except ValidationError as error:
        raise HaetaeError("the running Haetae gives a status that this one cannot read", hint="Use the same version for both") from error


def ask_reconcile(path: Path) -> bool:
    """Tell the running site to follow the database now; false where nothing is running that this user may tell, or it gives no answer.

    It looks by itself every few seconds, so that nothing is lost then.
    """
    try:
        return _ask(path, "reconcile") is not None
    except HaetaeError as error:
        _log.debug("reconcile_refused", error=str(error))
        return False


def _ask(path: Path, what: str) -> dict[str, Any] | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CLIENT_TIMEOUT_S)
        try:
            with _address(path) as address:
                connection.connect(address)
            connection.sendall(orjson.dumps({"ask": what}) + b"\n")
            line = _read_line(connection, _ANSWER_BYTES, _CLIENT_TIMEOUT_S)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except PermissionError as error:
            raise HaetaeError(f"{path} may not be opened by this user", hint="Ask as the user that runs Haetae") from error
        except (OSError, ValueError) as error:
            raise HaetaeError(
                f"the running Haetae does not answer on {path}: {error}", hint="Look at its log; restart it where it hangs"
            ) from error
    try:
        answer = orjson.loads(line)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise HaetaeError(f"the answer on {path} was cut short", hint="Look at the log of the running Haetae")
    if "error" in answer:
        raise HaetaeError(f"the running Haetae answers: {answer['error']}")
    return answer


def _read_line(connection: socket.socket, limit: int, timeout_s: float) -> bytes:
    """What comes before the first line end or the end of the stream. TimeoutError when that takes longer than `timeout_s` altogether,
    ValueError when it is longer than `limit` bytes."""
    deadline = time.monotonic() + timeout_s
    data = bytearray()
    while b"\n" not in data[-_CHUNK_BYTES:]:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(f"no whole line within {timeout_s:g} s")
        connection.settimeout(left_s)
        try:
            received = connection.recv(_CHUNK_BYTES)
        except TimeoutError:
            continue
        if not received:
            break
        data += received
        if len(data) > limit:
            raise ValueError(f"the line is longer than {limit} bytes")
    return bytes(data.partition(b"\n")[0])


def _error(message: str) -> bytes:
    return orjson.dumps({"error": redact_url(message)})


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """An address for `path` that fits into sockaddr_un: through a descriptor of its folder where it is too long itself."""
    if len(os.fsencode(path)) <= _ADDRESS_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _listen(path: Path) -> tuple[socket.socket, tuple[int, int]]:
    """A listening socket on `path`, and the identity of its file."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _folder_lock(path.parent), _address(path) as address:
            _remove_stale(path, address)
            # Before `bind`, which makes the file with the mode of the socket: there is no moment in which others may connect.
            os.fchmod(listener.fileno(), 0o600)
            listener.bind(address)
            listener.listen(_BACKLOG)
            return listener, _identity(os.lstat(path))
    except OSError as error:
        listener.close()
        raise StorageError(
            f"the control socket {path} cannot be made: {error.strerror or error}", hint="Check the storage folder"
        ) from error
    except BaseException:
        listener.close()
        raise


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """Two processes that start at once must not both find a stale socket and replace each other's."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_stale(path: Path, address: str) -> None:
    """Make way on `path`; raises StorageError when a living process listens there or it is no socket."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise StorageError(f"{path} is in the way of the control socket", hint="Move it out of the storage folder")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            holder = ""
        else:
            pid, _user, _group = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
            holder = f" (process {pid})"
    raise StorageError(f"another Haetae{holder} answers on {path}", hint="Stop it first, or give this one another storage.directory")


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino
