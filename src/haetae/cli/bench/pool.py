"""`haetae bench pool`: what cameras gain by sharing one network instead of loading one each, and what micro-batching is worth.

Every figure is taken in a fresh process of its own. Memory is the growth of its resident set from just before the first model until every
camera's thread has scored, so that what Python and ONNX Runtime take by being imported is in neither side. For the throughput all
cameras submit as fast as they are answered, which is the hardest case: at 5 frames per second a model is idle most of the time.
"""

import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

from haetae.clock import SystemClock
from haetae.domain.frame import Luma
from haetae.errors import HaetaeError, ModelError
from haetae.pipeline.resource_pool import ResourcePool
from haetae.settings import PoolSettings
from haetae.telemetry import configure_logging
from haetae.vad.base import VADModel, Window, create_model
from haetae.vad.onnx_file import size_mb
from haetae.vad.onnx_runtime import available_providers, version

MEMORY_CAMERAS = (1, 4, 16)
BATCH = 8
ROUNDS = 5
WIDTH, HEIGHT = 640, 360
_LUMAS = 8
_LEARNED = 30
_STEP_S = 0.2
_PATIENCE_MS = 60_000.0
"""Frames that wait longer are dropped: here none is, so that every way has scored what it was given."""


class Way(StrEnum):
    """How cameras come to their scores."""

    MICRO_BATCHING = "micro_batching"
    """One model in the pool, batches of up to BATCH, whether the network takes them at once or not."""
    SHARED = "shared_unbatched"
    """One model in the pool, each camera's thread runs it by itself, at the same time as the others."""
    POOL = "pool"
    """One model in the pool as it is by default: batches where the network's batch axis is open."""
    LOCK = "lock_per_call"
    """One model, a lock round each call."""
    OWN = "own_models"
    """A model for each camera."""


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement, as it is handed to its process."""

    network: str
    size: tuple[int, int] | None
    way: Way
    cameras: int
    seconds: float = 0.0

    def settings(self) -> dict[str, Any]:
        batch = {Way.MICRO_BATCHING: {"max_batch": BATCH}, Way.SHARED: {"max_batch": 1}}
        return {"path": self.network, "size": self.size, **batch.get(self.way, {})}


def bench_pool(*, network: Path, cameras: int, seconds: float, size: tuple[int, int] | None, told: Callable[[str], None]) -> dict[str, Any]:
    """Measure; returns JSON-able figures. `told` hears what is being measured. Raises ModelError for a network that cannot be used."""
    case = Case(str(network), size, Way.POOL, cameras, seconds)
    described = _in_own_process(_describe, case)
    memory: list[dict[str, Any]] = []
    for count in MEMORY_CAMERAS:
        told(f"memory of {count} cameras")
        shared, own = (_in_own_process(_memory, replace(case, way=way, cameras=count)) for way in (Way.POOL, Way.OWN))
        # A network of a few kilobytes grows nothing that can be measured.
        ratio = round(own["models_mb"] / shared["models_mb"], 2) if shared["models_mb"] > 0.0 else None
        memory.append({"cameras": count, "shared": shared, "own": own, "ratio": ratio})
    rounds = _throughputs(replace(case, seconds=seconds / ROUNDS), told)
    against_lock = _ratio(rounds, "frames_per_s")
    return {
        "bench": "pool",
        "network": network.name,
        **described,
        "cpus": os.cpu_count(),
        "cameras": cameras,
        "seconds": seconds,
        "rounds": ROUNDS,
        "memory": memory,
        "throughput": {way.value: _middle(figures) for way, figures in rounds.items()},
        "micro_batching_to_lock": {"frames_per_s": against_lock, "cpu_ms_per_frame": _ratio(rounds, "cpu_ms_per_frame")},
        "goal": "16 cameras that share a model take less memory than 16 models; micro-batching is no slower than a lock per call",
        "met": {"memory": memory[-1]["shared"]["models_mb"] < memory[-1]["own"]["models_mb"], "throughput": against_lock >= 1.0},
    }


def _throughputs(case: Case, told: Callable[[str], None]) -> dict[Way, list[dict[str, Any]]]:
    """The figures of each way, round by round. Rounds alternate, so that a busy machine slows all ways alike."""
    rounds: dict[Way, list[dict[str, Any]]] = {way: [] for way in (Way.MICRO_BATCHING, Way.SHARED, Way.LOCK, Way.OWN)}
    for number in range(ROUNDS):
        for way, figures in rounds.items():
            told(f"{case.cameras} cameras, {way.value.replace('_', ' ')}, round {number + 1} of {ROUNDS}")
            figures.append(_in_own_process(_throughput, replace(case, way=way)))
    return rounds


def _middle(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """The round with the median rate, and how far the rounds lie apart."""
    ordered = sorted(figures, key=lambda row: float(row["frames_per_s"]))
    return {**ordered[len(ordered) // 2], "frames_per_s_range": [ordered[0]["frames_per_s"], ordered[-1]["frames_per_s"]]}


def _ratio(rounds: dict[Way, list[dict[str, Any]]], figure: str) -> float:
    """Micro-batching to a lock per call: the median over the rounds, each of which compares neighbours in time."""
    pairs = zip(rounds[Way.MICRO_BATCHING], rounds[Way.LOCK], strict=True)
    return round(float(statistics.median(batched[figure] / locked[figure] for batched, locked in pairs)), 3)


def _describe(case: Case) -> dict[str, Any]:
    model: Any = create_model("embedding", **case.settings())
    return {
        "size_mb": round(size_mb(Path(case.network)), 2),
        "estimate_mb": round(type(model).estimate_mb(case.network), 1),
        "device": model.device,
        "default_max_batch": model.max_batch,
        "runtime": f"onnxruntime {version()} ({', '.join(available_providers())})",
    }


def _in_own_process(work: Callable[[Case], dict[str, Any]], case: Case) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        figures, message, hint = processes.apply(_guarded, (work, case))
    if figures is None:
        raise ModelError(message, hint=hint)
    return figures


def _guarded(work: Callable[[Case], dict[str, Any]], case: Case) -> tuple[dict[str, Any] | None, str, str]:
    """The figures, or what went wrong and what to do: an error with a hint does not survive the way between processes."""
    cv2.setNumThreads(1)
    configure_logging("warning")
    try:
        return work(case), "", ""
    except HaetaeError as error:
        return None, error.message, error.hint


def _memory(case: Case) -> dict[str, Any]:
    process = psutil.Process()
    before_mb = process.memory_info().rss / 2**20
    with _cameras(case) as (cameras, _):
        _on_threads([camera.score_some for camera in cameras])
        after_mb = process.memory_info().rss / 2**20
    return {"models_mb": round(after_mb - before_mb, 1), "rss_mb": round(after_mb, 1)}


def _throughput(case: Case) -> dict[str, Any]:
    with _cameras(case) as (cameras, batches):
        _on_threads([camera.score_some for camera in cameras])
        batches_before = batches()
        cpu_s, start_s = time.process_time(), time.perf_counter()
        end_s = start_s + case.seconds
        waits = [list[float]() for _ in cameras]
        _on_threads([partial(camera.score_until, end_s, own) for camera, own in zip(cameras, waits)])
        elapsed_s, cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_s
        calls = batches() - batches_before
    scored = [len(own) for own in waits]
    frames = sum(scored)
    p50, p95 = np.quantile(np.concatenate([np.array(own) for own in waits]), [0.5, 0.95])
    return {
        "frames_per_s": round(frames / elapsed_s, 1),
        "cpu_ms_per_frame": round(1000 * cpu_s / frames, 3),
        "cores": round(cpu_s / elapsed_s, 2),
        "mean_batch": round(frames / calls, 2) if calls else 1.0,
        "wait_p50_ms": round(1000 * float(p50), 2),
        "wait_p95_ms": round(1000 * float(p95), 2),
        "fewest_frames_of_a_camera": min(scored),
        "most_frames_of_a_camera": max(scored),
    }


class _Camera:
    """One camera: a model, its own state, and pictures that it shows in turn."""

    def __init__(self, model: VADModel, learned: dict[str, NDArray[Any]], lumas: list[Luma], lock: AbstractContextManager[Any]) -> None:
        self._model = model
        self._state = model.load_state(learned)
        self._lumas = lumas
        self._lock = lock
        self._frames = 0

    def score_some(self) -> None:
        """Enough for whatever is made on first use."""
        for _ in range(3):
            self._score()

    def score_until(self, end_s: float, waits: list[float]) -> None:
        """One picture at least: on a busy machine a thread may begin when the others are done."""
        begin_s = time.perf_counter()
        while not waits or begin_s < end_s:
            self._score()
            now_s = time.perf_counter()
            waits.append(now_s - begin_s)
            begin_s = now_s

    def _score(self) -> None:
        window = Window(self._state, self._lumas[self._frames % len(self._lumas)], self._frames * _STEP_S)
        self._frames += 1
        with self._lock:
            self._model.score([window])


@contextmanager
def _cameras(case: Case) -> Iterator[tuple[list[_Camera], Callable[[], int]]]:
    """The cameras of one case, and the number of calls that their shared model has had (0 where there is none in a pool)."""
    random = np.random.default_rng(1)
    lumas = [random.integers(0, 256, (HEIGHT, WIDTH), np.uint8) for _ in range(_LUMAS)]
    if case.way in (Way.LOCK, Way.OWN):
        models = [create_model("embedding", **case.settings()) for _ in range(1 if case.way is Way.LOCK else case.cameras)]
        learned = _learned(models[0], lumas)
        lock = threading.Lock() if case.way is Way.LOCK else nullcontext()
        yield [_Camera(models[number % len(models)], learned, lumas, lock) for number in range(case.cameras)], lambda: 0
        return
    pool = ResourcePool(PoolSettings(max_batch=BATCH, stale_after_ms=_PATIENCE_MS), clock=SystemClock())
    try:
        handles = [pool.get_vad_model("embedding", **case.settings()) for _ in range(case.cameras)]
        learned = _learned(handles[0], lumas)
        yield [_Camera(handle, learned, lumas, nullcontext()) for handle in handles], lambda: pool.status()[0].batches
    finally:
        pool.close()


def _learned(model: VADModel, lumas: list[Luma]) -> dict[str, NDArray[Any]]:
    """What every camera has learned: what it has does not matter here, only that it has something to compare with."""
    state = model.new_state()
    for number in range(_LEARNED):
        model.learn([Window(state, lumas[number % len(lumas)], number * _STEP_S)])
    model.finish_learning(state)
    return dict(state.arrays())


def _on_threads(work: list[Callable[[], None]]) -> None:
    """Everything at once; returns when all is done. Raises what one of them raised."""
    errors: list[Exception] = []

    def guarded(each: Callable[[], None]) -> None:
        try:
            each()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
