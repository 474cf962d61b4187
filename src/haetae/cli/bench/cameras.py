"""What many cameras cost on this box, beside bare decoding of the same streams, and decoding with dense optical flow."""

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from haetae.cli.bench.camera_load import Load, decode_streams, flow_streams, run_site
from haetae.clock import SystemClock
from haetae.errors import ConfigError
from haetae.simulate.scenes import SCENES
from haetae.simulate.spec import SceneSpec
from haetae.simulate.video import write_video
from haetae.sources.base import SourceOptions
from haetae.training.footage import learn_footage
from haetae.vad.base import create_model

FPS = 15.0
ANALYSED_FPS = 5.0
_LEARNING_S = 60.0
_GOALS = {16: 0.35, 64: 1.1}
_P95_GOAL_S = 0.1
_RSS_GOAL_MB = 10.0


def bench_cameras(*, counts: list[int], seconds: float, told: Callable[[str], None]) -> dict[str, Any]:
    """Run a whole site of each number of cameras for `seconds`, in a process of its own, on streams that are read in real time from files.

    One video of each scene is rendered first, 640x360 at 15 fps, and learned from; cameras share the videos and begin staggered.
    """
    length_s = seconds + 0.3 * max(counts) + 30.0
    with tempfile.TemporaryDirectory(prefix="haetae-bench-") as name:
        loads = prepare_streams(Path(name), length_s=length_s, told=told)
        rows = []
        for count in counts:
            told(f"{count} cameras")
            bare, flow = (_in_own_process(work, [load.video for load in loads], count, seconds) for work in (decode_streams, flow_streams))
            whole = _in_own_process(run_site, loads, count, seconds)
            ratios = {"ratio_to_decoding": _ratio(whole, bare), "ratio_to_flow": _ratio(whole, flow)}
            rows.append({"cameras": count, **whole, "bare_decoding": bare, "decoding_and_flow": flow, **ratios})
            told(f"{whole['cores']:.2f} cores, decoding alone {bare['cores']:.2f}, with dense flow {flow['cores']:.2f}")
            told(f"{whole['share_analysed']:.1%} analysed, p95 {whole['latency_p95_s']} s")
    slope = _slope(rows)
    return {
        "bench": "cameras",
        "streams": f"640x360 H.264, {FPS:g} fps, analysed at {ANALYSED_FPS:g} fps, {len(loads)} rendered scenes",
        "cpus": os.cpu_count(),
        "seconds": seconds,
        "runs": rows,
        "rss_mb_per_added_camera": slope,
        "goal": "16 cameras < 0.35 core; 64 < 1.1 cores, nothing dropped, p95 < 100 ms; 128 nothing dropped; RSS per added camera < 10 MB",
        "met": {**{str(row["cameras"]): _met(row) for row in rows}, "rss": None if slope is None else slope < _RSS_GOAL_MB},
    }


def parse_counts(text: str) -> list[int]:
    """[1, 16] of "1,16", ascending. Raises ConfigError."""
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = []
    if not counts or counts[0] < 1 or counts[-1] > 1024:
        raise ConfigError(f"--cameras {text!r} is refused", hint="Give whole numbers from 1 to 1024, for example 1,16,64")
    return counts


def prepare_streams(folder: Path, *, length_s: float, told: Callable[[str], None]) -> list[Load]:
    """A video of each rendered scene, and what a camera learned from it, in `folder`."""
    return [_prepare(scene, folder, length_s, told) for scene in SCENES.names()]


def _prepare(scene: str, folder: Path, length_s: float, told: Callable[[str], None]) -> Load:
    told(f"rendering {length_s:.0f} s of the scene {scene}")
    video, state = folder / f"{scene}.mp4", folder / f"{scene}.state"
    write_video(SceneSpec(scene=scene, seconds=length_s, fps=FPS), video)
    options = SourceOptions(analysed_fps=ANALYSED_FPS)
    learn_footage(create_model("motion"), [str(video)], options, SystemClock(), false_alarms_per_day=1.0, limit_s=_LEARNING_S).save(state)
    return Load(video, state)


def _in_own_process(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """What `work` returns in a fresh process, whose CPU time and memory are then its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _ratio(whole: dict[str, Any], bare: dict[str, Any]) -> float:
    return round(float(whole["cores"] / bare["cores"]), 3)


def _slope(rows: list[dict[str, Any]]) -> float | None:
    """MB of RSS per camera between the smallest and the largest run."""
    if len(rows) < 2:
        return None
    first, last = rows[0], rows[-1]
    return round(float((last["rss_mb"] - first["rss_mb"]) / (last["cameras"] - first["cameras"])), 2)


def _met(row: dict[str, Any]) -> bool:
    limit = _GOALS.get(row["cameras"])
    p95_s = row["latency_p95_s"]
    quick = row["cameras"] > 64 or (p95_s is not None and p95_s < _P95_GOAL_S)
    nothing_lost = row["frames_dropped"] == 0 and row["share_analysed"] > 0.98
    return bool((limit is None or row["cores"] < limit) and nothing_lost and quick)
