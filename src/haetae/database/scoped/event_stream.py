"""What a client missed while it was not connected."""

from uuid import UUID

from sqlalchemy import exc, select

from haetae.database.engine import Sessions, session_scope
from haetae.database.event_repository import to_event
from haetae.database.models import Event
from haetae.database.scoped.scope import visible
from haetae.domain.event import AnomalyEvent
from haetae.domain.viewer import Viewer
from haetae.errors import DatabaseUnavailable


def events_after(sessions: Sessions, viewer: Viewer, event_id: UUID, *, limit: int) -> list[AnomalyEvent]:
    """At most `limit` events that the viewer may see and that began after the one with this id, oldest first.

    Ids are UUIDv7 (RFC 9562), which are made in order of time: the primary key alone finds them. Raises DatabaseUnavailable.
    """
    query = select(Event).where(Event.id > event_id, visible(viewer, Event.camera_id)).order_by(Event.id).limit(limit)
    try:
        with session_scope(sessions, read_only=True) as session:
            return [to_event(row) for row in session.scalars(query)]
    except exc.SQLAlchemyError as error:
        raise DatabaseUnavailable("the database cannot be used", hint="Check its path, permissions or server") from error
