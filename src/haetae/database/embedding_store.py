"""The queue of words to embed, and the embeddings, in the database."""

import base64
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import numpy as np
from sqlalchemy import Table, delete, exc, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.embedding_models import EmbeddingJob, EventEmbedding
from haetae.database.engine import Sessions, session_scope
from haetae.database.event_vectors import EventVectors, Kept, Vector, decoded
from haetae.database.models import Event
from haetae.errors import DatabaseUnavailable

MOST_EVENTS = 200_000
"""The newest events are found by meaning; older ones by their words alone."""

LONGEST_TEXT = 4000
"""Characters of an event's words that are embedded."""

_AGAIN = timedelta(seconds=5)
_SILENTLY = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of an event, as its job found them at `queued_at`."""

    event_id: UUID
    camera_id: UUID
    queued_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """An embedding of length 1."""

    event_id: UUID
    camera_id: UUID
    vector: Vector


class EmbeddingStore:
    """Any thread; each method is one transaction and raises DatabaseUnavailable. What is written goes into `vectors`, too, if there are."""

    def __init__(self, sessions: Sessions, clock: Clock, vectors: EventVectors | None = None) -> None:
        self._sessions = sessions
        self._clock = clock
        self._vectors = vectors

    def fill(self, model: str) -> int:
        """Put those of the newest events into the queue that have words and no embedding by this model; returns how many are queued."""
        newest = select(Event.id.label("id")).where(Event.search_text.is_not(None)).order_by(Event.timestamp.desc()).limit(MOST_EVENTS)
        found = newest.subquery()
        lacking = (
            select(found.c.id, literal(self._clock.now(), EmbeddingJob.queued_at.type), literal(0))
            .outerjoin(EventEmbedding, EventEmbedding.event_id == found.c.id)
            .where(or_(EventEmbedding.event_id.is_(None), EventEmbedding.model != model))
        )
        with self._transaction() as session:
            insert = _insert(session, EmbeddingJob).from_select(["event_id", "queued_at", "attempts"], lacking)
            session.execute(insert.on_conflict_do_nothing(index_elements=["event_id"]))
            return session.scalar(select(func.count()).select_from(EmbeddingJob)) or 0

    def due(self, limit: int) -> list[Wording]:
        """What is to be embedded, the least refused and oldest first. Jobs of events that are gone or have no words are taken out."""
        job = (
            select(EmbeddingJob, Event)
            .outerjoin(Event, Event.id == EmbeddingJob.event_id)
            .order_by(EmbeddingJob.attempts, EmbeddingJob.queued_at, EmbeddingJob.event_id)
            .limit(limit)
        )
        with self._transaction() as session:
            found, gone = [], []
            for row, event in session.execute(job):
                text = "" if event is None else _words(event)
                if text:
                    found.append(Wording(row.event_id, event.camera_id, row.queued_at, text))
                else:
                    gone.append(row.event_id)
            if gone:
                session.execute(delete(EmbeddingJob).where(EmbeddingJob.event_id.in_(gone)), execution_options=_SILENTLY)
            return found

    def write(self, model: str, done: Sequence[tuple[Wording, Vector | None]]) -> None:
        """Keep embeddings (None: the server will not take the words). A job whose event changed meanwhile stays."""
        now = self._clock.now()
        with self._transaction() as session:
            insert = _insert(session, EventEmbedding)
            changed = {name: insert.excluded[name] for name in ("model", "width", "vector", "embedded_at")}
            upsert = insert.on_conflict_do_update(index_elements=["event_id"], set_=changed)
            rows = [_row(model, wording, vector, now) for wording, vector in sorted(done, key=lambda each: each[0].event_id.int)]
            session.execute(upsert, rows)
            if self._vectors is not None:
                self._vectors.write(session, model, [Kept(wording.event_id, now, vector) for wording, vector in done])
            for wording, _ in done:
                same = EmbeddingJob.event_id == wording.event_id, EmbeddingJob.queued_at == wording.queued_at
                session.execute(delete(EmbeddingJob).where(*same), execution_options=_SILENTLY)

    def copy(self, model: str, before: UUID | None = None) -> UUID | None:
        """Bring the database's vectors of this model up to date, some at a time: returns from which event on to go on, None at the end.
        Nothing without them."""
        if self._vectors is None:
            return None
        with self._transaction() as session:
            if before is None:
                self._vectors.forget_refused(session)
            return self._vectors.copy(session, model, before)

    def refused(self, event_id: UUID) -> int:
        """Count a refusal of just these words, put them last, and return how many there were."""
        with self._transaction() as session:
            more = update(EmbeddingJob).where(EmbeddingJob.event_id == event_id).values(attempts=EmbeddingJob.attempts + 1)
            session.execute(more, execution_options=_SILENTLY)
            return session.scalar(select(EmbeddingJob.attempts).where(EmbeddingJob.event_id == event_id)) or 0

    def waiting(self) -> int:
        with self._transaction(read_only=True) as session:
            return session.scalar(select(func.count()).select_from(EmbeddingJob)) or 0

    def read(self, model: str, since: datetime | None, limit: int, before: UUID | None = None) -> tuple[list[Meaning], datetime]:
        """The newest embeddings by this model that were made since then, of events born before `before`, the oldest first, and from when on
        to ask for what is new. What was made a moment before that may come again."""
        asked_at = self._clock.now()
        columns = (EventEmbedding.event_id, EventEmbedding.camera_id, EventEmbedding.vector)
        wanted = select(*columns).where(EventEmbedding.model == model, EventEmbedding.width > 0)
        if since is not None:
            # Whoever writes may commit after who began later.
            wanted = wanted.where(EventEmbedding.embedded_at >= since - _AGAIN)
        # Ids tell when an event was born.
        if before is not None:
            wanted = wanted.where(EventEmbedding.event_id < before)
        wanted = wanted.order_by(EventEmbedding.event_id.desc()).limit(limit)
        with self._transaction(read_only=True) as session:
            found = [Meaning(event_id, camera_id, decoded(vector)) for event_id, camera_id, vector in session.execute(wanted)]
        found.reverse()
        return found, asked_at

    def width(self, model: str) -> int:
        """How many numbers the newest embedding by this model has; 0 where there is none."""
        newest = select(EventEmbedding.width).where(EventEmbedding.model == model, EventEmbedding.width > 0)
        with self._transaction(read_only=True) as session:
            return session.scalar(newest.order_by(EventEmbedding.embedded_at.desc()).limit(1)) or 0

    def prune(self, limit: int = 500, *, keep: int = MOST_EVENTS) -> list[UUID]:
        """Forget at most `limit` embeddings that nobody finds anything by: of events that are gone, or that are not among the `keep` newest
        with one. Returns the ids of their events."""
        gone = select(EventEmbedding.event_id).outerjoin(Event, Event.id == EventEmbedding.event_id).where(Event.id.is_(None)).limit(limit)
        # Ids tell when an event was born.
        old = select(EventEmbedding.event_id).order_by(EventEmbedding.event_id.desc()).offset(keep).limit(limit)
        with self._transaction() as session:
            found = list(session.scalars(gone)) or list(session.scalars(old))
            session.execute(delete(EventEmbedding).where(EventEmbedding.event_id.in_(found)), execution_options=_SILENTLY)
            return found

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the embeddings cannot be read or written now", hint="Check the database") from error


def queue_words(session: Session, event_ids: Collection[UUID], now: datetime) -> None:
    """The words of these events are new: embed them again, in the transaction that changed them."""
    insert = _insert(session, EmbeddingJob)
    upsert = insert.on_conflict_do_update(index_elements=["event_id"], set_={"queued_at": insert.excluded.queued_at, "attempts": 0})
    if event_ids:
        rows = [{"event_id": each, "queued_at": now, "attempts": 0} for each in sorted(event_ids, key=lambda each: each.int)]
        session.execute(upsert, rows)


def _insert(session: Session, model: type[EmbeddingJob] | type[EventEmbedding]) -> Any:
    table = cast(Table, model.__table__)
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(table)


def _words(event: Event) -> str:
    parts = (event.corrected_type or event.vlm_type or event.subtype, event.vlm_description, event.detail, event.search_text)
    return "\n".join(part for part in parts if part)[:LONGEST_TEXT]


def _row(model: str, wording: Wording, vector: Vector | None, now: datetime) -> dict[str, Any]:
    content = b"" if vector is None else np.asarray(vector, dtype="<f2").tobytes()
    row = {"event_id": wording.event_id, "camera_id": wording.camera_id, "model": model, "embedded_at": now}
    return row | {"width": 0 if vector is None else len(vector), "vector": base64.b64encode(content).decode()}
