"""MP4 files of one video track: packets copied as they are, or pictures encoded (see encode.py).

The file is regular MP4 with its index in front (faststart), which browsers play and seek without reading all of it.
"""

import errno
import io
import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import av
from av.codec.codec import UnknownCodecError
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from haetae.domain.frame import Packet, StreamInfo
from haetae.errors import MediaError
from haetae.media.blobs import storage_fault

COPIED_CODECS = frozenset({"h264", "hevc", "av1", "vp9"})
"""What MP4 carries and browsers play (HEVC where the browser can)."""

if TYPE_CHECKING:
    CodedPacket: TypeAlias = av.Packet[Any]
else:  # PyAV's class is generic for type checkers alone.
    CodedPacket = av.Packet

_MUXER_OPTIONS = {"movflags": "+faststart"}
_START_CODES = (b"\x00\x00\x00\x01", b"\x00\x00\x01")
_MAX_REORDER_S = 2.0
_MAX_STEP_BACK_S = 1.0
_MAX_STEP_AHEAD_S = 300.0


class Writable(Protocol):
    """A file in memory."""

    def write(self, data: bytes, /) -> int: ...


class TrackWriter(Protocol):
    """Writes one video track to a file; used by one thread."""

    damaged: int
    """Packets left out because nothing could be made of them."""

    note: str
    """What the viewer of the file should know, or nothing."""

    def write(self, packet: Packet) -> None:
        """Add a packet; the first is a keyframe. Raises MediaError when the disk refuses."""
        ...

    def close(self) -> None:
        """Complete the file. Raises MediaError when it is not whole."""
        ...

    def abandon(self) -> None:
        """Let go of the file, whole or not. Never raises."""
        ...


def canonical_codec(name: str) -> str:
    """FFmpeg's name of the format behind the name of a decoder (libdav1d: av1); unknown names come back as they are."""
    try:
        return str(av.Codec(name, "r").canonical_name)
    except UnknownCodecError:
        return name


class Timeline:
    """Time stamps of a file, in the units of the stream: the first picture at 0, decoding times strictly increasing.

    A step back by more than a second, or ahead by more than five minutes, is a camera that reset its clock: the time line goes on from
    where it was. Smaller faults are repaired in place.
    """

    def __init__(self, time_base: Fraction) -> None:
        self.time_base = time_base
        self._shift: int | None = None
        self._last = 0
        self._step = 1

    def place(self, packet: Packet) -> tuple[int, int]:
        """(pts, dts) in the file, with pts >= dts."""
        if self._shift is None:
            self._shift = -packet.pts
            dts = min(0, max(packet.dts - packet.pts, -self._ticks(_MAX_REORDER_S)))
            self._last = dts - 1
        else:
            dts = packet.dts + self._shift
        if dts < self._last - self._ticks(_MAX_STEP_BACK_S) or dts > self._last + self._ticks(_MAX_STEP_AHEAD_S):
            self._shift += self._last + self._step - dts
            dts = self._last + self._step
        dts = max(dts, self._last + 1)
        self._step = packet.duration if 0 < packet.duration < self._ticks(_MAX_STEP_BACK_S) else self._step
        self._last = dts
        return max(packet.pts + self._shift, dts), dts

    def _ticks(self, seconds: float) -> int:
        return max(1, round(seconds / self.time_base))


class CopyWriter:
    """Puts the packets of h264, hevc, av1 or vp9 into MP4 without touching the pictures."""

    note = ""

    def __init__(self, info: StreamInfo, first: Packet, path: Path) -> None:
        """Raises MediaError when the stream's header cannot be made (then nothing has been opened), or the disk refuses."""
        self.damaged = 0
        self._path = path
        self._timeline = Timeline(info.time_base)
        # A header that FFmpeg refuses leaks the file that it opened, so it is tried in memory first.
        with start_copy(io.BytesIO(), info, first, {}):
            pass
        self._container = start_copy(path, info, first, _MUXER_OPTIONS)
        self._stream = self._container.streams.video[0]
        self._time_base = info.time_base

    def write(self, packet: Packet) -> None:
        coded: CodedPacket = av.Packet(packet.data)
        coded.pts, coded.dts = self._timeline.place(packet)
        coded.duration = max(0, packet.duration)
        coded.time_base = self._time_base
        coded.is_keyframe = packet.is_keyframe
        coded.stream = self._stream
        self.damaged += mux(self._container, coded, self._path)

    def close(self) -> None:
        close_container(self._container, self._path)

    def abandon(self) -> None:
        abandon_container(self._container)


def start_copy(target: Path | Writable, info: StreamInfo, first: Packet, options: dict[str, str]) -> OutputContainer:
    """An MP4 file whose header is ready for the packets of this stream; `options` are the muxer's.

    Raises MediaError when MP4 does not take the stream as it is, or the disk refuses.
    """
    try:
        with _open_template(info, first) as template:
            container = av.open(str(target) if isinstance(target, Path) else target, "w", format="mp4", container_options=options)
            # opaque: the template's decoder names the codec, so that no encoder for it need be installed.
            stream = container.add_stream_from_template(template.streams.video[0], opaque=True)
            _describe(stream, info)
            container.start_encoding()
            return container
    except OSError as error:
        raise storage_fault(error, Path(str(target))) from error
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise MediaError(f"{info.codec} cannot be copied into MP4: {error}") from error


def _open_template(info: StreamInfo, first: Packet) -> InputContainer:
    """A container whose one stream describes the codec: the initialisation segment, or the headers inside the first keyframe."""
    codec = canonical_codec(info.codec)
    if info.init_segment:
        return av.open(io.BytesIO(info.init_segment), "r")
    if codec in ("h264", "hevc") and first.data.startswith(_START_CODES):
        header = info.extradata if info.extradata.startswith(_START_CODES) else b""
        return av.open(io.BytesIO(header + first.data), "r", format=codec)
    raise MediaError(f"the {info.codec} stream came without its headers")


def _describe(stream: VideoStream, info: StreamInfo) -> None:
    """Give the track what the template may lack."""
    context = stream.codec_context
    stream.time_base = info.time_base
    if info.extradata and info.init_segment:
        # The muxer turns Annex B packets (RTSP, MPEG-TS) into length-prefixed ones only if the header is Annex B as well.
        context.extradata = info.extradata
    if canonical_codec(info.codec) == "hevc":
        context.codec_tag = "hvc1"
    if context.pix_fmt is None:
        context.pix_fmt = info.pixel_format or "yuv420p"


def mux(container: OutputContainer, packet: CodedPacket, path: Path) -> bool:
    """Write a packet; true when it was damaged and left out. Raises MediaError when the disk refuses."""
    try:
        container.mux_one(packet)
    except av.FFmpegError as error:
        if isinstance(error, av.InvalidDataError) or error.errno == errno.EINVAL:
            return True
        raise _fault(error, path) from error
    return False


def close_container(container: OutputContainer, path: Path) -> None:
    """Write the index and check that the file holds what its boxes announce. Raises MediaError when it does not."""
    try:
        container.close()
        if not _is_whole(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except av.FFmpegError as error:
        raise _fault(error, path) from error
    except OSError as error:
        raise storage_fault(error, path) from error


def abandon_container(container: OutputContainer) -> None:
    """Close what will be deleted anyway."""
    try:
        container.close()
    except (av.FFmpegError, OSError):
        return


def _fault(error: av.FFmpegError, path: Path) -> MediaError:
    return storage_fault(error if isinstance(error, OSError) else OSError(error.errno or 0, str(error.strerror)), path)


def _is_whole(path: Path) -> bool:
    """True when the top-level boxes (ISO 14496-12 §4.2) of a file end where the file ends, and its index is among them.

    FFmpeg does not report a disk that fills up during its very last flush; this does.
    """
    size, position, kinds = path.stat().st_size, 0, set()
    with path.open("rb") as file:
        while position + 8 <= size:
            file.seek(position)
            length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
            if length == 1:
                length = int.from_bytes(file.read(8), "big")
            if length < 8:
                return False
            kinds.add(kind)
            position += length
    return position == size and {b"moov", b"mdat"} <= kinds
