"""A source that delivers what a test wrote down."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np

from haetae.domain.frame import Frame, FrameCounts, Luma, Packet, StreamInfo
from haetae.sources.base import InTime, OnPacket

START = datetime(2026, 1, 1, tzinfo=UTC)


def scripted_frame(number: int, *, fps: float = 10.0, luma: Luma | None = None, start: datetime = START) -> Frame:
    """Frame `number` of a stream with `fps`, grey 90x60 unless `luma` (height, width) is given."""
    picture = np.full((60, 90), 128, np.uint8) if luma is None else luma
    t_s = number / fps
    return Frame(
        number=number,
        t_s=t_s,
        captured_at=start + timedelta(seconds=t_s),
        luma=picture,
        is_keyframe=number == 0,
        rgb=lambda: np.repeat(picture[:, :, None], 3, axis=2),
    )


class ScriptedSource:
    """One connection: opens (or raises `refuse`), delivers `frames`, then ends or raises `then`.

    `skipped` and `dropped` are counted beside what is delivered, so that the counters have something to add up. It follows the contract of
    `haetae.sources.base.Source`.
    """

    def __init__(
        self,
        frames: Sequence[Frame] = (),
        *,
        live: bool = False,
        refuse: Exception | None = None,
        then: Exception | None = None,
        skipped: int = 0,
        dropped: int = 0,
        duration_s: float | None = None,
    ) -> None:
        self.live = live
        self.closed = False
        self._frames = frames
        self._refuse = refuse
        self._then = then
        self._skipped = skipped
        self._dropped = dropped
        self._delivered = 0
        self._duration_s = duration_s

    def open(self) -> StreamInfo:
        if self._refuse is not None:
            raise self._refuse
        height, width = self._frames[0].luma.shape if self._frames else (60, 90)
        return StreamInfo(codec="h264", width=width, height=height, time_base=Fraction(1, 90_000), fps=None)

    def packets(self) -> Iterator[Packet]:
        for frame in self._frames:
            ticks = round(frame.t_s * 90_000)
            yield Packet(b"\0", ticks, ticks, 9_000, frame.is_keyframe, frame.t_s, frame.captured_at)

    def frames(self, on_packet: OnPacket | None = None) -> Iterator[Frame]:
        for frame, packet in zip(self._frames, self.packets(), strict=True):
            if self.closed:
                return
            if on_packet is not None:
                on_packet(packet)
            self._delivered += 1
            yield frame
        if self._then is not None:
            raise self._then

    def catch_up(self, in_time: InTime, reason: str) -> None:
        """Frames that are made up cost nothing to decode."""

    @property
    def counts(self) -> FrameCounts:
        read = self._delivered + self._skipped + self._dropped
        return FrameCounts(read, self._delivered, self._skipped, {"corrupt": self._dropped} if self._dropped else {})

    @property
    def duration_s(self) -> float | None:
        return self._duration_s

    def close(self) -> None:
        self.closed = True
