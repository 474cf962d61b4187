import errno
import os
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.packets import Recording, read_packets
from tests.support.video import make_video

from haetae.domain.frame import Packet
from haetae.errors import MediaError
from haetae.media import mp4
from haetae.media.mp4 import CopyWriter, Timeline, canonical_codec

AT = datetime(2026, 1, 1, tzinfo=UTC)
BASE = Fraction(1, 1000)


def packet(pts: int, dts: int, duration: int = 40) -> Packet:
    return Packet(b"x", pts, dts, duration, False, 0.0, AT)


def placed(*stamps: tuple[int, int]) -> list[tuple[int, int]]:
    timeline = Timeline(BASE)
    return [timeline.place(packet(*stamp)) for stamp in stamps]


def copy(recording: Recording, path: Path, packets: list[Packet] | None = None) -> CopyWriter:
    chosen = packets or recording.packets
    writer = CopyWriter(recording.info, chosen[0], path)
    for each in chosen:
        writer.write(each)
    writer.close()
    return writer


def test_the_first_picture_is_at_zero_and_reordering_is_kept() -> None:
    assert placed((5080, 5000), (5200, 5040), (5120, 5080), (5160, 5120)) == [(0, -80), (120, -40), (40, 0), (80, 40)]


def test_a_repeated_or_slightly_late_stamp_is_repaired_in_place() -> None:
    assert placed((0, 0), (40, 40), (40, 40), (20, 20), (80, 80)) == [(0, 0), (40, 40), (41, 41), (42, 42), (80, 80)]


@pytest.mark.parametrize("jump", [-3_600_000, 3_600_000])
def test_a_camera_that_resets_its_clock_goes_on_where_it_was(jump: int) -> None:
    assert placed((0, 0), (40, 40), (jump, jump), (jump + 40, jump + 40)) == [(0, 0), (40, 40), (80, 80), (120, 120)]


def test_a_pause_of_seconds_stays_a_pause() -> None:
    assert placed((0, 0), (40, 40), (9000, 9000)) == [(0, 0), (40, 40), (9000, 9000)]


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40), st.integers(-5, 10**7)), min_size=1, max_size=60))
def test_whatever_a_camera_stamps_decoding_times_increase(stamps: list[tuple[int, int, int]]) -> None:
    timeline = Timeline(BASE)
    result = [timeline.place(packet(*stamp)) for stamp in stamps]

    assert all(earlier[1] < later[1] for earlier, later in pairwise(result))
    assert all(pts >= dts for pts, dts in result)
    assert result[-1][1] <= 300_000 * len(result)


def test_the_name_of_a_decoder_is_not_the_name_of_the_codec() -> None:
    assert canonical_codec("libdav1d") == "av1"
    assert canonical_codec("h264") == "h264"
    assert canonical_codec("no_such_codec") == "no_such_codec"


def test_a_copy_is_seekable_with_its_index_in_front(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=4))
    copy(recording, tmp_path / "out.mp4")

    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        container.seek(int(3 / stream.time_base), stream=stream)
        assert next(container.decode(stream)).time == 3.0


def test_a_packet_that_the_muxer_refuses_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=1))
    path = tmp_path / "out.mp4"
    writer = CopyWriter(recording.info, recording.packets[0], path)
    for each in recording.packets:
        writer.write(each)
    absurd = av.Packet(b"x" * 100)
    absurd.pts, absurd.dts, absurd.time_base, absurd.stream = 10**6, 10**6 + 1, BASE, writer._stream
    assert mp4.mux(writer._container, absurd, path)
    writer.close()

    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 25


def test_a_stream_without_headers_is_refused_without_opening_a_file(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=1))
    bare = replace(recording.info, init_segment=None, extradata=b"")
    before = len(os.listdir("/proc/self/fd"))

    with pytest.raises(MediaError, match="without its headers"):
        CopyWriter(bare, recording.packets[0], tmp_path / "out.mp4")

    assert not (tmp_path / "out.mp4").exists()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_cut_by_a_full_disk_in_the_last_flush_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=1))
    path = tmp_path / "out.mp4"
    writer = CopyWriter(recording.info, recording.packets[0], path)
    writer.write(recording.packets[0])
    whole = mp4._is_whole

    def cut_first(target: Path) -> bool:
        os.truncate(target, target.stat().st_size - 1)
        return whole(target)

    monkeypatch.setattr(mp4, "_is_whole", cut_first)
    with pytest.raises(MediaError, match="the disk is full"):
        writer.close()


def test_an_error_of_the_disk_names_the_folder_and_the_cause(tmp_path: Path) -> None:
    error = mp4._fault(av.error.OSError(errno.EIO, "Input/output error", "x"), tmp_path / "a.mp4")
    assert str(error) == f"cannot write in {tmp_path}: the disk reports an error. Check the disk and its cable; look at the kernel's log"
