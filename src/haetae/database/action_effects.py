"""What actions do to Haetae's own records, in the transaction that writes down that they did: both are there, or neither."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.action_rows import HAETAE
from haetae.database.action_store import Effect
from haetae.database.audit import Target, record
from haetae.database.event_news import note_news
from haetae.database.models import Camera, Event
from haetae.domain.action import Action, Outcome
from haetae.domain.plan import ActionKind, ActionState

LONGEST_NOTE = 4000
NEAR = timedelta(minutes=2)
_MOST_NEAR = 10
_GONE = Outcome(ActionState.FAILED, {"reason": "the event is gone"})


def lock_event(session: Session, action: Action, now: datetime) -> Outcome:
    """Retention leaves its clip alone from now on, until a person unlocks it."""
    event = _event(session, action)
    if event is None:
        return _GONE
    was, event.locked = event.locked, True
    session.flush()
    if not was:
        record(session, HAETAE, "event.lock", Target("event", event.id), now=now, before={"locked": False}, after={"locked": True})
    return Outcome(ActionState.DONE, {"locked": True, "was_locked": was, "media_deleted": event.media_deleted_at is not None})


def raise_priority(session: Session, action: Action, now: datetime) -> Outcome:
    """It is one step more urgent in lists; its severity, which rules go by, stays."""
    event = _event(session, action)
    if event is None:
        return _GONE
    was, event.priority_raised = event.priority_raised, True
    session.flush()
    note_news(session, [event.id], now)
    return Outcome(ActionState.DONE, {"raised": True, "was_raised": was})


def add_note(session: Session, action: Action, now: datetime) -> Outcome:
    """Below what people noted, on a line of its own."""
    event = _event(session, action)
    if event is None:
        return _GONE
    line = f"[Haetae] {' '.join(action.planned.text.split())}"
    if not action.planned.text.strip():
        return Outcome(ActionState.FAILED, {"reason": "there is nothing to note"})
    before, note = event.note, f"{event.note}\n{line}" if event.note else line
    if len(note) > LONGEST_NOTE:
        return Outcome(ActionState.FAILED, {"reason": "the event's note is full"})
    event.note = note
    session.flush()
    record(session, HAETAE, "event.note", Target("event", event.id), now=now, before={"note": before}, after={"note": note})
    return Outcome(ActionState.DONE, {"note": line})


def link_camera(session: Session, action: Action, _now: datetime) -> Outcome:
    """Name another camera, and what it recorded about the same time."""
    event = _event(session, action)
    if event is None:
        return _GONE
    try:
        camera_id = UUID(action.planned.target)
    except ValueError:
        camera_id = None
    camera = session.get(Camera, camera_id) if camera_id is not None else None
    if camera is None or camera.id == event.camera_id:
        reason = "it is the event's own camera" if camera is not None else "there is no such camera"
        return Outcome(ActionState.FAILED, {"reason": reason})
    near = (Event.camera_id == camera.id, Event.timestamp >= event.timestamp - NEAR, Event.timestamp <= event.timestamp + NEAR)
    found = session.scalars(select(Event.id).where(*near).order_by(Event.timestamp, Event.id).limit(_MOST_NEAR))
    return Outcome(ActionState.DONE, {"camera_id": str(camera.id), "events": [str(each) for each in found]})


def _event(session: Session, action: Action) -> Event | None:
    return session.scalar(select(Event).where(Event.id == action.event_id).with_for_update())


EFFECTS: Mapping[ActionKind, Effect] = MappingProxyType(
    {
        ActionKind.BOOKMARK_CLIP: lock_event,
        ActionKind.RAISE_PRIORITY: raise_priority,
        ActionKind.ADD_NOTE: add_note,
        ActionKind.LINK_CAMERAS: link_camera,
    }
)
