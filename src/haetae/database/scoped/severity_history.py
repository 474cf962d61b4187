"""Past events as a severity policy is asked about them."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import exc, select

from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Event
from haetae.database.scoped.scope import visible
from haetae.domain.event import EventKind, Severity
from haetae.domain.fact import Fact
from haetae.domain.viewer import Viewer
from haetae.errors import DatabaseUnavailable

_FACTS = TypeAdapter(tuple[Fact, ...])


@dataclass(frozen=True, slots=True)
class PastEvent:
    """`facts` are none where this Haetae cannot read those of the row."""

    kind: EventKind
    severity: Severity
    vad_score: float
    timestamp: datetime
    facts: tuple[Fact, ...]


def past_events(sessions: Sessions, viewer: Viewer, *, limit: int) -> list[PastEvent]:
    """The newest that the viewer sees, but for system events. Raises DatabaseUnavailable."""
    query = (
        select(Event.kind, Event.severity, Event.vad_score, Event.timestamp, Event.facts)
        .where(visible(viewer, Event.camera_id), Event.kind != EventKind.SYSTEM)
        .order_by(Event.timestamp.desc())
        .limit(limit)
    )
    try:
        with session_scope(sessions, read_only=True) as session:
            return [PastEvent(*row[:-1], _facts(row[-1])) for row in session.execute(query)]
    except exc.SQLAlchemyError as error:
        raise DatabaseUnavailable("events cannot be read now", hint="Try again; check the database") from error


def _facts(content: object) -> tuple[Fact, ...]:
    try:
        return _FACTS.validate_python(content)
    except ValidationError:
        return ()
