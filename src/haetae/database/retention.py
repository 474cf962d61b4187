"""Clips and pictures as the database knows them: what they take, which may go, and the release of references before files are deleted.

Only a *final* event is ever released: closed or interrupted, with the size of its media known (`media_bytes`, written with the
recorder's last revision). No writer has a file of it open then. A later revision all the same (a description that came late) cannot bring
a deleted path back: `EventStatement` keeps clip, thumbnail and size of a row as they are once `media_deleted_at` is set.

Two partial indexes carry these queries (migration 003): events that have media, and events whose media is unknown. Both are small and hold
no event whose media is gone, so a look costs the same after years.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, literal_column, not_, or_, select, update
from sqlalchemy.orm import Session

from haetae.database.models import Event
from haetae.domain.event import EventStatus

# A literal, not a parameter: SQLite uses a partial index only where it can see that the condition implies the index's.
_HAS_MEDIA = Event.media_bytes > literal_column("0")
_UNSETTLED = (Event.media_bytes.is_(None), Event.status != EventStatus.OPEN)
_DELETABLE = (_HAS_MEDIA, not_(Event.locked), Event.status != EventStatus.OPEN)


@dataclass(frozen=True, slots=True)
class MediaUsage:
    """Bytes of all clips and pictures and of those that are evidence; the onset of the oldest that may be deleted, None where none may."""

    total_bytes: int = 0
    locked_bytes: int = 0
    oldest_at: datetime | None = None

    @property
    def deletable_bytes(self) -> int:
        return self.total_bytes - self.locked_bytes


@dataclass(frozen=True, slots=True)
class DayOfMedia:
    """What is kept of the events of one UTC day, in bytes."""

    day: date
    total_bytes: int
    deletable_bytes: int


@dataclass(frozen=True, slots=True)
class EventMedia:
    """An event with its media; paths are relative to the storage folder."""

    event_id: UUID
    camera_id: UUID
    onset_at: datetime
    clip_path: str | None
    thumbnail_path: str | None
    media_bytes: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownMedia:
    """What the database says of an event's files. `settled`: no revision is awaited that names more of them."""

    clip_path: str | None
    thumbnail_path: str | None
    locked: bool
    deleted: bool
    settled: bool


def media_usage(session: Session) -> MediaUsage:
    """Sums over all events with media."""
    locked = func.sum(case((Event.locked, Event.media_bytes), else_=0))
    oldest = func.min(case((not_(Event.locked), Event.timestamp)))
    total, evidence, oldest_at = session.execute(select(func.sum(Event.media_bytes), locked, oldest).where(_HAS_MEDIA)).one()
    return MediaUsage(int(total or 0), int(evidence or 0), oldest_at)


def daily_media(session: Session) -> list[DayOfMedia]:
    """Sums for each UTC day of which something is kept, oldest first."""
    day = _utc_day(session)
    deletable = func.sum(case((Event.locked, 0), else_=Event.media_bytes))
    query = select(day, func.sum(Event.media_bytes), deletable).where(_HAS_MEDIA).group_by(day).order_by(day)
    return [DayOfMedia(date.fromisoformat(str(at)), int(total), int(free)) for at, total, free in session.execute(query)]


def oldest_media(session: Session, limit: int) -> list[EventMedia]:
    """The oldest events whose media may be deleted."""
    return [_media(row) for row in session.execute(_media_query(*_DELETABLE).order_by(Event.timestamp).limit(limit))]


def release_media(
    session: Session, *, now: datetime, limit: int, before: datetime | None = None, need_bytes: int | None = None
) -> list[EventMedia]:
    """Take the references to clip and pictures from the oldest events that may be deleted, and return what they were.

    At most `limit` events, with an onset before `before` where given, and no more than it takes to reach `need_bytes`. The rows are
    chosen and changed in the session's one write transaction, so an event that somebody locks meanwhile is either left alone or was
    released before. Commit first, then delete the files: a crash in between leaves files without an event, never an event without its
    files.
    """
    query = _media_query(*_DELETABLE).order_by(Event.timestamp).limit(limit).with_for_update()
    if before is not None:
        query = query.where(Event.timestamp < before)
    released: list[EventMedia] = []
    freed = 0
    for row in session.execute(query):
        if need_bytes is not None and freed >= need_bytes:
            break
        released.append(_media(row))
        freed += row.media_bytes
    if released:
        gone = {"clip_path": None, "thumbnail_path": None, "media_bytes": 0, "media_deleted_at": now}
        _update(session, Event.id.in_([media.event_id for media in released]), values=gone)
    return released


def unsettled_media(session: Session, *, before: datetime, limit: int) -> list[EventMedia]:
    """Ended events with an onset before `before` whose media no revision ever told, newest first: their writer was killed."""
    query = _media_query(*_UNSETTLED, or_(Event.ended_at.is_(None), Event.ended_at < before), Event.timestamp < before)
    return [_media(row) for row in session.execute(query.order_by(Event.timestamp.desc()).limit(limit))]


def settle_media(session: Session, settled: Sequence[EventMedia]) -> None:
    """Write what was found of unsettled events' media. One that a revision settled in the meantime is left as that says.

    The revision stays, so that one which is still to come wins over this guess.
    """
    for media in settled:
        values = {
            "clip_path": media.clip_path,
            "thumbnail_path": media.thumbnail_path,
            "media_bytes": media.media_bytes,
            "faults": list(media.faults),
        }
        _update(session, Event.id == media.event_id, *_UNSETTLED, values=values)


def known_media(session: Session, event_ids: Collection[UUID]) -> dict[UUID, KnownMedia]:
    """What the database says of these events' files; an id that it does not know is absent."""
    query = select(
        Event.id, Event.clip_path, Event.thumbnail_path, Event.locked, Event.media_deleted_at, Event.media_bytes, Event.status
    ).where(Event.id.in_(event_ids))
    return {
        row.id: KnownMedia(
            row.clip_path,
            row.thumbnail_path,
            row.locked,
            deleted=row.media_deleted_at is not None,
            settled=row.media_bytes is not None and row.status is not EventStatus.OPEN,
        )
        for row in session.execute(query)
    }


def list_clips(session: Session, *, after: EventMedia | None, limit: int) -> list[EventMedia]:
    """A page of the events with a clip, oldest first, that follow `after`."""
    query = _media_query(_HAS_MEDIA, Event.clip_path.is_not(None)).order_by(Event.timestamp, Event.id).limit(limit)
    if after is not None:
        same_time = (Event.timestamp == after.onset_at) & (Event.id > after.event_id)
        query = query.where(Event.timestamp >= after.onset_at, (Event.timestamp > after.onset_at) | same_time)
    return [_media(row) for row in session.execute(query)]


def _media_query(*conditions: ColumnElement[bool]) -> Any:
    columns = (Event.id, Event.camera_id, Event.timestamp, Event.clip_path, Event.thumbnail_path, Event.media_bytes, Event.faults)
    return select(*columns).where(*conditions)


def _media(row: Any) -> EventMedia:
    return EventMedia(row.id, row.camera_id, row.timestamp, row.clip_path, row.thumbnail_path, int(row.media_bytes or 0), tuple(row.faults))


def _update(session: Session, *conditions: ColumnElement[bool], values: dict[str, Any]) -> None:
    session.execute(update(Event).where(*conditions).values(**values), execution_options={"synchronize_session": False})


def _utc_day(session: Session) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "postgresql":
        return func.date(func.timezone("UTC", Event.timestamp))
    return func.date(Event.timestamp)
