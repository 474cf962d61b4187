"""`make soak`: sixteen cameras for twenty minutes, five of which misbehave all the time. Prints one JSON object with what it came to.

Four cameras have an RTSP server of their own each (one flaps, one stalls, one sends garbage, one changes its picture size), one has a wrong
password, eleven share a healthy server. The servers run in a process of their own.
"""

# First of all: heaps are made as libraries are loaded.
# ruff: noqa: E402
from haetae.heaps import limit_heaps

limit_heaps()

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from tests.support.rtsp_server import RtspServer
from tests.support.site import RunningSite, add_camera, learn, site_config

from haetae.domain.camera import CameraState
from haetae.simulate.spec import SceneSpec
from haetae.simulate.video import write_video
from haetae.telemetry import configure_logging

HEALTHY = 11
SAMPLE_S = 10.0
FAULTS = {"flapping": 20.0, "stalling": 60.0, "garbage": 30.0, "resizing": 45.0}
"""Seconds between two faults of each kind."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    arguments = parser.parse_args()
    configure_logging("critical")
    folder = Path(tempfile.mkdtemp(prefix="haetae-soak-"))
    try:
        sys.stdout.write(json.dumps(_soak(folder, arguments.minutes * 60.0), indent=2) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _soak(folder: Path, seconds: float) -> dict[str, Any]:
    video, small = folder / "plaza.mp4", folder / "small.mp4"
    write_video(SceneSpec(scene="plaza", seconds=60.0), video)
    write_video(SceneSpec(scene="plaza", seconds=20.0, size=(320, 180), incidents=()), small)
    state = learn(video, folder / "plaza.state")
    ours, theirs = multiprocessing.Pipe()
    servers = multiprocessing.get_context("spawn").Process(target=_serve, args=(video, small, theirs), daemon=True)
    servers.start()
    urls = ours.recv()
    config = site_config(folder / "site", max_cameras=16)
    names = [*(f"healthy {number:02}" for number in range(HEALTHY)), *FAULTS]
    cameras = [add_camera(config, name, urls.get(name, urls["healthy"]), state=state) for name in names]
    add_camera(config, "locked", urls["locked"])
    with RunningSite(config) as running:
        for camera in cameras:
            running.wait(camera, lambda status: status.state is CameraState.WATCHING, "watches", deadline_s=60.0)
        ours.send("begin")
        samples, cpu = [], time.process_time()
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            time.sleep(SAMPLE_S)
            samples.append(_sample(time.monotonic() - started))
        cores = (time.process_time() - cpu) / (time.monotonic() - started)
        status = running.site.status
    ours.send("end")
    servers.join(20)
    return _report(status, running.site.status.cameras, samples, cores, seconds)


def _sample(t_s: float) -> dict[str, float]:
    process = psutil.Process()
    return {"t_s": t_s, "rss_mb": process.memory_info().rss / 2**20, "threads": process.num_threads(), "open_files": process.num_fds()}


def _report(status: Any, ended: Any, samples: list[dict[str, float]], cores: float, seconds: float) -> dict[str, Any]:
    # The first quarter is warming up.
    steady = samples[len(samples) // 4 :]
    healthy = [camera for camera in status.cameras if camera.name.startswith("healthy")]
    return {
        "minutes": round(seconds / 60, 1),
        "cameras": len(status.cameras),
        "cores": round(cores, 3),
        **{f"{key}_first_last": [round(steady[0][key], 1), round(steady[-1][key], 1)] for key in ("rss_mb", "threads", "open_files")},
        "each_minute": [
            {"minute": minute, **{key: round(sample[key]) for key in ("rss_mb", "threads", "open_files")}}
            for minute, sample in enumerate(samples[:: max(1, round(60 / SAMPLE_S))])
        ],
        "rss_mb_per_hour": round(_slope(steady, "rss_mb") * 3600, 2),
        "healthy": {
            "analysed": sum(camera.frames.analysed for camera in healthy),
            "analysed_fps_least": round(min(camera.frames.analysed for camera in healthy) / seconds, 2),
            "dropped": sum(camera.frames.dropped_total for camera in healthy),
            "reconnects": sum(camera.reconnects for camera in healthy),
        },
        "faulty": {
            camera.name: {
                "state": camera.state,
                "reconnects": camera.reconnects,
                "analysed": camera.frames.analysed,
                "dropped": camera.frames.dropped,
            }
            for camera in status.cameras
            if not camera.name.startswith("healthy")
        },
        "counters_add_up": all(camera.frames.adds_up() for camera in ended),
        "events": sum(camera.events for camera in status.cameras),
        "log": {"accepted": status.log.accepted, "stored": status.log.stored, "waiting": status.log.waiting, "dead": status.log.dead},
        "abandoned_threads": status.abandoned_threads,
    }


def _slope(samples: list[dict[str, float]], key: str) -> float:
    return float(np.polyfit([sample["t_s"] for sample in samples], [sample[key] for sample in samples], 1)[0])


def _serve(video: Path, small: Path, pipe: Connection) -> None:
    """The cameras' side: serves until told to end, and misbehaves on time."""
    made = {name: RtspServer(video) for name in ("healthy", *FAULTS)}
    made["locked"] = RtspServer(video, user="admin", password="right")
    for server in made.values():
        server.__enter__()
    urls = {name: server.url for name, server in made.items()}
    urls["locked"] = urls["locked"].replace("right", "wrong")
    pipe.send(urls)
    pipe.recv()
    due = {name: time.monotonic() + pause for name, pause in FAULTS.items()}
    turn = dict.fromkeys(FAULTS, 0)
    while not pipe.poll(0.2):
        for name, at in due.items():
            if time.monotonic() >= at:
                due[name] = time.monotonic() + FAULTS[name]
                turn[name] += 1
                _misbehave(name, made[name], turn[name], small, video)
    for server in made.values():
        server.__exit__(None, None, None)


def _misbehave(name: str, server: RtspServer, turn: int, small: Path, video: Path) -> None:
    if name == "flapping":
        server.drop_clients()
    elif name == "stalling":
        (server.stall if turn % 2 else server.resume)()
    elif name == "garbage":
        server.send_garbage()
    else:
        server.show(small if turn % 2 else video)


if __name__ == "__main__":
    main()
