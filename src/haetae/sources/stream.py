"""What a container says of its video stream, as plain data."""

from io import BytesIO

import av
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from haetae.domain.frame import StreamInfo
from haetae.sources.faults import FFMPEG_ERRORS, MAX_PIXELS, MAX_SIDE

_MP4_COPY = ("h264", "hevc", "av1", "vp9")
_MP4_NAMES = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}
_PLAUSIBLE_FPS = (0.1, 240.0)


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that is one, not the cover picture of a song; every other stream is left unread."""
    chosen: VideoStream | None = None
    for stream in container.streams:
        if chosen is None and isinstance(stream, VideoStream) and _is_moving(stream):
            chosen = stream
        else:
            stream.discard = Discard.all
    return chosen


def _is_moving(stream: VideoStream) -> bool:
    return stream.codec_context is not None and not stream.disposition & Disposition.attached_pic


def is_too_large(width: int, height: int) -> bool:
    return width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS


def codec_name(stream: VideoStream) -> str:
    """The codec's own name, whichever library decodes it."""
    name = stream.codec_context.name
    return _MP4_NAMES.get(name, name)


def plausible_fps(stream: VideoStream) -> float | None:
    """Pictures per second as the container knows or says; None where unknown or absurd."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and _PLAUSIBLE_FPS[0] <= float(rate) <= _PLAUSIBLE_FPS[1]:
            return float(rate)
    return None


def describe(stream: VideoStream) -> StreamInfo:
    """The stream as StreamInfo, with its fragmented-MP4 initialisation segment where MP4 takes the codec."""
    context = stream.codec_context
    codec = codec_name(stream)
    assert stream.time_base is not None
    return StreamInfo(
        codec=codec,
        width=context.width,
        height=context.height,
        time_base=stream.time_base,
        fps=plausible_fps(stream),
        extradata=bytes(context.extradata or b""),
        init_segment=_init_segment(stream) if codec in _MP4_COPY and context.width else None,
        pixel_format=context.pix_fmt,
    )


def _init_segment(stream: VideoStream) -> bytes | None:
    """ftyp + moov (ISO/IEC 14496-12) made by muxing a header in memory; None where the muxer refuses, as it does without extradata."""
    buffer = BytesIO()
    try:
        output = av.open(buffer, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof"})
        try:
            output.add_stream_from_template(stream, opaque=True)
            output.start_encoding()
            segment = buffer.getvalue()
        finally:
            output.close()
    except FFMPEG_ERRORS:
        return None
    return segment if b"moov" in segment[:64] else None
