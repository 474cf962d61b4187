"""Files that are damaged, hostile, or no video at all."""

import os
import random
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from tests.support.video import make_video

from haetae.domain.frame import Frame
from haetae.errors import SourceUnavailable
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source
from haetae.testing.clock import FakeClock

ALL = SourceOptions(analysed_fps=1000.0)


def read_all(source: Source) -> list[Frame]:
    source.open()
    return list(source.frames())


def refused(path: Path) -> SourceUnavailable:
    source = open_source(str(path), ALL, clock=FakeClock())
    with pytest.raises(SourceUnavailable) as caught:
        read_all(source)
    assert source.counts.adds_up()
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    fault = refused(tmp_path / "nothing.mp4")
    assert fault.permanent
    assert "no such file" in fault.message
    assert "nothing.mp4" in fault.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=0.2)
    path.chmod(0)
    fault = refused(path)
    assert fault.permanent
    assert "permission" in fault.message


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"hello, I am no video\n" * 500, bytes(range(256)) * 400])
def test_what_is_no_video_is_refused_for_good(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert refused(path).permanent


def test_an_mp4_without_its_index_is_refused_for_good(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: whole.index(b"moov") - 4])
    fault = refused(path)
    assert fault.permanent
    assert "cut off" in fault.message


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    fault = refused(tmp_path / "a.wav")
    assert fault.permanent
    assert "no video" in fault.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile:{0}\n#EXT-X-ENDLIST\n"),
        ("a.ffconcat", "ffconcat version 1.0\nfile '{0}'\n"),
        ("a.sdp", "v=0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"),
    ],
)
def test_a_playlist_cannot_make_us_open_other_files(tmp_path: Path, name: str, content: str) -> None:
    video = make_video(tmp_path / "a.ts", seconds=1)
    path = tmp_path / name
    path.write_text(content.format(video))
    assert refused(path).permanent


def test_a_pipe_and_a_device_are_refused_without_reading(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "regular file" in refused(tmp_path / "pipe.mp4").message
    assert "regular file" in refused(Path("/dev/zero")).message


def test_pictures_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 8200, 16, "gray"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 8200), np.uint8), format="gray")
        container.mux(stream.encode(frame))
    fault = refused(path)
    assert fault.permanent
    assert "8200 x 16" in fault.message


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.h264"])
def test_a_cut_off_recording_gives_what_is_good(tmp_path: Path, name: str, share: float) -> None:
    whole = make_video(tmp_path / name).read_bytes()
    path = tmp_path / f"cut-{name}"
    path.write_bytes(whole[: int(len(whole) * share)])
    source = open_source(str(path), ALL, clock=FakeClock())
    source.open()
    frames = list(source.frames())
    assert 100 * share * 0.7 < len(frames) < 100
    assert source.counts.adds_up()
    assert source.counts.dropped_total <= 2


@pytest.mark.parametrize("bframes", [0, 2])
@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
def test_damage_in_the_middle_is_counted_and_passed(tmp_path: Path, name: str, bframes: int) -> None:
    path = make_video(tmp_path / name, bframes=bframes, gop=10)
    content = bytearray(path.read_bytes())
    noise = random.Random(7)
    start = len(content) // 3
    for position in range(start, start + len(content) // 5):
        content[position] = noise.randrange(256)
    path.write_bytes(content)
    source = open_source(str(path), ALL, clock=FakeClock())
    source.open()
    frames = list(source.frames())
    assert source.counts.adds_up()
    assert len(frames) > 55
    assert frames[-1].t_s > 3.8
    times = [frame.t_s for frame in frames]
    assert times == sorted(times)
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))


def test_a_video_of_which_no_picture_can_be_decoded_is_refused_for_good(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4")
    with av.open(str(path)) as container:
        spans = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    noise = random.Random(3)
    for position, size in spans:
        assert position is not None
        content[position : position + size] = noise.randbytes(size)
    path.write_bytes(content)
    fault = refused(path)
    assert fault.permanent
    assert "not one picture" in fault.message


@pytest.mark.parametrize("seed", range(25))
def test_random_damage_never_ends_in_another_error(tmp_path: Path, seed: int) -> None:
    noise = random.Random(seed)
    name = noise.choice(["a.mp4", "a.ts", "a.mkv", "a.avi"])
    path = make_video(tmp_path / name, seconds=1, codec="mpeg4" if name == "a.avi" else "libx264", bframes=2, size=(160, 120))
    content = bytearray(path.read_bytes())
    for _ in range(noise.choice([1, 20, 400])):
        content[noise.randrange(len(content))] = noise.randrange(256)
    path.write_bytes(content[: noise.randrange(len(content) // 2, len(content) + 1)])
    source = open_source(str(path), ALL, clock=FakeClock())
    last_s = 0.0
    try:
        source.open()
        for frame in source.frames():
            assert frame.t_s >= last_s
            last_s = frame.t_s
    except SourceUnavailable:
        pass
    finally:
        source.close()
    assert source.counts.adds_up()
