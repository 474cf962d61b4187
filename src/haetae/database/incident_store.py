"""The queue of incidents in the database: what waits for a plan, who plans, and the plans that were made."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, delete, exc, func, select, update
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.action_rows import HAETAE
from haetae.database.analysis_models import AnalysisRow
from haetae.database.analysis_rows import to_analysis
from haetae.database.audit import Target
from haetae.database.audit import record as note
from haetae.database.engine import Sessions, session_scope
from haetae.database.event_repository import to_event
from haetae.database.incident_rows import plain, plan_digest, to_record, to_row, to_steps
from haetae.database.models import Camera, Event
from haetae.database.planning_models import IncidentJobRow, IncidentPlanRow
from haetae.domain.analysis import Analysis, Basis, EventType
from haetae.domain.event import AnomalyEvent, Verdict
from haetae.domain.incident import IncidentJob, PlanRecord, Step, WaitingIncident
from haetae.errors import DatabaseUnavailable, NotFound, StateError

LONGEST_LEASE = timedelta(hours=2)
"""A lease that ends later was given before the clock was set back, and holds nobody up."""

MOST_WAITING = 5000

_UNREADABLE = (ValueError, TypeError, LookupError)
_SILENTLY = {"synchronize_session": False}

_log = structlog.get_logger()


class IncidentStore:
    """Any thread; each method is one transaction and raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def waiting(self) -> list[WaitingIncident]:
        """The most severe first, oldest first among equals. What is gone is taken out of the queue on the way."""
        columns = (
            Event.id,
            Event.camera_id,
            Event.severity,
            IncidentJobRow.queued_at,
            IncidentJobRow.final,
            Camera.flow,
            _leased(self._clock.now()),
        )
        query = select(*columns).join(IncidentJobRow, IncidentJobRow.event_id == Event.id)
        query = query.outerjoin(Camera, Camera.id == Event.camera_id).order_by(IncidentJobRow.queued_at, Event.id).limit(MOST_WAITING)
        with self._transaction(read_only=True) as session:
            found = [
                WaitingIncident(event_id, camera_id, severity, queued_at, final, flow or "", bool(leased))
                for event_id, camera_id, severity, queued_at, final, flow, leased in session.execute(query)
            ]
            waiting = session.scalar(select(func.count()).select_from(IncidentJobRow)) or 0
        if waiting > len(found) and len(found) < MOST_WAITING:
            self._forget_gone()
        return sorted(found, key=lambda each: (-each.severity.rank, each.queued_at))

    def claim(self, event_id: UUID, *, lease_s: float) -> IncidentJob | None:
        """Take a job for so long; None where it is gone, cannot be read, or somebody else has it."""
        now = self._clock.now()
        lease = now + min(timedelta(seconds=lease_s), LONGEST_LEASE)
        with self._transaction() as session:
            taken = update(IncidentJobRow).where(IncidentJobRow.event_id == event_id, ~_leased(now))
            result = session.execute(taken.values(lease_until=lease, attempts=IncidentJobRow.attempts + 1), execution_options=_SILENTLY)
            if result.rowcount != 1:  # type: ignore[attr-defined]
                return None
            try:
                return _read(session, event_id)
            except _UNREADABLE as error:
                _log.error("incident_unreadable", event_id=str(event_id), error=type(error).__name__)
            _forget(session, [event_id])
            return None

    def keep_steps(self, event_id: UUID, steps: Sequence[Step]) -> None:
        """These are the finished steps."""
        kept = update(IncidentJobRow).where(IncidentJobRow.event_id == event_id).values(steps=plain(list(steps)))
        with self._transaction() as session:
            session.execute(kept, execution_options=_SILENTLY)

    def finish(self, job: IncidentJob, record: PlanRecord | None, *, words: Sequence[str] = ()) -> None:
        """Write a plan down (None: it adds nothing) and be done with the job, unless more became known meanwhile. `words` are those of all
        actions of the event's plans."""
        now = self._clock.now()
        event_id = job.event.id
        with self._transaction() as session:
            # Who stores events takes their rows first, too.
            session.execute(select(Event.id).where(Event.id == event_id).with_for_update()).all()
            row = None if record is None else to_row(record)
            if row is not None:
                session.add(row)
                session.flush()
                took_s = max(0.0, (now - job.queued_at) / timedelta(seconds=1))
                first = func.coalesce(Event.agent_response_time, took_s)
                changed = update(Event).where(Event.id == event_id).values(agent_actions=plain(list(words)), agent_response_time=first)
                session.execute(changed, execution_options=_SILENTLY)
            mine = IncidentJobRow.event_id == event_id
            session.execute(delete(IncidentJobRow).where(mine, IncidentJobRow.wanted == job.wanted), execution_options=_SILENTLY)
            anew: dict[str, Any] = {"lease_until": None, "attempts": 0, "steps": []}
            session.execute(update(IncidentJobRow).where(mine).values(**anew), execution_options=_SILENTLY)
            if row is not None:
                told = {"plan": str(row.id), "number": row.number, "at": row.created_at.isoformat(), "plan_digest": plan_digest(row)}
                note(session, HAETAE, "plan.keep", Target("event", event_id), now=now, after=told)

    def release(self, event_id: UUID) -> None:
        """Give a job back: nothing came of it yet."""
        given = update(IncidentJobRow).where(IncidentJobRow.event_id == event_id).values(lease_until=None)
        with self._transaction() as session:
            session.execute(given, execution_options=_SILENTLY)

    def release_all(self) -> None:
        """Give back the leases of a process that was killed. Only where nobody else works on this queue, as at the start of a site."""
        given = update(IncidentJobRow).where(IncidentJobRow.lease_until.is_not(None)).values(lease_until=None)
        with self._transaction() as session:
            session.execute(given, execution_options=_SILENTLY)

    def calls_since(self, since: datetime) -> list[tuple[datetime, int]]:
        """When models were asked since then, and how often: what a budget has to know after a restart."""
        query = select(IncidentPlanRow.created_at, IncidentPlanRow.calls)
        query = query.where(IncidentPlanRow.created_at >= since, IncidentPlanRow.calls > 0).order_by(IncidentPlanRow.created_at)
        with self._transaction(read_only=True) as session:
            return [(at, calls) for at, calls in session.execute(query)]

    def prune(self, before: datetime, limit: int = 500) -> int:
        """Delete at most `limit` plans made before then, the oldest first; returns how many. What stands on the events stays."""
        old = select(IncidentPlanRow.id).where(IncidentPlanRow.created_at < before).order_by(IncidentPlanRow.created_at).limit(limit)
        with self._transaction() as session:
            gone = list(session.scalars(old))
            session.execute(delete(IncidentPlanRow).where(IncidentPlanRow.id.in_(gone)), execution_options=_SILENTLY)
            if gone:
                told = {"plans": len(gone), "before": before.isoformat()}
                note(session, HAETAE, "plan.prune", now=self._clock.now(), after=told)
            return len(gone)

    def past(self, since: datetime, until: datetime, limit: int) -> list[tuple[AnomalyEvent, Analysis]]:
        """Events of cameras that began in this time, newest first, with what was said of them; those that cannot be read are left out."""
        within = select(Event).where(Event.timestamp >= since, Event.timestamp < until, Event.kind != "system")
        query = within.order_by(Event.timestamp.desc(), Event.id.desc()).limit(limit)
        found = []
        with self._transaction(read_only=True) as session:
            for row in session.scalars(query):
                try:
                    event = to_event(row)
                    found.append((event, standing(event)))
                except _UNREADABLE as error:
                    _log.error("event_unreadable", event_id=str(row.id), error=type(error).__name__)
        return found

    def plans(self, event_id: UUID) -> tuple[AnomalyEvent, tuple[PlanRecord, ...]]:
        """The event and all plans that were made for it, in their order. Raises NotFound where there are none, StateError for some that no
        Haetae wrote."""
        rows = select(IncidentPlanRow).where(IncidentPlanRow.event_id == event_id).order_by(IncidentPlanRow.number)
        with self._transaction(read_only=True) as session:
            event, found = session.get(Event, event_id), session.scalars(rows).all()
            if event is None or not found:
                raise NotFound(f"nothing was planned for the event {event_id}", hint="Check the id; old plans are forgotten after a year")
            try:
                return to_event(event), tuple(to_record(row) for row in found)
            except _UNREADABLE as error:
                raise StateError("the plans cannot be read", hint="Check the database: haetae doctor") from error

    def _forget_gone(self) -> None:
        gone = select(IncidentJobRow.event_id).outerjoin(Event, Event.id == IncidentJobRow.event_id).where(Event.id.is_(None)).limit(500)
        with self._transaction() as session:
            _forget(session, list(session.scalars(gone)))

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            cause = type(error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error).__name__
            raise DatabaseUnavailable(f"incidents cannot be read or written now ({cause})", hint="Check the database") from error


def standing(event: AnomalyEvent) -> Analysis:
    """What is said of an event, as far as its own row tells."""
    known, type_ = {each.value for each in EventType}, event.corrected_type or event.vlm_type
    return Analysis(
        event.verdict or Verdict.UNVERIFIED,
        EventType(type_) if type_ in known else None,
        event.vlm_confidence,
        event.vlm_description or "",
    )


def _leased(now: datetime) -> ColumnElement[bool]:
    held = IncidentJobRow.lease_until.is_not(None)
    return and_(held, IncidentJobRow.lease_until > now, IncidentJobRow.lease_until <= now + LONGEST_LEASE)


def _read(session: Session, event_id: UUID) -> IncidentJob:
    """Raises ValueError, TypeError and LookupError for rows that no Haetae wrote, or that are gone."""
    query = select(IncidentJobRow, Event, Camera.flow).join(Event, Event.id == IncidentJobRow.event_id)
    found = session.execute(query.outerjoin(Camera, Camera.id == Event.camera_id).where(Event.id == event_id)).one_or_none()
    if found is None:
        raise LookupError("the event is gone")
    job, row, flow = found
    event = to_event(row)
    plans = select(IncidentPlanRow).where(IncidentPlanRow.event_id == event_id).order_by(IncidentPlanRow.number)
    return IncidentJob(
        event=event,
        analysis=_analysis(session, event),
        flow=flow or "",
        queued_at=job.queued_at,
        final=job.final,
        wanted=job.wanted,
        attempts=job.attempts,
        steps=to_steps(job.steps),
        planned=tuple(to_record(each) for each in session.scalars(plans)),
    )


def _analysis(session: Session, event: AnomalyEvent) -> Analysis:
    """The look that stands on the event: the newest one of a model that did not fail, else what the row tells."""
    looks = select(AnalysisRow).where(AnalysisRow.event_id == event.id, AnalysisRow.basis != Basis.EVIDENCE, ~AnalysisRow.failed)
    row: Any = session.scalars(looks.order_by(AnalysisRow.created_at.desc(), AnalysisRow.id.desc()).limit(1)).first()
    return standing(event) if row is None else to_analysis(row.content)


def _forget(session: Session, event_ids: Collection[UUID]) -> None:
    if event_ids:
        session.execute(delete(IncidentJobRow).where(IncidentJobRow.event_id.in_(event_ids)), execution_options=_SILENTLY)
