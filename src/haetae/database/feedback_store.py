"""What people said of events and cameras have not learned from yet."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import exc, select, update
from sqlalchemy.orm import Session

from haetae.database.account_models import Feedback
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Event
from haetae.domain.event import EventKind
from haetae.domain.feedback import CONFIRMED, NORMAL, Evidence
from haetae.errors import DatabaseUnavailable

_BATCH = 100


class FeedbackStore:
    """Any thread. Every method raises DatabaseUnavailable while the database cannot be used."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def pending(self, camera_ids: Collection[UUID]) -> list[Evidence]:
        """What these cameras have yet to learn, oldest first, some at a time. Of tampering there is nothing to learn."""
        query = (
            select(Feedback.id, Feedback.camera_id, Event.vad_score, Event.threshold, Event.timestamp, Feedback.verdict)
            .join(Event, Event.id == Feedback.event_id)
            .where(Feedback.camera_id.in_(sorted(camera_ids)), Feedback.applied_at.is_(None), Feedback.verdict.in_([NORMAL, CONFIRMED]))
            .where(Event.kind == EventKind.ANOMALY)
            .order_by(Feedback.created_at, Feedback.id)
            .limit(_BATCH)
        )
        with self._transaction(read_only=True) as session:
            return [Evidence(*row[:-1], confirmed=row[-1] == CONFIRMED) for row in session.execute(query)]

    def mark_applied(self, feedback_ids: Collection[UUID], *, at: datetime) -> None:
        """Note that the learned states of their cameras hold these."""
        statement = update(Feedback).where(Feedback.id.in_(sorted(feedback_ids)), Feedback.applied_at.is_(None)).values(applied_at=at)
        with self._transaction() as session:
            session.execute(statement, execution_options={"synchronize_session": False})

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("what people said of events cannot be read or noted now", hint="Check the database") from error
