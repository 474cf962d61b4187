"""`haetae vad fit | score | eval` on encoded video."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.vad_dataset import write_dataset
from typer.testing import CliRunner

from haetae.cli.vad import app
from haetae.errors import ConfigError, HaetaeError, SourceUnavailable, StateError
from haetae.vad.calibrate import Calibration
from haetae.vad.state_file import read_state

KEYS = {
    "dataset", "model", "micro_auc", "macro_auc", "ap", "micro_auc_ci", "legacy_micro_auc", "rbdc", "tbdc", "event_recall",
    "false_alarms_per_hour", "delay_s_median", "ms_per_frame", "fit_s", "peak_rss_mb", "frames", "baselines",
}  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "walkers", masks=True)


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def run_json(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


def test_eval_reports_every_figure(dataset: Path) -> None:
    report = run_json("eval", dataset, "--model", "motion")
    assert report.keys() >= KEYS
    assert report["dataset"] == "walkers"
    assert report["frames"] == 100
    assert report["micro_auc"] > 0.9
    assert report["micro_auc"] > report["baselines"]["random"]
    assert report["rbdc"] > 0.5
    assert report["tbdc"] > 0.8
    assert report["event_recall"] == 1.0
    assert report["false_alarms_per_hour"] == 0.0
    assert 0.0 <= report["delay_s_median"] < 2.0
    assert set(report["baselines"]) == {"random", "frame_index", "frame_difference", "largest_speed"}


def test_eval_without_masks_says_why_there_are_no_region_figures(dataset: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("training", "testing", "labels.npz"):
        (plain / name).symlink_to(dataset / name)
    report = run_json("eval", plain)
    assert report["rbdc"] is None
    assert report["tbdc"] is None
    assert "no masks" in report["regions_missing"]


def test_labels_that_do_not_fit_the_clip_are_named(dataset: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    for name in ("training", "testing"):
        (odd / name).symlink_to(dataset / name)
    np.savez(odd / "labels.npz", **{"01": np.zeros(49, np.uint8), "02": np.zeros(50, np.uint8)})
    with pytest.raises(ConfigError, match="50 frames, labels.npz 49"):
        run("eval", odd)


def test_fit_then_score_finds_the_runner(dataset: Path, tmp_path: Path) -> None:
    state, out = tmp_path / "camera.state", tmp_path / "scores.npz"
    fitted = run_json("fit", *sorted((dataset / "training").glob("*.mp4")), "--model", "motion", "--state", state)
    assert fitted["threshold"] > 0
    run("score", dataset / "testing" / "02.mp4", "--state", state, "--out", out)
    with np.load(out, allow_pickle=False) as scores:
        assert {"score", "raw", "threshold", "time"} <= set(scores.files)
        assert {len(scores[name]) for name in scores.files} == {50}
        assert scores["time"] == pytest.approx(np.arange(50) / 10)
        assert scores["score"][:25].max() < 0.5 <= scores["score"][30:].max()
        assert ((scores["raw"] >= scores["threshold"]) == (scores["score"] >= 0.5)).all()


def test_the_budget_is_part_of_what_is_learned(dataset: Path, tmp_path: Path) -> None:
    clip = dataset / "training" / "01.mp4"
    learned = []
    for name, budget in (("a", 0.1), ("b", 100.0)):
        run_json("fit", clip, "--state", tmp_path / name, "--false-alarms-per-day", budget)
        learned.append(Calibration.of_arrays(read_state(tmp_path / name)[1]))
    # So little footage cannot tell the rarer from the rare: the levels may be the same, the budgets are not.
    assert learned[0].with_budget(100.0) == learned[1]
    assert learned[1].theta <= learned[0].theta


@pytest.mark.parametrize("command", ["fit", "score", "eval"])
def test_what_is_not_there_is_one_clear_error(command: str, tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    arguments = {
        "fit": ["fit", missing, "--state", tmp_path / "s"],
        "score": ["score", missing, "--state", missing, "--out", tmp_path / "o"],
        "eval": ["eval", missing],
    }
    expected = {"fit": SourceUnavailable, "score": StateError, "eval": ConfigError}
    with pytest.raises(expected[command]) as raised:
        run(*arguments[command])
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "s").exists()
    assert not (tmp_path / "o").exists()


def test_an_unknown_model_is_named(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(HaetaeError, match="unknown VAD model 'nonsense'"):
        run("fit", dataset / "training" / "01.mp4", "--model", "nonsense", "--state", tmp_path / "s")


def test_figures_for_people_are_a_table(dataset: Path) -> None:
    shown = run("eval", dataset)
    assert "micro_auc" in shown
    assert "baseline random" in shown


def test_eval_writes_a_page_with_its_figures(dataset: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    report = run_json("eval", dataset, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert "clips" not in report
    for key in ("micro_auc", "threshold", "normal_s"):
        assert f'<data value="{report[key]}">' in text
    assert all(f'id="clip-{number}"' in text for number in (1, 2))


def test_a_page_that_cannot_be_written_stops_eval_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        run("eval", tmp_path / "no data either", "--html", tmp_path / "absent" / "page.html")
