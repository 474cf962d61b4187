"""H.264 as RTP packets (RFC 6184) and RTCP sender reports (RFC 3550), for the test server."""

import struct
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

CLOCK_RATE = 90_000
PAYLOAD_TYPE = 96
SSRC = 0x48414554
_LARGEST_PAYLOAD = 1400
_NTP_EPOCH = 2_208_988_800


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture: its NAL units without start codes, and its times in seconds from the start of the video."""

    nals: tuple[bytes, ...]
    sent_s: float
    shown_s: float
    is_keyframe: bool


@dataclass(frozen=True, slots=True)
class H264Video:
    """A whole H.264 file in memory, with its parameter sets."""

    units: tuple[AccessUnit, ...]
    sps: bytes
    pps: bytes
    duration_s: float

    @classmethod
    def load(cls, path: Path) -> "H264Video":
        """Read an MP4 or Matroska file with H.264 in it."""
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            extradata = bytes(stream.codec_context.extradata or b"")
            assert stream.codec_context.name == "h264"
            assert extradata[:1] == b"\x01", "needs avcC"
            assert stream.time_base is not None
            base, fps = float(stream.time_base), float(stream.average_rate or 25)
            packets = [packet for packet in container.demux(stream) if packet.size]
            units = tuple(
                AccessUnit(tuple(_length_prefixed(bytes(packet))), index / fps, float(packet.pts or 0) * base, packet.is_keyframe)
                for index, packet in enumerate(packets)
            )
        sps, pps = _parameter_sets(extradata)
        return cls(units, sps, pps, len(units) / fps)

    def sdp(self) -> str:
        sets = ",".join(b64encode(nal).decode() for nal in (self.sps, self.pps))
        return "\r\n".join(
            (
                "v=0",
                "o=- 1 1 IN IP4 127.0.0.1",
                "s=test",
                "t=0 0",
                f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
                f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_RATE}",
                f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={self.sps[1:4].hex()};sprop-parameter-sets={sets}",
                "a=control:track0",
                "",
            )
        )


class Packetiser:
    """Turns NAL units into RTP packets of one sender; keyframes carry the parameter sets, as cameras send them."""

    def __init__(self, first_timestamp: int = 1_000_000) -> None:
        self.first_timestamp = first_timestamp
        self._sequence = 0

    def timestamp(self, t_s: float) -> int:
        return (self.first_timestamp + round(t_s * CLOCK_RATE)) & 0xFFFFFFFF

    def packets(self, unit: AccessUnit, video: H264Video, t_s: float) -> Iterator[bytes]:
        """The RTP packets of `unit`, shown at `t_s`."""
        nals = (video.sps, video.pps, *unit.nals) if unit.is_keyframe else unit.nals
        payloads = [payload for nal in nals for payload in _fragments(nal)]
        for index, payload in enumerate(payloads):
            marker = 0x80 if index == len(payloads) - 1 else 0
            yield struct.pack(">BBHII", 0x80, marker | PAYLOAD_TYPE, self._sequence, self.timestamp(t_s), SSRC) + payload
            self._sequence = (self._sequence + 1) & 0xFFFF

    def sender_report(self, t_s: float, unix_s: float) -> bytes:
        """RTCP: the picture shown at `t_s` was taken at `unix_s` (seconds since 1970)."""
        seconds, fraction = divmod(unix_s + _NTP_EPOCH, 1.0)
        return struct.pack(">BBHIIIIII", 0x80, 200, 6, SSRC, int(seconds), int(fraction * 2**32), self.timestamp(t_s), 0, 0)


def _fragments(nal: bytes) -> Iterator[bytes]:
    """`nal` itself, or FU-A fragments of it (RFC 6184 §5.8)."""
    if len(nal) <= _LARGEST_PAYLOAD:
        yield nal
        return
    indicator, kind = (nal[0] & 0xE0) | 28, nal[0] & 0x1F
    for start in range(1, len(nal), _LARGEST_PAYLOAD):
        piece = nal[start : start + _LARGEST_PAYLOAD]
        first = 0x80 if start == 1 else 0
        last = 0x40 if start + _LARGEST_PAYLOAD >= len(nal) else 0
        yield bytes((indicator, first | last | kind)) + piece


def _length_prefixed(data: bytes) -> Iterator[bytes]:
    position = 0
    while position + 4 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 4 + size]
        position += 4 + size


def _parameter_sets(avcc: bytes) -> tuple[bytes, bytes]:
    """The first SPS and PPS of an avcC box (ISO/IEC 14496-15 §5.3.3)."""
    sps_size = int.from_bytes(avcc[6:8], "big")
    sps = avcc[8 : 8 + sps_size]
    rest = avcc[8 + sps_size + 1 :]
    return sps, rest[2 : 2 + int.from_bytes(rest[:2], "big")]
