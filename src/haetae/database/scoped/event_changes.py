"""What people make of events. Every change is in the audit log, in the transaction that makes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from haetae.database.account_models import Feedback
from haetae.database.audit import Target, record
from haetae.database.event_news import note_news
from haetae.database.models import Event
from haetae.database.scoped.event_filter import EventFilter, matching
from haetae.database.scoped.scope import visible
from haetae.database.statistics_repository import days_of, recount_events
from haetae.domain.analysis import CorrectedType
from haetae.domain.event import EventKind, Review
from haetae.domain.feedback import CONFIRMED, NORMAL
from haetae.domain.viewer import AccessLevel, Actor, Viewer
from haetae.errors import ConfigError, Forbidden, NotFound
from haetae.ids import new_id

MOST_AT_ONCE = 500

_TOLD = frozenset({"acknowledged", "review"})
"""What people who were told of an event hear of as well."""

_LEARNED = {Review.NORMAL: NORMAL, Review.IN_PROGRESS: CONFIRMED, Review.RESOLVED: CONFIRMED}
"""What a camera learns of an answer: somebody who goes and looks, or is done with it, had a reason to."""


class Answer(StrEnum):
    """What became of one of many events."""

    ACKNOWLEDGED = "acknowledged"
    ALREADY = "already"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class BulkItem:
    """`camera_id` is None where the viewer sees no such event."""

    event_id: UUID
    camera_id: UUID | None
    answer: Answer


@dataclass(frozen=True, slots=True)
class EventChange:
    """What is None stays. A `note` of "" takes the note away, and a `corrected_type` of "" leaves the type to rules and models again."""

    review: Review | None = None
    note: str | None = None
    locked: bool | None = None
    corrected_type: CorrectedType | Literal[""] | None = None


@dataclass(frozen=True, slots=True)
class Changer:
    """Changes events in one write transaction, on behalf of `actor`."""

    session: Session
    viewer: Viewer
    actor: Actor
    now: datetime

    def find(self, event_id: UUID) -> Event:
        """The row, locked until the end of the transaction. Raises NotFound, and Forbidden for who may only look."""
        found = self._rows([event_id]).get(event_id)
        if found is None:
            raise unknown_event(event_id)
        event, may = found
        if not may:
            raise no_control()
        return event

    def acknowledge(self, event: Event, note: str | None) -> bool:
        """False where it was so already; who did it first stays. A note replaces the one before."""
        noted = {} if note is None else {"note": note or None}
        if event.acknowledged:
            self._set(event, "event.note", noted)
            return False
        return self._set(
            event,
            "event.acknowledge",
            {"acknowledged": True, "acknowledged_by": self.viewer.user_id, "acknowledged_at": self.now, **noted},
        )

    def unacknowledge(self, event: Event) -> bool:
        return self._set(event, "event.unacknowledge", {"acknowledged": False, "acknowledged_by": None, "acknowledged_at": None})

    def change(self, event: Event, change: EventChange) -> bool:
        """False where all of it was so already."""
        changed = False
        if change.note is not None:
            changed |= self._set(event, "event.note", {"note": change.note or None})
        if change.locked is not None:
            changed |= self._set(event, "event.lock" if change.locked else "event.unlock", {"locked": change.locked})
        if change.corrected_type is not None:
            changed |= self._correct(event, change.corrected_type or None)
        if change.review not in (None, event.review):
            changed |= self._review(event, change.review)
        return changed

    def acknowledge_all(self, event_ids: Sequence[UUID], note: str | None) -> list[BulkItem]:
        """One answer for each id, in their order."""
        rows = self._rows(event_ids)
        return [self._acknowledge_one(event_id, rows.get(event_id), note) for event_id in dict.fromkeys(event_ids)]

    def acknowledge_matching(self, wanted: EventFilter, note: str | None, *, limit: int) -> tuple[list[BulkItem], bool]:
        """The newest `limit` that match, are not acknowledged yet, and may be; and whether there are more."""
        conditions = matching(self.viewer, wanted, AccessLevel.CONTROL, each_camera=False)
        query = select(Event.id).where(*conditions, Event.acknowledged.is_(False)).order_by(Event.timestamp.desc(), Event.id.desc())
        # Chosen first, then locked in the order that all keep: two who lock the same events in other orders end in a deadlock.
        chosen = list(self.session.scalars(query.limit(limit + 1)))
        rows = self._rows(chosen[:limit])
        found = [(event_id, rows[event_id]) for event_id in chosen[:limit] if event_id in rows and not rows[event_id][0].acknowledged]
        return [self._acknowledge_one(event_id, row, note) for event_id, row in found], len(chosen) > limit

    def _acknowledge_one(self, event_id: UUID, found: tuple[Event, bool] | None, note: str | None) -> BulkItem:
        if found is None:
            return BulkItem(event_id, None, Answer.NOT_FOUND)
        event, may = found
        if not may:
            return BulkItem(event_id, event.camera_id, Answer.FORBIDDEN)
        return BulkItem(event_id, event.camera_id, Answer.ACKNOWLEDGED if self.acknowledge(event, note) else Answer.ALREADY)

    def _rows(self, event_ids: Sequence[UUID]) -> dict[UUID, tuple[Event, bool]]:
        """Those that the viewer sees, and whether it may change them; locked, in an order that all keep."""
        may = visible(self.viewer, Event.camera_id, AccessLevel.CONTROL).label("may")
        query = select(Event, may).where(visible(self.viewer, Event.camera_id), Event.id.in_(sorted(set(event_ids))))
        rows = self.session.execute(query.order_by(Event.id).with_for_update(of=Event))
        return {event.id: (event, bool(may)) for event, may in rows}

    def _review(self, event: Event, review: Review) -> bool:
        reviewed = (None, None) if review is Review.NEW else (self.viewer.user_id, self.now)
        changed = self._set(event, "event.review", {"review": review, "reviewed_by": reviewed[0], "reviewed_at": reviewed[1]})
        # What the camera has learned from already stays: it cannot unlearn.
        mine = Feedback.event_id == event.id
        self.session.execute(delete(Feedback).where(mine, Feedback.applied_at.is_(None)), execution_options={"synchronize_session": False})
        verdict = _LEARNED.get(review)
        if verdict is not None and event.kind is EventKind.ANOMALY:
            self._tell(event, verdict, self.session.scalar(select(Feedback).where(mine)))
        return changed

    def _correct(self, event: Event, corrected: CorrectedType | None) -> bool:
        """No model has a say in it from then on. The statistics of its day count it anew, if there are any. Raises ConfigError for an event
        of the system, which is what it says that it is."""
        if event.kind is EventKind.SYSTEM:
            raise ConfigError("what the system says of itself has no other type", hint="Leave corrected_type away")
        if not self._set(event, "event.type", {"corrected_type": None if corrected is None else corrected.value}):
            return False
        for day in days_of(self.session, event.camera_id, event.timestamp):
            recount_events(self.session, event.camera_id, day.day, day.time_zone, now=self.now)
        return True

    def _tell(self, event: Event, verdict: str, before: Feedback | None) -> None:
        """Have the camera learn `verdict`, once; that it was usual after all counts as well."""
        if before is not None:
            if before.verdict == verdict or verdict != NORMAL:
                return
            self.session.delete(before)
            self.session.flush()
        told = {"verdict": verdict, "user_id": self.viewer.user_id, "created_at": self.now}
        self.session.add(Feedback(id=new_id(), event_id=event.id, camera_id=event.camera_id, **told))

    def _set(self, event: Event, action: str, values: Mapping[str, Any]) -> bool:
        before = {name: getattr(event, name) for name, value in values.items() if getattr(event, name) != value}
        if not before:
            return False
        after = {name: values[name] for name in before}
        for name, value in after.items():
            setattr(event, name, value)
        self.session.flush()
        if not _TOLD.isdisjoint(after):
            note_news(self.session, [event.id], self.now)
        record(self.session, self.actor, action, Target("event", event.id), now=self.now, before=before, after=after)
        return True


def unknown_event(event_id: UUID) -> NotFound:
    return NotFound(f"there is no event {event_id}", hint="See the list of events")


def no_control() -> Forbidden:
    return Forbidden("this needs control of the event's camera", hint="Ask an admin of this site")
