"""What people tell a model about the place that a camera sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Delete, delete, exc, select
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.analysis_models import CameraNotes
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Camera
from haetae.database.scoped.scope import visible
from haetae.domain.viewer import AccessLevel, Actor, Viewer
from haetae.errors import DatabaseUnavailable, Forbidden, UnknownCamera


@dataclass(frozen=True, slots=True)
class SiteNotes:
    """`updated_at` is None where nobody wrote any."""

    text: str = ""
    updated_at: datetime | None = None


class ScopedSiteNotes:
    """Any thread; each method is one transaction and raises DatabaseUnavailable, and UnknownCamera for what the viewer does not see."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def read(self, viewer: Viewer, camera_id: UUID) -> SiteNotes:
        with self._transaction(read_only=True) as session:
            _require(session, viewer, camera_id, AccessLevel.VIEW)
            row = session.get(CameraNotes, camera_id)
            return SiteNotes() if row is None else SiteNotes(row.text, row.updated_at)

    def write(self, viewer: Viewer, actor: Actor, camera_id: UUID, text: str) -> SiteNotes:
        """Put these notes in place of those before; empty ones take them away. Raises Forbidden for who may not change the camera."""
        now = self._clock.now()
        with self._transaction() as session:
            _require(session, viewer, camera_id, AccessLevel.ADMIN)
            row = session.get(CameraNotes, camera_id)
            before = row.text if row is not None else ""
            if before == text:
                return SiteNotes() if row is None else SiteNotes(row.text, row.updated_at)
            session.execute(_gone(viewer, camera_id), execution_options={"synchronize_session": False})
            session.expunge_all()
            if text:
                session.add(CameraNotes(camera_id=camera_id, text=text, updated_at=now, updated_by=viewer.user_id))
            record(session, actor, "camera.notes", Target("camera", camera_id), now=now, before={"notes": before}, after={"notes": text})
            return SiteNotes(text, now) if text else SiteNotes()

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("notes cannot be read or written now", hint="Try again; check the database") from error


def _require(session: Session, viewer: Viewer, camera_id: UUID, level: AccessLevel) -> None:
    may = visible(viewer, Camera.id, level).label("may")
    found = session.execute(select(may).where(visible(viewer, Camera.id), Camera.id == camera_id)).one_or_none()
    if found is None:
        raise UnknownCamera(f"there is no camera {camera_id}", hint="See the list of cameras")
    if not found.may:
        raise Forbidden(f"this needs {level.value} access to the camera", hint="Ask an admin of this site")


def _gone(viewer: Viewer, camera_id: UUID) -> Delete:
    return delete(CameraNotes).where(CameraNotes.camera_id == camera_id, visible(viewer, CameraNotes.camera_id, AccessLevel.ADMIN))
