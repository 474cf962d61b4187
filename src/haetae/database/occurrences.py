"""Events as those who tell people of them see them."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.event_repository import to_event
from haetae.database.models import Camera, Event
from haetae.database.outbox_rows import in_batches
from haetae.domain.delivery import Occurrence

_log = structlog.get_logger()


def read_occurrences(session: Session, event_ids: Collection[UUID]) -> dict[UUID, Occurrence]:
    """These events as they are now. What is gone is left out, and so is, with a line in the log, a row that no Haetae wrote."""
    found: dict[UUID, Occurrence] = {}
    for some in in_batches(event_ids):
        for event, camera_name in _rows(session, some):
            try:
                found[event.id] = Occurrence(to_event(event), camera_name, event.acknowledged, event.review)
            except (ValueError, TypeError) as error:
                _log.error("event_unreadable", event_id=str(event.id), error=type(error).__name__)
    return found


def _rows(session: Session, event_ids: Collection[UUID]) -> Iterator[Any]:
    query = select(Event, Camera.name).outerjoin(Camera, Camera.id == Event.camera_id)
    try:
        yield from session.execute(query.where(Event.id.in_(event_ids))).all()
    except (ValueError, LookupError):
        # One row's JSON is no JSON at all, and the driver gives none of them: ask for each by itself.
        for event_id in event_ids:
            try:
                yield from session.execute(query.where(Event.id == event_id)).all()
            except (ValueError, LookupError) as error:
                _log.error("event_unreadable", event_id=str(event_id), error=type(error).__name__)
