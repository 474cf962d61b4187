"""Frames, packets and stream descriptions as words and bytes, and back.

What reads them raises KeyError, TypeError or ValueError for what does not go together, and takes no size on trust.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import av
import numpy as np

from haetae.domain.frame import RGB, Frame, FrameCounts, Packet, StreamInfo
from haetae.sources.picture import Colours, is_luma_first, rgb_of
from haetae.sources.stream import is_too_large

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def stream_words(info: StreamInfo) -> tuple[dict[str, Any], list[bytes]]:
    """Its header and its initialisation segment are the bytes."""
    words = {
        "codec": info.codec,
        "size": [info.width, info.height],
        "time_base": [info.time_base.numerator, info.time_base.denominator],
        "fps": info.fps,
        "pixel_format": info.pixel_format,
        "extradata": len(info.extradata),
        "segment": info.init_segment is not None,
    }
    return words, [info.extradata, info.init_segment or b""]


def stream_of(words: dict[str, Any], data: memoryview) -> StreamInfo:
    """Of `stream_words`."""
    return StreamInfo(
        codec=words["codec"],
        width=words["size"][0],
        height=words["size"][1],
        time_base=Fraction(*words["time_base"]),
        fps=words["fps"],
        extradata=bytes(data[: words["extradata"]]),
        init_segment=bytes(data[words["extradata"] :]) if words["segment"] else None,
        pixel_format=words["pixel_format"],
    )


def packet_words(packet: Packet) -> list[Any]:
    """All but its data, whose size in bytes comes first; wall time in microseconds since 1970."""
    return [len(packet.data), packet.pts, packet.dts, packet.duration, packet.is_keyframe, packet.t_s, _micros(packet.captured_at)]


def packets_of(words: list[list[Any]], data: memoryview) -> Iterator[Packet]:
    """Their data lie one after the other at the beginning of `data`."""
    at = 0
    for size, pts, dts, duration, is_keyframe, t_s, micros in words:
        yield Packet(bytes(data[at : at + size]), pts, dts, duration, is_keyframe, t_s, _moment(micros))
        at += size


def counts_words(counts: FrameCounts) -> list[Any]:
    return [counts.read, counts.analysed, counts.skipped, counts.dropped]


def counts_of(words: list[Any]) -> FrameCounts:
    return FrameCounts(*words)


def frame_words(frame: Frame) -> tuple[dict[str, Any], list[memoryview]]:
    """The luma as it lies in the decoder's memory, lines padded, and the planes that RGB needs besides."""
    colours = frame.rgb
    if not isinstance(colours, Colours):
        raise TypeError("only decoded pictures are sent")
    picture = colours.picture
    if any(plane.line_size < 0 for plane in picture.planes):
        picture = picture.reformat(format="rgb24", threads=1)
    words: dict[str, Any] = {
        "number": frame.number,
        "t_s": frame.t_s,
        "at": _micros(frame.captured_at),
        "key": frame.is_keyframe,
        "size": [picture.width, picture.height],
        "format": picture.format.name,
        "colours": [int(picture.color_range), int(picture.colorspace)],
    }
    planes = [memoryview(plane) for plane in picture.planes]
    words["lines"] = [plane.line_size for plane in picture.planes]
    if is_luma_first(picture):
        words["line"] = picture.planes[0].line_size
        return words, planes
    words["line"] = frame.width
    return words, [memoryview(np.ascontiguousarray(frame.luma).data).cast("B"), *planes]


def frame_of(words: dict[str, Any], data: memoryview) -> Frame:
    """Of `frame_words`."""
    width, height = words["size"]
    if is_too_large(width, height) or not 0 < width <= words["line"]:
        raise ValueError(f"a picture of {width} x {height} in lines of {words['line']} bytes")
    lines = np.frombuffer(data, np.uint8, words["line"] * height).reshape(height, words["line"])
    luma = lines[:, :width]
    luma.flags.writeable = False
    return Frame(words["number"], words["t_s"], _moment(words["at"]), luma, words["key"], rgb=_Sent(words, data))


class _Sent:
    """A sent picture's `rgb`."""

    def __init__(self, words: dict[str, Any], data: memoryview) -> None:
        self._words = words
        self._data = data

    def __call__(self) -> RGB:
        words = self._words
        width, height = words["size"]
        picture = av.VideoFrame(width, height, words["format"])
        picture.color_range, picture.colorspace = words["colours"]
        at = len(self._data) - sum(line * plane.height for line, plane in zip(words["lines"], picture.planes, strict=True))
        for line, plane in zip(words["lines"], picture.planes, strict=True):
            size = line * plane.height
            sent = np.frombuffer(self._data[at : at + size], np.uint8).reshape(plane.height, line)
            here = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            # Each decoder pads its lines as it likes.
            shared = min(line, plane.line_size)
            here[:, :shared] = sent[:, :shared]
            at += size
        return rgb_of(picture)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _TICK
