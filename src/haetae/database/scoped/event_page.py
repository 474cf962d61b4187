"""Pages of events: the rows after a position, in any order, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import Session

from haetae.database.models import Camera, Event
from haetae.database.scoped.event_cursor import MOST_COUNTED, Position
from haetae.database.scoped.event_filter import EventFilter, EventSort, matching
from haetae.database.scoped.event_rows import DURATION_S, ROW_COLUMNS, EventRow
from haetae.domain.event import Severity
from haetae.domain.viewer import Viewer

# Made once: putting so many columns together takes longer than reading them.
ROWS = select(*ROW_COLUMNS).outerjoin_from(Event, Camera, Camera.id == Event.camera_id)

_FEW = 2_000
"""Up to so many it is quicker to read all that match, camera by camera, and sort them, than to look for them along time."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """`total` is exact up to MOST_COUNTED, and as of the first page."""

    items: list[EventRow]
    next_cursor: str | None
    total: int
    total_is_exact: bool


def count(session: Session, viewer: Viewer, wanted: EventFilter) -> int:
    """How many events match; MOST_COUNTED + 1 stands for all that are more."""
    found = select(literal(1)).select_from(Event).where(*matching(viewer, wanted, each_camera=True)).limit(MOST_COUNTED + 1)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def rows_after(
    session: Session,
    viewer: Viewer,
    wanted: EventFilter,
    sort: EventSort,
    after: Position | None,
    *,
    descending: bool,
    limit: int,
    total: int = MOST_COUNTED + 1,
) -> list[EventRow]:
    """At most `limit` rows that follow `after`. `total`, how many match, only makes it quicker."""
    if total == 0:
        return []
    if sort is EventSort.SEVERITY:
        return _by_severity(session, viewer, wanted, after, descending=descending, limit=limit, total=total)
    each_camera = total <= _FEW and not (viewer.sees_all and wanted.camera_ids is None)
    conditions = matching(viewer, wanted, each_camera=each_camera)
    return _read(session, conditions, sort, after, descending=descending, limit=limit)


def _by_severity(
    session: Session, viewer: Viewer, wanted: EventFilter, after: Position | None, *, descending: bool, limit: int, total: int
) -> list[EventRow]:
    """One severity after the other, each in order of time, which an index has."""
    severities: Sequence[Severity] = wanted.wanted_severities
    if descending:
        severities = severities[::-1]
    if after is not None:
        assert isinstance(after.value, Severity)
        severities = severities[severities.index(after.value) :] if after.value in severities else ()
    rows: list[EventRow] = []
    for severity in severities:
        begin = replace(after, value=None) if after is not None and after.value is severity else None
        one = replace(wanted, severities=(severity,), min_severity=None)
        rows += rows_after(session, viewer, one, EventSort.TIME, begin, descending=descending, limit=limit - len(rows), total=total)
        if len(rows) == limit:
            break
    return rows


def _read(
    session: Session,
    conditions: list[ColumnElement[bool]],
    sort: EventSort,
    after: Position | None,
    *,
    descending: bool,
    limit: int,
) -> list[EventRow]:
    keys: list[ColumnElement[Any]] = [*_first_key(sort), Event.timestamp.expression, Event.id.expression]
    order = [key.desc() if descending else key.asc() for key in keys]
    if after is not None:
        values = [after.at, after.id] if after.value is None else [after.value, after.at, after.id]
        place = tuple_(*(literal(value, key.type) for value, key in zip(values, keys, strict=True)))
        conditions = [*conditions, tuple_(*keys) < place if descending else tuple_(*keys) > place]
    rows = ROWS.order_by(*order)
    if sort is EventSort.TIME:
        rows = rows.where(*conditions).limit(limit)
    else:
        # No index has this order: sort ids, not rows.
        rows = rows.where(Event.id.in_(select(Event.id).where(*conditions).order_by(*order).limit(limit)))
    return [EventRow(*row) for row in session.execute(rows)]


def _first_key(sort: EventSort) -> list[ColumnElement[Any]]:
    match sort:
        case EventSort.SCORE:
            return [Event.vad_score.expression]
        case EventSort.DURATION:
            return [func.coalesce(DURATION_S, -1.0)]
        case _:
            return []


def position(row: EventRow, sort: EventSort) -> Position:
    """Where a row stands in an order."""
    value: float | Severity | None = None
    match sort:
        case EventSort.SCORE:
            value = row.vad_score
        case EventSort.DURATION:
            value = -1.0 if row.duration_s is None else row.duration_s
        case EventSort.SEVERITY:
            value = row.severity
    return Position(value, row.timestamp, row.id)
