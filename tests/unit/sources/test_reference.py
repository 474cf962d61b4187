from pathlib import Path

import av
import pytest
from tests.support.video import make_video

from haetae.sources.reference import NonReferenceFilter


def stream_of(path: Path) -> tuple[str, bytes, list[tuple[bytes, float, bool]]]:
    """Codec, header and packets (data, seconds, whether FFmpeg's own decoder would discard it as a non-reference picture)."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        packets = [packet for packet in container.demux(stream) if packet.size]
        context.skip_frame = "NONREF"
        kept = {frame.pts for packet in [*packets, None] for frame in context.decode(packet)}
        rows = [(bytes(packet), float((packet.pts or 0) * (packet.time_base)), packet.pts not in kept) for packet in packets]
        return context.name, bytes(context.extradata or b""), rows


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.ts", "libx264"), ("a.mp4", "libx265")])
def test_it_finds_the_pictures_that_ffmpeg_calls_non_reference(tmp_path: Path, name: str, codec: str) -> None:
    path = make_video(tmp_path / name, seconds=6, codec=codec, bframes=2)
    kind, header, rows = stream_of(path)
    spare = NonReferenceFilter(kind, header, wanted_fps=2.0)
    found = [spare.skips(data, t_s) for data, t_s, _ in rows]
    settled = 64
    assert any(found[settled:])
    assert found[settled:] == [discarded for _, _, discarded in rows][settled:]


def test_nothing_is_skipped_when_the_references_alone_are_too_few(tmp_path: Path) -> None:
    kind, header, rows = stream_of(make_video(tmp_path / "a.mp4", seconds=6, bframes=2))
    spare = NonReferenceFilter(kind, header, wanted_fps=10.0)
    assert not any(spare.skips(data, t_s) for data, t_s, _ in rows)


def test_nothing_is_skipped_when_more_than_half_is_wanted(tmp_path: Path) -> None:
    kind, header, rows = stream_of(make_video(tmp_path / "a.mp4", seconds=6, bframes=1))
    spare = NonReferenceFilter(kind, header, wanted_fps=12.6)
    assert not any(spare.skips(data, t_s) for data, t_s, _ in rows)


def test_other_codecs_are_left_alone() -> None:
    spare = NonReferenceFilter("mpeg4", b"", wanted_fps=1.0)
    assert not any(spare.skips(b"\0\0\1\x01" * 8, index / 25) for index in range(200))


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\1", b"\xff" * 50, b"\0\0\0\0" * 9, b"\0\0\0\x02\x09"])
@pytest.mark.parametrize("header", [b"", b"\x01\x64\x00\x1f\xff\xe1\x00"])
def test_nonsense_counts_as_reference(data: bytes, header: bytes) -> None:
    spare = NonReferenceFilter("h264", header, wanted_fps=1.0)
    assert not any(spare.skips(data, index / 25) for index in range(200))
