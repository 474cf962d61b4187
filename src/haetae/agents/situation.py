"""What a playbook judges an incident by."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from haetae.domain.analysis import Analysis, EventType
from haetae.domain.event import AnomalyEvent, EventKind, Severity, Verdict
from haetae.domain.fact import FactKind
from haetae.domain.frame import Box
from haetae.domain.triage import Place
from haetae.domain.zone import Zone


@dataclass(frozen=True, slots=True)
class Situation:
    """`types` are what the event is held for: by a model that stands by its word, else by rules and detectors; empty where nobody says.

    `type_name` is that in words for people. `zones` are the names of those that the event touched. `armed` is None for a camera without a
    schedule. `at` is the onset (UTC).
    """

    camera_id: UUID
    camera: str
    at: datetime
    kind: EventKind
    severity: Severity
    verdict: Verdict
    types: frozenset[EventType] = frozenset()
    type_name: str = ""
    zones: frozenset[str] = frozenset()
    armed: bool | None = None


def situation_of(
    event: AnomalyEvent, analysis: Analysis, place: Place | None, suspected: frozenset[EventType], *, type_name: str = ""
) -> Situation:
    """`suspected` is what rules and detectors hold the event for. `place` is None for a camera that is gone."""
    shown = analysis.shown_type
    return Situation(
        camera_id=event.camera_id,
        camera=place.camera if place is not None else "",
        at=event.timestamp,
        kind=event.kind,
        severity=event.severity,
        verdict=analysis.verdict,
        types=frozenset({shown}) if shown is not None else suspected,
        type_name=type_name,
        zones=_touched(event, place.zones if place is not None else ()),
        armed=None if place is None or place.schedule is None else place.schedule.armed(event.timestamp),
    )


def _touched(event: AnomalyEvent, zones: tuple[Zone, ...]) -> frozenset[str]:
    """The zones that were measured, and those that the middle or the foot of the abnormal region lies in."""
    measured = {fact.subject for fact in event.facts if fact.kind is FactKind.ZONE and fact.subject}
    points = _points(event.box) if event.box is not None else ()
    return frozenset(measured | {zone.name for zone in zones if any(_holds(zone, *point) for point in points)})


def _points(box: Box) -> tuple[tuple[float, float], ...]:
    middle = (box.left + box.right) / 2
    return (middle, (box.top + box.bottom) / 2), (middle, box.bottom)


def _holds(zone: Zone, x: float, y: float) -> bool:
    """By the even-odd rule."""
    inside = False
    x1, y1 = zone.polygon[-1]
    for x2, y2 in zone.polygon:
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
        x1, y1 = x2, y2
    return inside
