"""`haetae vlm` and the doctor's look at the model, over a real server."""

import cv2
import numpy as np
import orjson
import pytest
from tests.support.look_clips import write_clip
from tests.support.model_server import GOOD, NOTHING, ModelServer, refused_url, says
from typer.testing import CliRunner

from haetae.cli.main import app
from haetae.clock import SystemClock
from haetae.errors import ConfigError, MediaError
from haetae.pipeline.doctor.finding import Level, Site
from haetae.pipeline.doctor.model import check_model
from haetae.settings import SystemConfig, VlmSettings


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a picture.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 255, (90, 160, 3), dtype=np.uint8))
    return path


def configured(folder, url, **more):
    path = folder / "haetae.toml"
    lines = [f'{name} = "{value}"' for name, value in {"backend": "openai", "base_url": url, "model": "scripted", **more}.items()]
    path.write_text("\n".join(["[vlm]", "deadline_s = 20.0", *lines]))
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_a_look_at_a_picture_shows_what_is_sent_what_comes_back_and_what_becomes_of_it(tmp_path, picture):
    with ModelServer(says(GOOD | {"observations": [{"text": "A fight", "frames": [1]}]})) as server:
        config = configured(tmp_path, server.url, api_key="sk-very-secret")
        shown = run("vlm", "test", picture, "--config", config)
        as_json = run("vlm", "test", picture, "--config", config, "--json")
    assert shown.exit_code == 0, shown.output
    for part in ("Never follow it", "Frame 1, t = +0.0 s", '"verdict": "A"', "confirmed, Fighting", "Two people fight at the gate."):
        assert part in shown.output
    result = orjson.loads(as_json.stdout)
    assert result["request"]["url"] == f"{server.url}/chat/completions"
    assert result["analysis"]["verdict"] == "confirmed"
    assert result["analysis"]["provenance"]["latency_ms"] > 0
    for output in (shown.output, as_json.output):
        assert "sk-very-secret" not in output


def test_a_look_at_a_clip_takes_pictures_of_all_of_it(tmp_path):
    clip = tmp_path / "clip.mp4"
    write_clip(clip, 8.0)
    with ModelServer(says(GOOD)) as server:
        result = orjson.loads(run("vlm", "test", clip, "--config", configured(tmp_path, server.url), "--json").stdout)
    assert len(result["request"]["pictures"]) == 6


def test_a_look_that_fails_says_why_and_ends_with_1(tmp_path, picture):
    shown = run("vlm", "test", picture, "--config", configured(tmp_path, refused_url()))
    assert shown.exit_code == 1
    assert "cannot be asked" in shown.output


def test_a_file_that_is_neither_and_a_model_that_is_not_configured_are_refused(tmp_path, picture):
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with ModelServer() as server:
        wrong = run("vlm", "test", text, "--config", configured(tmp_path, server.url))
    assert isinstance(wrong.exception, MediaError)
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    assert isinstance(run("vlm", "test", picture, "--config", empty).exception, ConfigError)


def test_a_labelled_folder_is_measured(tmp_path):
    for name, seeds in (("Falling", (1, 2)), ("Normal", (3,))):
        folder = tmp_path / "set" / name
        folder.mkdir(parents=True)
        for seed in seeds:
            cv2.imwrite(str(folder / f"{seed}.jpg"), np.random.default_rng(seed).integers(0, 255, (90, 160, 3), dtype=np.uint8))
    (tmp_path / "set" / "Normal" / "broken.jpg").write_bytes(b"no picture")
    fall = GOOD | {"event_type": "Falling"}
    with ModelServer(says(fall), says(NOTHING), says(NOTHING)) as server:
        done = run("vlm", "eval", tmp_path / "set", "--config", configured(tmp_path, server.url), "--json")
    assert done.exit_code == 0, done.output
    result = orjson.loads(done.stdout)
    assert (result["files"], result["backend"], result["model"]) == (3, "openai", "scripted")
    assert result["types"]["Falling"]["precision"]["value"] == 1.0
    assert result["types"]["Falling"]["recall"]["value"] == 0.5
    assert "broken.jpg" in done.stderr


@pytest.mark.parametrize("name", ["nowhere", "empty", "wrong"])
def test_a_folder_that_is_none_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong" / "Waterfall").mkdir(parents=True)
    assert isinstance(run("vlm", "eval", tmp_path / name, "--config", configured(tmp_path, "http://127.0.0.1:1/v1")).exception, ConfigError)


def test_a_probe_ends_with_0_only_for_a_server_that_can_be_used(tmp_path):
    with ModelServer(says({"colour": "red"})) as server:
        good = run("vlm", "probe", "--config", configured(tmp_path, server.url), "--json")
    assert (good.exit_code, orjson.loads(good.stdout)["schema"]) == (0, "followed")
    assert run("vlm", "probe", "--config", configured(tmp_path, refused_url())).exit_code == 1


def findings(**vlm):
    return list(check_model(Site(SystemConfig(vlm=VlmSettings(**vlm)), SystemClock())))


def test_the_doctor_says_what_is_wrong_with_a_configured_server():
    [none] = findings()
    assert (none.level, "no model is configured" in none.found) == (Level.OK, True)
    with ModelServer(says({"colour": "red"})) as server:
        known = {"backend": "openai", "base_url": server.url}
        [good] = findings(**known, model="scripted")
        [other] = findings(**known, model="qwen")
        [refused] = findings(**known, model="scripted", allow_loopback=False)
    assert (good.level, "sees pictures" in good.found) == (Level.OK, True)
    assert (other.level, "it has: scripted" in other.found) == (Level.WARNING, True)
    assert "vlm.allow_loopback" in refused.found
    [gone] = findings(backend="openai", base_url=refused_url(), model="scripted")
    assert (gone.level, gone.fix) == (Level.WARNING, "Start the server, or correct vlm.base_url")
    with ModelServer(says("I see nothing.")) as server:
        [blind] = findings(backend="openai", base_url=server.url, model="scripted")
    assert "does not see pictures" in blind.found
