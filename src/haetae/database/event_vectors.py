"""Embeddings as pgvector keeps them, where PostgreSQL has that extension: the database finds what is nearest, and nothing is in memory.

They are a copy of `event_embeddings`, made when search by meaning starts and kept by whoever embeds. No migration and no backup knows of
the table, for the extension may come and go, and all of it is made again at a start.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Double,
    ForeignKey,
    MetaData,
    String,
    Table,
    Uuid,
    bindparam,
    case,
    delete,
    exc,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import UserDefinedType

from haetae.database.embedding_models import EventEmbedding
from haetae.database.engine import Sessions, session_scope
from haetae.database.types import UTCDateTime

LEAST_VERSION = (0, 7)
"""The first pgvector with `halfvec`, whose numbers are just those that are stored."""

_ADVISORY_LOCK = 0x6861657461650002
"""Key of the advisory lock under which one process at a time makes the table ("haetae", 2)."""

_INSTALLED = "SELECT nspname, extversion FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'"
_COLUMN = "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('event_vectors') AND attname = 'vector' AND NOT attisdropped"
_COPIED_AT_ONCE = 1000

Vector = NDArray[np.float16]
_log = structlog.get_logger()


class HalfVector(UserDefinedType[Vector]):
    """A `halfvec` of any width, of the extension in that schema: float16 in, never read back."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def get_col_spec(self, **_: Any) -> str:
        return f"{_quoted(self.schema)}.halfvec"

    def bind_processor(self, dialect: Any) -> Callable[[Vector | None], str | None]:  # noqa: ARG002
        return lambda vector: None if vector is None else _text(vector)


@dataclass(frozen=True, slots=True)
class Kept:
    """An embedding to copy, as `event_embeddings` has it."""

    event_id: UUID
    embedded_at: datetime
    vector: Vector | None


class EventVectors:
    """The copy in a database with the extension in `schema`. Any thread; in the caller's transaction."""

    def __init__(self, schema: str, version: str) -> None:
        self.version = version
        self._schema = schema
        self.table = Table(
            "event_vectors",
            MetaData(),
            Column("event_id", Uuid(), ForeignKey(EventEmbedding.__table__.c.event_id, ondelete="CASCADE"), primary_key=True),
            Column("model", String(256), nullable=False),
            Column("embedded_at", UTCDateTime(), nullable=False),
            Column("vector", HalfVector(schema), nullable=False),
            # Looking through all of them must not fetch each from elsewhere; a page has room for 4,000 numbers.
            postgresql_with={"toast_tuple_target": 8160},
        )

    def write(self, session: Session, model: str, rows: Sequence[Kept]) -> None:
        """Take over what has been embedded by this model; without a vector an event has none."""
        given = [row for row in rows if row.vector is not None]
        gone = [row.event_id for row in rows if row.vector is None]
        if gone:
            session.execute(delete(self.table).where(self.table.c.event_id.in_(gone)))
        if given:
            statement = insert(self.table)
            changed = {name: statement.excluded[name] for name in ("model", "embedded_at", "vector")}
            upsert = statement.on_conflict_do_update(index_elements=["event_id"], set_=changed)
            kept = [{"event_id": row.event_id, "model": model, "embedded_at": row.embedded_at, "vector": row.vector} for row in given]
            session.execute(upsert, kept)

    def copy(self, session: Session, model: str, before: UUID | None) -> UUID | None:
        """Take over up to a thousand embeddings of this model that are lacking or older here, of events born before `before`, the newest
        first. Returns the last one's event where there may be more."""
        own, other = self.table.c, EventEmbedding
        wanted = (
            select(other.event_id, other.embedded_at, other.vector)
            .outerjoin(self.table, own.event_id == other.event_id)
            .where(other.model == model, other.width > 0)
            .where(or_(own.event_id.is_(None), own.embedded_at != other.embedded_at))
            .where(true() if before is None else other.event_id < before)
            .order_by(other.event_id.desc())
            .limit(_COPIED_AT_ONCE)
            # Whoever writes one at this moment copies it, too.
            .with_for_update(read=True, of=other, skip_locked=True)
        )
        found = [Kept(event_id, at, decoded(vector)) for event_id, at, vector in session.execute(wanted)]
        self.write(session, model, found)
        return found[-1].event_id if len(found) == _COPIED_AT_ONCE else None

    def forget_refused(self, session: Session) -> None:
        """Drop those of events whose words have no embedding any more; those of events that are gone go by themselves."""
        refused = select(EventEmbedding.event_id).where(EventEmbedding.width == 0)
        session.execute(delete(self.table).where(self.table.c.event_id.in_(refused)))

    def cosines(self, model: str, meant: Vector) -> Subquery:
        """Of each embedding by this model: `event_id`, and its `cosine` with `meant`, null for one of another width. Both are of length 1,
        so it is the inner product, for which pgvector has less to compute."""
        own = self.table.c
        wanted = bindparam("meant", meant, HalfVector(self._schema))
        product: ColumnElement[float] = own.vector.op(f"OPERATOR({_quoted(self._schema)}.<#>)", return_type=Double())(wanted)
        # To multiply two of different widths is an error. As a condition of its own it would come in no order, and mislead the planner.
        fits = getattr(func, self._schema).vector_dims(own.vector) == len(meant)
        return select(own.event_id, case((fits, -product)).label("cosine")).where(own.model == model).subquery("meanings")

    def size(self, session: Session) -> int:
        """How many are copied."""
        return session.scalar(select(func.count()).select_from(self.table)) or 0


def open_vectors(sessions: Sessions) -> EventVectors | None:
    """Where the extension is there or may be made: the table, made where it is not. None on SQLite, where there is no such extension, and
    where it cannot be used, which the log tells; search then goes by what is in memory."""
    try:
        with session_scope(sessions) as session:
            connection = session.connection()
            return _opened(connection) if connection.dialect.name == "postgresql" else None
    except exc.SQLAlchemyError as error:
        _log.warning("pgvector cannot be used", cause=str(error))
        return None


def _opened(connection: Connection) -> EventVectors | None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    found = connection.execute(text(_INSTALLED)).one_or_none()
    if found is None and connection.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")):
        try:
            with connection.begin_nested():
                connection.execute(text("CREATE EXTENSION vector SCHEMA public"))
        except exc.DBAPIError as error:
            _log.info("pgvector is there, but may not be used", cause=str(error.orig), fix="CREATE EXTENSION vector, as an administrator")
            return None
        found = connection.execute(text(_INSTALLED)).one()
    if found is None:
        return None
    schema, version = found
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_VERSION:
        _log.info("pgvector is too old to be used", version=version, fix="ALTER EXTENSION vector UPDATE, after installing 0.7 or later")
        return None
    vectors = EventVectors(schema, version)
    if not connection.scalar(text(_COLUMN)):
        # Without it: an extension that is dropped takes its columns along, and leaves their tables.
        vectors.table.drop(connection, checkfirst=True)
        vectors.table.create(connection)
    return vectors


def _text(vector: Vector) -> str:
    """Five digits tell every float16 from the next."""
    return f"[{','.join(['%.5g'] * len(vector))}]" % tuple(vector.astype(np.float16).tolist())


def decoded(vector: str) -> Vector:
    """The numbers of an embedding, from the base64 that it is stored as."""
    return np.frombuffer(base64.b64decode(vector), dtype="<f2").astype(np.float16, copy=False)


def _quoted(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'
