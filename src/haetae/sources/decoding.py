"""Coded pictures to frames: what need not be decoded is not, what the sampler does not want is skipped, what is broken is dropped."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import av
from av.video.codeccontext import VideoCodecContext

from haetae.domain.frame import Frame
from haetae.sources import faults
from haetae.sources.base import InTime
from haetae.sources.intake import VideoPacket
from haetae.sources.ledger import CORRUPT, OVERSIZED, UNDECODABLE, Coded, FrameLedger
from haetae.sources.picture import make_frame
from haetae.sources.reference import NonReferenceFilter
from haetae.sources.sampler import Sampler
from haetae.sources.walltime import REANCHOR_S

MAX_PACKET_BYTES = 32 * 2**20
_SETTLING = timedelta(seconds=REANCHOR_S)


class PictureSizeChanged(Exception):
    """The pictures have another size than before, in a stream where that is not allowed."""


def set_up_decoder(context: VideoCodecContext) -> VideoCodecContext:
    """One thread (many cameras share a box), bounded picture size, and each picture tied to its packet."""
    context.thread_count = 1
    context.copy_opaque = True
    context.options = {"max_pixels": str(faults.MAX_PIXELS)}
    return context


class Decoding:
    """The way of one stream's packets through its decoder, on the reading thread.

    `decoded` counts the pictures that came out whole, wanted or not.
    """

    def __init__(
        self,
        context: VideoCodecContext | None,
        ledger: FrameLedger,
        sampler: Sampler,
        spare: NonReferenceFilter,
        *,
        fixed_size: bool,
    ) -> None:
        self._context = context
        self._ledger = ledger
        self._sampler = sampler
        self._spare = spare
        self._fixed_size = fixed_size
        self._size: tuple[int, int] | None = None
        self._last_t_s = 0.0
        self._last_at: datetime | None = None
        self.decoded = 0
        self._in_time: InTime | None = None
        self._why_late = ""

    @property
    def catching_up(self) -> bool:
        return self._in_time is not None

    def catch_up(self, in_time: InTime, reason: str) -> None:
        """Decode nothing before the first keyframe that is in time; see `Source.catch_up`."""
        self._in_time, self._why_late = in_time, reason

    def frames(self, packet: VideoPacket, coded: Coded, context: VideoCodecContext | None = None) -> Iterator[Frame]:
        """The wanted frames that come out when `packet` goes in; `context` decodes it in place of the stream's own decoder."""
        if self._in_time is not None and not self._starts_anew(self._in_time, packet, coded, context or self._context):
            self._ledger.drop(coded, self._why_late)
            return
        if packet.size > MAX_PACKET_BYTES:
            self._ledger.drop(coded, OVERSIZED)
            return
        if self._spare.skips(memoryview(packet), coded.t_s):
            self._ledger.skip(coded)
            return
        packet.opaque = coded
        yield from self._emerge(self._decode(context or self._context, packet, coded))

    def _starts_anew(self, in_time: InTime, packet: VideoPacket, coded: Coded, context: VideoCodecContext | None) -> bool:
        if not packet.is_keyframe or not in_time(coded.t_s):
            return False
        self._in_time = None
        if context is not None:
            context.flush_buffers()
        self._ledger.finish(self._why_late, but=coded)
        return True

    def flush(self) -> Iterator[Frame]:
        """The wanted frames that the decoder still holds, at the end of the stream."""
        if self._context is not None:
            yield from self._emerge(self._decode(self._context, None, None))

    def _decode(self, context: VideoCodecContext | None, packet: VideoPacket | None, coded: Coded | None) -> list[av.VideoFrame]:
        if context is None:
            self._ledger.drop(coded, UNDECODABLE) if coded is not None else None
            return []
        try:
            return context.decode(packet)
        except faults.FFMPEG_ERRORS as error:
            if coded is not None:
                self._ledger.drop(coded, CORRUPT if isinstance(error, av.error.InvalidDataError) else UNDECODABLE)
            return []

    def _emerge(self, pictures: list[av.VideoFrame]) -> Iterator[Frame]:
        for picture in pictures:
            opaque = picture.opaque
            coded = self._ledger.emerge(opaque if isinstance(opaque, Coded) else None)
            number = self._ledger.number(coded)
            if picture.is_corrupt:
                self._ledger.drop(coded, CORRUPT, numbered=True)
                continue
            self.decoded += 1
            self._check_size(picture)
            t_s = self._last_t_s = max(coded.t_s, self._last_t_s)
            if not self._sampler.wants(t_s):
                self._ledger.skip(coded, numbered=True)
                continue
            self._ledger.analysed(coded)
            yield make_frame(picture, number=number, t_s=t_s, captured_at=self._label(coded.captured_at))

    def _label(self, captured_at: datetime) -> datetime:
        """Labels of packets may step back a little as their smoothing settles; those of frames only where the clock was set."""
        last = self._last_at
        self._last_at = last if last is not None and timedelta() < last - captured_at <= _SETTLING else captured_at
        return self._last_at

    def _check_size(self, picture: av.VideoFrame) -> None:
        size = (picture.width, picture.height)
        if self._size is not None and size != self._size and self._fixed_size:
            raise PictureSizeChanged
        self._size = size
