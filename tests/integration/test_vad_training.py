"""`haetae vad fit | score | eval` with a network that is trained on the footage. Skipped where torch is not installed."""

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene, walkers
from tests.support.vad_dataset import encode_scene, write_dataset
from typer.testing import CliRunner

from haetae.cli.vad import app
from haetae.errors import ConfigError, MissingExtra, ModelError, StateError
from haetae.vad.onnx_file import fingerprint

QUICK = ("--time-limit", "4s", "--threads", "1")


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def run_json(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scene = MovingScene(walkers(12, every_s=6.0, speed=24.0))
    return encode_scene(tmp_path_factory.mktemp("footage") / "walkers.mp4", scene, 60.0)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scene = MovingScene((*walkers(12, every_s=6.0, speed=24.0), Mover(-24, 40, 120.0, start_s=33.0, end_s=36.0)))
    return encode_scene(tmp_path_factory.mktemp("odd") / "runner.mp4", scene, 8.0, start_s=30.0)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, footage: Path) -> tuple[Path, dict[str, Any]]:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    state = tmp_path_factory.mktemp("fitted") / "camera.npz"
    return state, run_json("fit", footage, "--model", "mulde", "--state", state, *QUICK)


def test_fit_trains_exports_describes_and_learns(fitted: tuple[Path, dict[str, Any]]) -> None:
    state, report = fitted
    assert state.is_file()
    assert Path(report["weights"]) == state.with_suffix(".onnx")
    assert report["max_difference"] < 1e-3
    card = tomllib.loads(Path(report["card"]).read_text())
    assert card["network"]["model"] == "mulde"
    assert card["network"]["sha256"] == report["sha256"]
    assert card["network"]["max_difference"] == report["max_difference"]
    assert card["data"]["frames"] == 600
    assert 350 < card["data"]["frames_trained_on"] < 450
    assert {"date", "haetae", "torch", "seed", "loss", "held_out_loss"} <= card["training"].keys()
    assert not list(state.parent.glob("*checkpoint*"))


def test_score_finds_the_weights_through_the_state(fitted: tuple[Path, dict[str, Any]], odd: Path, tmp_path: Path) -> None:
    state, _ = fitted
    report = run_json("score", odd, "--state", state, "--out", tmp_path / "scores.npz")
    assert report["frames"] == 80
    scores = np.load(tmp_path / "scores.npz")["score"]
    assert scores[35:60].max() > scores[:30].max()


def test_a_moved_state_finds_weights_that_moved_with_it_and_takes_others_by_setting(
    fitted: tuple[Path, dict[str, Any]], odd: Path, tmp_path: Path
) -> None:
    state, report = fitted
    moved, weights = tmp_path / "camera.npz", tmp_path / "elsewhere.onnx"
    moved.write_bytes(state.read_bytes())
    weights.write_bytes(Path(report["weights"]).read_bytes())
    assert fingerprint(weights) == fingerprint(Path(report["weights"]))
    run_json("score", odd, "--state", moved, "--out", tmp_path / "scores.npz", "--set", f"weights={weights}")
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises((ModelError, StateError)):
        run("score", odd, "--state", moved, "--out", tmp_path / "scores.npz", "--set", f"weights={weights}")


def test_fit_with_weights_that_are_there_trains_nothing(fitted: tuple[Path, dict[str, Any]], footage: Path, tmp_path: Path) -> None:
    _, report = fitted
    again = run_json("fit", footage, "--model", "mulde", "--state", tmp_path / "other.npz", "--set", f"weights={report['weights']}")
    assert "weights" not in again
    assert not list(tmp_path.glob("*.onnx"))


def test_fused_trains_its_partner(footage: Path, odd: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    state = tmp_path / "camera.npz"
    run_json("fit", footage, "--model", "fused", "--set", "with=mulde", "--state", state, *QUICK)
    report = run_json("score", odd, "--state", state, "--out", tmp_path / "scores.npz")
    assert report["above_alarm_level"] > 0


def test_eval_trains_on_the_training_clips_only_and_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    dataset = write_dataset(tmp_path / "walkers")
    before = sorted(path.name for path in dataset.rglob("*"))
    report = run_json("eval", dataset, "--model", "mulde", *QUICK)
    assert report["model"] == "mulde"
    assert report["frames"] == 100
    assert report["fit_s"] > 2.0
    assert sorted(path.name for path in dataset.rglob("*")) == before


def test_without_torch_the_command_that_installs_it_is_named(footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("haetae.training.networks.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"haetae\[train\]"):
        run("fit", footage, "--model", "predictor", "--state", tmp_path / "camera.npz")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--width", "huge"), "--width"),
        (("--time-limit", "soon"), "--time-limit"),
        (("--seed", "-1"), "--seed"),
        (("--set", "weights"), "cannot be read"),
    ],
)
def test_bad_options_are_named(footage: Path, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run("fit", footage, "--model", "predictor", "--state", tmp_path / "camera.npz", *arguments)
