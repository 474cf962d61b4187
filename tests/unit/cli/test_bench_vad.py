import orjson
import pytest
from typer.testing import CliRunner

from haetae.cli.bench.vad import Candidate, as_markdown, bench_vad
from haetae.cli.main import app
from haetae.errors import ConfigError


def test_a_model_and_its_settings_are_one_text():
    candidate = Candidate.of("attributes,detector=/models/a.onnx,detect_fps=2")
    assert candidate.name == "attributes"
    assert candidate.settings == {"detector": "/models/a.onnx", "detect_fps": 2}


def test_cost_is_measured_beside_decoding_and_dense_flow_and_what_cannot_be_made_is_said(tmp_path):
    told: list[str] = []
    result = bench_vad(
        folders=[],
        models=["motion", "predictor,weights=/nowhere.onnx"],
        ablation=False,
        robustness=False,
        seconds=30.0,
        repeats=1,
        time_limit=None,
        told=told.append,
    )
    motion, missing = result["models"]
    assert motion["speed"]["cpu_ms_per_frame"] > 0
    assert motion["speed"]["ratio_to_dis_flow"] == pytest.approx(motion["speed"]["cpu_ms_per_frame"] / result["dis_flow_ms"], rel=0.02)
    assert 0 < motion["speed"]["state_kb"] < 2048
    assert "/nowhere.onnx" in missing["error"]
    text = as_markdown(result)
    assert "| motion |" in text
    assert "## Not measured" in text
    assert result["machine"]["cpu"] in text


def test_a_data_set_that_is_none_is_refused_before_any_work(tmp_path):
    done = CliRunner().invoke(app, ["bench", "vad", str(tmp_path / "none"), "--json"])
    assert isinstance(done.exception, ConfigError)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(done.stdout)
