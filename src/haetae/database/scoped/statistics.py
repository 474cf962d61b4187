"""Statistics of what a viewer may see. Days are those of the site's time zone.

What a day holds comes from `DailyStatistics` where it can: a row for each camera and day, however many events there were. What those rows
do not say (hours, severities, reviews) is counted from the events, over a span that is bounded, by an index over time.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, String, case, cast, exc, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from haetae.clock import Clock
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import DailyStatistics, Event
from haetae.database.scoped.scope import visible
from haetae.domain.event import EventKind, EventStatus, Severity
from haetae.domain.schedule import find_time_zone
from haetae.domain.statistics import DayStatistics, constant_offsets, day_bounds, local_day
from haetae.domain.viewer import Viewer
from haetae.errors import ConfigError, DatabaseUnavailable

MOST_DAYS = 93
"""The longest span that is read row by row, or counted from events."""

MOST_TREND_DAYS = 731
MOST_WEEKS = 13

_DAY_COLUMNS = tuple(getattr(DailyStatistics, field.name) for field in fields(DayStatistics))
_TEN_MINUTES_S = 600
_HOUR_S = 3600
_WEEK_HOURS = 168
_MONDAY_HOURS = 3 * 24
"""Seconds count from a Thursday, 1970-01-01: so many hours after the Monday before."""


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Events of a span, in all and by what they are. Words that no event has are absent."""

    events: int = 0
    unacknowledged: int = 0
    by_severity: dict[str, int] = field(default_factory=dict)
    by_kind: dict[str, int] = field(default_factory=dict)
    by_review: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """Today so far, beside yesterday up to the same time of day and the whole of it. `open` events are going on now."""

    at: datetime
    day: date
    time_zone: str
    open: int
    today: EventCounts
    yesterday_by_now: EventCounts
    yesterday: EventCounts


@dataclass(frozen=True, slots=True)
class HourMap:
    """`counts[weekday][hour]`, Monday first, of the events from `first` to `last`, inclusive, by the clock on the wall."""

    time_zone: str
    first: date
    last: date
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class TypeCount:
    """`corrected_type` is what people said of events that had been given that subtype; None for those that nobody corrected."""

    kind: EventKind
    subtype: str | None
    severity: Severity
    events: int
    corrected_type: str | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """Events of each day from `first` on, quiet days included; `by_camera` has those of each camera that had any, if asked for."""

    time_zone: str
    first: date
    days: tuple[int, ...]
    by_camera: dict[UUID, tuple[int, ...]]


class ScopedStatistics:
    """Any thread; each method is one read-only transaction and raises DatabaseUnavailable.

    `camera_ids` leaves out all others; those that the viewer may not see, or that there are not, have no events for it.
    """

    def __init__(self, sessions: Sessions, clock: Clock, time_zone: str) -> None:
        """`time_zone` is the site's, an IANA name. Raises ConfigError for one that is not known."""
        self._sessions = sessions
        self._clock = clock
        self._zone = find_time_zone(time_zone)

    @property
    def time_zone(self) -> str:
        return self._zone.key

    @property
    def today(self) -> date:
        return local_day(self._clock.now(), self._zone)

    def summary(self, viewer: Viewer) -> Summary:
        """How today goes, against yesterday."""
        now = self._clock.now()
        today = local_day(now, self._zone)
        midnight = day_bounds(today, self._zone)[0]
        start, same_time = day_bounds(today - timedelta(days=1), self._zone)[0], self._a_day_before(now)
        part = case((Event.timestamp >= midnight, 2), (Event.timestamp >= same_time, 1), else_=0)
        columns = (part, Event.severity, Event.kind, Event.review, Event.acknowledged)
        counted = select(*columns, func.count()).where(visible(viewer, Event.camera_id), Event.timestamp >= start, Event.timestamp <= now)
        going_on = select(func.count()).where(visible(viewer, Event.camera_id), Event.status == EventStatus.OPEN)
        with self._reading() as session:
            rows = [tuple(row) for row in session.execute(counted.group_by(*columns))]
            open_now = session.scalar(going_on) or 0
        return Summary(
            at=now,
            day=today,
            time_zone=self._zone.key,
            open=open_now,
            today=_counts(row for row in rows if row[0] == 2),
            yesterday_by_now=_counts(row for row in rows if row[0] == 0),
            yesterday=_counts(row for row in rows if row[0] < 2),
        )

    def daily(self, viewer: Viewer, *, first: date, last: date, camera_ids: Collection[UUID] | None = None) -> list[DayStatistics]:
        """Each camera's days from `first` to `last`, inclusive, by day, then camera. A day on which a camera did nothing is absent.

        Raises ConfigError for a span that is upside down or longer than MOST_DAYS.
        """
        _check_span(first, last)
        query = (
            select(*_DAY_COLUMNS)
            .where(_seen(viewer, DailyStatistics.camera_id, camera_ids), DailyStatistics.day.between(first, last))
            .order_by(DailyStatistics.day, DailyStatistics.camera_id)
        )
        with self._reading() as session:
            return [DayStatistics(*row) for row in session.execute(query)]

    def hours(self, viewer: Viewer, *, weeks: int, camera_ids: Collection[UUID] | None = None) -> HourMap:
        """When in the week events begin, over the last `weeks` (1 to MOST_WEEKS) that end with today."""
        today = self.today
        first = today - timedelta(days=7 * weeks - 1)
        start, end = day_bounds(first, self._zone)[0], day_bounds(today, self._zone)[1]
        counts = [0] * _WEEK_HOURS
        with self._reading() as session:
            for begun, until, offset_s in constant_offsets(start, end, self._zone):
                part = _part_of_time(session)
                query = select(part, func.count()).where(
                    _seen(viewer, Event.camera_id, camera_ids), Event.timestamp >= begun, Event.timestamp < until
                )
                for utc, count in session.execute(query.group_by(part)):
                    # The offset is constant here, and the database needs to know nothing of time zones.
                    hour = (_epoch_s(utc) + offset_s) // _HOUR_S + _MONDAY_HOURS
                    counts[hour % _WEEK_HOURS] += count
        return HourMap(self._zone.key, first, today, tuple(tuple(counts[day * 24 : day * 24 + 24]) for day in range(7)))

    def types(self, viewer: Viewer, *, first: date, last: date, camera_ids: Collection[UUID] | None = None) -> list[TypeCount]:
        """How many events of each kind, subtype, severity and corrected type began from `first` to `last`, inclusive; most frequent first.

        Raises ConfigError as `daily` does.
        """
        _check_span(first, last)
        columns = (Event.kind, Event.subtype, Event.severity)
        wanted = (
            _seen(viewer, Event.camera_id, camera_ids),
            Event.timestamp >= day_bounds(first, self._zone)[0],
            Event.timestamp < day_bounds(last, self._zone)[1],
        )
        of_all = select(*columns, func.count()).where(*wanted).group_by(*columns)
        # Apart, each by its own index: to ask every event whether somebody corrected it would read all rows.
        corrected = (*columns, Event.corrected_type)
        of_few = select(*columns, func.count(), Event.corrected_type).where(*wanted, Event.corrected_type.is_not(None)).group_by(*corrected)
        with self._reading() as session:
            found = [TypeCount(*row) for row in session.execute(of_few)]
            others = Counter({(kind, subtype, severity): events for kind, subtype, severity, events in session.execute(of_all)})
        for count in found:
            others[count.kind, count.subtype, count.severity] -= count.events
        found += [TypeCount(*called, events) for called, events in others.items() if events > 0]
        return sorted(found, key=lambda each: (-each.events, each.kind, each.subtype or "", each.severity, each.corrected_type or ""))

    def trend(self, viewer: Viewer, *, days: int, camera_ids: Collection[UUID] | None = None, per_camera: bool = False) -> Trend:
        """Events of each of the last `days` (1 to MOST_TREND_DAYS), today included; an event counts within a minute of its beginning."""
        today = self.today
        first = today - timedelta(days=days - 1)
        seen = _seen(viewer, DailyStatistics.camera_id, camera_ids)
        who = (DailyStatistics.camera_id,) if per_camera else ()
        query = select(DailyStatistics.day, func.sum(DailyStatistics.events), *who).where(seen, DailyStatistics.day.between(first, today))
        total = [0] * days
        by_camera: dict[UUID, list[int]] = {}
        with self._reading() as session:
            for day, events, *camera in session.execute(query.group_by(DailyStatistics.day, *who)):
                index, count = (day - first).days, int(events)
                total[index] += count
                if camera and count:
                    by_camera.setdefault(camera[0], [0] * days)[index] = count
        return Trend(self._zone.key, first, tuple(total), {camera_id: tuple(counts) for camera_id, counts in sorted(by_camera.items())})

    def _a_day_before(self, now: datetime) -> datetime:
        """The moment at which yesterday's clocks showed the time of now."""
        local = now.astimezone(self._zone)
        return (local - timedelta(days=1)).astimezone(UTC)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=True) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the statistics cannot be read now", hint="Try again; see the log of the database") from error


def _seen(viewer: Viewer, column: InstrumentedAttribute[UUID], camera_ids: Collection[UUID] | None) -> ColumnElement[bool]:
    condition = visible(viewer, column)
    return condition if camera_ids is None else condition & column.in_(sorted(set(camera_ids)))


def _check_span(first: date, last: date) -> None:
    days = (last - first).days + 1
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(f"{first} to {last} is no span of 1 to {MOST_DAYS} days", hint="Ask for a shorter span, its first day first")


def _counts(rows: Iterator[tuple[Any, ...]]) -> EventCounts:
    severities: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    reviews: Counter[str] = Counter()
    unacknowledged = 0
    for _, severity, kind, review, acknowledged, count in rows:
        severities[severity] += count
        kinds[kind] += count
        reviews[review] += count
        unacknowledged += 0 if acknowledged else count
    by = ({str(word): count for word, count in counter.items()} for counter in (severities, kinds, reviews))
    return EventCounts(severities.total(), unacknowledged, *by)


def _part_of_time(session: Session) -> ColumnElement[Any]:
    """The ten minutes in UTC in which an event began, in the form that its database makes most quickly: every time zone's hours are made of
    whole ones. PostgreSQL: their number since 1970; SQLite: `2026-03-04 12:3`."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.floor(extract("epoch", Event.timestamp) / _TEN_MINUTES_S), BigInteger)
    # A column of text: cutting it is ten times as quick as SQLite's functions of time.
    return func.substr(Event.timestamp, 1, len("2026-03-04 12:3"), type_=String())


def _epoch_s(ten_minutes: str | int) -> int:
    """Seconds from 1970 to the beginning of what `_part_of_time` names."""
    if isinstance(ten_minutes, int):
        return ten_minutes * _TEN_MINUTES_S
    return int(datetime.fromisoformat(f"{ten_minutes}0").replace(tzinfo=UTC).timestamp())
