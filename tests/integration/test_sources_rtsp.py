"""RTSP against a real server that misbehaves."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest
from tests.support.rtsp_server import RtspServer
from tests.support.video import make_video

from haetae.clock import SystemClock
from haetae.domain.frame import Packet
from haetae.errors import SourceUnavailable
from haetae.sources.apart.processes import DecodingProcesses
from haetae.sources.apart.source import ApartSource
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source

ALL = SourceOptions(analysed_fps=1000.0, connect_timeout_s=5.0, read_timeout_s=1.0)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("rtsp") / "a.mp4", seconds=2)


@pytest.fixture
def server(video: Path) -> Iterator[RtspServer]:
    with RtspServer(video, speed=8) as running:
        yield running


@pytest.fixture(scope="module")
def processes() -> Iterator[DecodingProcesses]:
    made = DecodingProcesses(lambda: 1)
    yield made
    made.close()


APART: list[DecodingProcesses] = []


@pytest.fixture(params=["here", "apart"], autouse=True)
def _where_it_is_read(request: pytest.FixtureRequest, processes: DecodingProcesses) -> Iterator[None]:
    """Everything here holds for a source that another process reads as well."""
    if request.param == "apart":
        APART.append(processes)
    yield
    APART.clear()


def source(url: str, options: SourceOptions = ALL) -> Source:
    return ApartSource(url, options, APART[0]) if APART else open_source(url, options, clock=SystemClock())


def refused(url: str, options: SourceOptions = ALL) -> SourceUnavailable:
    opened = source(url, options)
    with pytest.raises(SourceUnavailable) as caught:
        opened.open()
    assert opened.counts.adds_up()
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_camera_is_read_in_order_beyond_the_end_of_its_loop(server: RtspServer) -> None:
    opened = source(server.url)
    info = opened.open()
    frames = list(islice(opened.frames(), 120))
    opened.close()
    assert opened.live
    assert (info.codec, info.width, info.height) == ("h264", 320, 240)
    assert [frame.number for frame in frames] == list(range(120))
    assert [frame.t_s for frame in frames] == pytest.approx([index / 25 for index in range(120)], abs=0.001)
    assert opened.counts.adds_up()


def test_five_frames_a_second_are_the_default(server: RtspServer) -> None:
    opened = source(server.url, SourceOptions())
    opened.open()
    frames = list(islice(opened.frames(), 11))
    opened.close()
    assert frames[-1].t_s - frames[0].t_s == pytest.approx(2.0, abs=0.1)


def test_packets_and_init_segment_make_a_video(server: RtspServer) -> None:
    opened = source(server.url)
    info = opened.open()
    packets: list[Packet] = []
    list(islice(opened.frames(packets.append), 20))
    opened.close()
    assert info.init_segment is not None
    with av.open(BytesIO(info.init_segment)) as container:
        assert container.streams.video[0].codec_context.width == 320
    assert packets[0].is_keyframe
    assert all(later.dts > earlier.dts for earlier, later in pairwise(packets))
    decoder = av.CodecContext.create("h264", "r")
    assert sum(len(decoder.decode(av.Packet(packet.data))) for packet in packets) >= 15


def test_b_frames_over_rtp_come_out_in_order(tmp_path: Path) -> None:
    with RtspServer(make_video(tmp_path / "b.mp4", seconds=2, bframes=2), speed=8) as server:
        opened = source(server.url)
        opened.open()
        frames = list(islice(opened.frames(), 100))
        opened.close()
    times = [frame.t_s for frame in frames]
    assert times == sorted(times)
    assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})
    assert all(later.captured_at >= earlier.captured_at for earlier, later in pairwise(frames))
    assert opened.counts.adds_up()


def test_the_camera_s_own_clock_labels_the_pictures(video: Path) -> None:
    zero = time.time()
    with RtspServer(video, report_at=lambda t_s: zero + t_s - 0.25) as server:
        opened = source(server.url)
        opened.open()
        frames = list(islice(opened.frames(), 20))
        opened.close()
    expected = datetime.fromtimestamp(zero - 0.25, UTC)
    assert all(abs((frame.captured_at - expected).total_seconds() - frame.t_s) < 0.02 for frame in frames)


def test_a_camera_with_a_wrong_clock_is_labelled_by_arrival(video: Path) -> None:
    with RtspServer(video, report_at=lambda t_s: 1000.0 + t_s, speed=8) as server:
        opened = source(server.url)
        opened.open()
        frame = next(opened.frames())
        opened.close()
    assert abs((datetime.now(UTC) - frame.captured_at).total_seconds()) < 60


@pytest.mark.parametrize("auth", ["digest", "basic"])
def test_a_password_opens_and_a_wrong_one_is_permanent(video: Path, auth: str) -> None:
    with RtspServer(video, speed=8, user="admin", password="right", auth="basic" if auth == "basic" else "digest") as server:
        opened = source(server.url)
        opened.open()
        next(opened.frames())
        opened.close()
        fault = refused(server.url.replace(":right@", ":hunter2@"))
    assert fault.permanent
    assert "password" in fault.message
    assert "hunter2" not in str(fault)


def lost(opened: Source, after: int) -> SourceUnavailable:
    with pytest.raises(SourceUnavailable) as caught:
        for _ in opened.frames():
            pass
    assert opened.counts.adds_up()
    assert opened.counts.analysed > after
    assert not caught.value.permanent
    return caught.value


def opened_and_flowing(server: RtspServer) -> Source:
    opened = source(server.url)
    opened.open()
    server.wait_until(lambda state: state.playing == 1)
    return opened


def test_a_stalled_stream_is_lost_after_the_read_timeout(server: RtspServer) -> None:
    opened = opened_and_flowing(server)
    server.stall()
    started = time.monotonic()
    assert "in time" in lost(opened, after=0).message
    assert time.monotonic() - started < 8


def test_a_dropped_connection_is_lost_and_can_be_made_again(server: RtspServer) -> None:
    opened = opened_and_flowing(server)
    server.drop_clients()
    lost(opened, after=0)
    again = source(server.url)
    again.open()
    assert next(again.frames()).number == 0
    again.close()


def test_garbage_in_the_stream_ends_it_or_passes(server: RtspServer) -> None:
    opened = opened_and_flowing(server)
    server.send_garbage()
    server.stall()
    lost(opened, after=0)


def test_corrupt_pictures_are_counted_and_the_run_goes_on(server: RtspServer) -> None:
    opened = source(server.url)
    opened.open()
    frames = opened.frames()
    next(frames)
    server.corrupt(10)
    for frame in frames:
        if frame.t_s > 12:
            break
    opened.close()
    assert opened.counts.adds_up()
    assert opened.counts.dropped.get("corrupt", 0) + opened.counts.dropped.get("undecodable", 0) >= 5


def test_a_change_of_the_picture_size_ends_the_connection(server: RtspServer, tmp_path: Path) -> None:
    opened = opened_and_flowing(server)
    server.show(make_video(tmp_path / "small.mp4", seconds=2, size=(160, 120)))
    assert "picture size" in lost(opened, after=0).message


def test_close_from_another_thread_ends_the_reading(server: RtspServer) -> None:
    opened = opened_and_flowing(server)
    flowing = threading.Event()

    def run() -> None:
        for _ in opened.frames():
            flowing.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert flowing.wait(10)
    opened.close()
    thread.join(5)
    assert not thread.is_alive()
    assert opened.counts.adds_up()
    server.wait_until(lambda state: state.playing == 0)


def test_nobody_listening_is_not_permanent(server: RtspServer) -> None:
    fault = refused("rtsp://admin:hunter2@127.0.0.1:1/live")
    assert not fault.permanent
    assert "refused" in fault.message
    assert "hunter2" not in str(fault)


def test_a_server_that_never_answers_is_given_up(video: Path) -> None:
    with RtspServer(video, answers={"OPTIONS": b""}) as server:
        fault = refused(server.url, SourceOptions(connect_timeout_s=0.5))
    assert not fault.permanent
    assert "in time" in fault.message


HOSTILE_SDP = {
    "endless line": "v=0\r\na=x:" + "y" * 5_000_000,
    "five thousand streams": "v=0\r\n" + "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000\r\n" * 5000,
    "no video": "v=0\r\nm=audio 0 RTP/AVP 0\r\n",
    "empty": "v=0\r\n",
    "binary": "\0\1\2" * 10_000,
    "absurd size": "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=framesize:96 2000000000-2000000000\r\n"
    "a=fmtp:96 sprop-parameter-sets=" + "A" * 200_000 + "\r\n",
}


@pytest.mark.parametrize("kind", HOSTILE_SDP)
def test_a_hostile_description_neither_hangs_nor_crashes(video: Path, kind: str) -> None:
    with RtspServer(video, speed=8, sdp=HOSTILE_SDP[kind]) as server:
        opened = source(server.url, SourceOptions(connect_timeout_s=1.0, read_timeout_s=1.0))
        started = time.monotonic()
        with suppress(SourceUnavailable):
            opened.open()
            next(opened.frames())
        opened.close()
    assert time.monotonic() - started < 15
    assert opened.counts.adds_up()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
        b"RTSP/1.0 500 Broken\r\n\r\n",
        b"\xff" * 100_000,
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 999999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 302 Moved\r\nCSeq: 2\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    ],
)
def test_a_wrong_answer_is_a_clear_fault(video: Path, answer: bytes) -> None:
    with RtspServer(video, answers={"DESCRIBE": answer}) as server:
        assert not refused(server.url, SourceOptions(connect_timeout_s=0.7)).permanent
