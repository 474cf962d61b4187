"""`haetae simulate site` and `haetae vad site-eval`."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from haetae.cli.main import app
from haetae.errors import ConfigError

RUNNER = CliRunner()
TINY = ["--cameras", "1", "--learn-hours", "0.034", "--test-hours", "0.05", "--incidents", "1", "--size", "160x90", "--jobs", "1"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["vad", "site-eval", "--seeds", "other"], "--seeds must be dev or test"),
        (["vad", "site-eval", "--model", "nothing"], "unknown VAD model"),
        (["vad", "site-eval", "--set", "without=wings"], "no attribute 'wings'"),
        (["vad", "site-eval", "--quick", "--test-hours", "0"], "a minute each"),
        (["vad", "site-eval", "--quick", "--incidents", "9999"], "do not fit"),
        (["simulate", "site", "there", "--size", "huge"], "WIDTHxHEIGHT"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(arguments: list[str], reason: str) -> None:
    result = RUNNER.invoke(app, arguments)
    assert isinstance(result.exception, ConfigError)
    assert reason in str(result.exception)


def test_a_site_is_rendered_once_and_measured_from_its_pictures(tmp_path: Path) -> None:
    rendered = RUNNER.invoke(app, ["simulate", "site", str(tmp_path), *TINY], catch_exceptions=False)
    assert rendered.exit_code == 0
    (video,) = tmp_path.glob("*.mkv")
    written = video.stat().st_mtime_ns
    arguments = ["vad", "site-eval", "--cache", str(tmp_path), "--out", str(tmp_path / "scores"), *TINY]
    measured = RUNNER.invoke(app, [*arguments, "--json"], catch_exceptions=False)
    report = orjson.loads(measured.stdout)
    assert (report["model"], report["events"], report["cameras"]) == ("motion", 1, 1)
    assert {"recall", "false_alarms_per_day", "false_alarms_per_day_ci", "delay_s_median", "ms_per_frame", "kinds"} <= set(
        report["budgets"][0]
    )
    assert video.stat().st_mtime_ns == written
    again = RUNNER.invoke(app, [*arguments, "--list"], catch_exceptions=False)
    assert "event recall" in again.stdout
    assert orjson.loads(RUNNER.invoke(app, [*arguments, "--json"]).stdout) == report
    apart = orjson.loads(RUNNER.invoke(app, [*arguments, "--set", "without=speed", "--json"], catch_exceptions=False).stdout)
    assert apart["model"] == "motion,without=speed"
    assert len(list((tmp_path / "scores").glob("*.npz"))) == 2
