"""Who was told of an event, as far as those who see the event may know."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exc, select
from sqlalchemy.orm import Session

from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Event
from haetae.database.notification_models import DeliveryRow, NotificationChannel
from haetae.database.scoped.event_changes import unknown_event
from haetae.database.scoped.scope import visible
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.domain.viewer import Viewer
from haetae.errors import DatabaseUnavailable

_MOST = 500


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """One way on which an event was, or is to be, told. `channel` is its name, None where it is gone. `mine`: it is for who is asking.

    Whom it reached (`target`) and why it failed (`error`) only admins see, for both hold other people's addresses; of one's own delivery
    the address is shown.
    """

    id: UUID
    channel: str | None
    kind: NoticeKind
    stage: str
    digest: bool
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    attempts: int
    mine: bool
    target: str | None
    error: str | None


class ScopedDeliveries:
    """Any thread. Raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def of_event(self, viewer: Viewer, event_id: UUID) -> list[EventDelivery]:
        """Oldest first. Raises NotFound for an event that the viewer does not see."""
        rows = (
            select(DeliveryRow, NotificationChannel.name)
            .outerjoin_from(DeliveryRow, NotificationChannel, NotificationChannel.id == DeliveryRow.channel_id)
            .join(Event, Event.id == DeliveryRow.event_id)
            .where(visible(viewer, Event.camera_id), Event.id == event_id)
            .order_by(DeliveryRow.created_at, DeliveryRow.id)
            .limit(_MOST)
        )
        with self._reading() as session:
            if session.scalar(select(Event.id).where(visible(viewer, Event.camera_id), Event.id == event_id)) is None:
                raise unknown_event(event_id)
            return [_shown(viewer, row, channel) for row, channel in session.execute(rows)]

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=True) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("what was told of events cannot be read now", hint="Try again; check the database") from error


def _shown(viewer: Viewer, row: DeliveryRow, channel: str | None) -> EventDelivery:
    mine = row.user_id == viewer.user_id
    return EventDelivery(
        row.id,
        channel,
        row.kind,
        row.stage,
        row.digest,
        row.state,
        row.created_at,
        row.due_at,
        row.finished_at,
        row.attempts,
        mine,
        target=row.target if mine or viewer.sees_all else None,
        error=row.error if viewer.sees_all else None,
    )
