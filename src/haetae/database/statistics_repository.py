"""Daily statistics in the database. Several processes may write the same day: each writing locks the rows that it changes.

What was measured is added; events are counted from the table of events, so that the two agree whatever was killed in between.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from haetae.database.models import DailyStatistics, Event
from haetae.domain.schedule import find_time_zone
from haetae.domain.statistics import DayStatistics, day_bounds, local_day
from haetae.ids import new_id

_COLUMNS = tuple(field.name for field in fields(DayStatistics))
_ADDED = tuple(name for name in _COLUMNS if name not in ("camera_id", "day", "events", "events_by_type"))


def add_statistics(session: Session, deltas: Iterable[DayStatistics], *, now: datetime) -> None:
    """Add each delta to its camera's day, whose row is made where it is missing: sums and counts add, the greatest score stays.

    A delta's events are left out: see `recount_events`. Rows are locked in one order, so that two writers wait for each other and never
    in a circle. Raises SQLAlchemy's errors.
    """
    for delta in sorted(deltas, key=lambda delta: (delta.camera_id, delta.day)):
        row = _locked_row(session, delta.camera_id, delta.day, delta.time_zone, now)
        _change(row, _ADDED, to_statistics(row).merged(delta), now)
    session.flush()


def recount_events(session: Session, camera_id: UUID, day: date, time_zone: str, *, now: datetime) -> int:
    """Make `events` and `events_by_type` of a camera's day what the table of events holds for it; returns how many.

    An event belongs to the day of its onset in `time_zone`. The row is locked before the events are counted, so that of two writers the
    later one counts what the earlier one saw, or more. Raises SQLAlchemy's errors, and ConfigError for a time zone that is not known.
    """
    start, end = day_bounds(day, find_time_zone(time_zone))
    row = _locked_row(session, camera_id, day, time_zone, now)
    # What a person says that an event is counts as that.
    called = func.coalesce(Event.corrected_type, Event.subtype)
    query = (
        select(called, Event.kind, func.count())
        .where(Event.camera_id == camera_id, Event.timestamp >= start, Event.timestamp < end)
        .group_by(called, Event.kind)
    )
    by_type: Counter[str] = Counter()
    for subtype, kind, count in session.execute(query):
        by_type[subtype or kind.value] += count
    counted = DayStatistics(camera_id, day, time_zone, events=by_type.total(), events_by_type=dict(by_type))
    _change(row, ("time_zone", "events", "events_by_type"), counted, now)
    session.flush()
    return counted.events


def list_statistics(
    session: Session, *, camera_ids: Collection[UUID] | None = None, first: date | None = None, last: date | None = None
) -> list[DayStatistics]:
    """By day, then camera; only those of `camera_ids`, only from `first` to `last` inclusive, where given."""
    query = select(DailyStatistics).order_by(DailyStatistics.day, DailyStatistics.camera_id)
    if camera_ids is not None:
        query = query.where(DailyStatistics.camera_id.in_(camera_ids))
    if first is not None:
        query = query.where(DailyStatistics.day >= first)
    if last is not None:
        query = query.where(DailyStatistics.day <= last)
    return [to_statistics(row) for row in session.scalars(query)]


def days_of(session: Session, camera_id: UUID, at: datetime) -> list[DayStatistics]:
    """The camera's statistics of the local day of a moment; none where nobody counted it yet."""
    near = DailyStatistics.day.between(at.date() - timedelta(days=1), at.date() + timedelta(days=1))
    found = session.scalars(select(DailyStatistics).where(DailyStatistics.camera_id == camera_id, near))
    return [to_statistics(row) for row in found if local_day(at, find_time_zone(row.time_zone)) == row.day]


def cameras_with_events(session: Session, day: date, time_zone: str) -> list[UUID]:
    """The cameras (and `SITE`) that have an event with its onset on this local day."""
    start, end = day_bounds(day, find_time_zone(time_zone))
    return list(session.scalars(select(Event.camera_id).where(Event.timestamp >= start, Event.timestamp < end).distinct()))


def newest_day(session: Session) -> date | None:
    """The latest day that has statistics, None where there are none yet."""
    return session.scalar(select(func.max(DailyStatistics.day)))


def to_statistics(row: DailyStatistics) -> DayStatistics:
    """What a row holds."""
    return DayStatistics(**{name: getattr(row, name) for name in _COLUMNS})


def _locked_row(session: Session, camera_id: UUID, day: date, time_zone: str, now: datetime) -> DailyStatistics:
    """The row of a camera's day as it is now, ours until the transaction ends. SQLite's write lock is taken since the transaction began."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(DailyStatistics).values(id=new_id(), camera_id=camera_id, day=day, time_zone=time_zone, updated_at=now)
    session.execute(made.on_conflict_do_nothing(index_elements=["camera_id", "day"]))
    query = select(DailyStatistics).where(DailyStatistics.camera_id == camera_id, DailyStatistics.day == day).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _change(row: DailyStatistics, names: Iterable[str], values: DayStatistics, now: datetime) -> None:
    changed = [name for name in names if getattr(row, name) != getattr(values, name)]
    for name in changed:
        setattr(row, name, getattr(values, name))
    if changed:
        row.updated_at = now
