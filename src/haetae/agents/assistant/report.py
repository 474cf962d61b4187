"""The shift report: what happened in a span, in numbers that are all counted, and in words from a closed vocabulary."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from haetae.agents.assistant.records import CameraRecord, EventCount, EventQuery, EventRecord, Order, Records
from haetae.domain.camera import CameraState
from haetae.domain.event import CAMERA_OFFLINE, EventKind, Severity
from haetae.errors import ConfigError

LONGEST_SPAN = timedelta(days=31)
MOST_NOTABLE = 10
_MOST_AWAY = 20
_AT_WORK = frozenset({CameraState.WATCHING, CameraState.LEARNING})


@dataclass(frozen=True, slots=True)
class CameraCount:
    """A camera's events in the span, and the most severe of them. `camera` is "" where it is gone."""

    camera_id: UUID
    camera: str
    events: int
    worst: Severity


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """What one viewer may know of [since, until). Counts are of the events that began in it, `system` ones among them.

    `by_type` and `by_camera` have most first. `cameras_on` is how many cameras are to watch. `notable` are the most severe events, `away`
    those that say that a camera was offline, `not_watching` the enabled cameras that do not watch now, which is `at`. `of_cameras` are the
    names of those that the report is of, empty for all.
    """

    since: datetime
    until: datetime
    at: datetime
    time_zone: str
    total: int
    by_severity: dict[Severity, int]
    by_type: tuple[tuple[str, int], ...]
    by_camera: tuple[CameraCount, ...]
    confirmed: int
    rejected: int
    false_alarms: int
    unacknowledged: int
    going_on: int
    cameras_on: int
    notable: tuple[EventRecord, ...]
    away: tuple[EventRecord, ...]
    not_watching: tuple[CameraRecord, ...]
    of_cameras: tuple[str, ...] = ()


def make_report(records: Records, since: datetime, until: datetime, of: Sequence[CameraRecord] = ()) -> ShiftReport:
    """Counted now, of the cameras `of`, or of all.

    Raises ConfigError for a span that is upside down or longer than LONGEST_SPAN, DatabaseUnavailable.
    """
    if not timedelta(0) < until - since <= LONGEST_SPAN:
        raise ConfigError(
            f"{since.isoformat()} to {until.isoformat()} is no span of at most {LONGEST_SPAN.days} days",
            hint="Give the beginning first, and a shorter span",
        )
    span = EventQuery(since=since, until=until, camera_ids=tuple(camera.id for camera in of) or None)
    counts = records.counts(span)
    cameras = [camera for camera in records.cameras() if span.camera_ids is None or camera.id in span.camera_ids]
    names = {camera.id: camera.name for camera in cameras}
    notable = records.find(replace(span, order=Order.MOST_SEVERE, limit=MOST_NOTABLE))
    offline = replace(span, types=(CAMERA_OFFLINE,), kinds=(EventKind.SYSTEM,), order=Order.LONGEST, limit=_MOST_AWAY)
    away = records.find(offline)
    going_on = records.find(replace(span, going_on=True, limit=1))
    by_type = Counter[str]()
    for each in counts:
        by_type[each.type] += each.events
    return ShiftReport(
        since=since,
        until=until,
        at=records.now(),
        time_zone=records.time_zone,
        total=sum(each.events for each in counts),
        by_severity={severity: sum(each.events for each in counts if each.severity is severity) for severity in reversed(Severity)},
        by_type=tuple(sorted(by_type.items(), key=lambda pair: (-pair[1], pair[0]))),
        by_camera=_by_camera(counts, names),
        confirmed=_total(counts, "verdict", "confirmed"),
        rejected=_total(counts, "verdict", "rejected"),
        false_alarms=_total(counts, "review", "false_alarm"),
        unacknowledged=sum(each.events for each in counts if not each.acknowledged),
        going_on=going_on.total,
        cameras_on=sum(camera.enabled for camera in cameras),
        notable=notable.events,
        away=away.events,
        not_watching=tuple(camera for camera in cameras if camera.enabled and camera.state not in _AT_WORK),
        of_cameras=tuple(camera.name for camera in of),
    )


def _total(counts: Sequence[EventCount], name: str, word: str) -> int:
    return sum(each.events for each in counts if getattr(each, name) == word)


def _by_camera(counts: Sequence[EventCount], names: dict[UUID, str]) -> tuple[CameraCount, ...]:
    found: dict[UUID, CameraCount] = {}
    for each in counts:
        known = found.get(each.camera_id, CameraCount(each.camera_id, names.get(each.camera_id, ""), 0, Severity.LOW))
        worst = max(known.worst, each.severity, key=lambda severity: severity.rank)
        found[each.camera_id] = CameraCount(known.camera_id, known.camera, known.events + each.events, worst)
    return tuple(sorted(found.values(), key=lambda each: (-each.events, each.camera, each.camera_id)))
