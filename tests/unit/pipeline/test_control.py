import fcntl
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import orjson
import pytest
from tests.support.site_status import make_status
from tests.support.waiting import wait_until

from haetae.domain.site import SiteStatus
from haetae.errors import ConfigError, HaetaeError, StorageError
from haetae.pipeline import control
from haetae.pipeline.control import CONTROL_SOCKET, ControlServer, ask_reconcile, read_status


def nothing() -> None:
    pass


@pytest.fixture
def path(tmp_path):
    return tmp_path / CONTROL_SOCKET


@pytest.fixture
def serve(path):
    """Make servers that are closed when the test ends."""
    servers = []

    def make(status=make_status, reconcile=nothing, path=path):
        servers.append(ControlServer(path, status, reconcile))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def connect(path):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(30)
    client.connect(str(path))
    return client


def ask(path, data):
    """What the server says to these bytes, until it hangs up."""
    with connect(path) as client:
        client.sendall(data)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return orjson.loads(answer)


def request_threads():
    return [thread for thread in threading.enumerate() if thread.name == "control-request"]


def test_the_status_arrives_as_it_was(serve, path):
    serve()
    assert read_status(path) == make_status()


def test_reconcile_is_done_before_it_is_answered(serve, path):
    done = []
    serve(reconcile=lambda: done.append(threading.current_thread().name))
    assert ask_reconcile(path) is True
    assert done == ["control-request"]
    assert ask(path, b'{"ask": "reconcile"}\n') == {"done": True}


def test_nothing_runs_where_no_socket_is(path, tmp_path):
    assert read_status(path) is None
    assert ask_reconcile(path) is False
    assert read_status(tmp_path / "no" / "folder" / CONTROL_SOCKET) is None


def test_nothing_runs_once_it_is_closed(serve, path):
    server = serve()
    server.close()
    server.close()
    assert not path.exists()
    assert read_status(path) is None
    assert "control" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    "line",
    [
        b"garbage\n",
        b"\n",
        b"{}\n",
        b"[1]\n",
        b'"status"\n',
        b'{"ask": "shutdown"}\n',
        b'{"ask": ["status"]}\n',
        b"\xff\xfe\n",
        b"[" * 5000 + b"\n",
    ],
    ids=range(9),
)
def test_nonsense_gets_an_error_and_harms_nothing(serve, path, line):
    serve()
    assert "ask" in ask(path, line)["error"]
    assert read_status(path) is not None


def test_a_line_that_is_too_long_is_refused_without_being_read_to_the_end(serve, path):
    serve()
    with connect(path) as client, pytest.raises((BrokenPipeError, ConnectionResetError)):
        client.sendall(b"x" * 100_000_000)
    assert read_status(path) is not None


def test_just_over_64_kib_is_said_to_be_too_long(serve, path):
    serve()
    assert "longer than 65536 bytes" in ask(path, b"x" * 65537)["error"]


def test_a_client_that_is_slow_runs_out_of_time_however_it_drips(serve, path, monkeypatch):
    monkeypatch.setattr(control, "_TIMEOUT_S", 0.3)
    serve()
    with connect(path) as client, suppress(BrokenPipeError):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            client.sendall(b" ")
            time.sleep(0.02)
        raise AssertionError("it dripped for 30 s")
    with connect(path) as client:
        answer = client.recv(65536)
    assert "no whole line within 0.3 s" in orjson.loads(answer)["error"]


def test_clients_that_hang_do_not_keep_another_from_its_answer(serve, path, monkeypatch):
    monkeypatch.setattr(control, "_TIMEOUT_S", 0.5)
    serve()
    hanging = [connect(path) for _ in range(20)]
    wait_until(lambda: len(request_threads()) == 8, "eight requests at a time")
    assert read_status(path) == make_status()
    assert len(request_threads()) <= 8
    for client in hanging:
        client.close()
    wait_until(lambda: not request_threads(), "no thread stays behind")


def test_a_client_that_leaves_without_its_answer_harms_nothing(serve, path):
    serve()
    for _ in range(20):
        client = connect(path)
        client.sendall(b'{"ask": "status"}\n')
        client.close()
    assert read_status(path) == make_status()


def test_closing_lets_go_of_clients_that_hang(serve, path, monkeypatch):
    monkeypatch.setattr(control, "_TIMEOUT_S", 3600.0)
    server = serve()
    with connect(path) as client:
        wait_until(request_threads, "the request is being read")
        server.close()
        client.recv(65536)
    wait_until(lambda: not request_threads(), "its thread ends long before its time is over")


def test_a_failing_status_is_told_without_its_secrets(serve, path):
    def fail():
        raise ConfigError("rtsp://admin:hunter2@cam/s is wrong")

    serve(status=fail)
    with pytest.raises(HaetaeError, match=r"rtsp://admin:\*\*\*@cam/s is wrong"):
        read_status(path)


def test_a_failing_reconcile_is_no_failure_of_who_asked(serve, path):
    def fail():
        raise RuntimeError("details that are nobody's business")

    serve(reconcile=fail)
    assert ask_reconcile(path) is False
    answer = ask(path, b'{"ask": "reconcile"}\n')
    assert "see the log" in answer["error"]
    assert "details" not in answer["error"]


def test_a_status_of_another_version_is_read_where_it_can_be(serve, path):
    serve(status=lambda: {**orjson.loads(orjson.dumps(make_status())), "news": 1})
    assert read_status(path) == make_status()


def test_a_status_that_cannot_be_read_says_what_to_do(serve, path):
    serve(status=lambda: {"strange": True})
    with pytest.raises(HaetaeError, match="same version"):
        read_status(path)


def test_only_the_owner_may_ask(serve, path):
    serve()
    assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600


def test_a_second_server_is_refused_and_the_first_goes_on(serve, path):
    serve()
    with pytest.raises(StorageError, match=rf"process {os.getpid()}.*Stop it first"):
        serve()
    assert read_status(path) == make_status()


def test_who_starts_keeps_others_from_starting_until_it_is_there(serve, path, monkeypatch):
    real, looked = control._remove_stale, []

    def look(*arguments):
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
        looked.append(path)
        real(*arguments)

    monkeypatch.setattr(control, "_remove_stale", look)
    serve()
    assert looked == [path]


def test_of_many_that_start_at_once_one_serves(path, tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    made, refused, barrier = [], [], threading.Barrier(8)

    def start():
        barrier.wait(30)
        try:
            made.append(ControlServer(path, make_status, nothing))
        except StorageError as error:
            refused.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 7)
    assert read_status(path) is not None
    made[0].close()


def test_the_socket_of_a_killed_process_is_replaced(serve, path):
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from haetae.pipeline.control import ControlServer\n"
        "ControlServer(Path(sys.argv[1]), lambda: None, lambda: None)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    assert path.is_socket()
    assert read_status(path) is None
    serve()
    assert read_status(path) == make_status()


def test_what_is_no_socket_is_not_removed(serve, path):
    path.write_text("precious")
    with pytest.raises(StorageError, match="in the way"):
        serve()
    assert path.read_text() == "precious"


def test_the_socket_that_a_later_process_made_is_left_alone(serve, path):
    first = serve()
    path.unlink()
    serve()
    first.close()
    assert read_status(path) == make_status()


def test_a_path_longer_than_a_socket_address_works(serve, tmp_path):
    folder = tmp_path / ("d" * 120) / ("e" * 120)
    folder.mkdir(parents=True)
    path = folder / CONTROL_SOCKET
    files = len(os.listdir("/proc/self/fd"))
    server = serve(path=path)
    assert read_status(path) == make_status()
    assert ask_reconcile(path)
    with pytest.raises(StorageError, match="another Haetae"):
        serve(path=path)
    server.close()
    assert not path.exists()
    assert read_status(path) is None
    wait_until(lambda: len(os.listdir("/proc/self/fd")) <= files, "no descriptor stays open")


def test_a_folder_that_is_not_there_is_an_error_with_a_hint(serve, tmp_path):
    with pytest.raises(StorageError, match="Check the storage folder"):
        serve(path=tmp_path / "missing" / CONTROL_SOCKET)


def test_a_big_site_fits_into_an_answer(serve, path):
    status = make_status()
    many = replace(status, cameras=status.cameras * 500)
    serve(status=lambda: many)
    answer = read_status(path)
    assert isinstance(answer, SiteStatus)
    assert len(answer.cameras) == 1000


def test_a_server_that_hangs_is_told_from_none(path, monkeypatch):
    monkeypatch.setattr(control, "_CLIENT_TIMEOUT_S", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(HaetaeError, match="does not answer"):
            read_status(path)
        assert ask_reconcile(path) is False
