"""People, events that they may or may not answer, and what is written down when they do. Over SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD
from tests.support.events import ONSET, make_event
from tests.support.postgres import postgres_database
from tests.support.sqlite import sqlite_engine_in

from haetae.database.account_models import AuditEntry, Feedback
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.models import Camera, Event, User
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.event import AnomalyEvent, EventStatus
from haetae.domain.viewer import Actor, Viewer
from haetae.testing.clock import FakeClock

NAMES = {GATE: "gate", YARD: "yard", ROOF: "roof"}


def actor(viewer: Viewer) -> Actor:
    return Actor(viewer.name, viewer.user_id, "10.0.0.9")


@contextmanager
def database(kind: str, folder: Path) -> Iterator[sa.Engine]:
    """An engine on a fresh database of that kind, for fixtures that many tests share."""
    with ExitStack() as stack:
        if kind == "sqlite":
            engine = sqlite_engine_in(folder)
        else:
            engine = make_engine(stack.enter_context(postgres_database()))
        stack.callback(engine.dispose)
        yield engine


class EventDesk:
    """The cameras and viewers of `counted`, known to the database; `events` is what they go through, at `clock`."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.sessions = session_factory(engine)
        self.clock = FakeClock(ONSET)
        self.events = ScopedEvents(self.sessions, self.clock)
        when = {"created_at": ONSET, "updated_at": ONSET}
        with session_scope(self.sessions) as session:
            for viewer in (ADMIN, GUARD, GUEST, NOBODY):
                session.add(User(id=viewer.user_id, username=viewer.name, password_hash="x", role=viewer.role, **when))
            for camera_id, name in NAMES.items():
                session.add(Camera(id=camera_id, name=name, source="sim://gate", **when))

    def add(self, number: int = 0, *, columns: dict[str, Any] | None = None, **changes: Any) -> AnomalyEvent:
        """A closed event of the gate that began `number` seconds after ONSET; `columns` are the operators' own."""
        event = make_event(number, **{"camera_id": GATE, "status": EventStatus.CLOSED} | changes)
        self.store(event)
        if columns:
            with session_scope(self.sessions) as session:
                session.execute(sa.update(Event).where(Event.id == event.id).values(**columns))
        return event

    def store(self, *events: AnomalyEvent) -> None:
        with session_scope(self.sessions) as session:
            upsert_events(session, events, stored_at=ONSET)

    def empty(self) -> None:
        """Take all events away."""
        with session_scope(self.sessions) as session:
            session.execute(sa.delete(Event))

    def row(self, event: AnomalyEvent) -> Event:
        with session_scope(self.sessions, read_only=True) as session:
            return session.get_one(Event, event.id)

    def ids(self, viewer: Viewer, wanted: Any = None, **order: Any) -> list[UUID]:
        """The events of the first page."""
        return [row.id for row in self.events.page(viewer, wanted, **order).items]

    def audit(self) -> list[AuditEntry]:
        with session_scope(self.sessions, read_only=True) as session:
            return list(session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)))

    def feedback(self) -> list[Feedback]:
        with session_scope(self.sessions, read_only=True) as session:
            return list(session.scalars(sa.select(Feedback).order_by(Feedback.created_at)))


@contextmanager
def explained(engine: sa.Engine) -> Iterator[list[tuple[str, list[str]]]]:
    """Every SELECT meanwhile, with the steps by which the database finds its answer."""
    found: list[tuple[str, list[str]]] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            ask = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
            found.append((statement, [row[-1].strip() for row in cursor.execute(f"{ask} {statement}", parameters).fetchall()]))

    sa.event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", explain)
