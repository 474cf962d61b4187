"""How many events a viewer may see, in groups of what they have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exc, func, select
from sqlalchemy.orm import Session

from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Event
from haetae.database.scoped.event_filter import SHOWN_TYPE, EventFilter, matching
from haetae.domain.event import Review, Severity, Verdict
from haetae.domain.viewer import Viewer
from haetae.errors import ConfigError, DatabaseUnavailable

LONGEST_SPAN = timedelta(days=93, hours=1)
"""An hour more than 93 days, for clocks that went back."""


@dataclass(frozen=True, slots=True)
class EventGroup:
    """`type` is the type as it is shown: a model's, else the subtype, else the kind."""

    camera_id: UUID
    type: str
    severity: Severity
    verdict: Verdict | None
    review: Review
    acknowledged: bool
    events: int


class ScopedEventCounts:
    """Any thread; a read-only transaction that raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def groups(self, viewer: Viewer, wanted: EventFilter) -> list[EventGroup]:
        """Counted exactly, so over a bounded span. Raises ConfigError where `since` or `until` is missing, or the span is too long."""
        if wanted.since is None or wanted.until is None or wanted.until - wanted.since > LONGEST_SPAN:
            raise ConfigError("events are counted over a span of at most 93 days", hint="Give its beginning and its end")
        columns = (Event.camera_id, SHOWN_TYPE, Event.severity, Event.verdict, Event.review, Event.acknowledged)
        query = select(*columns, func.count()).where(*matching(viewer, wanted, each_camera=True)).group_by(*columns)
        with self._reading() as session:
            return [EventGroup(*row) for row in session.execute(query)]

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=True) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the events cannot be counted now", hint="Try again; see the log of the database") from error
