"""Events and days of some cameras, for statistics; and who looks at them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.support.events import make_event

from haetae.database.engine import session_factory, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.models import Event
from haetae.database.statistics_repository import add_statistics, recount_events
from haetae.domain.event import EventStatus
from haetae.domain.statistics import DayStatistics
from haetae.domain.viewer import AccessLevel, Role, Viewer

GATE, YARD, ROOF = (UUID(int=number) for number in (0x10, 0x20, 0x30))
ADMIN = Viewer(UUID(int=1), "admin", Role.ADMIN)
GUARD = Viewer(UUID(int=2), "guard", Role.OPERATOR, {GATE: AccessLevel.CONTROL, YARD: AccessLevel.VIEW})
GUEST = Viewer(UUID(int=3), "guest", Role.VIEWER, {GATE: AccessLevel.VIEW})
NOBODY = Viewer(UUID(int=4), "nobody", Role.VIEWER)


def add_events(
    engine: sa.Engine, camera_id: UUID, onsets: Iterable[datetime], *, columns: dict[str, Any] | None = None, **changes: Any
) -> None:
    """One event at each onset; `columns` are the operators' own."""
    events = [make_event(**{"camera_id": camera_id, "timestamp": at, "status": EventStatus.CLOSED, **changes}) for at in onsets]
    with session_scope(session_factory(engine)) as session:
        upsert_events(session, events, stored_at=events[0].timestamp)
        if columns:
            session.execute(sa.update(Event).where(Event.id.in_([event.id for event in events])).values(**columns))


def count_day(engine: sa.Engine, camera_id: UUID, day: date, *, time_zone: str = "UTC", **measured: Any) -> None:
    """The camera's row of that day, as the site writes it."""
    with session_scope(session_factory(engine)) as session:
        now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        add_statistics(session, [DayStatistics(camera_id, day, time_zone, **measured)], now=now)
        recount_events(session, camera_id, day, time_zone, now=now)
