"""Video files, sound and broken, read by the real decoder."""

import os
import threading
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from tests.support.video import draw_picture, make_video

from haetae.clock import SystemClock
from haetae.domain.frame import Frame, Packet
from haetae.errors import SourceUnavailable
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source
from haetae.testing.clock import FakeClock

ALL = SourceOptions(analysed_fps=1000.0)


def source(path: Path | str, options: SourceOptions = ALL) -> Source:
    return open_source(str(path), options, clock=FakeClock())


def read(path: Path | str, options: SourceOptions = ALL) -> tuple[list[Frame], Source]:
    opened = source(path, options)
    opened.open()
    frames = list(opened.frames())
    opened.close()
    return frames, opened


KINDS = [
    ("a.mp4", "libx264", 0),
    ("b.mp4", "libx264", 3),
    ("a.mkv", "libx264", 2),
    ("a.ts", "libx264", 2),
    ("a.h264", "libx264", 2),
    ("a.avi", "mpeg4", 0),
    ("b.avi", "mpeg4", 2),
    ("a.mp4", "libx265", 2),
    ("a.webm", "libvpx-vp9", 0),
    ("a.mkv", "mjpeg", 0),
    ("a.mp4", "libsvtav1", 0),
]


@pytest.mark.parametrize(("name", "codec", "bframes"), KINDS)
def test_every_picture_comes_once_in_order_with_its_time(tmp_path: Path, name: str, codec: str, bframes: int) -> None:
    path = make_video(tmp_path / name, seconds=2, codec=codec, bframes=bframes, size=(160, 120))
    frames, opened = read(path)
    assert [frame.number for frame in frames] == list(range(50))
    assert [frame.t_s for frame in frames] == pytest.approx([index / 25 for index in range(50)], abs=0.002)
    assert opened.counts.adds_up()
    assert (opened.counts.read, opened.counts.analysed) == (50, 50)
    for frame in frames[::10]:
        truth = draw_picture(frame.number, size=(160, 120)).mean(axis=2)
        assert np.abs(frame.luma.astype(float) - truth).mean() < 30


@pytest.mark.parametrize(("name", "codec", "bframes"), KINDS)
def test_the_sampler_s_share_is_the_same_for_every_codec(tmp_path: Path, name: str, codec: str, bframes: int) -> None:
    frames, opened = read(make_video(tmp_path / name, codec=codec, bframes=bframes, size=(160, 120)), SourceOptions(analysed_fps=5))
    assert abs(len(frames) - 20) <= 1
    assert (opened.counts.read, opened.counts.analysed, opened.counts.skipped) == (100, len(frames), 100 - len(frames))


def test_non_reference_pictures_stay_undecoded_and_are_counted(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=12, bframes=2, size=(160, 120))
    frames, opened = read(path, SourceOptions(analysed_fps=5))
    assert abs(len(frames) - 60) <= 1
    assert opened.counts.adds_up()
    assert opened.counts.dropped == {}
    numbers = [frame.number for frame in frames]
    assert [frame.t_s for frame in frames] == pytest.approx([number / 25 for number in numbers], abs=0.002)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONREF"
        references = {round(float(frame.time or 0) * 25) for frame in container.decode(stream)}
    assert set(numbers[20:]) <= references


def test_without_a_wish_a_file_gives_its_own_rate_up_to_ten(tmp_path: Path) -> None:
    slow, _ = read(make_video(tmp_path / "slow.mp4", fps=8, seconds=4, size=(160, 120)), SourceOptions())
    fast, _ = read(make_video(tmp_path / "fast.mp4", fps=30, seconds=4, size=(160, 120)), SourceOptions())
    assert (len(slow), len(fast)) == (32, 40)


@pytest.mark.parametrize("size", [(320, 240), (318, 238), (162, 90)])
def test_luma_is_the_decoder_s_own_plane(tmp_path: Path, size: tuple[int, int]) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=0.4, size=size)
    frames, _ = read(path)
    with av.open(str(path)) as container:
        truth = [picture.to_ndarray()[: size[1]] for picture in container.decode(video=0)]
    assert len(frames) == len(truth) == 10
    for frame, expected in zip(frames, truth, strict=True):
        assert np.array_equal(frame.luma, expected)
        assert (frame.width, frame.height) == size
        assert frame.luma.base is not None
        assert not frame.luma.flags.writeable


def test_frames_outlive_their_source(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=4)
    opened = source(path)
    opened.open()
    kept = list(islice(opened.frames(), 3))
    before = [frame.luma.copy() for frame in kept]
    opened.close()
    del opened
    read(path)
    assert all(np.array_equal(frame.luma, copy) for frame, copy in zip(kept, before, strict=True))
    assert kept[0].rgb().shape == (240, 320, 3)


def test_rgb_is_red_green_blue(tmp_path: Path) -> None:
    frames, _ = read(make_video(tmp_path / "a.mp4", seconds=0.2))
    truth = draw_picture(0).astype(float)
    assert np.abs(frames[0].rgb() - truth).mean() < np.abs(frames[0].rgb()[..., ::-1] - truth).mean()
    assert np.abs(frames[0].rgb() - truth).mean() < 20


def test_pictures_without_a_y_plane_become_gray(tmp_path: Path) -> None:
    frames, _ = read(make_video(tmp_path / "a.avi", codec="png", seconds=0.2, size=(162, 90)))
    truth = draw_picture(0, size=(162, 90))
    assert frames[0].luma.shape == (90, 162)
    assert np.array_equal(frames[0].rgb(), truth)
    assert np.corrcoef(frames[0].luma.ravel(), truth.mean(axis=2).ravel())[0, 1] > 0.95


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "libsvtav1"])
def test_the_init_segment_and_the_packets_make_a_video(tmp_path: Path, codec: str) -> None:
    opened = source(make_video(tmp_path / "a.mp4", seconds=1, codec=codec, size=(160, 120)))
    info = opened.open()
    assert info.init_segment is not None
    with av.open(BytesIO(info.init_segment)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == (160, 120)
        assert bytes(stream.codec_context.extradata or b"") == info.extradata
        decoder = stream.codec_context
        pictures = [picture for packet in opened.packets() for picture in decoder.decode(av.Packet(packet.data))]
        pictures += decoder.decode(None)
    assert len(pictures) == 25


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mpeg4"), ("a.mkv", "mjpeg"), ("a.avi", "png")])
def test_a_codec_that_mp4_players_do_not_take_has_no_init_segment(tmp_path: Path, name: str, codec: str) -> None:
    assert source(make_video(tmp_path / name, codec=codec, seconds=0.2)).open().init_segment is None


def test_packets_come_before_their_frames_and_can_be_muxed(tmp_path: Path) -> None:
    opened = source(make_video(tmp_path / "a.mp4", seconds=2, bframes=2))
    opened.open()
    packets: list[Packet] = []
    for frame in opened.frames(packets.append):
        assert any(abs(packet.t_s - frame.t_s) < 1e-6 for packet in packets)
    assert len(packets) == 50
    assert packets[0].is_keyframe
    assert packets[0].t_s == 0.0
    assert all(packet.dts <= packet.pts for packet in packets)
    assert all(later.dts > earlier.dts for earlier, later in pairwise(packets))


def test_packets_alone_are_counted_as_skipped(tmp_path: Path) -> None:
    opened = source(make_video(tmp_path / "a.mp4", seconds=1))
    opened.open()
    assert len(list(opened.packets())) == 25
    assert (opened.counts.read, opened.counts.skipped) == (25, 25)


def test_a_file_starts_at_its_creation_time_else_when_it_is_opened(tmp_path: Path) -> None:
    plain = make_video(tmp_path / "a.mp4", seconds=1)
    frames, _ = read(plain)
    assert frames[0].captured_at == datetime(2026, 1, 1, tzinfo=UTC)
    with av.open(str(plain)) as container, av.open(str(tmp_path / "b.mp4"), "w") as output:
        output.metadata["creation_time"] = "2024-05-06T07:08:09Z"
        copied = output.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.size:
                packet.stream = copied
                output.mux(packet)
    frames, _ = read(tmp_path / "b.mp4")
    assert frames[0].captured_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert (frames[5].captured_at - frames[0].captured_at).total_seconds() == pytest.approx(0.2)


def test_realtime_waits_for_the_time_stamps(tmp_path: Path) -> None:
    clock = FakeClock()
    opened = open_source(str(make_video(tmp_path / "a.mp4", seconds=2)), SourceOptions(realtime=True), clock=clock)
    opened.open()
    for frame in opened.frames():
        assert clock.monotonic() >= frame.t_s - 1e-6
    assert clock.monotonic() == pytest.approx(49 / 25)


def test_close_from_another_thread_ends_a_realtime_file_at_once(tmp_path: Path) -> None:
    opened = open_source(str(make_video(tmp_path / "a.mp4", seconds=4, fps=1)), SourceOptions(realtime=True), clock=SystemClock())
    opened.open()
    numbers: list[int] = []
    first = threading.Event()

    def run() -> None:
        for frame in opened.frames():
            numbers.append(frame.number)
            first.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert first.wait(10)
    opened.close()
    thread.join(2)
    assert not thread.is_alive()
    assert len(numbers) < 4
    assert opened.counts.adds_up()


def test_leaving_early_and_closing_twice_is_fine(tmp_path: Path) -> None:
    opened = source(make_video(tmp_path / "a.mp4", bframes=2))
    opened.open()
    frames = opened.frames()
    next(frames)
    opened.close()
    opened.close()
    assert list(frames) == []
    assert opened.counts.adds_up()
    with pytest.raises(SourceUnavailable, match="opened before"):
        opened.open()


def test_reading_many_files_leaves_no_descriptor_open(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=0.4)
    (tmp_path / "broken.mp4").write_bytes(path.read_bytes()[:3000])
    read(path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        opened = source(path)
        opened.open()
        next(opened.frames())
        opened.close()
        with pytest.raises(SourceUnavailable):
            source(tmp_path / "broken.mp4").open()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_the_picture_size_may_change_in_a_file(tmp_path: Path) -> None:
    first = make_video(tmp_path / "a.h264", seconds=1, size=(320, 240)).read_bytes()
    second = make_video(tmp_path / "b.h264", seconds=1, size=(160, 120)).read_bytes()
    (tmp_path / "both.h264").write_bytes(first + second)
    frames, opened = read(tmp_path / "both.h264")
    assert [frame.width for frame in frames] == [320] * 25 + [160] * 25
    assert opened.counts.adds_up()
