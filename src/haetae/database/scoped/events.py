"""Events as a viewer may see and change them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Subquery, exc, select, text
from sqlalchemy.orm import Session, aliased

from haetae.clock import Clock
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Camera, Event, User
from haetae.database.scoped.event_changes import BulkItem, Changer, EventChange, no_control, unknown_event
from haetae.database.scoped.event_cursor import MOST_COUNTED, Cursor, Position, read_cursor, write_cursor
from haetae.database.scoped.event_filter import EventFilter, EventSort, matching
from haetae.database.scoped.event_page import ROWS, EventPage, count, position, rows_after
from haetae.database.scoped.event_rows import MEDIA_COLUMNS, EventDetail, EventRow, MediaPaths, detail_columns
from haetae.database.scoped.scope import visible
from haetae.domain.viewer import AccessLevel, Actor, Viewer
from haetae.errors import DatabaseUnavailable

EXPORT_PAGE = 500

_CONTINUED_WITHIN = timedelta(minutes=10)
"""An event that goes on where another was cut begins with the next abnormal frame, seconds later."""

T = TypeVar("T")


class ScopedEvents:
    """Any thread; each method is one transaction and raises DatabaseUnavailable.

    An event that the viewer does not see raises NotFound, as if there were none; one that it sees but may not change, Forbidden.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def page(
        self,
        viewer: Viewer,
        wanted: EventFilter | None = None,
        *,
        sort: EventSort = EventSort.TIME,
        descending: bool = True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> EventPage:
        """A page of at most `limit` events. Raises ConfigError for a cursor that is none, or of a list with another filter or order.

        By time and by severity a page comes out of an index. By score and by duration all events that match are read for it.
        """
        wanted = wanted or EventFilter()
        begin = None if cursor is None else read_cursor(cursor, wanted, sort, descending=descending)
        with self._transaction(read_only=True) as session:
            total = count(session, viewer, wanted) if begin is None else begin.total
            after = begin.after if begin else None
            rows = rows_after(session, viewer, wanted, sort, after, descending=descending, limit=limit + 1, total=total)
        items, following = rows[:limit], None
        if len(rows) > limit:
            following = write_cursor(Cursor(position(items[-1], sort), total), wanted, sort, descending=descending)
        return EventPage(items, following, min(total, MOST_COUNTED), total <= MOST_COUNTED)

    def pages(
        self, viewer: Viewer, wanted: EventFilter, *, sort: EventSort = EventSort.TIME, descending: bool = True
    ) -> Iterator[list[EventRow]]:
        """All events that match, EXPORT_PAGE at a time, each page in a transaction of its own."""
        after: Position | None = None
        while True:
            with self._transaction(read_only=True) as session:
                rows = rows_after(session, viewer, wanted, sort, after, descending=descending, limit=EXPORT_PAGE)
            yield rows
            if len(rows) < EXPORT_PAGE:
                return
            after = position(rows[-1], sort)

    def newest_ids(self, viewer: Viewer, wanted: EventFilter, limit: int) -> list[UUID]:
        """The newest that match, newest first."""
        query = select(Event.id).where(*matching(viewer, wanted, each_camera=False))
        with self._transaction(read_only=True) as session:
            return list(session.scalars(query.order_by(Event.timestamp.desc(), Event.id.desc()).limit(limit)))

    def nearest_ids(self, viewer: Viewer, wanted: EventFilter, meanings: Subquery, *, least: float, limit: int) -> list[UUID]:
        """Those that match and mean what is looked for, the nearest first: of `meanings` those with a cosine of at least `least`."""
        own = meanings.c
        query = select(Event.id, own.cosine).join(meanings, own.event_id == Event.id).where(*matching(viewer, wanted, each_camera=False))
        # First the nearest, then those that are near enough: each cosine is computed once.
        near = query.order_by(own.cosine.desc().nulls_last(), Event.id.desc()).limit(limit).subquery()
        with self._transaction(read_only=True) as session:
            # To compile the query would take longer than to run it.
            session.execute(text("SET LOCAL jit = off"))
            return list(session.scalars(select(near.c.id).where(near.c.cosine >= least).order_by(near.c.cosine.desc(), near.c.id.desc())))

    def among(self, viewer: Viewer, wanted: EventFilter, ids: Sequence[UUID]) -> list[EventRow]:
        """Those of `ids` that match, in their order: whatever ids are given, only what the viewer may see comes back."""
        query = ROWS.where(*matching(viewer, wanted, each_camera=False), Event.id.in_(ids))
        with self._transaction(read_only=True) as session:
            found = {row.id: row for row in (EventRow(*each) for each in session.execute(query))}
        return [found[each] for each in ids if each in found]

    def get(self, viewer: Viewer, event_id: UUID) -> EventDetail:
        """All that is known of an event."""
        with self._transaction(read_only=True) as session:
            return _detail(session, viewer, event_id)

    def media(self, viewer: Viewer, event_id: UUID) -> MediaPaths:
        """Where an event's clip and pictures lie."""
        query = select(*MEDIA_COLUMNS).where(visible(viewer, Event.camera_id), Event.id == event_id)
        with self._transaction(read_only=True) as session:
            row = session.execute(query).one_or_none()
        if row is None:
            raise unknown_event(event_id)
        return MediaPaths(*row)

    def require_control(self, viewer: Viewer, event_id: UUID) -> None:
        """Raise what a change of this event would."""
        may = visible(viewer, Event.camera_id, AccessLevel.CONTROL).label("may")
        with self._transaction(read_only=True) as session:
            found = session.execute(select(may).where(visible(viewer, Event.camera_id), Event.id == event_id)).one_or_none()
        if found is None:
            raise unknown_event(event_id)
        if not found.may:
            raise no_control()

    def acknowledge(self, viewer: Viewer, actor: Actor, event_id: UUID, note: str | None = None) -> EventDetail:
        """Somebody has seen to it. Who did so first stays; a note (None: none; "": take it away) replaces the one before."""
        return self._changed(viewer, actor, event_id, lambda changer, event: changer.acknowledge(event, note))

    def unacknowledge(self, viewer: Viewer, actor: Actor, event_id: UUID) -> EventDetail:
        """Take that back. The note stays."""
        return self._changed(viewer, actor, event_id, lambda changer, event: changer.unacknowledge(event))

    def change(self, viewer: Viewer, actor: Actor, event_id: UUID, change: EventChange) -> EventDetail:
        """Review, note, lock and type. An anomaly that is called normal is passed to its camera to learn from, as long as that has not
        happened yet also back. Raises ConfigError for another type of what the system says of itself."""
        return self._changed(viewer, actor, event_id, lambda changer, event: changer.change(event, change))

    def acknowledge_all(self, viewer: Viewer, actor: Actor, event_ids: Sequence[UUID], note: str | None = None) -> list[BulkItem]:
        """Acknowledge many, as far as the viewer may: one answer for each id. At most MOST_AT_ONCE."""
        with self._transaction() as session:
            return self._changer(session, viewer, actor).acknowledge_all(event_ids, note)

    def acknowledge_matching(
        self, viewer: Viewer, actor: Actor, wanted: EventFilter, note: str | None = None, *, limit: int
    ) -> tuple[list[BulkItem], bool]:
        """Acknowledge the newest `limit` (at most MOST_AT_ONCE) that match and that the viewer may; true where more are left."""
        with self._transaction() as session:
            return self._changer(session, viewer, actor).acknowledge_matching(wanted, note, limit=limit)

    def export(self, viewer: Viewer, actor: Actor, event_id: UUID) -> EventDetail:
        """Note that an event is taken out of the house, and return it."""
        with self._transaction() as session:
            found = _detail(session, viewer, event_id)
            record(session, actor, "event.export", Target("event", event_id), now=self._clock.now())
            return found

    def note_list_export(self, actor: Actor, form: str, wanted: EventFilter) -> None:
        """Note that a list of events is taken out of the house."""
        asked = {name: value for name, value in asdict(wanted).items() if value not in (None, ())}
        with self._transaction() as session:
            record(session, actor, "event.export", now=self._clock.now(), after={"format": form, "filter": asked})

    def _changed(self, viewer: Viewer, actor: Actor, event_id: UUID, work: Callable[[Changer, Event], Any]) -> EventDetail:
        with self._transaction() as session:
            changer = self._changer(session, viewer, actor)
            work(changer, changer.find(event_id))
            session.flush()
            return _detail(session, viewer, event_id)

    def _changer(self, session: Session, viewer: Viewer, actor: Actor) -> Changer:
        return Changer(session, viewer, actor, self._clock.now())

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the events cannot be read or changed now", hint="Try again; see the log of the database") from error


_ACKNOWLEDGED_BY, _REVIEWED_BY = aliased(User), aliased(User)
# Made once: putting so many columns together takes longer than reading them.
_DETAIL = (
    select(*detail_columns(acknowledged_by_name=_ACKNOWLEDGED_BY.username, reviewed_by_name=_REVIEWED_BY.username))
    .outerjoin_from(Event, Camera, Camera.id == Event.camera_id)
    .outerjoin(_ACKNOWLEDGED_BY, _ACKNOWLEDGED_BY.id == Event.acknowledged_by)
    .outerjoin(_REVIEWED_BY, _REVIEWED_BY.id == Event.reviewed_by)
)


def _detail(session: Session, viewer: Viewer, event_id: UUID) -> EventDetail:
    row = session.execute(_DETAIL.where(visible(viewer, Event.camera_id), Event.id == event_id)).one_or_none()
    if row is None:
        raise unknown_event(event_id)
    found = EventDetail(*row)
    if found.ended_at is None:
        return found
    # Found by camera and time: there is no index on `continues`.
    near = Event.timestamp.between(found.timestamp, found.ended_at + _CONTINUED_WITHIN)
    following = select(Event.id).where(
        visible(viewer, Event.camera_id), Event.camera_id == found.camera_id, near, Event.continues == event_id
    )
    return replace(found, continued_by=session.scalar(following.limit(1)))
