"""The loads that `haetae bench cameras` measures, each in a process of its own."""

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil

from haetae.clock import SystemClock
from haetae.compose.site import Site
from haetae.database.camera_store import CameraStore
from haetae.database.opening import writing
from haetae.domain.camera import CameraConfig, CameraState
from haetae.domain.frame import Luma
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.pipeline.observer import NoObserver, Observer, Stage
from haetae.settings import MetricsSettings, SiteSettings, StorageSettings, SystemConfig
from haetae.sources.picture import luma_of
from haetae.sources.sampler import Sampler
from haetae.telemetry import configure_logging
from haetae.vad.preprocess import WorkSize, to_work
from haetae.vault import Vault

ANALYSED_FPS = 5.0
_SETTLE_S = 4.0
_START_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Load:
    """A rendered stream, and what a camera learned from it."""

    video: Path
    state: Path


class Latencies:
    """Collects how long each frame took from capture to score, while told to."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.collecting = False

    def for_camera(self, _camera: CameraConfig) -> Observer:
        return _Listener(self)


class _Listener(NoObserver):
    def __init__(self, latencies: Latencies) -> None:
        self._latencies = latencies

    def timed(self, stage: Stage, seconds: float) -> None:
        if stage is Stage.CAPTURE_TO_SCORE and self._latencies.collecting:
            self._latencies.seconds.append(seconds)


def run_site(loads: list[Load], cameras: int, seconds: float) -> dict[str, Any]:
    """A whole site of so many cameras, learned already: what it uses while all of them watch, measured for `seconds`."""
    configure_logging("error")
    with tempfile.TemporaryDirectory(prefix="haetae-bench-site-") as name:
        config = SystemConfig(
            storage=StorageSettings(directory=Path(name)),
            site=SiteSettings(max_cameras=cameras),
            metrics=MetricsSettings(enabled=False),
        )
        _add_cameras(config, loads, cameras)
        latencies = Latencies()
        site = Site(config, watchers=(latencies.for_camera,))
        site.start()
        try:
            _wait_until_watching(site, cameras)
            time.sleep(_SETTLE_S)
            latencies.collecting = True
            before, cpu, started = _frames(site), _cpu_s(), time.monotonic()
            time.sleep(seconds)
            elapsed_s = time.monotonic() - started
            after, used_s = _frames(site), _cpu_s() - cpu
            latencies.collecting = False
            status = site.status
        finally:
            site.close()
    analysed, dropped, skipped = (after[key] - before[key] for key in ("analysed", "dropped", "skipped"))
    return {
        "cores": round(used_s / elapsed_s, 3),
        "rss_mb": round(status.rss_mb, 1),
        "threads": status.threads,
        "frames_read": after["read"] - before["read"],
        "frames_analysed": analysed,
        "frames_skipped": skipped,
        "frames_dropped": dropped,
        "share_analysed": round(analysed / (cameras * elapsed_s * ANALYSED_FPS), 4),
        "latency_p50_s": _percentile(latencies.seconds, 50),
        "latency_p95_s": _percentile(latencies.seconds, 95),
        "states": dict(Counter(str(camera.state) for camera in status.cameras)),
        "events": sum(camera.events for camera in status.cameras),
    }


def decode_streams(videos: list[Path], cameras: int, seconds: float) -> dict[str, Any]:
    """Nothing but reading and decoding the same streams in real time, one thread for each."""
    return _bare_loops(videos, cameras, seconds, lambda: lambda _luma: None)


def flow_streams(videos: list[Path], cameras: int, seconds: float) -> dict[str, Any]:
    """The same, and dense optical flow (DIS, preset fast) at the size and the rate that the model sees: a loop without any detection."""
    cv2.setNumThreads(1)
    return _bare_loops(videos, cameras, seconds, _DenseFlow)


class _DenseFlow:
    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._last: Luma | None = None

    def __call__(self, luma: Luma) -> None:
        small = to_work(luma, WorkSize.of(luma))
        if self._last is not None:
            self._flow.calc(self._last, small, np.zeros((*small.shape, 2), np.float32))
        self._last = small


def _bare_loops(videos: list[Path], cameras: int, seconds: float, make_look: Callable[[], Callable[[Luma], None]]) -> dict[str, Any]:
    stop = threading.Event()
    ready = threading.Barrier(cameras + 1)
    late_s: list[float] = []
    threads = [
        threading.Thread(target=_loop, args=(videos[number % len(videos)], ready, stop, make_look(), late_s)) for number in range(cameras)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    time.sleep(_SETTLE_S)
    late_s.clear()
    cpu, started = _cpu_s(), time.monotonic()
    time.sleep(seconds)
    cores = (_cpu_s() - cpu) / (time.monotonic() - started)
    rss_mb = psutil.Process().memory_info().rss / 2**20
    stop.set()
    for thread in threads:
        thread.join()
    return {"cores": round(cores, 3), "rss_mb": round(rss_mb, 1), "latency_p95_s": _percentile(late_s, 95)}


def _loop(video: Path, ready: threading.Barrier, stop: threading.Event, look: Callable[[Luma], None], late_s: list[float]) -> None:
    sampler = Sampler(ANALYSED_FPS)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        ready.wait()
        started = time.monotonic()
        for frame in container.decode(stream):
            due_s = started + (frame.time or 0.0)
            if stop.wait(max(0.0, due_s - time.monotonic())):
                return
            if sampler.wants(frame.time or 0.0):
                look(luma_of(frame))
                late_s.append(time.monotonic() - due_s)


def _add_cameras(config: SystemConfig, loads: list[Load], cameras: int) -> None:
    layout = StorageLayout(config.storage.directory)
    with writing(config.database_url()) as sessions:
        store = CameraStore(sessions, SystemClock(), max_cameras=cameras, vault=Vault.open(config.storage.directory))
        for number in range(cameras):
            load = loads[number % len(loads)]
            camera = CameraConfig(new_id(), f"camera {number}", str(load.video), analysed_fps=ANALYSED_FPS)
            state = layout.path(layout.state(camera.id, camera.vad_model))
            state.parent.mkdir(parents=True)
            shutil.copyfile(load.state, state)
            store.add(camera)


def _wait_until_watching(site: Site, cameras: int) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while sum(camera.state is CameraState.WATCHING for camera in site.status.cameras) < cameras:
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"not all cameras came up: {[camera for camera in site.status.cameras if camera.state is not CameraState.WATCHING]}"
            )
        time.sleep(0.1)


def _frames(site: Site) -> dict[str, int]:
    counts = [camera.frames for camera in site.status.cameras]
    return {
        "read": sum(count.read for count in counts),
        "analysed": sum(count.analysed for count in counts),
        "skipped": sum(count.skipped for count in counts),
        "dropped": sum(count.dropped_total for count in counts),
    }


def _percentile(seconds: list[float], percent: float) -> float | None:
    return round(float(np.percentile(seconds, percent)), 4) if seconds else None


def _cpu_s() -> float:
    """Of this process and of those that decode for it."""
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
