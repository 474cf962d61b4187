"""Cameras as a viewer may see and change them; every change is in the audit log, in the transaction that makes it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exc, func, select
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.account_models import Feedback
from haetae.database.audit import Target, record
from haetae.database.camera_store import BrokenCamera, CameraStore, StoredCamera
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Camera, DailyStatistics, Event
from haetae.database.retention import EventMedia
from haetae.database.scoped.camera_audit import added, changed
from haetae.database.scoped.scope import visible
from haetae.domain.camera import CameraConfig
from haetae.domain.event import SITE, EventKind, EventStatus, Severity
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import Conflict, DatabaseUnavailable, Forbidden, UnknownCamera

BATCH = 500
"""Events that one transaction deletes: a few ten milliseconds, so that other writers need not wait."""


@dataclass(frozen=True, slots=True)
class LastEvent:
    """A camera's newest event."""

    id: UUID
    timestamp: datetime
    kind: EventKind
    subtype: str | None
    severity: Severity
    status: EventStatus
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class DeletedEvents:
    """One batch of deleted events, whose files are to be deleted now. `more` may follow. Where none does: `locked` events stay, and
    `unfinished` ones, which are still being recorded."""

    media: tuple[EventMedia, ...]
    more: bool
    locked: int = 0
    unfinished: int = 0


class ScopedCameras:
    """Any thread; each method is one transaction and raises DatabaseUnavailable.

    A camera that the viewer does not see raises UnknownCamera, as if there were none; one that it sees but may not do that with, Forbidden.
    What changes takes effect once the running site is told (`SiteAccess.reconcile`).
    """

    def __init__(self, store: CameraStore, sessions: Sessions, clock: Clock) -> None:
        self._store = store
        self._sessions = sessions
        self._clock = clock

    def visible_to(self, viewer: Viewer, level: AccessLevel = AccessLevel.VIEW) -> tuple[list[StoredCamera], list[BrokenCamera]]:
        """The cameras with which the viewer may do that, by name, and apart from them those whose rows cannot be read."""
        return self._store.read_all(where=visible(viewer, Camera.id, level))

    def get(self, viewer: Viewer, camera_id: UUID, level: AccessLevel = AccessLevel.VIEW) -> StoredCamera:
        """Raises UnknownCamera, Forbidden, and Conflict where the row cannot be read."""
        _require(viewer, camera_id, level)
        stored, broken = self._store.read_all(where=visible(viewer, Camera.id, level) & (Camera.id == camera_id))
        if broken:
            raise Conflict(f"what is stored for this camera cannot be read: {broken[0].error}", hint="Remove it and add it again")
        if not stored:
            raise _unknown(camera_id)
        return stored[0]

    def last_events(self, viewer: Viewer, camera_id: UUID | None = None) -> dict[UUID, LastEvent]:
        """The newest event of each camera that the viewer sees, or of one of them; a camera without events is absent."""
        # A look into the index for each camera: grouping would read all events.
        newest = select(Event.id).where(Event.camera_id == Camera.id).order_by(Event.timestamp.desc()).limit(1)
        columns = (Event.id, Event.timestamp, Event.kind, Event.subtype, Event.severity, Event.status, Event.acknowledged)
        query = select(Camera.id, *columns).join(Event, Event.id == newest.correlate(Camera).scalar_subquery())
        query = query.where(visible(viewer, Camera.id))
        if camera_id is not None:
            query = query.where(Camera.id == camera_id)
        with self._transaction(read_only=True) as session:
            return {row[0]: LastEvent(*row[1:]) for row in session.execute(query)}

    def add(self, viewer: Viewer, actor: Actor, config: CameraConfig) -> StoredCamera:
        """Raises Forbidden for who is no admin, and what `CameraStore.add` raises."""
        return self.add_all(viewer, actor, [config])[0]

    def add_all(self, viewer: Viewer, actor: Actor, configs: Sequence[CameraConfig]) -> list[StoredCamera]:
        """All of them or none. Raises as `add` does."""
        _require_admin(viewer)

        def within(session: Session, _before: StoredCamera | None, after: StoredCamera | None) -> None:
            assert after is not None
            self._record(session, actor, "camera.add", after.config.id, after=added(after.config))

        return self._store.add_all(configs, within=within)

    def change(
        self,
        viewer: Viewer,
        actor: Actor,
        camera_id: UUID,
        change: Callable[[CameraConfig], CameraConfig],
        *,
        expected_version: int | None = None,
    ) -> StoredCamera:
        """For who has admin access to the camera. Raises as `get` and `CameraStore.change` do."""
        _require(viewer, camera_id, AccessLevel.ADMIN)

        def within(session: Session, before: StoredCamera | None, after: StoredCamera | None) -> None:
            assert before is not None
            assert after is not None
            was, now = changed(before.config, after.config)
            self._record(session, actor, "camera.change", camera_id, before=was, after=now)

        return self._store.change(camera_id, change, expected_version=expected_version, within=within)

    def set_enabled(self, viewer: Viewer, actor: Actor, camera_id: UUID, enabled: bool) -> bool:
        """For who has control of the camera. False when that was so already. Raises UnknownCamera, Forbidden, CameraLimit."""
        _require(viewer, camera_id, AccessLevel.CONTROL)

        def within(session: Session, _before: StoredCamera | None, _after: StoredCamera | None) -> None:
            self._record(session, actor, "camera.start" if enabled else "camera.stop", camera_id)

        return self._store.set_enabled(camera_id, enabled, within=within)

    def note_relearn(self, viewer: Viewer, actor: Actor, camera_id: UUID) -> None:
        """Note in the audit log that what the camera has learned is to be forgotten. For who has admin access to the camera."""
        _require(viewer, camera_id, AccessLevel.ADMIN)
        with self._transaction() as session:
            if session.scalar(select(Camera.id).where(visible(viewer, Camera.id, AccessLevel.ADMIN), Camera.id == camera_id)) is None:
                raise _unknown(camera_id)
            self._record(session, actor, "camera.relearn", camera_id)

    def remove(self, viewer: Viewer, actor: Actor, camera_id: UUID) -> int:
        """Delete the camera and the grants on it; returns how many events stay. Raises UnknownCamera, Forbidden for who is no admin."""
        _require_admin(viewer)
        kept = 0

        def within(session: Session, _before: StoredCamera | None, _after: StoredCamera | None) -> None:
            nonlocal kept
            kept = _count(session, visible(viewer, Event.camera_id), Event.camera_id == camera_id)
            self._record(session, actor, "camera.remove", camera_id, before={"name": name}, after={"events_kept": kept})

        name = self._name(viewer, camera_id)
        self._store.remove(camera_id, within=within)
        return kept

    def delete_events(self, viewer: Viewer, actor: Actor, camera_id: UUID, *, limit: int = BATCH) -> DeletedEvents:
        """Delete up to `limit` events of a camera that was removed, unless they are locked or not finished; statistics go with the last.

        To be called until there are no more. Raises Forbidden for who is no admin, Conflict while the camera is there. Commits before the
        files are deleted: a crash in between leaves files without an event, which the next sweep finds, never an event without its files.
        """
        _require_admin(viewer)
        own = (visible(viewer, Event.camera_id), Event.camera_id == camera_id)
        finished = (Event.locked.is_(False), Event.status != EventStatus.OPEN, Event.media_bytes.is_not(None))
        columns = (Event.id, Event.camera_id, Event.timestamp, Event.clip_path, Event.thumbnail_path, Event.media_bytes)
        query = select(*columns).where(*own, *finished).order_by(Event.timestamp).limit(limit).with_for_update()
        with self._transaction() as session:
            if camera_id == SITE or session.scalar(select(Camera.id).where(visible(viewer, Camera.id), Camera.id == camera_id)) is not None:
                raise Conflict("only the events of a camera that was removed can be deleted with it", hint="Remove the camera first")
            media = tuple(EventMedia(*row[:-1], media_bytes=row.media_bytes or 0) for row in session.execute(query))
            ids = [event.event_id for event in media]
            _delete(session, Event, Event.id.in_(ids))
            _delete(session, Feedback, Feedback.event_id.in_(ids))
            days = 0
            if not (more := len(media) == limit):
                days = _delete(session, DailyStatistics, visible(viewer, DailyStatistics.camera_id), DailyStatistics.camera_id == camera_id)
            if media or days:
                self._record(session, actor, "camera.delete_events", camera_id, after={"events": len(media), "days": days})
            if more:
                return DeletedEvents(media, more)
            locked = _count(session, *own, Event.locked.is_(True))
            return DeletedEvents(media, more, locked, _count(session, *own) - locked)

    def _name(self, viewer: Viewer, camera_id: UUID) -> str:
        """Raises UnknownCamera."""
        with self._transaction(read_only=True) as session:
            name = session.scalar(select(Camera.name).where(visible(viewer, Camera.id), Camera.id == camera_id))
        if name is None:
            raise _unknown(camera_id)
        return name

    def _record(
        self,
        session: Session,
        actor: Actor,
        action: str,
        camera_id: UUID,
        *,
        before: dict[str, object] | None = None,
        after: dict[str, object] | None = None,
    ) -> None:
        record(session, actor, action, Target("camera", camera_id), now=self._clock.now(), before=before, after=after)

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the cameras cannot be read or changed now", hint="Try again; see the log of the database") from error


def _require(viewer: Viewer, camera_id: UUID, level: AccessLevel) -> None:
    if viewer.level(camera_id) is None:
        raise _unknown(camera_id)
    if not viewer.may(camera_id, level):
        raise Forbidden(f"this needs {level.value} access to the camera", hint="Ask an admin of this site")


def _require_admin(viewer: Viewer) -> None:
    if not viewer.is_at_least(Role.ADMIN):
        raise Forbidden("this needs the role admin", hint="Ask an admin of this site")


def _unknown(camera_id: UUID) -> UnknownCamera:
    return UnknownCamera(f"there is no camera {camera_id}", hint="See the list of cameras")


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Event).where(*conditions)) or 0


def _delete(session: Session, model: type[Event | Feedback | DailyStatistics], *conditions: ColumnElement[bool]) -> int:
    done = session.execute(delete(model).where(*conditions), execution_options={"synchronize_session": False})
    return int(done.rowcount)  # type: ignore[attr-defined]
