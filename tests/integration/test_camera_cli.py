"""`haetae camera` from the command line to the database."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from tests.support.postgres import postgres_database
from tests.support.rtsp_server import RtspServer
from tests.support.video import make_video
from typer.testing import CliRunner

from haetae.cli.camera import app
from haetae.cli.camera_display import as_json
from haetae.database.camera_store import CameraStore, StoredCamera
from haetae.database.opening import reading
from haetae.domain.camera import CameraConfig
from haetae.errors import CameraLimit, ConfigError, Conflict, HaetaeError, SourceUnavailable, StorageError, UnknownCamera
from haetae.ids import new_id
from haetae.pipeline.control import CONTROL_SOCKET, ControlServer
from haetae.testing.clock import FakeClock
from haetae.vault import Vault

SECRET = "p@ss/w:rd 해"
RTSP = "rtsp://10.0.0.5/main"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def looks(folder: Path) -> Iterator[list[str]]:
    """What the running site saw each time that it was told to look: the names of the enabled cameras."""
    seen: list[str] = []

    def reconcile() -> None:
        with reading(f"sqlite:///{folder / 'haetae-data' / 'haetae.db'}") as sessions:
            assert sessions is not None
            stored = CameraStore(sessions, FakeClock(), max_cameras=1, vault=Vault.open(folder / "haetae-data")).list()
        seen.append(" ".join(camera.config.name for camera in stored if camera.config.enabled))

    (folder / "haetae-data").mkdir()
    site = ControlServer(folder / "haetae-data" / CONTROL_SOCKET, lambda: pytest.fail("nobody asks for the status"), reconcile)
    yield seen
    site.close()


def invoke(*arguments: object, stdin: str = "") -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


def camera(name: str = "gate") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invoke("show", name, "--json").stdout)
    return found


def names() -> list[str]:
    return [found["name"] for found in json.loads(invoke("list", "--json").stdout)]


def test_looking_at_nothing_makes_nothing(folder: Path) -> None:
    assert invoke("list", "--json").stdout == "[]\n"
    assert "haetae camera add" in invoke("list").stdout
    for command in (("show", "gate"), ("start", "gate"), ("set", "gate", "--fps", "5"), ("remove", "gate")):
        with pytest.raises(HaetaeError, match="camera add"):
            invoke(*command)
    assert list(folder.iterdir()) == []


def test_a_camera_is_added_shown_changed_stopped_and_removed() -> None:
    added = invoke(
        *("add", "gate", RTSP, "--fps", "7.5", "--false-alarms-per-day", "0.5", "--learning-time", "20m", "--offline-alert", "1m"),
        *("--pre-roll", "3", "--zone", "exclude:tree:0.1,0.1 0.4,0.1 0.4,0.5", "--model-setting", "pixels=21600"),
        *("--schedule", "mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul"),
    )
    assert "'gate'" in added.stdout
    shown = camera()
    assert UUID(shown.pop("id")).version == 7
    created = shown.pop("created_at")
    assert created == shown.pop("updated_at")
    assert shown == {
        "name": "gate",
        "source": RTSP,
        "enabled": True,
        "vad_model": "motion",
        "vad_settings": {"pixels": 21600},
        "analysed_fps": 7.5,
        "false_alarms_per_day": 0.5,
        "learning_s": 1200.0,
        "offline_alert_s": 60.0,
        "pre_roll_s": 3.0,
        "post_roll_s": 5.0,
        "flow": None,
        "zones": [{"name": "tree", "kind": "exclude", "polygon": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]}],
        "schedule": "mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul",
        "version": 1,
    }
    invoke("set", "gate", "--name", "정문", "--fps", "auto", "--remove-zone", "tree", "--always-armed", "--model-setting", "pixels=")
    changed = camera("정문")
    expected = shown | {"name": "정문", "analysed_fps": None, "zones": [], "schedule": None, "vad_settings": {}, "version": 2}
    assert {key: changed[key] for key in expected} == expected
    assert "already" in invoke("set", "정문", "--fps", "auto").stdout
    assert "disabled" in invoke("stop", changed["id"]).stdout
    assert "already" in invoke("stop", "정문").stdout
    assert not camera("정문")["enabled"]
    invoke("start", "정문")
    assert camera("정문")["enabled"]
    assert "stay" in invoke("remove", "정문", "--yes").stdout
    assert names() == []


def test_a_running_site_is_told_of_every_change_once_it_is_stored(looks: list[str]) -> None:
    assert "running site follows" in invoke("add", "gate", RTSP).stdout
    assert "running site follows" in invoke("set", "gate", "--name", "door").stdout
    assert "running site follows" in invoke("stop", "door").stdout
    for nothing_new in (("stop", "door"), ("set", "door", "--fps", "auto"), ("add", "spare", RTSP, "--disabled"), ("list",)):
        assert "running site" not in invoke(*nothing_new).stdout
    invoke("start", "door")
    invoke("remove", "door", "--yes")
    assert looks == ["gate", "door", "", "door", ""]


def test_without_a_running_site_a_change_is_stored_all_the_same() -> None:
    assert "running site" not in invoke("add", "gate", RTSP).stdout
    assert names() == ["gate"]


def test_what_people_see_names_everything() -> None:
    invoke("add", "gate [red]", RTSP, "--zone", "include:walk:0,0 1,0 1,1", "--schedule", "daily 20:00-06:00 @ UTC")
    invoke("add", "plaza", "sim://plaza", "--disabled")
    gate, plaza = invoke("list").stdout.splitlines()[1:]
    for word in ("gate [red]", "enabled", RTSP, "motion", "daily 20:00-06:00 @ UTC", camera("gate [red]")["id"]):
        assert word in gate
    assert "disabled" in plaza
    details = invoke("show", "gate [red]").stdout
    for word in ("gate [red]", "include:walk:0.0,0.0 1.0,0.0 1.0,1.0", "daily 20:00-06:00 @ UTC", "auto", "after 30 s", "version 1"):
        assert word in details


def test_the_password_is_stored_and_never_shown(folder: Path) -> None:
    given = invoke("add", "gate", "rtsp://admin@10.0.0.5/main?token=abcdef", "--password-stdin", stdin=f"{SECRET}\nmore\n")
    texts = [given.output, invoke("list").stdout, invoke("list", "--json").stdout, invoke("show", "gate").stdout]
    texts.append(invoke("show", "gate", "--json").stdout)
    for text in texts[1:]:
        assert "rtsp://admin:***@10.0.0.5/main?token=***" in text
    for text in texts:
        assert "p%40ss" not in text
        assert SECRET not in text
        assert "abcdef" not in text
    assert stored_source(folder) == "rtsp://admin:p%40ss%2Fw%3Ard%20%ED%95%B4@10.0.0.5/main?token=abcdef"
    for secret in (b"p%40ss", b"abcdef", b"10.0.0.5"):
        assert secret not in stored_bytes(folder)


def test_a_password_can_be_changed_by_itself(folder: Path) -> None:
    assert "--password-stdin" in invoke("add", "gate", "rtsp://admin:first@10.0.0.5/main").stderr
    assert "--password-stdin" not in invoke("set", "gate", "--password-stdin", stdin="second\n").stderr
    assert camera()["version"] == 2
    assert stored_source(folder) == "rtsp://admin:second@10.0.0.5/main"
    with pytest.raises(ConfigError, match="stdin holds no password"):
        invoke("set", "gate", "--password-stdin", stdin="")
    with pytest.raises(ConfigError, match="password once"):
        invoke("set", "gate", "--source", "rtsp://admin:x@10.0.0.5/", "--password-stdin", stdin="y")
    with pytest.raises(ConfigError, match="names the user"):
        invoke("set", "gate", "--source", "rtsp://10.0.0.5/", "--password-stdin", stdin="y")


def test_a_secret_of_a_model_is_not_shown() -> None:
    now = FakeClock().now()
    shown = as_json(StoredCamera(CameraConfig(new_id(), "gate", RTSP, vad_settings=(("api_key", "abc"), ("pixels", 9))), 1, now, now))
    assert shown["vad_settings"] == {"api_key": "***", "pixels": 9}


def test_a_privacy_zone_comes_with_what_it_does_not_do() -> None:
    zone = "privacy:window:0,0 1,0 1,1"
    assert "masked in the camera too" in invoke("add", "gate", RTSP, "--zone", zone).stderr
    assert "masked in the camera too" in invoke("set", "gate", "--zone", zone).stderr
    assert "masked" not in invoke("add", "plaza", RTSP, "--zone", "exclude:window:0,0 1,0 1,1").output


def test_the_sites_settings_are_the_defaults(folder: Path) -> None:
    (folder / "site.toml").write_text(
        "storage.directory = 'elsewhere'\nclips.pre_roll_s = 2\nclips.post_roll_s = 3\n"
        "site.time_zone = 'Asia/Tokyo'\nsite.max_cameras = 1\n"
    )
    invoke("add", "gate", RTSP, "--schedule", "daily 20:00-06:00", "--config", "site.toml")
    gate = json.loads(invoke("show", "gate", "--json", "--config", "site.toml").stdout)
    assert (gate["pre_roll_s"], gate["post_roll_s"], gate["schedule"]) == (2.0, 3.0, "daily 20:00-06:00 @ Asia/Tokyo")
    assert (folder / "elsewhere" / "haetae.db").exists()
    with pytest.raises(CameraLimit, match="site.max_cameras"):
        invoke("add", "plaza", RTSP, "--config", "site.toml")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("add", "", RTSP), "name is empty"),
        (("add", "gate", RTSP), "'gate' already"),
        (("add", "new", "ftp://host/1"), "unknown source scheme"),
        (("add", "new", "missing.mp4"), "no file or folder"),
        (("add", "new", RTSP, "--model", "magic"), "Known: .*motion"),
        (("add", "new", RTSP, "--model-setting", "colour=3"), "colour"),
        (("add", "new", RTSP, "--model-setting", "pixels=3"), "motion.pixels"),
        (("add", "new", RTSP, "--model-setting", "pixels=many"), "refuses these settings"),
        (("add", "new", RTSP, "--flow", "heirarchical"), "Known: collaborative, hierarchical, playbook, sequential"),
        (("add", "new", RTSP, "--fps", "0"), "analysed_fps"),
        (("add", "new", RTSP, "--offline-alert", "0.5"), "offline_alert_s"),
        (("add", "new", RTSP, "--zone", "exclude:a:0,0 1,0 1,1", "--zone", "exclude:a:0,0 1,0 1,1"), "two zones"),
        (("set", "gate"), "nothing to change"),
        (("set", "gate", "--source", "missing.mp4"), "no file or folder"),
        (("set", "gate", "--remove-zone", "x"), "no zone 'x'"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_changes_nothing(arguments: tuple[str, ...], word: str) -> None:
    invoke("add", "gate", RTSP)
    with pytest.raises((ConfigError, Conflict), match=word) as caught:
        invoke(*arguments)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert names() == ["gate"]
    assert camera()["version"] == 1


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one() -> None:
    invoke("add", "front gate", RTSP)
    for command in (("show", "frontgate"), ("set", "frontgate", "--fps", "5"), ("start", "frontgate"), ("remove", "frontgate", "--yes")):
        with pytest.raises(UnknownCamera, match="'front gate'"):
            invoke(*command)


def test_removing_asks_first() -> None:
    invoke("add", "gate", RTSP)
    assert "stay" in invoke("remove", "gate", stdin="n\n").stderr
    with pytest.raises(ConfigError, match="--yes"):
        invoke("remove", "gate", stdin="")
    assert names() == ["gate"]
    invoke("remove", "gate", stdin="y\n")
    assert names() == []


def test_a_camera_that_cannot_be_read_is_listed_and_can_be_removed(folder: Path) -> None:
    invoke("add", "gate", RTSP)
    invoke("add", "plaza", RTSP)
    with sqlite3.connect(folder / "haetae-data" / "haetae.db") as database:
        database.execute("""UPDATE cameras SET zones = '[{"name": "x"}]' WHERE name = 'gate'""")
    database.close()
    broken, fine = json.loads(invoke("list", "--json").stdout)[::-1]
    assert (broken["name"], fine["name"]) == ("gate", "plaza")
    assert "kind" in broken["error"]
    assert "unreadable" in invoke("list").stdout
    with pytest.raises(ConfigError, match="cannot be read"):
        invoke("show", "gate")
    invoke("stop", "gate")
    invoke("remove", "gate", "--yes")
    assert names() == ["plaza"]


def test_checking_opens_the_source_before_anything_is_stored(folder: Path) -> None:
    make_video(folder / "clip.mp4", seconds=1)
    (folder / "text.mp4").write_text("no video")
    assert "clip.mp4: h264, 320x240, 25 fps" in invoke("add", "gate", "clip.mp4", "--check").stdout
    assert camera()["source"] == str(folder / "clip.mp4")
    with pytest.raises(SourceUnavailable, match=r"text\.mp4"):
        invoke("add", "text", "text.mp4", "--check")
    with pytest.raises(SourceUnavailable, match=r"text\.mp4"):
        invoke("set", "gate", "--source", "text.mp4", "--check")
    assert (names(), camera()["version"]) == (["gate"], 1)


@pytest.mark.parametrize("auth", ["digest", "basic"])
def test_a_password_with_special_characters_opens_the_camera(folder: Path, auth: Any) -> None:
    with RtspServer(make_video(folder / "clip.mp4", seconds=2), user="admin", password=SECRET, auth=auth) as server:
        address = f"rtsp://admin@{server.url.partition('//')[2].rpartition('@')[2]}"
        added = invoke("add", "gate", address, "--password-stdin", "--check", stdin=f"{SECRET}\n")
        assert "h264, 320x240" in added.stdout
        with pytest.raises(SourceUnavailable, match="password"):
            invoke("set", "gate", "--password-stdin", "--check", stdin="wrong\n")
    assert camera()["version"] == 1


def test_the_database_may_be_a_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres_database(migrated=False) as url:
        monkeypatch.setenv("HAETAE_STORAGE__DATABASE_URL", url)
        assert names() == []
        invoke("add", "gate", RTSP)
        invoke("stop", "gate")
        assert not camera()["enabled"]
    assert [path.name for path in (folder / "haetae-data").iterdir()] == ["keys"]


def test_a_database_of_a_newer_haetae_is_left_alone(folder: Path) -> None:
    invoke("add", "gate", RTSP)
    with sqlite3.connect(folder / "haetae-data" / "haetae.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '999_future'")
    database.close()
    for command in (("list",), ("stop", "gate"), ("add", "plaza", RTSP)):
        with pytest.raises(StorageError, match="999_future"):
            invoke(*command)


def stored_bytes(folder: Path) -> bytes:
    """Everything that the database's files hold."""
    return b"".join(path.read_bytes() for path in sorted((folder / "haetae-data").glob("haetae.db*")))


def stored_source(folder: Path) -> str:
    """The one camera's address, as the site reads it."""
    with reading(f"sqlite:///{folder / 'haetae-data' / 'haetae.db'}") as sessions:
        assert sessions is not None
        (stored,) = CameraStore(sessions, FakeClock(), max_cameras=1, vault=Vault.open(folder / "haetae-data")).list()
    return stored.config.source
