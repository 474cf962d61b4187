from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.support.packets import Recording, read_packets
from tests.support.video import draw_picture, make_video

from haetae.domain.frame import RGB, Packet, StreamInfo
from haetae.errors import MediaError
from haetae.media.encode import NO_H264_NOTE, EncodeWriter

AT = datetime(2026, 1, 1, tzinfo=UTC)


def encode(recording: Recording, path: Path, **options: tuple[str, ...]) -> EncodeWriter:
    writer = EncodeWriter(recording.info, path, **options)
    for packet in recording.packets:
        writer.write(packet)
    writer.close()
    return writer


def decoded(path: Path) -> tuple[str, str | None, list[float], list[RGB]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
        return stream.codec_context.name, stream.codec_context.pix_fmt, [float(frame.time or 0) for frame in frames], pictures


@pytest.mark.parametrize(("name", "codec"), [("in.avi", "mjpeg"), ("in.mkv", "mpeg4"), ("in.mov", "png")])
def test_what_browsers_do_not_play_becomes_h264_with_the_same_pictures_and_times(tmp_path: Path, name: str, codec: str) -> None:
    recording = read_packets(make_video(tmp_path / name, codec=codec, seconds=2, bframes=2))
    writer = encode(recording, tmp_path / "out.mp4")

    codec_name, pixel_format, times, pictures = decoded(tmp_path / "out.mp4")
    assert (codec_name, pixel_format, writer.damaged, writer.note) == ("h264", "yuv420p", 0, "")
    assert times == pytest.approx([index / 25 for index in range(50)], abs=1e-3)
    # Brightness and colour survive: neither the range (MJPEG is full range) nor the order of the channels is mixed up.
    for index in (0, 49):
        difference = pictures[index].astype(int) - draw_picture(index).astype(int)
        assert np.abs(difference.mean(axis=(0, 1))).max() < 3


def test_pictures_that_are_all_keyframes_do_not_all_stay_keyframes(tmp_path: Path) -> None:
    encode(read_packets(make_video(tmp_path / "in.avi", codec="mjpeg", seconds=4)), tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as container:
        keyframes = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.is_keyframe and packet.size]
    assert keyframes == [0.0, 2.0]


def test_odd_sizes_become_even(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mov", codec="png", seconds=0.4, size=(321, 241))
    encode(read_packets(source), tmp_path / "out.mp4")

    assert decoded(tmp_path / "out.mp4")[3][0].shape == (240, 320, 3)


def test_raw_video_is_decoded_by_its_pixel_format(tmp_path: Path) -> None:
    info = StreamInfo("rawvideo", 64, 48, Fraction(1, 10), 10.0, pixel_format="yuyv422")
    grey = bytes([180, 128]) * (64 * 48)
    packets = [Packet(grey, index, index, 1, True, index / 10, AT) for index in range(10)]
    encode(Recording(info, packets), tmp_path / "out.mp4")

    _, _, times, pictures = decoded(tmp_path / "out.mp4")
    assert len(times) == 10
    assert abs(float(pictures[5].mean()) - (180 - 16) * 255 / 219) < 3


def test_without_an_h264_encoder_the_clip_is_mpeg4_and_says_so(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.avi", codec="mjpeg", seconds=1))
    writer = encode(recording, tmp_path / "out.mp4", encoders=("no_such_encoder", "mpeg4"))

    assert writer.note == NO_H264_NOTE
    assert decoded(tmp_path / "out.mp4")[0] == "mpeg4"


def test_damaged_pictures_are_counted_and_left_out(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mov", codec="png", seconds=1))
    packets = list(recording.packets)
    packets[3] = replace(packets[3], data=b"garbage" * 30)
    writer = encode(Recording(recording.info, packets), tmp_path / "out.mp4")

    assert writer.damaged == 1
    assert len(decoded(tmp_path / "out.mp4")[2]) == 24


def test_a_stream_of_which_nothing_decodes_is_refused(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mov", codec="png", seconds=0.2))
    garbage = [replace(packet, data=b"garbage" * 30) for packet in recording.packets]

    with pytest.raises(MediaError, match="not one picture"):
        encode(Recording(recording.info, garbage), tmp_path / "out.mp4")


def test_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no decoder for nonsense"):
        EncodeWriter(StreamInfo("nonsense", 1, 1, Fraction(1, 25), None), tmp_path / "out.mp4")
