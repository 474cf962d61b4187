"""Packets as they come in: counted, placed in time, labelled with wall time."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import av
from av.video.stream import VideoStream

from haetae.domain.frame import Packet
from haetae.sources.ledger import Coded, FrameLedger
from haetae.sources.timeline import Timeline
from haetae.sources.walltime import WallTime

if TYPE_CHECKING:
    VideoPacket: TypeAlias = av.Packet[VideoStream]
else:
    VideoPacket = av.Packet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRODUCER_TIME = struct.Struct("=q")


class Intake:
    """Turns FFmpeg's packets into `Coded` pictures, and into the domain's packets where somebody wants them.

    `arrival` gives the ticks of now, for live streams without time stamps of their own, whose made-up ones are then ignored.
    """

    def __init__(self, ledger: FrameLedger, timeline: Timeline, wall: WallTime, arrival: Callable[[], int] | None = None) -> None:
        self._ledger = ledger
        self._timeline = timeline
        self._wall = wall
        self._arrival = arrival
        self._dts = 0

    def receive(self, packet: VideoPacket) -> Coded:
        """Count and place one packet; called for each, in decoding order."""
        if self._arrival is not None:
            packet.pts = packet.dts = self._arrival()
            packet.duration = 0
        placed = self._timeline.place(packet.pts, packet.dts)
        self._dts = placed.dts
        t_s = self._timeline.seconds(placed.pts)
        coded = Coded(placed.pts, t_s, self._wall.label(t_s, _stamp(packet)), timed=placed.timed)
        self._ledger.receive(coded)
        return coded

    def packet(self, packet: VideoPacket, coded: Coded) -> Packet:
        """The domain's packet of the one received last; the data are copied once."""
        return Packet(
            data=bytes(packet),
            pts=coded.ticks,
            dts=self._dts,
            duration=packet.duration or self._timeline.step,
            is_keyframe=packet.is_keyframe,
            t_s=coded.t_s,
            captured_at=coded.captured_at,
        )


def _stamp(packet: VideoPacket) -> datetime | None:
    """The sender's wall time of this picture: AVProducerReferenceTime, which FFmpeg derives from RTCP sender reports (RFC 3550 §6.4.1)."""
    if not packet.has_sidedata("prft"):
        return None
    (micros,) = _PRODUCER_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return None
