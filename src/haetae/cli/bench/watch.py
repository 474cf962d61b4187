"""What the whole path costs per frame, beside what nobody can do without (decoding) and what others do (dense optical flow)."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from haetae.cli.watching import Collector
from haetae.compose.watch import WatchPlan, build_watch
from haetae.domain.frame import Luma
from haetae.settings import SystemConfig, load_config
from haetae.simulate.spec import SceneSpec
from haetae.simulate.video import write_video
from haetae.vad.preprocess import WorkSize

_RATE_FPS = 10.0
"""What `haetae watch` analyses of a file by default; the bare variants look at the same frames."""


def bench_watch(*, clips: list[Path], seconds: float, repeats: int) -> dict[str, Any]:
    """Measure each clip and a rendered one; every figure is the least CPU time of `repeats` interleaved runs, per frame read."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="haetae-bench-") as folder:
        rendered = Path(folder) / "plaza.mp4"
        write_video(SceneSpec(scene="plaza", seed=1, seconds=seconds), rendered)
        named = [(rendered, "rendered plaza"), *((clip, clip.name) for clip in clips)]
        results = [_measure(path, Path(folder), repeats, name) for path, name in named]
    return {
        "bench": "watch",
        "clips": results,
        "goal": "CPU of the whole path below decode + resize + DIS flow (preset fast)",
        "met": all(result["ratio_to_dis_fast"] < 1.0 for result in results),
    }


def _measure(clip: Path, folder: Path, repeats: int, name: str) -> dict[str, Any]:
    config = load_config()
    state = folder / f"{clip.stem}.state"
    out = folder / f"{clip.stem}-out"
    # Learns, and leaves behind the database and everything that is imported on first use.
    _whole(clip, out, state, config, learn=True)
    variants: dict[str, Callable[[], int]] = {
        "decode": lambda: _decode(clip),
        "decode_resize": lambda: _resize(clip),
        "decode_resize_dis_ultrafast": lambda: _dense_flow(clip, cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST),
        "decode_resize_dis_fast": lambda: _dense_flow(clip, cv2.DISOPTICAL_FLOW_PRESET_FAST),
        "whole_path": lambda: _whole(clip, out, state, config, learn=False),
    }
    best: dict[str, tuple[float, float]] = {}
    frames = 0
    for _ in range(max(1, repeats)):
        for variant, run in variants.items():
            wall, cpu = time.perf_counter(), time.process_time()
            frames = run()
            cost = (time.process_time() - cpu, time.perf_counter() - wall)
            best[variant] = min(best.get(variant, cost), cost)
    figures = {
        variant: {"cpu_ms_per_frame": round(1000 * cpu / frames, 4), "frames_per_s": round(frames / wall, 1)}
        for variant, (cpu, wall) in best.items()
    }
    return {
        "clip": name,
        "frames": frames,
        "variants": figures,
        "ratio_to_decode": round(best["whole_path"][0] / best["decode"][0], 3),
        "ratio_to_dis_ultrafast": round(best["whole_path"][0] / best["decode_resize_dis_ultrafast"][0], 3),
        "ratio_to_dis_fast": round(best["whole_path"][0] / best["decode_resize_dis_fast"][0], 3),
    }


def _whole(clip: Path, out: Path, state: Path, config: SystemConfig, *, learn: bool) -> int:
    plan = WatchPlan(source=str(clip), config=config, out=out, state=state, learn=(str(clip),) if learn else ())
    watching = build_watch(plan, Collector())
    watching.run()
    return watching.system.status.frames.read


def _decode(clip: Path) -> int:
    return sum(1 for _ in _frames(clip))


def _resize(clip: Path) -> int:
    return _each_sampled(clip, lambda _small: None)


def _dense_flow(clip: Path, preset: int) -> int:
    dis = cv2.DISOpticalFlow.create(preset)
    last: list[Luma] = []

    def step(small: Luma) -> None:
        if last:
            dis.calc(last.pop(), small, np.zeros((*small.shape, 2), np.float32))
        last.append(small)

    return _each_sampled(clip, step)


def _each_sampled(clip: Path, use: Callable[[Luma], object]) -> int:
    """Decode everything; hand the frames at the analysed rate to `use`, at the size that the model sees."""
    count, due_s = 0, 0.0
    for frame in _frames(clip):
        count += 1
        time_s = frame.time or 0.0
        if time_s < due_s - 1e-6:
            continue
        due_s = max(due_s + 1 / _RATE_FPS, time_s)
        plane = frame.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        size = WorkSize.of(luma)
        use(np.asarray(cv2.resize(luma, (size.width, size.height), interpolation=cv2.INTER_AREA), np.uint8))
    return count


def _frames(clip: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                yield from packet.decode()
            except StopIteration:
                return
            except av.FFmpegError:
                continue
