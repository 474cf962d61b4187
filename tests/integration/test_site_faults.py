"""Sixteen cameras and more, some of which misbehave: the others notice nothing."""

import gc
import os

import psutil
import pytest
from tests.support.rtsp_server import RtspServer
from tests.support.site import RunningSite, add_camera, render, site_config
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.domain.camera import CameraState

ALIVE = (CameraState.LEARNING, CameraState.WATCHING)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    return {
        "scene": render(folder / "plaza.mp4", seconds=45.0),
        "small": make_video(folder / "small.mp4", seconds=4.0, fps=10, size=(160, 96)),
        "large": make_video(folder / "large.mp4", seconds=4.0, fps=10, size=(320, 192)),
    }


def served(video):
    """A camera of which FFmpeg has seen enough at once."""
    return RtspServer(video, burst_s=3.5)


def test_the_faults_of_five_cameras_are_not_those_of_thirteen_others(tmp_path, videos):
    config = site_config(tmp_path)
    with (
        served(videos["small"]) as flapping,
        served(videos["small"]) as stalling,
        served(videos["small"]) as garbage,
        served(videos["small"]) as resizing,
        RtspServer(videos["small"], user="admin", password="right") as locked,
        served(videos["small"]) as healthy,
    ):
        rendered = [add_camera(config, f"rendered {number:02}", videos["scene"]) for number in range(12)]
        good = add_camera(config, "healthy", healthy.url)
        flap = add_camera(config, "flapping", flapping.url)
        stall = add_camera(config, "stalling", stalling.url)
        noise = add_camera(config, "garbage", garbage.url)
        resize = add_camera(config, "resizing", resizing.url)
        wrong = add_camera(config, "locked", locked.url.replace("right", "wr0ng"))
        with RunningSite(config) as running:
            for camera in (*rendered, good, flap, stall, noise, resize):
                running.wait(camera, lambda status: status.state in ALIVE, "comes up")
            stalling.stall()
            resizing.show(videos["large"])
            for cycle in range(3):
                garbage.send_garbage()
                flapping.drop_clients()
                running.wait(flap, lambda status, cycle=cycle: status.reconnects > cycle and status.state in ALIVE, "comes back")
            running.wait(stall, lambda status: status.state is CameraState.OFFLINE, "is noticed as stalled")
            stalling.resume()
            running.wait(stall, lambda status: status.state in ALIVE, "comes back")
            running.wait(noise, lambda status: status.state in ALIVE, "goes on")
            running.wait(resize, lambda status: status.state in ALIVE and status.reconnects >= 1, "goes on with another size")
            running.wait(wrong, lambda status: status.state is CameraState.FAILED, "is refused")
            assert "wr0ng" not in running.status(wrong).cause
            before = {camera.id: running.status(camera).frames.read for camera in (flap, stall, noise, resize)}
            for camera in (flap, stall, noise, resize):
                running.wait(camera, lambda status, camera=camera: status.frames.read > before[camera.id] + 5, "delivers pictures again")
            for camera in (*rendered, good):
                status = running.status(camera)
                assert status.state in ALIVE, status
                assert (status.reconnects, status.frames.dropped) == (0, {}), status
                assert status.frames.analysed > 10, status
        for status in running.site.status.cameras:
            assert status.state is CameraState.STOPPED
            assert status.frames.adds_up(), status
            if status.name.startswith(("rendered", "healthy")):
                # What the decoder held when the site was closed is all that may be missing.
                assert status.frames.dropped_total <= 8, status


def test_twenty_cycles_of_flapping_leave_memory_threads_and_files_flat(tmp_path, videos):
    config = site_config(tmp_path)
    process = psutil.Process()
    with served(videos["small"]) as server:
        camera = add_camera(config, "flapping", server.url)
        with RunningSite(config) as running:
            used = []
            for cycle in range(21):
                running.wait(camera, lambda status, cycle=cycle: status.reconnects == cycle and status.state in ALIVE, "is there")
                gc.collect()
                used.append((process.memory_info().rss / 2**20, process.num_threads(), _files_but_databases()))
                server.drop_clients()
            # Caches and rings fill during the first ten.
            early, late = used[10], used[-1]
            assert late[0] - early[0] < 8.0, used
            assert abs(late[1] - early[1]) <= 1, used
            assert abs(late[2] - early[2]) <= 2, used


def test_nothing_stays_open_after_a_site_is_closed(tmp_path, videos):
    with served(videos["small"]) as server:
        for round_number in range(2):
            config = site_config(tmp_path / str(round_number))
            camera = add_camera(config, "camera", server.url)
            with RunningSite(config) as running:
                running.wait(camera, lambda status: status.state in ALIVE, "comes up")
            gc.collect()
            if round_number == 0:
                before = _resources()
        wait_until(lambda: _resources() <= before, f"as few resources as before: {_resources()} {before}")


def _files_but_databases():
    """How many files are open. Connections to the database come and go up to the size of their pool, whatever a camera does."""
    numbers = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return sum(".db" not in os.readlink(number) for number in numbers if os.path.islink(number))


def _resources():
    process = psutil.Process(os.getpid())
    return process.num_threads(), process.num_fds()
