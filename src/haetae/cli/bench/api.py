"""What the API costs with a large site's events behind it, beside a bare route that returns as many bytes."""

import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import psutil

from haetae.cli.bench.api_clients import Ask, Client, fan_out, measure, watch_live
from haetae.cli.bench.api_fill import fill
from haetae.cli.bench.api_server import PASSWORD, USERNAME, serve
from haetae.cli.bench.cameras import prepare_streams
from haetae.domain.camera import CameraState
from haetae.media.blobs import StorageLayout

_LIST_RATIO_GOAL, _LIST_P95_GOAL_MS, _FAN_OUT_GOAL_MS, _VIEWER_GOAL = 10.0, 50.0, 250.0, 0.01
_VIEWERS = 10


def bench_api(
    *,
    events: int,
    cameras: int,
    running: int,
    clients: int,
    seconds: float,
    postgres: str | None,
    told: Callable[[str], None],
) -> dict[str, Any]:
    """Fill a database, serve it from a process of its own, and ask from `clients` threads: alone, then while `running` cameras run.

    `postgres` is the URL of an empty PostgreSQL database, measured after SQLite.
    """
    with tempfile.TemporaryDirectory(prefix="haetae-bench-api-") as name:
        folder = Path(name)
        streams = prepare_streams(folder, length_s=15 * seconds + 60.0, told=told) if running else []
        results = {}
        for database in ("sqlite", *(["postgresql"] if postgres else [])):
            told(f"{database}: writing {events:,} events of {cameras} cameras")
            site = folder / database
            site.mkdir()
            url = postgres if database == "postgresql" else f"sqlite:///{site / 'haetae.db'}"
            assert url is not None
            alone = fill(url, site, cameras=cameras, events=events, sources=[], told=told)
            results[database] = {"alone": _run(site, url, alone, [], clients, seconds, told)}
            if running:
                chosen = [streams[number % len(streams)] for number in range(running)]
                ids = fill(url, site, cameras=running, events=0, sources=[load.video for load in chosen], told=told)
                layout = StorageLayout(site)
                for camera_id, load in zip(ids, chosen, strict=True):
                    state = layout.path(layout.state(camera_id, "motion"))
                    state.parent.mkdir(parents=True)
                    shutil.copyfile(load.state, state)
                results[database]["with_cameras"] = _run(site, url, alone, ids, clients, seconds, told)
    return {
        "bench": "api",
        "events": events,
        "cameras": cameras,
        "running_cameras": running,
        "clients": clients,
        "cpus": os.cpu_count(),
        "seconds": seconds,
        "results": results,
        "goal": "list p95 <= 10 x bare and < 50 ms; one event to 200 WebSockets p95 < 250 ms; a live viewer < 0.01 core",
        "met": {database: _met(result["alone"]) for database, result in results.items()},
    }


def _run(
    folder: Path, url: str, past: list[UUID], playing: list[UUID], clients: int, seconds: float, told: Callable[[str], None]
) -> dict[str, Any]:
    with _served(folder, url, past) as (base, pipe, process):
        if playing:
            _wait_until_watching(pipe, len(playing))
        headers = _log_in(base)
        result: dict[str, Any] = {}
        for name, ask in _requests(base, headers, past).items():
            result[name] = measure(base, headers, ask, clients=clients, seconds=seconds)
            told(f"{name}: p50 {result[name]['p50_ms']} ms, p95 {result[name]['p95_ms']} ms, {result[name]['per_s']}/s")
        result["fan_out"] = fan_out(base, headers, lambda: _order(pipe, "publish"), clients=200, events=10)
        told(f"one event to 200 WebSockets: p95 {result['fan_out']['p95_ms']} ms")
        if playing:
            result["live"] = _live(base, headers, str(playing[0]), seconds, process)
            told(f"a live viewer: {result['live']['cores_per_viewer']} core")
        result["rss_mb"] = round(process.memory_info().rss / 2**20, 1)
        return result


@contextmanager
def _served(folder: Path, url: str, past: list[UUID]) -> Iterator[tuple[str, Connection, psutil.Process]]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(folder, url, past, theirs))
    process.start()
    try:
        if not ours.poll(180):
            raise RuntimeError("the site did not come up")
        base = ours.recv()
        _wait_until_up(base)
        yield base, ours, psutil.Process(process.pid)
        ours.send("stop")
        process.join(60)
    finally:
        if process.is_alive():
            process.kill()


def _requests(base: str, headers: dict[str, str], cameras: list[UUID]) -> dict[str, Ask]:
    """The requests to measure, by name. The bare route returns as many bytes as the first page."""
    with httpx2.Client(base_url=base, headers=headers, timeout=60.0) as client:
        first = client.get("/api/v1/events").raise_for_status()
        size, ids = len(first.content), [item["id"] for item in first.json()["items"]]
        cursors = [first.json()["next_cursor"]]
        for _ in range(20):
            page = client.get("/api/v1/events", params={"cursor": cursors[-1], "limit": 500}).raise_for_status().json()
            cursors.append(page["next_cursor"])
        deep = cursors[10:]

    def filtered(client: Client, number: int) -> int:
        return client.get("/api/v1/events", camera_id=cameras[number % len(cameras)], min_severity="high", min_score=0.8)

    return {
        "bare": lambda client, _number: client.get(f"/bare/{size}"),
        "list": lambda client, _number: client.get("/api/v1/events"),
        "list_filtered": filtered,
        "list_deep": lambda client, number: client.get("/api/v1/events", cursor=deep[number % len(deep)]),
        "detail": lambda client, number: client.get(f"/api/v1/events/{ids[number % len(ids)]}"),
        "statistics": lambda client, _number: client.get("/api/v1/statistics/summary"),
        "statistics_hours": lambda client, _number: client.get("/api/v1/statistics/hours"),
        "statistics_trend": lambda client, _number: client.get("/api/v1/statistics/trend"),
        "login": lambda client, _number: client.post("/api/v1/auth/login", {"username": USERNAME, "password": PASSWORD, "cookie": False}),
    }


def _live(base: str, headers: dict[str, str], camera_id: str, seconds: float, process: psutil.Process) -> dict[str, Any]:
    def cpu_s() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    # Viewers come on top of one, because the first one also starts the remux.
    one, many = (watch_live(base, headers, camera_id, viewers=number, seconds=seconds, cpu_s=cpu_s) for number in (1, 1 + _VIEWERS))
    return {"one": one, "many": many, "cores_per_viewer": round((many["cores"] - one["cores"]) / _VIEWERS, 4)}


def _met(result: dict[str, Any]) -> dict[str, bool]:
    lists = [result[name]["p95_ms"] for name in ("list", "list_filtered", "list_deep")]
    return {
        "list_ratio": max(lists) <= _LIST_RATIO_GOAL * result["bare"]["p95_ms"],
        "list_p95": max(lists) < _LIST_P95_GOAL_MS,
        "fan_out": result["fan_out"]["p95_ms"] < _FAN_OUT_GOAL_MS,
    }


def _log_in(base: str) -> dict[str, str]:
    answer = httpx2.post(f"{base}/api/v1/auth/login", json={"username": USERNAME, "password": PASSWORD, "cookie": False}, timeout=60)
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


def _order(pipe: Connection, order: str) -> Any:
    pipe.send(order)
    return pipe.recv()


def _wait_until_up(base: str) -> None:
    _wait(lambda: _answers(base), "the site does not answer")


def _answers(base: str) -> bool:
    try:
        return httpx2.get(f"{base}/healthz", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def _wait_until_watching(pipe: Connection, cameras: int) -> None:
    def watching() -> bool:
        states = [state for _id, state in _order(pipe, "cameras")]
        return states.count(CameraState.WATCHING) >= cameras

    _wait(watching, "not all cameras came up")


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 120.0
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.1)
