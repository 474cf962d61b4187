"""The last seconds of a camera's coded video in memory, in whole GOPs, for the pre-roll of clips."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from haetae.domain.frame import Packet, StreamInfo

PACKET_OVERHEAD = 256
"""Bytes counted for each packet besides its data, so that a flood of tiny packets is bounded too."""


class LateCause(StrEnum):
    """Why a pre-roll starts later than asked."""

    NONE = ""
    CONNECTED_LATER = "the stream had only begun"
    NO_KEYFRAME = "the camera had sent no keyframe yet"
    MEMORY = "the keyframe before was dropped to bound memory; give the camera a shorter keyframe interval or a lower bit rate"
    TOO_LONG_AGO = "the event was recognised too long after its onset"
    SLOW_DISK = "the disk was too slow"


@dataclass(frozen=True, slots=True)
class PreRoll:
    """What the ring has from a moment on: `packets` start at a keyframe (or are none), `late_s` seconds after that moment, for `cause`."""

    packets: tuple[Packet, ...]
    late_s: float = 0.0
    cause: LateCause = LateCause.NONE


@dataclass(slots=True)
class _Gop:
    """A keyframe and what follows until the next."""

    start_s: float
    packets: list[Packet] = field(default_factory=list)
    size_bytes: int = 0


def packet_bytes(packet: Packet) -> int:
    """What a packet counts for where memory is bounded."""
    return len(packet.data) + PACKET_OVERHEAD


class PacketRing:
    """Keeps the packets from the last keyframe at or before `pre_roll_s` ago, and never more than `max_bytes` of them.

    Oldest whole GOPs go first. When the one GOP that is left grows over the bound (a camera that sends no second keyframe), it goes as a
    whole, for its rest cannot be decoded without its beginning; the ring is then empty until the next keyframe, and `since` says so.
    Not thread-safe.
    """

    def __init__(self, pre_roll_s: float = 5.0, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.pre_roll_s = pre_roll_s
        self.max_bytes = max_bytes
        self.info: StreamInfo | None = None
        self.size_bytes = 0
        self.dropped_gops = 0
        self._gops: deque[_Gop] = deque()
        self._begin()

    def reset(self, info: StreamInfo) -> None:
        """A new connection: what was kept belongs to another stream and is forgotten. `dropped_gops` goes on counting."""
        self.info = info
        self._gops.clear()
        self.size_bytes = 0
        self._begin()

    def _begin(self) -> None:
        self._first_s: float | None = None
        self._newest_s = float("-inf")
        self._memory_until_s = float("-inf")
        self._aged_until_s = float("-inf")

    def push(self, packet: Packet) -> None:
        """Keep `packet`; forget what is older than the pre-roll needs, or more than memory allows."""
        if self._first_s is None:
            self._first_s = packet.t_s
        self._newest_s = max(self._newest_s, packet.t_s)
        if packet.is_keyframe:
            self._gops.append(_Gop(packet.t_s))
        elif not self._gops:
            return
        cost = packet_bytes(packet)
        self._gops[-1].packets.append(packet)
        self._gops[-1].size_bytes += cost
        self.size_bytes += cost
        while len(self._gops) > 1 and self._gops[1].start_s <= self._newest_s - self.pre_roll_s:
            self._aged_until_s = self._forget_oldest()
        while self.size_bytes > self.max_bytes:
            self._memory_until_s = self._forget_oldest()
            self.dropped_gops += 1

    def _forget_oldest(self) -> float:
        gop = self._gops.popleft()
        self.size_bytes -= gop.size_bytes
        return max(packet.t_s for packet in gop.packets)

    def since(self, t_s: float) -> PreRoll:
        """The packets from the last keyframe at or before `t_s` on, or from the earliest keyframe kept, in decoding order."""
        gops = list(self._gops)
        while len(gops) > 1 and gops[1].start_s <= t_s:
            del gops[0]
        packets = tuple(packet for gop in gops for packet in gop.packets)
        late_s = max(0.0, (gops[0].start_s if gops else max(self._newest_s, t_s)) - t_s)
        return PreRoll(packets, late_s, self._cause(t_s) if late_s > 0 or not packets else LateCause.NONE)

    def _cause(self, t_s: float) -> LateCause:
        if self._memory_until_s >= t_s or (not self._gops and self._memory_until_s > float("-inf")):
            return LateCause.MEMORY
        if self._aged_until_s >= t_s:
            return LateCause.TOO_LONG_AGO
        if self._first_s is None or (self._gops and self._gops[0].start_s <= self._first_s):
            return LateCause.CONNECTED_LATER
        return LateCause.NO_KEYFRAME
