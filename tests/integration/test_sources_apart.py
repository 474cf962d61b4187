"""Sources that another process reads: the same pictures, and what happens when that process dies."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import fields

import numpy as np
import psutil
import pytest
from tests.support.rtsp_server import RtspServer
from tests.support.site import RunningSite, site_config
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.compose.camera_sources import EACH, FEW, processes_for
from haetae.domain.camera import CameraConfig, CameraState
from haetae.errors import SourceUnavailable
from haetae.ids import new_id
from haetae.settings import SourcePolicySettings
from haetae.sources.apart.processes import DecodingProcesses
from haetae.sources.apart.source import ApartSource
from haetae.sources.apart.wire import Wire
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.sources.policy import SourcePolicy

FIVE = SourceOptions(analysed_fps=5.0)


@pytest.fixture(scope="module")
def shared_processes():
    made = DecodingProcesses(lambda: 1)
    yield made
    made.close()


@pytest.fixture
def processes():
    made = DecodingProcesses(lambda: 1, starting_s=10.0)
    yield made
    made.close()


def read(source):
    """Everything of a source that is in a picture or a packet."""
    info = source.open()
    packets = []
    frames = [(frame.number, frame.t_s, frame.is_keyframe, frame.luma.copy(), frame.rgb()) for frame in source.frames(packets.append)]
    source.close()
    coded = [(packet.data, packet.pts, packet.dts, packet.duration, packet.is_keyframe, packet.t_s) for packet in packets]
    return info, coded, frames, source.counts


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("plain.mp4", {"bframes": 2}),
        ("odd.mkv", {"size": (322, 182), "codec": "libx265"}),
        ("full-range.avi", {"codec": "mjpeg", "size": (98, 50)}),
        ("rgb.avi", {"codec": "png", "size": (97, 51)}),
    ],
)
def test_pictures_packets_and_counts_are_those_of_a_source_that_is_read_here(tmp_path, shared_processes, name, how):
    video = make_video(tmp_path / name, seconds=2, **how)
    here = read(open_source(str(video), FIVE, clock=SystemClock()))
    apart = read(ApartSource(str(video), FIVE, shared_processes))
    assert apart[0] == here[0]
    assert apart[1] == here[1]
    assert apart[3] == here[3]
    assert apart[3].adds_up()
    assert len(apart[2]) == len(here[2]) > 5
    for one, other in zip(apart[2], here[2], strict=True):
        assert one[:3] == other[:3]
        assert np.array_equal(one[3], other[3])
        assert np.array_equal(one[4], other[4])


def test_packets_alone_are_the_same_too(tmp_path, shared_processes):
    video = make_video(tmp_path / "a.mp4", seconds=1)
    source = ApartSource(str(video), FIVE, shared_processes)
    source.open()
    assert [packet.pts for packet in source.packets()] == sorted(packet.pts for packet in here_packets(video))
    assert source.counts.skipped == 25


def here_packets(video):
    source = open_source(str(video), FIVE, clock=SystemClock())
    source.open()
    packets = list(source.packets())
    source.close()
    return packets


def test_a_camera_that_falls_behind_says_from_which_keyframe_on_it_is_in_time(tmp_path, shared_processes):
    video = make_video(tmp_path / "v.mp4", seconds=60, fps=10, gop=20)
    source = ApartSource(str(video), SourceOptions(analysed_fps=10.0), shared_processes)
    source.open()
    asked, times = [], []

    def in_time(t_s):
        asked.append(t_s)
        return t_s > 40.0

    for frame in source.frames():
        times.append(round(frame.t_s, 1))
        if len(times) == 5:
            source.catch_up(in_time, "late")
    # What was under way when it said so still comes; then nothing before 42 s, the first keyframe after 40.
    skipped = next(at for at in range(1, len(times)) if times[at] - times[at - 1] > 1.0)
    assert times[skipped] == 42.0
    assert asked[-1] == pytest.approx(42.0)
    assert all(t_s % 2.0 == pytest.approx(0.0, abs=1e-6) for t_s in asked)
    assert source.counts.dropped["late"] == round((42.0 - times[skipped - 1] - 0.1) * 10)
    assert source.counts.adds_up()


def test_what_came_before_a_camera_stalled_is_told_at_once(tmp_path, shared_processes):
    video = make_video(tmp_path / "small.mp4", seconds=4.0, fps=10, size=(160, 96))
    with RtspServer(video) as server:
        source = ApartSource(server.url, SourceOptions(analysed_fps=0.5, read_timeout_s=6.0), shared_processes)
        source.open()
        heard = []
        reading = threading.Thread(target=read_all, args=(source, heard))
        reading.start()
        wait_until(lambda: len(heard) > 5, "packets come")
        server.stall()
        sent = len(heard)
        reading.join(4.0)
        assert reading.is_alive()
        assert heard[-1][0] < time.monotonic() - 2.0
        assert len(heard) >= sent
        source.close()
        reading.join(20)


def read_all(source, heard):
    """Note when each packet came, until the source is closed."""
    for _ in source.frames(lambda packet: heard.append((time.monotonic(), packet))):
        pass


def test_the_policy_is_the_other_process_s_too(shared_processes):
    policy = SourcePolicy(SourcePolicySettings())
    source = ApartSource("rtsp://127.0.0.1:8554/a", SourceOptions(policy=policy), shared_processes)
    with pytest.raises(SourceUnavailable, match="loopback") as caught:
        source.open()
    assert caught.value.permanent
    assert "allow_loopback" in caught.value.hint


def test_a_process_that_is_killed_takes_its_sources_along_and_the_next_one_is_read_by_another(tmp_path, processes):
    video = make_video(tmp_path / "a.mp4", seconds=20)
    source = ApartSource(str(video), SourceOptions(analysed_fps=5.0, realtime=True), processes)
    source.open()
    [pid] = processes.pids
    frames = source.frames()
    next(frames)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(SourceUnavailable, match="decoding process ended") as caught:
        list(frames)
    assert not caught.value.permanent
    assert source.counts.adds_up()
    again = ApartSource(str(video), FIVE, processes)
    again.open()
    assert len(list(again.frames())) == 100
    assert processes.pids != [pid]


def test_a_process_that_does_not_answer_is_replaced(tmp_path):
    video = make_video(tmp_path / "a.mp4", seconds=1)
    processes = DecodingProcesses(lambda: 1, starting_s=0.3)
    try:
        process, wire = processes.take()
        wire.close()
        processes.give_back(process)
        os.kill(process.pid, signal.SIGSTOP)
        frozen = ApartSource(str(video), SourceOptions(connect_timeout_s=0.1, read_timeout_s=0.1), processes)
        with pytest.raises(SourceUnavailable, match="does not answer"):
            frozen.open()
        wait_until(lambda: not process.alive, "it is gone")
    finally:
        processes.close()


def test_processes_end_with_the_one_that_started_them_even_when_that_is_killed(tmp_path):
    program = (
        "import time; from haetae.sources.apart.processes import DecodingProcesses;"
        "made = DecodingProcesses(lambda: 1); made.take(); print(*made.pids, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    wait_until(lambda: not psutil.pid_exists(pid), "it has ended by itself")


@pytest.mark.parametrize("message", [b"\xff" * 8, b"\x05\0\0\0\0\0\0\0[1,2]", b"\x02\0\0\0\0\0\0\0[]", b"\x04\0"])
def test_what_is_no_message_ends_the_source_and_nothing_else(processes, tmp_path, message):
    video = make_video(tmp_path / "a.mp4", seconds=1)
    source = ApartSource(str(video), FIVE, processes)
    ours, theirs = socket.socketpair()
    theirs.sendall(message)
    theirs.close()
    process, wire = processes.take()
    wire.close()
    processes.take = lambda: (process, Wire(ours))
    with pytest.raises(SourceUnavailable, match="decoding process ended"):
        source.open()


@pytest.mark.parametrize(
    "words",
    [
        {"packets": []},
        {"packets": [[1, 2]], "counts": [0, 0, 0, {}]},
        {"packets": [], "counts": [0, 0, 0, {}], "frame": {"size": [10**9, 1], "line": 10**9}},
        {"packets": [], "counts": [0, 0, 0, {}], "frame": {"size": [64, 64], "line": 64}},
    ],
)
def test_what_is_no_picture_loses_the_source_and_its_camera_connects_again(processes, tmp_path, words):
    source = ApartSource(str(make_video(tmp_path / "a.mp4", seconds=1)), FIVE, processes)
    ours, theirs = socket.socketpair()
    other = Wire(theirs)
    info = {"codec": "h264", "size": [64, 64], "time_base": [1, 90], "fps": None, "pixel_format": None, "extradata": 0, "segment": False}
    other.send("opened", {"info": info, "live": True, "duration_s": None})
    other.send("part", words)
    process, wire = processes.take()
    wire.close()
    processes.take = lambda: (process, Wire(ours))
    source.open()
    with pytest.raises(SourceUnavailable, match="no picture"):
        list(source.frames())
    other.close()


def test_a_site_reads_its_cameras_apart_and_they_come_back_when_a_process_crashes(tmp_path):
    video = make_video(tmp_path / "small.mp4", seconds=4.0, fps=10, size=(160, 96))
    config = site_config(tmp_path / "site")
    config = config.model_copy(update={"source": config.source.model_copy(update={"decoding_processes": 1})})
    with RtspServer(video, burst_s=3.5) as server:
        cameras = [CameraConfig(new_id(), name, server.url) for name in ("door", "yard")]
        with RunningSite(config) as running:
            for camera in cameras:
                running.site.cameras.add_camera(camera)
            for camera in cameras:
                running.wait(camera, lambda status: status.frames.analysed > 0, "is read")
            [pid] = running.site.running.shared.sources.processes.pids
            assert running.site.status.rss_mb > psutil.Process().memory_info().rss / 2**20
            os.kill(pid, signal.SIGKILL)
            for camera in cameras:
                running.wait(camera, lambda status: status.reconnects >= 1 and status.state is CameraState.LEARNING, "is read again")
            [other] = running.site.running.shared.sources.processes.pids
            assert other != pid
    wait_until(lambda: not psutil.pid_exists(other), "the process ends with the site")


def test_the_other_process_is_told_every_option_but_the_caption_of_what_is_made_here():
    source = ApartSource("a.mp4", FIVE, DecodingProcesses(lambda: 1))
    assert set(source._wanted()) == {"url"} | {field.name for field in fields(SourceOptions)} - {"caption"}


def test_a_small_site_has_no_process_beside_its_own_and_a_large_one_no_more_than_cores():
    assert [processes_for(cameras, 4) for cameras in (0, 1, FEW, FEW + 1, EACH, EACH + 1, 8 * EACH)] == [0, 0, 0, 1, 1, 2, 4]
    assert processes_for(1024, 1) == 1
