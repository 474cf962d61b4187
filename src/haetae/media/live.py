"""Live video for browsers: a camera's packets as fragmented MP4 (ISO/IEC 14496-12 §8.8), copied, never decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from haetae.domain.frame import Packet, StreamInfo
from haetae.errors import MediaError
from haetae.media.codec_string import mime_type
from haetae.media.mp4 import COPIED_CODECS, CodedPacket, Timeline, abandon_container, canonical_codec, mux, start_copy

FRAGMENT_S = 0.2
"""Longest video in a fragment: shorter costs every viewer more messages, longer costs time."""

_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe",
    "frag_duration": str(round(FRAGMENT_S * 1_000_000)),
    "flush_packets": "1",
}
_NAME = Path("live")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a viewer is told first.

    `codec` is FFmpeg's name (h264). `mime` is for `MediaSource.addSourceBuffer`, `init` the initialisation segment; `fps` None: unknown.
    """

    codec: str
    mime: str
    width: int
    height: int
    fps: float | None
    init: bytes


@dataclass(frozen=True, slots=True)
class Fragment:
    """Some pictures (moof + mdat). Decoding can begin with one that `is_keyframe`."""

    data: bytes
    is_keyframe: bool


Piece: TypeAlias = Opening | Fragment


class LiveMux:
    """Packets of one connection in, fragments out; used by one thread. The time line begins at 0 and has no backward steps."""

    def __init__(self, info: StreamInfo, first: Packet) -> None:
        """`first` is the keyframe that `write` is given first. Raises MediaError when MP4 does not take the stream as it is."""
        codec = canonical_codec(info.codec)
        if codec not in COPIED_CODECS:
            raise MediaError(f"browsers do not play {codec}")
        self.damaged = 0
        self._output = _Output()
        self._timeline = Timeline(info.time_base)
        self._time_base = info.time_base
        self._container = start_copy(self._output, info, first, _OPTIONS)
        self._stream = self._container.streams.video[0]
        self._first_pts: int | None = first.pts
        self._starts_with_keyframe: bool | None = None
        try:
            init = self._output.take()
            self.opening = Opening(codec, mime_type(init), info.width, info.height, info.fps, init)
        except BaseException:
            self.close()
            raise

    def write(self, packet: Packet) -> Fragment | None:
        """Add a packet; gives the fragment before it where that is complete now. Raises MediaError when nothing more can be made."""
        if self._leads_in(packet):
            return None
        coded: CodedPacket = CodedPacket(packet.data)
        coded.pts, coded.dts = self._timeline.place(packet)
        coded.duration = max(0, packet.duration)
        coded.time_base = self._time_base
        coded.is_keyframe = packet.is_keyframe
        coded.stream = self._stream
        damaged = mux(self._container, coded, _NAME)
        self.damaged += damaged
        data = self._output.take()
        fragment = Fragment(data, bool(self._starts_with_keyframe)) if data else None
        if fragment is not None:
            self._starts_with_keyframe = None
        if self._starts_with_keyframe is None and not damaged:
            self._starts_with_keyframe = packet.is_keyframe
        return fragment

    def close(self) -> None:
        """Let go of FFmpeg's memory. Never raises."""
        abandon_container(self._container)

    def _leads_in(self, packet: Packet) -> bool:
        """True for pictures shown before the first keyframe: they belong to a group of pictures that viewers lack."""
        if self._first_pts is None or packet.pts == self._first_pts:
            return False
        if packet.pts < self._first_pts:
            return True
        self._first_pts = None
        return False


class _Output:
    """What FFmpeg writes to; it cannot seek here."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data
