"""`sim://` as a source."""

import threading
from itertools import islice

import av
import numpy as np
import pytest

from haetae.clock import SystemClock
from haetae.domain.frame import Packet
from haetae.errors import ConfigError, SourceUnavailable
from haetae.simulate.render import render
from haetae.simulate.source import SimSource, parse_url
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.testing.clock import FakeClock

SHORT = "sim://plaza?minutes=0.05&size=320x180&fps=10&incidents=none"


def source_of(url: str, analysed_fps: float | None = None) -> SimSource:
    source = open_source(url, SourceOptions(analysed_fps=analysed_fps), clock=SystemClock())
    assert isinstance(source, SimSource)
    return source


def test_a_scene_is_read_like_a_file_and_its_counts_add_up() -> None:
    source = source_of(SHORT, analysed_fps=5.0)
    info = source.open()
    packets: list[Packet] = []
    frames = list(source.frames(packets.append))
    source.close()
    assert (info.codec, info.width, info.height, info.fps, source.live, source.duration_s) == ("h264", 320, 180, 10.0, False, 3.0)
    assert [frame.number for frame in frames] == list(range(0, 30, 2))
    assert frames[-1].t_s == pytest.approx(2.8)
    assert frames[0].luma.shape == (180, 320)
    assert (source.counts.read, source.counts.analysed, source.counts.skipped) == (30, 15, 15)
    assert source.counts.adds_up()
    assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == [0, 20]


def test_its_frames_are_the_rendered_pictures_after_compression() -> None:
    source = source_of(SHORT)
    source.open()
    frame = next(iter(source.frames()))
    rendered = next(render(parse_url(SHORT)[0])).rgb
    assert 0 < np.abs(frame.rgb().astype(int) - rendered.astype(int)).mean() < 8
    source.close()


def test_its_packets_decode_alone_from_any_keyframe_on() -> None:
    source = source_of(SHORT)
    info = source.open()
    packets = list(source.packets())
    source.close()
    assert info.init_segment is not None
    assert info.init_segment[4:8] == b"ftyp"
    assert b"avcC" in info.init_segment
    decoder = av.CodecContext.create("h264", "r")
    decoded = [picture for packet in packets[20:] for picture in decoder.decode(av.Packet(packet.data))] + list(decoder.decode(None))
    assert len(decoded) == 10


def test_the_ground_truth_is_known_without_reading() -> None:
    source = source_of("sim://plaza?minutes=1&incidents=fall&fps=5")
    (incident,) = source.labels.incidents
    assert incident.kind == "fall"
    assert incident.start_s >= 24.0


def test_without_a_query_it_is_two_minutes_with_several_incidents() -> None:
    source = source_of("sim://plaza")
    assert source.labels.frames == 1800
    assert len(source.labels.incidents) >= 3


def test_a_live_scene_keeps_to_the_clock_and_is_lost_when_it_ends() -> None:
    clock = FakeClock()
    source = SimSource(f"{SHORT}&live=1", SourceOptions(analysed_fps=10.0), clock=clock)
    source.open()
    started = clock.monotonic()
    frames = source.frames()
    seen = [(frame.t_s, clock.monotonic() - started) for frame in islice(frames, 30)]
    with pytest.raises(SourceUnavailable, match="ended"):
        next(frames)
    assert source.live
    assert all(passed == pytest.approx(t_s) for t_s, passed in seen)


def test_a_live_scene_without_minutes_has_no_end_and_labels_what_was_read() -> None:
    clock = FakeClock()
    url = "sim://plaza?live=1&size=160x90&fps=2&normal_s=1&incidents=camera_covered"
    source = SimSource(url, SourceOptions(analysed_fps=2.0), clock=clock)
    source.open()
    assert source.duration_s is None
    frames = source.frames()
    for _ in range(20):
        next(frames)
    assert source.labels.frames == 20
    assert [incident.kind for incident in source.labels.incidents] == ["camera_covered"]
    source.close()
    assert list(frames) == []


def test_closing_from_another_thread_ends_the_reading() -> None:
    source = source_of("sim://plaza?live=1&size=160x90&fps=2")
    source.open()
    first, read = threading.Event(), []

    def consume() -> None:
        for frame in source.frames():
            read.append(frame)
            first.set()

    reader = threading.Thread(target=consume)
    reader.start()
    assert first.wait(30)
    source.close()
    reader.join(30)
    assert not reader.is_alive()
    assert source.counts.adds_up()
    source.close()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("speed=3", "seed, minutes, incidents"),
        ("minutes=long", "minutes must be a number"),
        ("minutes=0", "seconds"),
        ("seed=1.5", "seed must be a whole number"),
        ("incidents=flying", "crowd_running"),
        ("incidents=wrong_way", "It can show"),
        ("size=1x1", "size"),
        ("fps=1000", "fps"),
        ("live=maybe", "live"),
        ("conditions=hail", "insects"),
        ("conditions=rain@5-7", "clock"),
        ("hour=noon", "hour must be a number"),
        ("hour=24", "hour"),
    ],
)
def test_a_bad_address_is_refused_with_the_key_and_what_it_may_be(query: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        source_of(f"sim://plaza?{query}").open()


def test_weather_and_hour_are_part_of_the_address() -> None:
    spec, _ = parse_url("sim://gate?conditions=night,rain:0.5&hour=20.5")
    assert [str(condition) for condition in spec.conditions] == ["night", "rain:0.5"]
    assert spec.starts_at == 20.5


def test_harmless_oddities_are_in_the_labels_of_a_camera() -> None:
    source = source_of("sim://plaza?minutes=6&fps=2&size=160x90&incidents=none&normal_s=0&conditions=robot")
    assert [odd.kind for odd in source.labels.harmless] == ["robot"]
    assert source.labels.incidents == ()


def test_an_unknown_scene_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="car_park, corridor, gate, plaza"):
        source_of("sim://moon")
