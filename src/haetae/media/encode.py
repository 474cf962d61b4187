"""Clips of what MP4 or browsers do not take as it is (MJPEG, pictures, MPEG-4 part 2, raw video): decoded, encoded to H.264."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.codec.codec import UnknownCodecError
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from haetae.domain.frame import Packet, StreamInfo
from haetae.errors import MediaError
from haetae.media.blobs import storage_fault
from haetae.media.mp4 import CodedPacket, Timeline, abandon_container, canonical_codec, close_container, mux

ENCODERS = ("libx264", "libopenh264", "mpeg4")
"""In order of preference; the last is the one that every FFmpeg has."""

NO_H264_NOTE = "the clip is MPEG-4 part 2, which browsers do not play: this FFmpeg has no H.264 encoder; install the PyAV wheel from PyPI"

_TIME_BASE = Fraction(1, 60000)
"""Divides the usual frame rates, and MPEG-4 part 2 allows no finer one than 1/65535."""

_BITS_PER_PIXEL = 0.1
_MIN_BIT_RATE = 200_000
_KEYFRAME_EVERY_S = 2.0


class EncodeWriter:
    """Decodes packets and encodes the pictures, on one thread so that the cameras keep the processor."""

    def __init__(self, info: StreamInfo, path: Path, encoders: Iterable[str] = ENCODERS) -> None:
        """Raises MediaError when there is no decoder for the stream."""
        self.damaged = 0
        self.note = ""
        self._path = path
        self._info = info
        self._timeline = Timeline(info.time_base)
        self._decoder = _open_decoder(info)
        self._encoder_name = _first_encoder(encoders)
        if self._encoder_name == "mpeg4":
            self.note = NO_H264_NOTE
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._last_pts = -1

    def write(self, packet: Packet) -> None:
        coded: CodedPacket = av.Packet(packet.data)
        coded.pts, coded.dts = self._timeline.place(packet)
        coded.time_base = self._info.time_base
        # FFmpeg's PNG decoder adds a picture that is no keyframe to the one before.
        coded.is_keyframe = packet.is_keyframe
        self._decode(coded)

    def close(self) -> None:
        self._decode(None)
        if self._container is None or self._stream is None:
            raise MediaError(f"not one picture of the {self._info.codec} stream could be decoded")
        self._mux(self._stream.encode(None))
        close_container(self._container, self._path)

    def abandon(self) -> None:
        if self._container is not None:
            abandon_container(self._container)

    def _decode(self, packet: CodedPacket | None) -> None:
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError:
            self.damaged += 1
            return
        for frame in frames:
            self._encode(frame)

    def _encode(self, frame: VideoFrame) -> None:
        if self._stream is None:
            self._stream = self._open(frame)
        seconds = frame.pts * self._info.time_base if frame.pts is not None else Fraction(0)
        picture = frame.reformat(
            self._stream.width, self._stream.height, "yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG, threads=1
        )
        # Without a fresh type every picture of an intra-only stream would be forced to a keyframe.
        picture.pict_type = PictureType.NONE
        picture.time_base = _TIME_BASE
        picture.pts = self._last_pts = max(round(seconds / _TIME_BASE), self._last_pts + 1)
        self._mux(self._stream.encode(picture))

    def _open(self, frame: VideoFrame) -> VideoStream:
        """The output, sized by the first picture (to even numbers, which 4:2:0 needs)."""
        fps = min(max(self._info.fps or 25.0, 1.0), 60.0)
        width, height = max(2, frame.width // 2 * 2), max(2, frame.height // 2 * 2)
        rate = max(_MIN_BIT_RATE, round(width * height * fps * _BITS_PER_PIXEL))
        try:
            container = av.open(str(self._path), "w", format="mp4", container_options={"movflags": "+faststart"})
            stream = container.add_stream(self._encoder_name, rate=Fraction(fps).limit_denominator(1001))
        except OSError as error:
            raise storage_fault(error, self._path) from error
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context.time_base = stream.time_base = _TIME_BASE
        context.gop_size = max(1, round(fps * _KEYFRAME_EVERY_S))
        context.max_b_frames = 0
        context.thread_count = 1
        # Stated, for players guess the matrix from the size, and pictures carry the tags of what they were decoded from.
        context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.MPEG
        if self._encoder_name == "libx264":
            context.options = {"preset": "veryfast", "crf": "25", "maxrate": str(rate), "bufsize": str(2 * rate)}
        else:
            context.bit_rate = rate
        self._container = container
        return stream

    def _mux(self, packets: Iterable[CodedPacket]) -> None:
        assert self._container is not None
        for packet in packets:
            mux(self._container, packet, self._path)


def _open_decoder(info: StreamInfo) -> VideoCodecContext:
    try:
        context = av.CodecContext.create(canonical_codec(info.codec), "r")
    except UnknownCodecError as error:
        raise MediaError(f"there is no decoder for {info.codec}") from error
    if not isinstance(context, VideoCodecContext):
        raise MediaError(f"{info.codec} is no video codec")
    context.thread_count = 1
    context.width, context.height = info.width, info.height
    if info.extradata:
        context.extradata = info.extradata
    if info.pixel_format:
        context.pix_fmt = info.pixel_format
    return context


def _first_encoder(names: Iterable[str]) -> str:
    for name in names:
        try:
            av.Codec(name, "w")
        except UnknownCodecError:
            continue
        return name
    raise MediaError("this FFmpeg has no video encoder for MP4", hint="Install the PyAV wheel from PyPI")
