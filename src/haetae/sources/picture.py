"""Decoded pictures as arrays: the Y plane as it lies in the decoder's memory, RGB on demand."""

from dataclasses import dataclass
from datetime import datetime

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from haetae.domain.frame import RGB, Frame, Luma

_LUMA_FIRST = frozenset(
    f"{prefix}{layout}" for prefix in ("yuv", "yuvj", "yuva") for layout in ("420p", "422p", "444p", "440p", "411p", "410p")
) | {"gray", "nv12", "nv21", "nv16", "nv24", "nv42"}
"""Pixel formats of 8 bits whose plane 0 is Y alone."""


def is_luma_first(picture: av.VideoFrame) -> bool:
    """Whether plane 0 is Y in 8 bits, from the top down."""
    return picture.format.name in _LUMA_FIRST and picture.planes[0].line_size > 0


def luma_of(picture: av.VideoFrame) -> Luma:
    """The Y plane, shape (height, width), read-only; keeps the decoder's memory alive. Copies only where there is no 8-bit Y plane."""
    if not is_luma_first(picture):
        picture = picture.reformat(format="gray", threads=1)
    plane = picture.planes[0]
    lines: Luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    luma = lines[:, : plane.width]
    luma.flags.writeable = False
    return luma


def rgb_of(picture: av.VideoFrame) -> RGB:
    """The picture converted, shape (height, width, 3). Any threads, also at once: a picture's own converter would be shared by them."""
    return np.asarray(VideoReformatter().reformat(picture, format="rgb24", threads=1).to_ndarray(), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Colours:
    """A frame's `rgb`, which keeps the decoded picture."""

    picture: av.VideoFrame

    def __call__(self) -> RGB:
        return rgb_of(self.picture)


def make_frame(picture: av.VideoFrame, *, number: int, t_s: float, captured_at: datetime) -> Frame:
    """The domain's frame of a decoded picture."""
    return Frame(
        number=number,
        t_s=t_s,
        captured_at=captured_at,
        luma=luma_of(picture),
        is_keyframe=picture.key_frame,
        rgb=Colours(picture),
    )
