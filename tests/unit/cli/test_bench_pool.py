import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.commands import run
from tests.support.onnx_file import write_network

from haetae.cli.bench import pool
from haetae.cli.bench.pool import Case, Way
from haetae.errors import ModelError


def case(path: Path, way: Way, cameras: int = 4) -> Case:
    return Case(str(path), None, way, cameras, 0.3)


@pytest.mark.parametrize("way", list(Way))
def test_every_way_scores_the_frames_of_every_camera(tmp_path, way):
    figures = pool._throughput(case(write_network(tmp_path / "net.onnx"), way))
    assert figures["fewest_frames_of_a_camera"] > 0
    assert figures["frames_per_s"] > 0.0
    assert 0.0 < figures["wait_p50_ms"] <= figures["wait_p95_ms"]
    # All four wait in one queue; whoever is not shared, or not batched, is judged alone.
    batched = way in (Way.MICRO_BATCHING, Way.POOL)
    assert 1.5 < figures["mean_batch"] <= 4.0 if batched else figures["mean_batch"] == 1.0


@pytest.mark.parametrize(("way", "models"), [(Way.MICRO_BATCHING, 1), (Way.SHARED, 1), (Way.POOL, 1), (Way.LOCK, 1), (Way.OWN, 4)])
def test_sharing_means_one_model(tmp_path, monkeypatch, way, models):
    from haetae.vad.embedding import EmbeddingModel

    made = []
    make = EmbeddingModel.__init__
    monkeypatch.setattr(EmbeddingModel, "__init__", lambda self, *given, **settings: (made.append(1), make(self, *given, **settings))[1])
    pool._memory(case(write_network(tmp_path / "net.onnx"), way))
    assert len(made) == models


def test_the_report_holds_every_figure_and_the_goal(tmp_path, monkeypatch):
    """In one process, which only the memory figures mind."""
    monkeypatch.setattr(pool, "_in_own_process", lambda work, each: work(each))
    monkeypatch.setattr(pool, "MEMORY_CAMERAS", (1, 2))
    report = pool.bench_pool(network=write_network(tmp_path / "net.onnx"), cameras=3, seconds=0.3, size=None, told=lambda _text: None)
    report = json.loads(json.dumps(report))
    assert [row["cameras"] for row in report["memory"]] == [1, 2]
    assert set(report["throughput"]) == {"micro_batching", "shared_unbatched", "lock_per_call", "own_models"}
    assert (report["network"], report["device"], report["default_max_batch"]) == ("net.onnx", "cpu", 8)
    assert report["met"]["throughput"] == (report["micro_batching_to_lock"]["frames_per_s"] >= 1.0)
    assert report["goal"]


def test_the_median_of_the_rounds_counts():
    """One slow round, of the machine and not of the way, decides nothing."""
    rates = {Way.MICRO_BATCHING: [200.0, 20.0, 210.0], Way.LOCK: [100.0, 100.0, 100.0]}
    rounds = {way: [{"frames_per_s": rate} for rate in each] for way, each in rates.items()}
    assert pool._ratio(rounds, "frames_per_s") == 2.0
    assert pool._middle(rounds[Way.MICRO_BATCHING]) == {"frames_per_s": 200.0, "frames_per_s_range": [20.0, 210.0]}


def test_a_fault_of_one_camera_ends_the_measurement():
    def fail() -> None:
        raise ModelError("no")

    with pytest.raises(ModelError, match="no"):
        pool._on_threads([fail, lambda: None])


def test_a_network_that_cannot_be_used_ends_the_command_with_its_reason(tmp_path):
    done = run("bench", "pool", "--model", tmp_path / "absent.onnx", "--json", cwd=tmp_path)
    assert done.code == 2
    assert done.stdout == ""
    assert "absent.onnx. Give the path of an existing ONNX file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fresh_process_returns_figures_and_keeps_stdout_clean(tmp_path):
    network = write_network(tmp_path / "net.onnx")
    code = (
        "from haetae.cli.bench.pool import Case, Way, _in_own_process, _memory\n"
        "if __name__ == '__main__':\n"
        f"    print(_in_own_process(_memory, Case({str(network)!r}, None, Way.POOL, 2))['rss_mb'] > 0)\n"
    )
    script = tmp_path / "measure.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


def test_a_real_network_is_measured(shared_data):
    figures = pool._throughput(case(shared_data / "models" / "osnet_x0_25_msmt17.onnx", Way.MICRO_BATCHING))
    assert figures["cpu_ms_per_frame"] > 0.1
    assert figures["mean_batch"] > 1.5
