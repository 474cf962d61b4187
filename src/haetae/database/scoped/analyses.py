"""How the verdicts on events came about, and asking for another look, as far as a viewer may."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from sqlalchemy import exc, select, update
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.analysis_models import AnalysisJob, AnalysisRow
from haetae.database.analysis_rows import to_record
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Event
from haetae.database.scoped.event_changes import no_control, unknown_event
from haetae.database.scoped.scope import visible
from haetae.database.triage_jobs import NewJob, job_values, new_jobs
from haetae.domain.event import EventKind
from haetae.domain.triage import LookRecord
from haetae.domain.viewer import AccessLevel, Actor, Viewer
from haetae.errors import Conflict, DatabaseUnavailable

_MOST = 100

_log = structlog.get_logger()


class ScopedAnalyses:
    """Any thread; each method is one transaction and raises DatabaseUnavailable, and NotFound for an event that the viewer does not see."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def of_event(self, viewer: Viewer, event_id: UUID) -> list[LookRecord]:
        """Newest first, the newest hundred. What no Haetae wrote is left out, with a line in the log."""
        mine = (visible(viewer, Event.camera_id), Event.id == event_id)
        rows = select(AnalysisRow).join(Event, Event.id == AnalysisRow.event_id).where(*mine)
        with self._transaction(read_only=True) as session:
            if session.scalar(select(Event.id).where(*mine)) is None:
                raise unknown_event(event_id)
            newest = session.scalars(rows.order_by(AnalysisRow.created_at.desc(), AnalysisRow.id.desc()).limit(_MOST)).all()
            return [found for row in newest if (found := _readable(row)) is not None]

    def ask(self, viewer: Viewer, actor: Actor, event_id: UUID) -> UUID:
        """Have an event looked at, again or at all; returns its camera. Raises Forbidden for who may only look, Conflict for an event that
        no camera's picture raised."""
        now = self._clock.now()
        may = visible(viewer, Event.camera_id, AccessLevel.CONTROL).label("may")
        wanted = select(Event.camera_id, Event.kind, may).where(visible(viewer, Event.camera_id), Event.id == event_id)
        with self._transaction() as session:
            found = session.execute(wanted.with_for_update(of=Event)).one_or_none()
            if found is None:
                raise unknown_event(event_id)
            if not found.may:
                raise no_control()
            if found.kind is EventKind.SYSTEM:
                raise Conflict("there is nothing to look at: the system raised this event", hint="Read its detail")
            connection = session.connection()
            connection.execute(new_jobs(connection.dialect.name), [job_values(NewJob(event_id, found.camera_id), now)])
            asked = update(AnalysisJob).where(AnalysisJob.event_id == event_id).values(asked_at=now, asked_by=viewer.user_id)
            session.execute(asked, execution_options={"synchronize_session": False})
            record(session, actor, "event.analyze", Target("event", event_id), now=now)
            camera_id: UUID = found.camera_id
            return camera_id

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("analyses cannot be read or asked for now", hint="Try again; check the database") from error


def _readable(row: AnalysisRow) -> LookRecord | None:
    try:
        return to_record(row)
    except (ValueError, TypeError) as error:
        _log.error("analysis_unreadable", analysis_id=str(row.id), error=type(error).__name__)
        return None
