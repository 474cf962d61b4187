"""An outbox on a database, and hands that put rows into it and look at them. Over SQLite or PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.event_desk import database
from tests.support.events import make_event
from tests.support.notices import CAMERA, MAIL, NOW, a_delivery

from haetae.database.account_models import AuditEntry
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_news import note_news
from haetae.database.event_repository import upsert_events
from haetae.database.models import Camera, Event
from haetae.database.notification_models import DeliveryRow, EventNews
from haetae.database.outbox_rows import COLUMNS, to_delivery
from haetae.database.outbox_store import OutboxStore
from haetae.domain.delivery import Claim, Decision, Delivery, Lane, LaneState, Settlement
from haetae.domain.event import AnomalyEvent
from haetae.domain.notice import DeliveryState
from haetae.ids import new_id
from haetae.testing.clock import FakeClock
from haetae.vault import Vault

LANE = a_delivery().lane
LEASE_S = 120.0


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """An engine on a database that the tests of a module share, once SQLite and once PostgreSQL: each empties the outbox first."""
    with database(request.param, tmp_path_factory.mktemp("outbox")) as engine:
        yield engine


def send_all(state: LaneState) -> Decision:
    """One message of everything."""
    return Decision(tuple(row.id for row in state.pending), state.pending[0].message_key or new_id())


def send_first(state: LaneState) -> Decision:
    return Decision((state.pending[0].id,), state.pending[0].message_key or state.pending[0].id)


class OutboxDesk:
    """`store` at `clock`."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine = engine
        self.sessions = session_factory(engine)
        self.clock = FakeClock(NOW)
        self.vault = Vault.open(folder / "site")
        self.store = OutboxStore(self.sessions, self.clock, self.vault)

    def empty(self) -> "OutboxDesk":
        """Take away what other tests left."""
        with session_scope(self.sessions) as session:
            for model in (DeliveryRow, EventNews, Event, Camera):
                session.execute(sa.delete(model))
        return self

    def put(self, *rows: Delivery) -> tuple[Delivery, ...]:
        """These rows, as they are."""
        self.store.settle(Settlement({}, new=rows))
        return rows

    def due(self, count: int, **changes: Any) -> tuple[Delivery, ...]:
        """So many rows that are due, each made a second after the one before."""
        return self.put(*(a_delivery(**{"created_at": NOW - timedelta(seconds=count - number)} | changes) for number in range(count)))

    def rows(self) -> dict[UUID, Delivery]:
        with session_scope(self.sessions, read_only=True) as session:
            return {row.id: to_delivery(row) for row in session.execute(sa.select(*COLUMNS))}

    def row(self, delivery: Delivery) -> Delivery:
        return self.rows()[delivery.id]

    def states(self, *rows: Delivery) -> list[DeliveryState]:
        found = self.rows()
        return [found[row.id].state for row in rows]

    def change(self, *rows: Delivery, **values: Any) -> None:
        with session_scope(self.sessions) as session:
            session.execute(sa.update(DeliveryRow).where(DeliveryRow.id.in_([row.id for row in rows])).values(**values))

    def claim(
        self,
        decide: Callable[[LaneState], Decision] = send_all,
        *,
        lane: Lane = LANE,
        now: datetime | None = None,
        sent_since: datetime | None = None,
    ) -> Claim | None:
        now = now or self.clock.now()
        since = sent_since or now - timedelta(minutes=5)
        return self.store.claim(lane, now=now, lease_s=LEASE_S, sent_since=since, decide=decide)

    def state(self, *, lane: Lane = LANE, sent_since: datetime | None = None) -> LaneState | None:
        """What there is to be decided; nothing is done."""
        seen: list[LaneState] = []

        def look(state: LaneState) -> Decision:
            seen.append(state)
            return Decision()

        assert self.claim(look, lane=lane, sent_since=sent_since) is None
        return seen[0] if seen else None

    def event(self, number: int = 0, **changes: Any) -> AnomalyEvent:
        """A stored event."""
        event = make_event(number, **{"camera_id": CAMERA} | changes)
        with session_scope(self.sessions) as session:
            upsert_events(session, [event], stored_at=self.clock.now())
        return event

    def camera(self, name: str = "door", camera_id: UUID = CAMERA) -> None:
        with session_scope(self.sessions) as session:
            session.add(Camera(id=camera_id, name=name, source="sim://gate", created_at=NOW, updated_at=NOW))

    def note(self, *events: AnomalyEvent) -> None:
        """They are news."""
        with session_scope(self.sessions) as session:
            note_news(session, [event.id for event in events], self.clock.now())

    def tokens(self) -> dict[UUID, UUID]:
        """Event id -> token of all news."""
        with session_scope(self.sessions, read_only=True) as session:
            return {row.event_id: row.token for row in session.execute(sa.select(EventNews.event_id, EventNews.token))}

    def audit(self) -> list[AuditEntry]:
        with session_scope(self.sessions, read_only=True) as session:
            return list(session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)))


def on(lane: Lane, **changes: Any) -> Delivery:
    """A delivery that is due on a lane."""
    return replace(a_delivery(), channel_id=lane.channel_id, target=lane.target, **changes)


def another_lane(number: int = 0) -> Lane:
    return Lane(MAIL.id, f"guard{number}@example.org")


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Every statement that is executed meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
