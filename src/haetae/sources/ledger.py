"""The count of a source's pictures: each that was received ends as analysed, skipped or dropped, once."""

import heapq
from dataclasses import dataclass
from datetime import datetime

from haetae.domain.frame import FrameCounts

UNDECODABLE = "undecodable"
CORRUPT = "corrupt"
OVERSIZED = "oversized"
CLOSED = "closed"

_LONGEST_DELAY = 64
"""Pictures that a decoder may hold back; H.264 and HEVC allow 16. One older than this never comes out."""


@dataclass(slots=True, eq=False)
class Coded:
    """One received picture on its way through the decoder. `ticks` is its presentation time; see `Timeline`."""

    ticks: int
    t_s: float
    captured_at: datetime
    timed: bool
    serial: int = 0
    settled: bool = False


class FrameLedger:
    """Follows every picture from `receive` to `analysed`, `skip` or `drop`, and numbers them in presentation order.

    Used by one reading thread; `counts` may be read from any.
    """

    def __init__(self) -> None:
        self._read = self._analysed = self._skipped = 0
        self._dropped: dict[str, int] = {}
        self._inside: dict[int, Coded] = {}
        self._passed: list[int] = []
        self._position = 0
        self._last: Coded | None = None
        self._last_out: int | None = None
        self._disordered = False

    @property
    def counts(self) -> FrameCounts:
        return FrameCounts(self._read, self._analysed, self._skipped, dict(self._dropped))

    def receive(self, coded: Coded) -> None:
        """A packet arrived; what the decoder should have returned long ago is given up."""
        coded.serial = self._read
        self._read += 1
        self._inside[coded.serial] = self._last = coded
        while len(self._inside) > _LONGEST_DELAY:
            self.drop(next(iter(self._inside.values())), UNDECODABLE)

    def emerge(self, coded: Coded | None) -> Coded:
        """The packet that a decoded picture belongs to: `coded` as the decoder says, else the oldest one inside.

        A picture beyond what was received (two in one packet) is received now. Pictures come out in presentation order; where the
        received times say otherwise (none were sent, or a muxer wrote decoding times for them) the earliest time inside is taken.
        """
        if coded is None or coded.settled:
            coded = next(iter(self._inside.values()), None) or self._receive_extra()
        if self._last_out is not None and coded.ticks < self._last_out:
            self._disordered = True
        if self._disordered or not coded.timed:
            _swap_times(coded, min(self._inside.values(), key=lambda inside: inside.ticks))
        self._last_out = coded.ticks
        return coded

    def number(self, coded: Coded) -> int:
        """The number of a picture that came out of the decoder, in presentation order; to be settled by the caller next."""
        while self._passed and self._passed[0] <= coded.ticks:
            heapq.heappop(self._passed)
            self._position += 1
        self._position += 1
        return self._position - 1

    def analysed(self, coded: Coded) -> None:
        self._settle(coded)
        self._analysed += 1

    def skip(self, coded: Coded, *, numbered: bool = False) -> None:
        """Not wanted. `numbered` when `number` was asked for it."""
        self._settle(coded)
        self._skipped += 1
        if not numbered:
            self._pass_over(coded)

    def drop(self, coded: Coded, reason: str, *, numbered: bool = False) -> None:
        """Wanted, perhaps, but lost, and why."""
        if coded.settled:
            return
        self._settle(coded)
        self._dropped[reason] = self._dropped.get(reason, 0) + 1
        if not numbered:
            self._pass_over(coded)

    def finish(self, reason: str, *, but: Coded | None = None) -> None:
        """Drop what is still inside: the source has ended or was closed, or its decoder starts anew with `but`."""
        for coded in list(self._inside.values()):
            if coded is not but:
                self.drop(coded, reason)

    def _settle(self, coded: Coded) -> None:
        coded.settled = True
        self._inside.pop(coded.serial, None)

    def _pass_over(self, coded: Coded) -> None:
        heapq.heappush(self._passed, coded.ticks)
        if len(self._passed) > 4 * _LONGEST_DELAY:
            heapq.heappop(self._passed)
            self._position += 1

    def _receive_extra(self) -> Coded:
        last = self._last
        if last is None:
            raise LookupError("a picture came out of the decoder before any packet went in")
        extra = Coded(last.ticks, last.t_s, last.captured_at, timed=True)
        self.receive(extra)
        return extra


def _swap_times(one: Coded, other: Coded) -> None:
    one.ticks, other.ticks = other.ticks, one.ticks
    one.t_s, other.t_s = other.t_s, one.t_s
    one.captured_at, other.captured_at = other.captured_at, one.captured_at
