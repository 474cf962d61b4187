"""What admins add to the prompt, by type of event. For admins: nothing here asks who is looking."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exc, select
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.analysis_models import PromptText
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions, session_scope
from haetae.domain.analysis import EventType
from haetae.domain.viewer import Actor
from haetae.errors import DatabaseUnavailable


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    event_type: EventType
    text: str
    updated_at: datetime


class PromptStore:
    """Any thread; each method is one transaction and raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def read_all(self) -> list[StoredPrompt]:
        """By type. Types that this Haetae does not know are left out."""
        known = {each.value for each in EventType}
        with self._transaction(read_only=True) as session:
            rows = session.scalars(select(PromptText).order_by(PromptText.event_type))
            return [StoredPrompt(EventType(row.event_type), row.text, row.updated_at) for row in rows if row.event_type in known]

    def write(self, event_type: EventType, text: str, actor: Actor) -> StoredPrompt:
        """Put this text in place of the one before; an empty one takes it away."""
        now = self._clock.now()
        with self._transaction() as session:
            row = session.get(PromptText, event_type.value)
            before = row.text if row is not None else ""
            if row is not None and not text:
                session.delete(row)
            elif row is not None:
                row.text, row.updated_at, row.updated_by = text, now, actor.user_id
            elif text:
                session.add(PromptText(event_type=event_type.value, text=text, updated_at=now, updated_by=actor.user_id))
            if before != text:
                session.flush()
                target = Target("prompt", event_type.value)
                record(session, actor, "prompt.change", target, now=now, before={"text": before}, after={"text": text})
            return StoredPrompt(event_type, text, now)

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("prompts cannot be read or written now", hint="Try again; check the database") from error
