import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.support.packets import Recording, read_packets
from tests.support.video import make_video

from haetae.domain.frame import Packet
from haetae.errors import MediaError
from haetae.media.live import Fragment, LiveMux


def fragments_of(recording: Recording, packets: list[Packet] | None = None) -> tuple[bytes, list[Fragment]]:
    """The initialisation segment, and the fragments that are complete when the packets have been written."""
    chosen = packets or recording.packets
    mux = LiveMux(recording.info, chosen[0])
    found = [fragment for packet in chosen if (fragment := mux.write(packet)) is not None]
    mux.close()
    return mux.opening.init, found


def play(data: bytes) -> list[float]:
    """Times of the pictures, decoded strictly."""
    with av.open(io.BytesIO(data), options={"err_detect": "explode"}) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


@pytest.mark.parametrize("bframes", [0, 2])
def test_a_browser_can_begin_at_any_fragment_that_is_a_keyframe(tmp_path: Path, bframes: int) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=4, gop=25, bframes=bframes))
    init, fragments = fragments_of(recording)
    starts = [index for index, fragment in enumerate(fragments) if fragment.is_keyframe]

    assert starts[0] == 0
    assert len(starts) == 4
    for start in starts:
        times = play(init + b"".join(fragment.data for fragment in fragments[start:]))
        # The last fragment would be complete with the next packet.
        assert len(times) == 25 * (4 - starts.index(start)) - 5
        assert all(earlier < later for earlier, later in pairwise(times))


def test_a_fragment_is_short_so_that_little_time_is_lost(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=2, fps=25, gop=50))
    _init, fragments = fragments_of(recording)

    assert len(fragments) == 9
    assert [fragment.is_keyframe for fragment in fragments] == [True] + [False] * 8


def test_the_stream_of_a_camera_that_speaks_annex_b_becomes_length_prefixed(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.ts", seconds=2))
    assert recording.packets[0].data.startswith(b"\0\0\0\1")

    init, fragments = fragments_of(recording)

    assert len(play(init + b"".join(fragment.data for fragment in fragments))) == 45
    assert recording.info.width == 320


def test_the_time_line_begins_at_zero_and_a_clock_that_jumps_back_leaves_no_trace(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=2))
    ticks = round(3600 / recording.info.time_base)
    packets = [
        replace(packet, pts=packet.pts + (ticks if packet.t_s < 1 else 0), dts=packet.dts + (ticks if packet.t_s < 1 else 0))
        for packet in recording.packets
    ]
    init, fragments = fragments_of(recording, packets)
    times = play(init + b"".join(fragment.data for fragment in fragments))

    assert times[0] == 0.0
    assert [round(later - earlier, 3) for earlier, later in pairwise(times)] == [0.04] * (len(times) - 1)


def test_a_damaged_packet_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=2, codec="libvpx-vp9"))
    packets = list(recording.packets)
    packets[10] = replace(packets[10], data=b"")
    init, fragments = fragments_of(recording, packets)

    assert len(play(init + b"".join(fragment.data for fragment in fragments))) >= 40


def test_what_browsers_do_not_play_is_refused(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.avi", seconds=0.4, codec="mjpeg"))

    with pytest.raises(MediaError, match="mjpeg"):
        LiveMux(recording.info, recording.packets[0])


def test_pictures_that_lead_into_the_first_keyframe_are_left_out(tmp_path: Path) -> None:
    recording = read_packets(make_video(tmp_path / "in.mp4", seconds=1, bframes=2))
    keyframe, leading, *rest = recording.packets
    packets = [keyframe, replace(leading, pts=keyframe.pts - 1), *rest]
    mux = LiveMux(recording.info, keyframe)
    held = [mux.write(packet) for packet in packets[:2]]
    mux.close()
    _init, fragments = fragments_of(recording, packets)
    _init, whole = fragments_of(recording)

    assert held == [None, None]
    assert len(fragments[0].data) < len(whole[0].data)
