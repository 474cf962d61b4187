"""H.264 as a surveillance camera sends it: closed groups of pictures of two seconds, no B-frames, one thread (so that it is repeatable)."""

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, TypeAlias

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from haetae.domain.frame import RGB, StreamInfo

if TYPE_CHECKING:
    VideoPacket: TypeAlias = av.Packet[VideoStream]
else:
    VideoPacket = av.Packet

GOP_S = 2.0
CRF = 25
PRESET = "superfast"


def add_h264(container: av.container.OutputContainer, size: tuple[int, int], fps: float) -> VideoStream:
    """A stream for pictures of `size` (width, height), set up as this module's heading says."""
    rate = Fraction(fps).limit_denominator(1001)
    options = {
        "preset": PRESET,
        "crf": str(CRF),
        "x264-params": "repeat-headers=1:scenecut=0:bframes=0:rc-lookahead=0:sync-lookahead=0",
        "profile": "main",
        "tune": "zerolatency",
    }
    stream = container.add_stream("libx264", rate=rate, options=options)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = 1 / rate
    context.gop_size = max(1, round(GOP_S * fps))
    context.max_b_frames = 0
    context.thread_count = 1
    return stream


def picture_of(rgb: RGB, number: int, time_base: Fraction | None) -> av.VideoFrame:
    """A picture (height, width, 3) ready to be encoded as frame `number`."""
    picture = av.VideoFrame.from_ndarray(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8), format="yuv420p")
    picture.pts = number
    picture.time_base = time_base or Fraction(1)
    return picture


class MemoryEncoder:
    """Encodes without a file: one packet per picture, in Annex B with the parameter sets before every keyframe."""

    def __init__(self, size: tuple[int, int], fps: float) -> None:
        self._buffer = BytesIO()
        self._container = av.open(self._buffer, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof"})
        self._stream = add_h264(self._container, size, fps)
        self._container.start_encoding()
        context = self._stream.codec_context
        self.info = StreamInfo(
            codec="h264",
            width=size[0],
            height=size[1],
            time_base=Fraction(context.time_base),
            fps=fps,
            extradata=bytes(context.extradata or b""),
            init_segment=self._buffer.getvalue(),
        )

    def encode(self, rgb: RGB, number: int) -> list[VideoPacket]:
        """The packets that are ready once picture `number` has gone in."""
        return list(self._packets(picture_of(rgb, number, self._stream.codec_context.time_base)))

    def flush(self) -> list[VideoPacket]:
        """What the encoder still holds, at the end."""
        return list(self._packets(None))

    def close(self) -> None:
        """Release the encoder. Safe to call twice."""
        self._container.close()

    def _packets(self, picture: av.VideoFrame | None) -> Iterator[VideoPacket]:
        for packet in self._stream.encode(picture):
            # Its side data and stream belong to the muxer, which never sees it.
            copy = av.Packet(bytes(packet))
            copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration or 1
            copy.is_keyframe = packet.is_keyframe
            copy.time_base = self.info.time_base
            yield copy  # type: ignore[misc]
