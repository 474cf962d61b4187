"""Rows of the outbox: what is due, what is free, and how a row becomes a `Delivery`."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exc, literal_column, or_, select, text, update
from sqlalchemy.orm import Session

from haetae.database.engine import Sessions, session_scope
from haetae.database.notification_models import DeliveryRow
from haetae.domain.delivery import Delivery, Lane
from haetae.domain.event import Severity
from haetae.errors import DatabaseUnavailable

CLOCK_SLACK = timedelta(seconds=5)
"""What lies further ahead than this was written before the clock was set back."""

LONGEST_LEASE = timedelta(minutes=5)
"""No lease is longer: one that ends later was given before the clock was set back, and holds nobody up."""

BATCH = 500
"""Ids that one statement names."""

_LONGEST_TEXT = 2000

# Literals, not parameters: SQLite uses a partial index only where it can see that the condition implies the index's.
PENDING = DeliveryRow.state == literal_column("'pending'")
SENT = DeliveryRow.state == literal_column("'sent'")
DEAD = DeliveryRow.state == literal_column("'dead'")
UNCOUNTED = and_(DeliveryRow.state == literal_column("'held'"), DeliveryRow.counted_in.is_(None))

RANK: ColumnElement[int] = case({severity: severity.rank for severity in Severity}, value=DeliveryRow.severity)
"""The severity as a number, 0 for the least: the words sort otherwise."""

COLUMNS: tuple[Any, ...] = tuple(getattr(DeliveryRow, field.name) for field in fields(Delivery))
"""What `to_delivery` takes, in the order of `Delivery`, of which `told` is the last."""


def to_delivery(row: Any) -> Delivery:
    """`row` begins with COLUMNS."""
    values = list(row[: len(COLUMNS)])
    values[-1] = tuple(values[-1])
    return Delivery(*values)


def to_values(delivery: Delivery) -> dict[str, Any]:
    """The columns of a delivery."""
    return {field.name: getattr(delivery, field.name) for field in fields(Delivery)} | {"told": list(delivery.told)}


def is_due(now: datetime) -> ColumnElement[bool]:
    """A row that was made in the future tells that the clock was set back: it does not wait until then."""
    return or_(DeliveryRow.due_at <= now, DeliveryRow.created_at > now + CLOCK_SLACK)


def is_leased(now: datetime) -> ColumnElement[bool]:
    return and_(DeliveryRow.lease_until > now, DeliveryRow.lease_until <= now + LONGEST_LEASE)


def is_free(now: datetime) -> ColumnElement[bool]:
    return or_(DeliveryRow.lease_until.is_(None), DeliveryRow.lease_until <= now, DeliveryRow.lease_until > now + LONGEST_LEASE)


def on_lane(lane: Lane) -> ColumnElement[bool]:
    return and_(DeliveryRow.channel_id == lane.channel_id, DeliveryRow.target == lane.target)


def known_by(now: datetime) -> ColumnElement[datetime]:
    """When a row was made, but never after `now`: from here on its `due_at` counts again after the clock was set back."""
    return case((DeliveryRow.created_at > now, now), else_=DeliveryRow.created_at)


@contextmanager
def outbox_transaction(sessions: Sessions, *, read_only: bool = False) -> Iterator[Session]:
    """One transaction. Raises DatabaseUnavailable."""
    try:
        with session_scope(sessions, read_only=read_only) as session:
            yield session
    except exc.SQLAlchemyError as error:
        cause = type(error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error).__name__
        raise DatabaseUnavailable(f"the outbox cannot be read or written now ({cause})", hint="Check the database") from error


def lock_lane(session: Session, lane: Lane) -> None:
    """Keep other processes off a lane until the end of the transaction (SQLite has one writer anyway)."""
    if _is_postgresql(session):
        digest = hashlib.blake2b(lane.channel_id.bytes + lane.target.encode(), digest_size=8, person=b"haetae lane").digest()
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(digest, signed=True)})


def lock_in_order(session: Session, column: Any, ids: Iterable[UUID]) -> None:
    """Lock the rows whose `column`, a primary key, is one of `ids` in an order that all keep, so that no two ever wait for each other."""
    if _is_postgresql(session):
        for some in in_batches(ids):
            session.execute(select(column).where(column.in_(some)).order_by(column).with_for_update(key_share=True)).all()


def read_rows(session: Session, ids: Iterable[UUID]) -> Iterator[Delivery]:
    """The pending rows of these ids, locked, in the order of their ids."""
    for some in in_batches(ids):
        query: Select[Any] = select(*COLUMNS).where(DeliveryRow.id.in_(some), DeliveryRow.state == "pending").order_by(DeliveryRow.id)
        yield from map(to_delivery, session.execute(query.with_for_update(key_share=True)))


def change_rows(session: Session, ids: Iterable[UUID], *conditions: ColumnElement[bool], **values: Any) -> None:
    """Set `values` in the rows of these ids for which `conditions` hold."""
    for some in in_batches(ids):
        statement = update(DeliveryRow).where(DeliveryRow.id.in_(some), *conditions).values(values)
        session.execute(statement, execution_options={"synchronize_session": False})


def in_batches(ids: Iterable[UUID]) -> Iterator[tuple[UUID, ...]]:
    """Each id once, in order, BATCH at a time."""
    ordered = sorted(set(ids), key=lambda each: each.int)
    return (tuple(ordered[start : start + BATCH]) for start in range(0, len(ordered), BATCH))


def storable(words: str | None) -> str | None:
    """What another side said, short enough to keep, without what no database stores: NUL, and halves of characters."""
    if words is None:
        return None
    return words[:_LONGEST_TEXT].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
