"""`haetae watch` as a user runs it, on a rendered scene."""

import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import av
import pytest
from tests.support.commands import finish, interrupt, run, start
from tests.support.waiting import wait_until

FAULTY_HINT_WORDS = ("Check", "Give", "Use", "See", "Try", "Is ", "Does", "Known")


@pytest.fixture(scope="session")
def scene(tmp_path_factory) -> Path:
    """A plaza onto which somebody drives a car, rendered once."""
    folder = tmp_path_factory.mktemp("scene")
    done = run(
        *("simulate", "--scene", "plaza", "--minutes", "1.2", "--incidents", "vehicle", "--seed", "3"),
        *("--size", "480x270", "--fps", "10", "--normal-minutes", "0.8", "-o", "plaza.mp4"),
        cwd=folder,
    )
    assert done.code == 0, done.stderr
    return folder / "plaza.mp4"


@pytest.fixture(scope="session")
def watched(scene, tmp_path_factory):
    """The scene watched once, with everything asked for."""
    folder = tmp_path_factory.mktemp("watched")
    done = run("watch", scene, "--json", "--report", "--learning-time", "40", "--out", "out", "--state", "plaza.state", cwd=folder)
    assert done.code == 0, done.stderr
    return folder, done


def rows(folder: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / "out" / "haetae.db")) as database:
        return database.execute(query).fetchall()


def assert_adds_up(frames: dict) -> None:
    assert frames["read"] == frames["analysed"] + frames["skipped"] + frames["dropped"]


def test_an_incident_becomes_one_event_and_the_counters_add_up(watched, scene):
    _, done = watched
    labels = json.loads(scene.with_suffix(".json").read_text())["incidents"]
    [label] = [incident for incident in labels if incident["kind"] == "vehicle"]
    hits = [event for event in done.events if event["onset_s"] < label["end_s"] + 1 and event["end_s"] > label["start_s"] - 1]
    assert len(hits) == 1, done.stdout
    assert done.summary["type"] == "summary"
    assert done.summary["events"] == len(done.events)
    assert done.summary["state"] == "watching"
    assert done.summary["frames"]["read"] == 720
    assert_adds_up(done.summary["frames"])
    assert done.summary["cpu_s"] > 0
    assert done.summary["peak_rss_mb"] > 10


def test_what_is_printed_is_what_is_stored(watched):
    folder, done = watched
    stored = rows(folder, "SELECT id, status, revision, clip_path, thumbnail_path FROM events")
    assert {row[0].replace("-", "") for row in stored} == {event["id"].replace("-", "") for event in done.events}
    for _, status, revision, clip, thumbnail in stored:
        assert status == "closed"
        assert revision >= 2
        assert (folder / "out" / clip).is_file()
        assert (folder / "out" / thumbnail).is_file()


def test_the_clip_plays_and_begins_before_the_onset(watched):
    folder, done = watched
    event = done.events[0]
    with av.open(str(folder / "out" / event["clip_path"])) as clip:
        frames = list(clip.decode(video=0))
        seconds = float(frames[-1].pts * frames[-1].time_base)
    assert frames[0].key_frame
    assert seconds >= (event["end_s"] - event["onset_s"]) + 5.0


def test_nothing_temporary_is_left(watched):
    folder, _ = watched
    assert not [path for path in (folder / "out").rglob("*") if path.suffix in (".part", ".tmp")]


def test_the_report_shows_the_labels_and_the_event(watched):
    folder, done = watched
    html = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert done.summary["report"].endswith("report.html")
    assert html.count('<article class="panel card') == len(done.events)
    assert "data:video/mp4;base64," in html
    assert 'class="truth"' in html


def test_a_saved_state_watches_from_the_first_frame(watched, scene, tmp_path):
    folder, first = watched
    done = run("watch", scene, "--json", "--state", folder / "plaza.state", "--out", "out", cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert done.summary["state"] == "watching"
    assert len(done.events) >= len(first.events)
    assert not (tmp_path / "out" / "report.html").exists()


def test_other_footage_can_be_learned_first(scene, tmp_path):
    other = "sim://plaza?seed=5&minutes=0.2&fps=10&size=480x270&incidents=none"
    done = run("watch", other, "--learn", scene, "--json", "--out", "out", cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert done.summary["state"] == "watching"
    assert_adds_up(done.summary["frames"])


def test_plain_lines_where_there_is_no_terminal(scene, tmp_path):
    done = run("watch", scene, "--out", "out", cwd=tmp_path)
    assert done.code == 0
    assert done.stdout == ""
    assert "learning" in done.stderr
    assert "no alarms yet" in done.stderr
    assert "frames read =" in done.stderr
    assert "\x1b[" not in done.stderr


@pytest.fixture(scope="session")
def incident(scene, tmp_path_factory) -> Path:
    """The scene from shortly before the incident on, so that nobody has to wait for it in real time."""
    [label] = json.loads(scene.with_suffix(".json").read_text())["incidents"]
    path = tmp_path_factory.mktemp("incident") / "incident.mp4"
    with av.open(str(scene)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        source.seek(int((label["start_s"] - 1) * 1_000_000))
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_open_event_and_stores_it(incident, watched, tmp_path, number):
    folder, _ = watched
    process = start(["watch", incident, "--json", "--realtime", "--state", folder / "plaza.state", "--out", "out"], tmp_path)
    journal = tmp_path / "out" / "log"

    def opened() -> bool:
        return any(b'"status":"open"' in path.read_bytes() for path in journal.glob("*.jsonl")) if journal.is_dir() else False

    wait_until(opened, "an event", deadline_s=60)
    interrupt(process, number)
    done = finish(process)
    assert done.code == 0, done.stderr
    assert done.summary["type"] == "summary"
    stored = rows(tmp_path, "SELECT status, clip_path FROM events")
    assert stored
    assert all(status == "closed" and clip and (tmp_path / "out" / clip).is_file() for status, clip in stored)


def test_an_event_survives_kill_9_and_is_marked_as_interrupted(incident, watched, tmp_path):
    folder, _ = watched
    arguments = ["watch", incident, "--json", "--state", folder / "plaza.state", "--out", "out"]
    process = start([*arguments, "--realtime"], tmp_path)
    journal = tmp_path / "out" / "log"
    wait_until(lambda: any(b'"status":"open"' in path.read_bytes() for path in journal.glob("*.jsonl")), "an event", deadline_s=60)
    process.kill()
    process.communicate()
    [line, *_] = [json.loads(line) for path in journal.glob("*.jsonl") for line in path.read_text().splitlines()]
    done = run(*arguments, cwd=tmp_path)
    assert done.code == 0, done.stderr
    stored = dict(rows(tmp_path, "SELECT replace(id, '-', ''), status FROM events"))
    assert stored.pop(line["id"].replace("-", "")) == "interrupted"
    assert set(stored.values()) == {"closed"}
    assert not list((tmp_path / "out").rglob("*.part"))


def faulty(kind: str, folder: Path) -> str:
    """Something that cannot be watched."""
    path = folder / "thing.mp4"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("no video at all\n" * 100)
    elif kind == "folder without pictures":
        path.mkdir()
    elif kind == "unknown scheme":
        return "gopher://example/stream"
    elif kind == "refused connection":
        return "rtsp://admin:hunter2@127.0.0.1:9/stream"
    elif kind == "no such device":
        return "/dev/video99"
    elif kind == "bad scene":
        return "sim://moon"
    elif kind == "exotic protocol":
        return "concat:/etc/passwd|/etc/group"
    return str(path)


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "empty",
        "text",
        "folder without pictures",
        "unknown scheme",
        "refused connection",
        "no such device",
        "bad scene",
        "exotic protocol",
    ],
)
def test_what_cannot_be_watched_is_one_clear_line(kind, tmp_path):
    source = faulty(kind, tmp_path)
    before = set(tmp_path.rglob("*"))
    done = run("watch", source, "--json", "--out", "out", cwd=tmp_path)
    assert done.code == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert set(tmp_path.rglob("*")) == before, "something was left behind"


def test_a_file_without_permission_is_one_clear_line(scene, tmp_path):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(scene.read_bytes())
    secret.chmod(0)
    # Root reads what it may not, unless that capability is taken away.
    wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if wrapper and shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv to stop it")
    done = run("watch", secret, "--out", "out", cwd=tmp_path, wrapper=wrapper)
    assert done.code == 2
    assert "permission" in done.stderr.lower()
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fps", "0"], "--fps"),
        (["--false-alarms-per-day", "0"], "--false-alarms-per-day"),
        (["--learning-time", "soon"], "--learning-time"),
        (["--lang", "fr"], "--lang"),
        (["--model", "magic"], "Known: attributes, embedding, fused"),
        (["--learn", "nowhere.mp4"], "nowhere.mp4"),
        (["--config", "none.toml"], "none.toml"),
    ],
)
def test_a_bad_argument_names_itself(arguments, said, scene, tmp_path):
    done = run("watch", scene, "--out", "out", *arguments, cwd=tmp_path)
    assert done.code == 2
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_of_another_kind_is_no_state(scene, tmp_path):
    state = tmp_path / "plaza.state"
    state.write_bytes(b"not a state")
    done = run("watch", scene, "--state", state, "--out", "out", cwd=tmp_path)
    assert done.code == 2
    assert "plaza.state" in done.stderr
    assert state.read_bytes() == b"not a state"


def test_a_truncated_file_gives_what_it_has(scene, tmp_path):
    """The index of an MP4 lies at its end or its start; packets that are cut off are counted, not fatal."""
    damaged = tmp_path / "cut.mkv"
    with av.open(str(scene)) as source, av.open(str(damaged), "w", format="matroska") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = bytearray(damaged.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = b"\xff" * 4000
    damaged.write_bytes(data[: len(data) * 9 // 10])
    done = run("watch", damaged, "--json", "--out", "out", cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert_adds_up(done.summary["frames"])
    assert done.summary["frames"]["read"] > 300
