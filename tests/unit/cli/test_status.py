import json
import os
import pty
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from rich.console import Console
from tests.support.site_status import NOW, make_status
from tests.support.waiting import wait_until
from typer.testing import CliRunner

from haetae.cli import status_work
from haetae.cli.status import status
from haetae.cli.status_display import not_running, overview, span
from haetae.clock import SystemClock
from haetae.database.camera_store import CameraStore
from haetae.database.opening import writing
from haetae.domain.camera import CameraConfig
from haetae.domain.site import LogStatus, StorageStatus
from haetae.errors import HaetaeError
from haetae.ids import new_id
from haetae.pipeline.control import CONTROL_SOCKET, ControlServer
from haetae.testing.clock import FakeClock


def shown(renderable, width=200):
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def row(text, name):
    [line] = [line for line in text.splitlines() if line.startswith(name) and ":" not in line]
    return " ".join(line.removeprefix(name).split())


def test_a_camera_is_one_line_of_what_matters():
    text = shown(overview(make_status(), NOW))
    assert row(text, "front door") == "watching 1 h 0.62 14.9 33.3 % 0.1 % 40 ms 3 1"
    assert row(text, "yard") == "offline - - 0.0 - - - 0 0"


def test_what_went_wrong_is_said_below_the_cameras():
    text = shown(overview(make_status(), NOW))
    assert "yard: rtsp://admin:***@10.0.0.5/s refuses" in text
    assert "front door: frames dropped: 3 corrupt, 7 stale" in text
    assert "yard: not armed now" in text
    assert "front door: 2 threads hung and were replaced" in text


def test_what_the_cameras_share_is_below():
    text = shown(overview(make_status(), NOW))
    assert "Haetae 1.2.3, process 4711, up 2 d 3 h: 2 of at most 16 cameras" in text
    assert "6 stored, 2 waiting, 1 refused for good" in text
    planned = "11 planned (7 by a model, 3 fell back), 2 waiting, 9 done, 6 refused, 4 wait for a person's approval, 1 faults"
    assert planned in text
    assert "100.0 GB free of 1000.0 GB, clips and pictures 20.0 GB (300 MB locked), 23 days left, recording" in text
    assert "motion: 2 cameras, 3000 frames in 1500 calls, 4 waiting, 7 dropped (stale)" in text
    assert "310 MB, 41 threads, 77 open files, 2 threads hang and were given up" in text


def test_a_full_disk_and_a_database_that_is_away_are_loud():
    status = replace(
        make_status(), storage=StorageStatus(recording=False, cause="the disk is full"), log=LogStatus(waiting=9, last_error="no server")
    )
    text = shown(overview(status, NOW))
    assert "NOT RECORDING: the disk is full" in text
    assert "9 waiting, 0 refused for good: no server" in text
    assert "days left" not in text


def test_nothing_a_camera_says_becomes_markup_a_control_code_or_a_secret():
    status = make_status()
    hostile = replace(status.cameras[1], name="[red]x\x1b[2J", cause="http://a:hunter2@h/\x1b]0;title\x07 [/]")
    text = shown(overview(replace(status, cameras=(hostile,)), NOW))
    assert "[red]x" in text
    assert "[/]" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "hunter2" not in text


def test_the_table_fits_into_80_columns():
    text = shown(overview(make_status(), NOW), width=80)
    assert "…" not in text
    assert row(text, "front door").startswith("watching 1 h ")


def test_a_site_without_cameras_says_how_to_add_one():
    assert "haetae camera add" in shown(overview(replace(make_status(), cameras=()), NOW))


def test_few_drops_are_not_rounded_to_none():
    status = make_status()
    frames = replace(status.cameras[0].frames, read=1_000_000, dropped={"stale": 1})
    text = shown(overview(replace(status, cameras=(replace(status.cameras[0], frames=frames),)), NOW))
    assert "< 0.1 %" in text


def test_spans_read_well():
    seconds = (0, 42.4, 60, 190, 3600, 18120, 1_051_200, -5)
    assert [span(value) for value in seconds] == ["0 s", "42 s", "1 min", "3 min", "1 h", "5 h", "12 d", "0 s"]
    assert [span(value, exact=True) for value in seconds[2:7]] == ["1 min", "3 min 10 s", "1 h", "5 h 2 min", "12 d 4 h"]


def test_without_a_site_the_cameras_are_said_not_to_run():
    cameras = [CameraConfig(new_id(), "front", "rtsp://a:hunter2@h/s"), CameraConfig(new_id(), "back", "x.mp4", enabled=False)]
    text = shown(not_running(cameras, "/var/lib/haetae"))
    assert row(text, "front") == "not running"
    assert row(text, "back") == "not running (disabled)"
    assert "nothing is running on /var/lib/haetae; start it: haetae serve --headless" in text
    assert "hunter2" not in text


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The storage folder of the default configuration in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "haetae-data"


@pytest.fixture
def running(folder):
    folder.mkdir()
    server = ControlServer(folder / CONTROL_SOCKET, make_status, lambda: None)
    yield server
    server.close()


def haetae_status(*arguments):
    app = typer.Typer()
    app.command()(status)
    return CliRunner().invoke(app, arguments)


def test_the_command_shows_the_running_site(running):
    done = haetae_status()
    assert done.exit_code == 0
    assert "front door" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_command_gives_the_status_as_json_without_secrets(running):
    done = haetae_status("--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["running"] is True
    assert [camera["name"] for camera in found["cameras"]] == ["front door", "yard"]
    assert found["storage"]["days_left"] == 23.4
    assert "hunter2" not in done.stdout


def test_where_nothing_ever_ran_nothing_is_made(folder):
    done = haetae_status()
    assert done.exit_code == 3
    assert "nothing is running on haetae-data" in done.stdout
    assert not folder.exists()
    assert json.loads(haetae_status("--json").stdout) == {"running": False, "cameras": []}


def test_a_stopped_site_shows_the_cameras_of_its_database(folder):
    camera = CameraConfig(new_id(), "front", "rtsp://a:hunter2@10.0.0.5/s")
    with writing(f"sqlite:///{folder / 'haetae.db'}") as sessions:
        CameraStore(sessions, FakeClock(), max_cameras=4).add(camera)
    done = haetae_status()
    assert done.exit_code == 3
    assert row(done.stdout, "front") == "not running"
    done = haetae_status("--json")
    assert done.exit_code == 3
    assert json.loads(done.stdout) == {"running": False, "cameras": [{"camera_id": str(camera.id), "name": "front", "enabled": True}]}


def test_the_storage_folder_is_the_configured_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.toml").write_text(f"[storage]\ndirectory = '{tmp_path / 'other'}'\n")
    assert f"nothing is running on {tmp_path / 'other'}" in " ".join(haetae_status("--config", "site.toml").stdout.split())


class Interrupted(SystemClock):
    """Ctrl-C after three waits."""

    def __init__(self):
        self.waits = []

    def wait(self, seconds, wake=None):
        self.waits.append(seconds)
        if len(self.waits) == 3:
            raise KeyboardInterrupt
        return False


def test_watching_goes_on_until_it_is_interrupted(running, monkeypatch):
    clock = Interrupted()
    monkeypatch.setattr(status_work, "SystemClock", lambda: clock)
    done = haetae_status("--watch", "--json")
    assert done.exit_code == 0
    assert clock.waits == [1.0, 1.0, 1.0]
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 3


def test_watching_outlives_a_site_that_stops(running, folder, monkeypatch):
    class Stopping(Interrupted):
        def wait(self, seconds, wake=None):
            running.close()
            return super().wait(seconds, wake)

    clock = Stopping()
    monkeypatch.setattr(status_work, "SystemClock", lambda: clock)
    lines = [json.loads(line)["running"] for line in haetae_status("--watch", "--json").stdout.splitlines()]
    assert lines == [True, False, False]


def test_a_site_that_fails_is_an_error_without_its_secret(folder):
    def fail():
        raise HaetaeError("rtsp://a:hunter2@h/s is odd")

    folder.mkdir()
    server = ControlServer(folder / CONTROL_SOCKET, fail, lambda: None)
    try:
        done = haetae_status()
        assert isinstance(done.exception, HaetaeError)
        assert "hunter2" not in str(done.exception)
    finally:
        server.close()


def test_on_a_terminal_the_table_is_refreshed_in_place_until_ctrl_c(running, folder):
    parent, child = pty.openpty()
    # A shell that runs the tests in the background has them ignore Ctrl-C, and what they start too.
    code = "import signal, typer; signal.signal(signal.SIGINT, signal.default_int_handler); from haetae.cli.status import status; "
    code += "app = typer.Typer(); app.command()(status); app(['--watch'])"
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=child, stdout=child, stderr=subprocess.STDOUT, cwd=folder.parent, env=environment
    )
    os.close(child)
    os.set_blocking(parent, False)
    seen = bytearray()

    def read():
        try:
            seen.extend(os.read(parent, 65536))
        except OSError:
            return False
        return seen.count(b"front door") >= 4

    try:
        wait_until(read, "two pictures, each with the camera's row and its notes")
        process.send_signal(signal.SIGINT)
        # Read on: a terminal that nobody reads from holds up who writes to it.
        wait_until(lambda: [read(), process.poll() is not None][-1], "the end")
        assert process.returncode == 0
        assert b"\x1b[" in seen
        assert b"Traceback" not in seen
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def test_the_help_of_the_command_loads_nothing_heavy():
    code = (
        "import sys; import haetae.cli.status\n"
        "heavy = {'pydantic', 'sqlalchemy', 'orjson', 'structlog'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path("/"))
    assert done.returncode == 0, done.stderr
