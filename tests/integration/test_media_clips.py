"""Clips of real streams: every codec, container and layout of packets that cameras and files bring."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.clips import Played, Studio, play
from tests.support.packets import Recording, read_packets
from tests.support.video import make_video

from haetae.media.snapshot import write_contact_sheet


def record(root: Path, recording: Recording, *, onset_s: float = 2.3, end_s: float = 2.6) -> tuple[Path, Played]:
    """The clip of an event with 1 s before and after it; it must come without a fault."""
    studio = Studio(root / "storage")
    recorder = studio.open(pre_roll_s=1, post_roll_s=0.5)
    recorder.stream(recording.info)
    begun = None
    for packet in recording.packets:
        if begun is None and packet.t_s >= onset_s + 0.1:
            begun = studio.begin(onset_s)
        recorder.push(packet)
        if begun is not None and packet.t_s >= end_s + 0.1:
            recorder.end(begun, end_s)
    recorder.close()
    assert begun is not None
    result = studio.result(begun)
    assert result.fault == ""
    assert result.path is not None
    played = play(studio.root / result.path)
    assert played.first_is_keyframe
    assert played.pictures == len(played.times)
    assert result.start_s <= onset_s - 1
    assert result.end_s >= end_s + 0.5
    # A reference picture at the very end may come without the B-frames between it and the one before.
    assert played.length_s == pytest.approx(result.end_s - result.start_s, abs=0.13)
    return studio.root / result.path, played


@pytest.mark.parametrize("bframes", [0, 2])
@pytest.mark.parametrize("container", ["mp4", "ts", "mkv"])
def test_h264_is_copied_whether_length_prefixed_or_annex_b(tmp_path: Path, container: str, bframes: int) -> None:
    recording = read_packets(make_video(tmp_path / f"in.{container}", bframes=bframes))
    path, played = record(tmp_path, recording)

    assert (played.codec, played.tag) == ("h264", "avc1")
    complete = len(played.times) - bframes
    assert played.times[:complete] == pytest.approx([index / 25 for index in range(complete)], abs=2e-3)
    assert_length_prefixed(path)


@pytest.mark.parametrize("keep_header", [True, False])
def test_annex_b_without_an_initialisation_segment_uses_the_headers_in_the_stream(tmp_path: Path, keep_header: bool) -> None:
    recording = read_packets(make_video(tmp_path / "in.ts", bframes=2))
    assert recording.info.extradata.startswith((b"\0\0\0\1", b"\0\0\1"))
    info = replace(recording.info, init_segment=None, extradata=recording.info.extradata if keep_header else b"")
    path, played = record(tmp_path, replace(recording, info=info))

    assert (played.codec, played.tag) == ("h264", "avc1")
    assert_length_prefixed(path)


@pytest.mark.parametrize("init_segment", [True, False])
def test_hevc_is_copied_under_the_tag_that_players_want(tmp_path: Path, init_segment: bool) -> None:
    recording = read_packets(make_video(tmp_path / "in.ts", codec="libx265", bframes=2))
    info = recording.info if init_segment else replace(recording.info, init_segment=None, extradata=b"")
    _, played = record(tmp_path, replace(recording, info=info))

    assert (played.codec, played.tag) == ("hevc", "hvc1")


@pytest.mark.parametrize(("codec", "name", "tag"), [("libvpx-vp9", "vp9", "vp09"), ("libsvtav1", "av1", "av01")])
def test_vp9_and_av1_are_copied(tmp_path: Path, codec: str, name: str, tag: str) -> None:
    recording = read_packets(make_video(tmp_path / "in.mkv", codec=codec, size=(160, 120)))
    _, played = record(tmp_path, recording)

    assert (played.codec, played.tag) == (name, tag)


@pytest.mark.parametrize(("codec", "container"), [("mjpeg", "avi"), ("mpeg4", "mkv"), ("png", "mov"), ("libvpx", "webm")])
def test_everything_else_becomes_h264(tmp_path: Path, codec: str, container: str) -> None:
    recording = read_packets(make_video(tmp_path / f"in.{container}", codec=codec, size=(160, 120)))
    _, played = record(tmp_path, recording)

    assert (played.codec, played.tag) == ("h264", "avc1")


def test_leading_pictures_of_an_open_gop_are_left_out(tmp_path: Path) -> None:
    """They refer to pictures before the clip; x265 makes open GOPs unless told otherwise."""
    recording = read_packets(make_video(tmp_path / "in.ts", codec="libx265", bframes=3, seconds=4, gop=25))
    key = next(index for index, packet in enumerate(recording.packets) if packet.is_keyframe and index)
    leading = [packet for packet in recording.packets[key + 1 :] if packet.pts < recording.packets[key].pts]
    assert leading, "the encoder made closed GOPs: this test shows nothing"

    path, played = record(tmp_path, recording)
    assert played.times[0] == 0.0
    assert len(played.times) == played.pictures
    write_contact_sheet(path, tmp_path / "sheet.jpg", columns=2, rows=2, width=320)


def test_a_real_recording_is_cut_where_asked(tmp_path: Path, shared_data: Path) -> None:
    clips = sorted((shared_data / "clips" / "street").glob("*.mp4"))
    if not clips:
        pytest.skip(f"needs real footage: no video in {shared_data / 'clips' / 'street'}")
    recording = read_packets(clips[0])
    onset_s = recording.packets[-1].t_s / 2
    record(tmp_path, recording, onset_s=onset_s, end_s=onset_s + 0.5)


def assert_length_prefixed(path: Path) -> None:
    """No start code in front of any picture: Annex B inside MP4 plays in FFmpeg, but not in browsers."""
    for packet in read_packets(path).packets:
        position = 0
        while position < len(packet.data):
            position += 4 + int.from_bytes(packet.data[position : position + 4], "big")
        assert position == len(packet.data)
