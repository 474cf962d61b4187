"""Which event is looked at next, and which get no look because there are too many."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from uuid import UUID

from haetae.domain.event import Severity
from haetae.domain.triage import Waiting

COALESCED = "coalesced"
"""It is the next part of an incident that waits already."""

CROWDED = "crowded"
"""Too many events wait; this was the least severe, of the camera with the most."""

WATCHED_FOR = timedelta(seconds=3)
"""An event that goes on is first looked at so long after it was stored: before, there is little to see."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """`alert_s`: a look at what is going on still is worth having so long after it was stored."""

    most: int = 64
    alert_s: float = 20.0


def is_alert(each: Waiting, now: datetime, limits: QueueLimits) -> bool:
    """Whether it is severe, going on, and due for a look at what there is by now. A queue time in the future tells that the clock was set
    back: it is not waited for."""
    if each.settled or each.alerted or each.severity.rank < Severity.HIGH.rank:
        return False
    waited = abs(now - each.queued_at)
    return WATCHED_FOR <= waited <= timedelta(seconds=limits.alert_s)


def next_look(
    waiting: Sequence[Waiting], now: datetime, limits: QueueLimits, *, served: Mapping[UUID, float], busy: Collection[UUID] = ()
) -> Waiting | None:
    """What people asked for, then the most severe, then the camera that was served longest ago, then the oldest; None where nothing is due.

    `served` is when a camera's event was looked at last (monotonic seconds); `busy` are events that are being looked at.
    """
    due = [
        each
        for each in waiting
        if not each.leased and each.event_id not in busy and (each.asked or each.settled or is_alert(each, now, limits))
    ]

    def order(each: Waiting) -> tuple[bool, int, float, datetime, int]:
        return not each.asked, -each.severity.rank, served.get(each.camera_id, -inf), each.queued_at, each.event_id.int

    return min(due, key=order, default=None)


def overflow(waiting: Sequence[Waiting], limits: QueueLimits) -> dict[UUID, str]:
    """Those that get no look, with the reason: none while no more than `most` wait.

    First the later parts of incidents of which an earlier part waits, then the least severe, newest first, of whatever camera has the most
    of them. Never what a person asked for, nor what is being looked at.
    """
    left = [each for each in waiting if not each.asked and not each.leased]
    surplus = len(left) - limits.most
    shed: dict[UUID, str] = {}
    here = {each.event_id for each in left}
    for each in left:
        if len(shed) < surplus and each.continues in here and each.settled:
            shed[each.event_id] = COALESCED
    left = sorted(
        (each for each in left if each.event_id not in shed), key=lambda each: (-each.severity.rank, each.queued_at, each.event_id.int)
    )
    while len(shed) < surplus:
        least = left[-1].severity
        by_camera: dict[UUID, list[Waiting]] = defaultdict(list)
        for each in left:
            if each.severity is least:
                by_camera[each.camera_id].append(each)
        left = [each for each in left if each.severity is not least]
        while by_camera and len(shed) < surplus:
            camera_id = max(by_camera, key=lambda one: (len(by_camera[one]), by_camera[one][-1].queued_at, one.int))
            shed[by_camera[camera_id].pop().event_id] = CROWDED
            if not by_camera[camera_id]:
                del by_camera[camera_id]
    return shed
