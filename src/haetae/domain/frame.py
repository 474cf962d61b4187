"""What a source delivers: the stream's description, coded packets, decoded frames, and the count of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Luma: TypeAlias = NDArray[np.uint8]
"""The Y plane of a picture, shape (height, width)."""

RGB: TypeAlias = NDArray[np.uint8]
"""A picture, shape (height, width, 3), in the order red, green, blue."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in relative picture coordinates, each value in [0, 1], x to the right and y down."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One video stream as its container announces it: plain data, so that it outlives the connection.

    `init_segment` is a fragmented-MP4 initialisation segment (ftyp + moov) of the stream, or None where MP4 does not
    take the codec as it is; `extradata` is the codec's own header as the container gave it (avcC, hvcC, Annex B or empty).
    `pixel_format` is FFmpeg's name of the pictures' layout (yuyv422) where known; only `rawvideo` cannot be decoded without it.
    """

    codec: str
    width: int
    height: int
    time_base: Fraction
    fps: float | None
    extradata: bytes = b""
    init_segment: bytes | None = None
    pixel_format: str | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture. `pts` and `dts` count in `StreamInfo.time_base`; `t_s` is the pts in seconds since the first packet's.

    `Frame.t_s` has the same zero."""

    data: bytes
    pts: int
    dts: int
    duration: int
    is_keyframe: bool
    t_s: float
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture.

    `number` counts every picture of the stream from 0, decoded or not. `t_s` is the presentation time in seconds since the first
    picture of the stream and never goes back; `captured_at` is the wall time, UTC. `luma` is the Y plane as the decoder left
    it, full range or not, valid as long as this object lives. `rgb()` converts on demand, shape (height, width, 3).
    """

    number: int
    t_s: float
    captured_at: datetime
    luma: Luma
    is_keyframe: bool = False
    rgb: Callable[[], RGB] = field(default=lambda: np.empty((0, 0, 3), np.uint8), repr=False, compare=False)

    @property
    def width(self) -> int:
        return int(self.luma.shape[1])

    @property
    def height(self) -> int:
        return int(self.luma.shape[0])


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """Where the frames went. `read == analysed + skipped + sum(dropped.values())` whenever a source is at rest."""

    read: int = 0
    analysed: int = 0
    skipped: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def dropped_total(self) -> int:
        return sum(self.dropped.values())

    def adds_up(self) -> bool:
        return self.read == self.analysed + self.skipped + self.dropped_total
