"""Verdicts that are taken over: what looks the same, at the same place, a short time later, is not looked at again.

Only what is mild, and what a model has really judged: a wrong word about something severe must not last.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from haetae.clock import Clock
from haetae.domain.analysis import Analysis, Flag, Picture
from haetae.domain.event import AnomalyEvent, Severity, Verdict
from haetae.domain.frame import Box
from haetae.vlm.keyframes import picture_hash

MOST = 512
SAME_BITS = 6
"""Of 64 bits of the difference hash; two sights of one thing at rest differ in fewer."""

_SAME_PLACE = 0.5


@dataclass(frozen=True, slots=True)
class _Kept:
    at_s: float
    event_id: UUID
    camera_id: UUID
    subtype: str | None
    box: Box
    bits: tuple[int, ...]
    analysis: Analysis


class VerdictCache:
    """Belongs to one thread; holds MOST verdicts."""

    def __init__(self, clock: Clock, keep_s: float) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._kept: OrderedDict[UUID, _Kept] = OrderedDict()

    def find(self, event: AnomalyEvent, frames: Sequence[Picture]) -> Analysis | None:
        """The verdict on the same sight, None where there is none that counts."""
        if not self._may(event):
            return None
        now = self._clock.monotonic()
        bits: tuple[int, ...] | None = None
        for kept in reversed(self._kept.values()):
            if now - kept.at_s > self._keep_s:
                break
            if (kept.camera_id, kept.subtype) != (event.camera_id, event.subtype) or kept.event_id == event.id:
                continue
            assert event.box is not None
            if _overlap(kept.box, event.box) < _SAME_PLACE:
                continue
            bits = bits if bits is not None else _bits(frames)
            if len(bits) == len(kept.bits) and all((a ^ b).bit_count() <= SAME_BITS for a, b in zip(bits, kept.bits)):
                flags = tuple(sorted({*kept.analysis.flags, Flag.CACHED}))
                provenance = replace(kept.analysis.provenance, attempts=0, tokens=0, latency_ms=0.0, frames=(), cached_from=kept.event_id)
                return replace(kept.analysis, flags=flags, provenance=provenance)
        return None

    def keep(self, event: AnomalyEvent, frames: Sequence[Picture], analysis: Analysis) -> None:
        """Remember a verdict, where it may be taken over."""
        if not self._may(event) or analysis.failed or analysis.verdict is Verdict.UNVERIFIED or Flag.INJECTION_SUSPECTED in analysis.flags:
            return
        assert event.box is not None
        self._kept.pop(event.id, None)
        bits = _bits(frames)
        self._kept[event.id] = _Kept(self._clock.monotonic(), event.id, event.camera_id, event.subtype, event.box, bits, analysis)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def _may(self, event: AnomalyEvent) -> bool:
        return self._keep_s > 0 and event.box is not None and event.severity.rank < Severity.HIGH.rank


def _bits(frames: Sequence[Picture]) -> tuple[int, ...]:
    """Of the onset and of the enlargement: what was before, and how long it lasted, is not what makes a sight the same."""
    onset = min((each for each in frames if not each.detail), key=lambda each: abs(each.t_s), default=None)
    chosen = [onset, *(each for each in frames if each.detail)]
    return tuple(picture_hash(each) for each in chosen if each is not None)


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union, in [0, 1]."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    areas = (one.right - one.left) * (one.bottom - one.top) + (other.right - other.left) * (other.bottom - other.top)
    return common / (areas - common)
