"""`haetae serve --headless` as its users run it: in a process of its own, beside the command line."""

import json
import signal
import sqlite3
from contextlib import suppress

import pytest
from tests.support.commands import finish, interrupt, run, start
from tests.support.site import learn, render
from tests.support.waiting import wait_until

from haetae.errors import HaetaeError
from haetae.pipeline.control import CONTROL_SOCKET, read_status


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """A plaza on which somebody falls and fights again and again, and what is normal there."""
    folder = tmp_path_factory.mktemp("footage")
    calm = render(folder / "calm.mp4", seconds=40.0, incidents=())
    busy = render(folder / "busy.mp4", seconds=60.0, seed=3, normal_s=4.0)
    return busy, learn(calm, folder / "calm.state")


@pytest.fixture
def folder(tmp_path):
    settings = ("[storage]", 'directory = "site"', "[site]", "reconcile_s = 0.3", "save_state_s = 5", "[metrics]", "port = 0")
    (tmp_path / "haetae.toml").write_text("\n".join(settings))
    return tmp_path


class Serving:
    """A running `haetae serve --headless`."""

    def __init__(self, folder):
        self.folder = folder
        self.process = start(["serve", "--headless"], folder)

    def wait(self, condition, what, deadline_s=60.0):
        """Ask as `haetae status` does, without a process for each question, which would take the site's processor from it."""

        def there():
            assert self.process.poll() is None, self.process.communicate()
            with suppress(HaetaeError):
                status = read_status(self.folder / "site" / CONTROL_SOCKET)
                return status is not None and condition(status)

        wait_until(there, what, deadline_s=deadline_s)

    def end(self, number=signal.SIGINT):
        interrupt(self.process, number)
        return finish(self.process)


def haetae(folder, *arguments):
    finished = run(*arguments, cwd=folder)
    assert finished.code == 0, finished.stderr
    return finished


def states(status):
    return {camera.name: camera.state.value for camera in status.cameras}


def give_state(folder, name, state):
    """Put what was learned elsewhere where the camera called `name` looks for it."""
    shown = json.loads(haetae(folder, "camera", "show", name, "--json").stdout)
    path = folder / "site" / "states" / shown["id"] / "motion.state"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(state.read_bytes())


def test_cameras_are_added_changed_stopped_and_removed_beside_the_running_site(folder, footage):
    video, _state = footage
    haetae(folder, "camera", "add", "door", video)
    serving = Serving(folder)
    try:
        serving.wait(lambda status: states(status) == {"door": "learning"}, "the camera that was there learns")
        [shown] = json.loads(haetae(folder, "status", "--json").stdout)["cameras"]
        assert (shown["name"], shown["state"]) == ("door", "learning")
        haetae(folder, "camera", "add", "yard", video)
        serving.wait(lambda status: states(status).get("yard") == "learning", "the new one learns")
        haetae(folder, "camera", "set", "door", "--name", "front door")
        serving.wait(lambda status: "front door" in states(status), "the new name")
        haetae(folder, "camera", "stop", "yard")
        serving.wait(lambda status: states(status)["yard"] == "stopped", "the stop")
        haetae(folder, "camera", "start", "yard")
        serving.wait(lambda status: states(status)["yard"] == "learning", "the start")
        haetae(folder, "camera", "remove", "yard", "--yes")
        serving.wait(lambda status: set(states(status)) == {"front door"}, "the removal")
        second = run("serve", "--headless", cwd=folder)
        assert second.code == 2
        assert "another Haetae" in second.stderr
    finally:
        ended = serving.end(signal.SIGTERM)
    assert ended.code == 0, ended.stderr
    assert run("status", cwd=folder).code == 3


def test_a_site_that_is_killed_comes_back_with_its_cameras_what_they_learned_and_its_events(folder, footage):
    video, state = footage
    for name in ("door", "yard", "gate"):
        haetae(folder, "camera", "add", name, video, "--false-alarms-per-day", "50")
        give_state(folder, name, state)
    first = Serving(folder)
    first.wait(lambda status: sum(camera.events for camera in status.cameras) >= 3, "events under load")
    first.process.kill()
    first.process.communicate()
    accepted = _accepted(folder / "site" / "log")
    assert accepted

    second = Serving(folder)
    second.wait(lambda status: set(states(status).values()) == {"watching"}, "all cameras watch again, without learning")
    wait_until(lambda: accepted <= set(_stored(folder)), "every accepted event in the database", deadline_s=60.0)
    second.end()

    stored = _stored(folder)
    assert accepted <= set(stored)
    assert all(status != "open" for status, _clip in stored.values())
    site = folder / "site"
    assert not list(site.rglob(".*.part"))
    clips = {str(path.relative_to(site)) for path in site.rglob("clips/**/*.mp4")}
    assert clips == {clip for _status, clip in stored.values() if clip}


def _accepted(log):
    """Ids of all events in the journal."""
    ids = set()
    for path in sorted(log.glob("events-*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                ids.add(json.loads(line)["id"])
            except ValueError:
                continue  # torn by the kill: never accepted
    return ids


def _stored(folder):
    """id -> (status, clip) of all events in the database."""
    with sqlite3.connect(f"file:{folder / 'site' / 'haetae.db'}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT id, status, clip_path FROM events").fetchall()
    return {f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}": (status, clip) for id, status, clip in rows}
