"""The queue of triage in the database: what waits, who looks, and what came of it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, delete, exc, func, or_, select, update
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.analysis_models import AnalysisJob, AnalysisRow
from haetae.database.analysis_rows import lock_events, write_outcome
from haetae.database.embedding_store import queue_words
from haetae.database.engine import Sessions, session_scope
from haetae.database.event_repository import to_event
from haetae.database.models import Camera, Event
from haetae.domain.event import EventStatus, Severity
from haetae.domain.triage import Job, Outcome, Waiting
from haetae.errors import DatabaseUnavailable

LONGEST_LEASE = timedelta(hours=2)
"""A lease that ends later was given before the clock was set back, and holds nobody up."""

UNSETTLED_FOR = timedelta(minutes=10)
"""So long after it was queued an event that is over counts as settled, whether its writer told of its media or not."""

MOST_WAITING = 5000
"""Rows that are read to choose among; what lies beyond is shed all the same, once it comes up."""

_log = structlog.get_logger()


class TriageStore:
    """Any thread, several processes; each method is one transaction and raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions, clock: Clock, *, embeds: bool = False) -> None:
        """`embeds`: events that look different are also queued to have their words embedded."""
        self._sessions = sessions
        self._clock = clock
        self._embeds = embeds

    def undescribed(self, limit: int) -> list[Job]:
        """Events whose facts are not in words yet, oldest first: new ones, and settled ones of which more is known since.

        What nobody can read and what is gone is taken out of the queue on the way.
        """
        now = self._clock.now()
        behind = or_(AnalysisJob.described_revision < 0, and_(_settled(now), AnalysisJob.described_revision < Event.revision))
        order = (AnalysisJob.queued_at, AnalysisJob.event_id)
        gone = select(AnalysisJob.event_id).outerjoin(Event, Event.id == AnalysisJob.event_id).where(Event.id.is_(None))
        with self._transaction() as session:
            found = list(_read(session, now, behind, order=order, limit=limit))
            unreadable = [event_id for event_id, job in found if job is None]
            if unreadable or len(found) < limit:
                unreadable += session.scalars(gone.limit(limit))
                _forget(session, unreadable)
            return [job for _, job in found if job is not None]

    def waiting(self) -> list[Waiting]:
        """What is described and not done, the most severe first, oldest first among equals."""
        now = self._clock.now()
        columns = (
            Event.id,
            Event.camera_id,
            Event.severity,
            AnalysisJob.queued_at,
            _settled(now),
            AnalysisJob.alerted,
            AnalysisJob.asked_at.is_not(None),
            _leased(now),
            Event.continues,
        )
        query = select(*columns).join(AnalysisJob, AnalysisJob.event_id == Event.id).where(AnalysisJob.described_revision >= 0)
        with self._transaction(read_only=True) as session:
            rows = session.execute(query.order_by(AnalysisJob.queued_at, Event.id).limit(MOST_WAITING))
            found = [_waiting(*row) for row in rows]
        return sorted(found, key=lambda each: (-each.severity.rank, each.queued_at))

    def claim(self, event_id: UUID, *, lease_s: float) -> Job | None:
        """Take a job for so long; None where it is gone, or somebody else has it."""
        now = self._clock.now()
        lease = now + min(timedelta(seconds=lease_s), LONGEST_LEASE)
        with self._transaction() as session:
            taken = update(AnalysisJob).where(AnalysisJob.event_id == event_id, ~_leased(now))
            result = session.execute(
                taken.values(lease_until=lease, attempts=AnalysisJob.attempts + 1), execution_options={"synchronize_session": False}
            )
            if result.rowcount != 1:  # type: ignore[attr-defined]
                return None
            found = list(_read(session, now, AnalysisJob.event_id == event_id, order=(), limit=1))
            if not found or found[0][1] is None:
                _forget(session, [event_id])
                return None
            return found[0][1]

    def write(self, outcomes: Sequence[Outcome]) -> list[UUID]:
        """Write down what came of jobs, in one transaction with the news of it; returns the events that look different now.

        A job whose event somebody asked to be looked at again meanwhile stays.
        """
        now = self._clock.now()
        with self._transaction() as session:
            ordered = sorted(outcomes, key=lambda each: each.job.event.id.int)
            lock_events(session, [each.job.event.id for each in ordered])
            changed = [each.job.event.id for each in ordered if write_outcome(session, each, now)]
            if self._embeds:
                queue_words(session, changed, now)
            return changed

    def release(self, event_id: UUID) -> None:
        """Give a job back: nothing came of it."""
        with self._transaction() as session:
            given = update(AnalysisJob).where(AnalysisJob.event_id == event_id).values(lease_until=None)
            session.execute(given, execution_options={"synchronize_session": False})

    def release_all(self) -> None:
        """Give back the leases of a process that was killed. Only where nobody else works on this queue, as at the start of a site."""
        with self._transaction() as session:
            given = update(AnalysisJob).where(AnalysisJob.lease_until.is_not(None)).values(lease_until=None)
            session.execute(given, execution_options={"synchronize_session": False})

    def calls_since(self, since: datetime) -> list[tuple[datetime, int]]:
        """When models were asked since then, and how often: what a budget has to know after a restart."""
        query = select(AnalysisRow.created_at, AnalysisRow.calls).where(AnalysisRow.created_at >= since, AnalysisRow.calls > 0)
        with self._transaction(read_only=True) as session:
            return [(at, calls) for at, calls in session.execute(query.order_by(AnalysisRow.created_at))]

    def count(self) -> int:
        """How many jobs there are."""
        with self._transaction(read_only=True) as session:
            return session.scalar(select(func.count()).select_from(AnalysisJob)) or 0

    def prune(self, before: datetime, limit: int = 500) -> int:
        """Delete at most `limit` analyses made before then, the oldest first; returns how many. What stands on the events stays."""
        old = select(AnalysisRow.id).where(AnalysisRow.created_at < before).order_by(AnalysisRow.created_at).limit(limit)
        with self._transaction() as session:
            gone = list(session.scalars(old))
            session.execute(delete(AnalysisRow).where(AnalysisRow.id.in_(gone)), execution_options={"synchronize_session": False})
            return len(gone)

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            cause = type(error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error).__name__
            raise DatabaseUnavailable(f"the queue of triage cannot be read or written now ({cause})", hint="Check the database") from error


def _waiting(
    event_id: UUID,
    camera_id: UUID,
    severity: Severity,
    queued_at: datetime,
    settled: Any,
    alerted: Any,
    asked: Any,
    leased: Any,
    continues: UUID | None,
) -> Waiting:
    # SQLite's expressions are numbers.
    return Waiting(event_id, camera_id, severity, queued_at, bool(settled), bool(alerted), bool(asked), bool(leased), continues)


def _settled(now: datetime) -> ColumnElement[bool]:
    told = or_(Event.media_bytes.is_not(None), AnalysisJob.queued_at < now - UNSETTLED_FOR)
    return or_(Event.status == EventStatus.INTERRUPTED, and_(Event.status == EventStatus.CLOSED, told))


def _leased(now: datetime) -> ColumnElement[bool]:
    held = AnalysisJob.lease_until.is_not(None)
    return and_(held, AnalysisJob.lease_until > now, AnalysisJob.lease_until <= now + LONGEST_LEASE)


def _read(
    session: Session, now: datetime, condition: ColumnElement[bool], *, order: Sequence[Any], limit: int
) -> Iterator[tuple[UUID, Job | None]]:
    """(event id, job); None for a row that no Haetae wrote."""
    query = select(AnalysisJob, Event, Camera.name, _settled(now)).join(Event, Event.id == AnalysisJob.event_id)
    query = query.outerjoin(Camera, Camera.id == Event.camera_id).where(condition).order_by(*order).limit(limit)
    for job, event, name, settled in session.execute(query).all():
        try:
            yield event.id, _job(job, event, name, settled=bool(settled))
        except (ValueError, TypeError, LookupError) as error:
            _log.error("event_unreadable", event_id=str(event.id), error=type(error).__name__)
            yield event.id, None


def _job(row: AnalysisJob, event: Event, name: str | None, *, settled: bool) -> Job:
    return Job(
        event=to_event(event),
        camera_name=name,
        queued_at=row.queued_at,
        settled=settled,
        described_revision=row.described_revision,
        alerted=row.alerted,
        asked_at=row.asked_at,
        attempts=row.attempts,
        media_deleted=event.media_deleted_at is not None,
    )


def _forget(session: Session, event_ids: Collection[UUID]) -> None:
    if event_ids:
        gone = delete(AnalysisJob).where(AnalysisJob.event_id.in_(event_ids))
        session.execute(gone, execution_options={"synchronize_session": False})
