"""Reading a video into the plain packets that a source would deliver, with bare PyAV."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av

from haetae.domain.frame import Packet, StreamInfo

STARTED_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recording:
    info: StreamInfo
    packets: list[Packet]

    @property
    def keyframe_times(self) -> list[float]:
        return [packet.t_s for packet in self.packets if packet.is_keyframe]


def read_packets(path: Path) -> Recording:
    """Every packet of a video file in decoding order; the first picture's presentation time is 0, at STARTED_AT."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        time_base = stream.time_base or Fraction(1, 90000)
        info = StreamInfo(
            codec=context.codec.canonical_name,
            width=context.width,
            height=context.height,
            time_base=time_base,
            fps=float(stream.average_rate) if stream.average_rate else None,
            extradata=context.extradata or b"",
            init_segment=_init_segment(stream),
            pixel_format=context.pix_fmt,
        )
        coded = [packet for packet in container.demux(stream) if packet.size]
        first_pts = min(packet.pts for packet in coded if packet.pts is not None)
        _date_the_first(coded)
        return Recording(info, [_plain(packet, first_pts, time_base) for packet in coded])


def _date_the_first(packets: list[av.Packet]) -> None:
    """Matroska knows no decoding times: FFmpeg leaves those before the first reordering open, and they are counted back from there."""
    undated = sum(packet.dts is None for packet in packets)
    for index in reversed(range(undated)):
        following = packets[index + 1].dts
        assert following is not None
        packets[index].dts = following - (packets[index].duration or 1)


def _plain(packet: av.Packet, first_pts: int, time_base: Fraction) -> Packet:
    assert packet.pts is not None
    assert packet.dts is not None
    t_s = float((packet.pts - first_pts) * time_base)
    captured_at = STARTED_AT + timedelta(seconds=t_s)
    return Packet(bytes(packet), packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe, t_s, captured_at)


def _init_segment(stream: av.VideoStream) -> bytes | None:
    target = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    try:
        with av.open(target, "w", format="mp4", container_options=options) as container:
            container.add_stream_from_template(stream, opaque=True)
            container.start_encoding()
    except (av.FFmpegError, ValueError):
        return None
    return target.getvalue()
