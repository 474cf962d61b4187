"""What became of what people were to be told. For admins: nothing here asks who is looking."""

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions
from haetae.database.models import Camera, NotificationRule
from haetae.database.notification_models import DeliveryRow, NotificationChannel
from haetae.database.outbox_rows import COLUMNS, DEAD, change_rows, in_batches, lock_in_order, outbox_transaction, to_delivery
from haetae.domain.delivery import Delivery
from haetae.domain.notice import DeliveryState
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError

MOST_RETRIED = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})")
_TOLD = 20
"""Ids that the audit log names of those that are tried again."""


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which deliveries are wanted; what is None leaves nothing out. The span is [since, until), by when they were promised."""

    event_id: UUID | None = None
    rule_id: UUID | None = None
    channel_id: UUID | None = None
    state: DeliveryState | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    """A delivery, and by what names its camera, rule and channel are known; None where they are gone."""

    delivery: Delivery
    camera: str | None
    rule: str | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """`next_cursor` leads to the following page; None where there is none."""

    items: list[ShownDelivery]
    next_cursor: str | None


class DeliveryReader:
    """Any thread; each method is one transaction and raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def page(self, query: DeliveryQuery, *, limit: int, cursor: str | None = None) -> DeliveryPage:
        """At most `limit` deliveries, newest first. Raises ConfigError for a cursor that is none."""
        wanted = _conditions(query)
        keys = (DeliveryRow.created_at, DeliveryRow.id)
        if cursor is not None:
            place = tuple_(*(literal(value, key.type) for value, key in zip(_read_cursor(cursor), keys, strict=True)))
            wanted.append(tuple_(*keys) < place)
        rows = (
            select(*COLUMNS, Camera.name, NotificationRule.name, NotificationChannel.name)
            .outerjoin_from(DeliveryRow, Camera, Camera.id == DeliveryRow.camera_id)
            .outerjoin(NotificationRule, NotificationRule.id == DeliveryRow.rule_id)
            .outerjoin(NotificationChannel, NotificationChannel.id == DeliveryRow.channel_id)
            .where(*wanted)
            .order_by(*(key.desc() for key in keys))
            .limit(limit + 1)
        )
        with outbox_transaction(self._sessions, read_only=True) as session:
            found = [ShownDelivery(to_delivery(row), *row[len(COLUMNS) :]) for row in session.execute(rows)]
        return DeliveryPage(found[:limit], _write_cursor(found[limit - 1].delivery) if len(found) > limit else None)

    def counts(self, query: DeliveryQuery | None = None) -> dict[DeliveryState, int]:
        """How many there are in each state."""
        wanted = _conditions(query or DeliveryQuery())
        rows = select(DeliveryRow.state, func.count()).where(*wanted).group_by(DeliveryRow.state)
        with outbox_transaction(self._sessions, read_only=True) as session:
            found = {row.state: row[1] for row in session.execute(rows)}
        return {state: found.get(state, 0) for state in DeliveryState}

    def retry(self, actor: Actor, *, ids: Collection[UUID] | None = None, query: DeliveryQuery | None = None) -> int:
        """Try dead deliveries again, at once: those of `ids`, or the newest MOST_RETRIED of those that `query` wants; returns how many.

        They go out in a new message, as if they had not been tried yet.
        """
        with outbox_transaction(self._sessions) as session:
            dead = _dead_of(session, ids) if ids is not None else _dead_that(session, query or DeliveryQuery())
            if dead:
                again = {"state": DeliveryState.PENDING, "due_at": self._clock.now(), "attempts": 0}
                change_rows(session, dead, DEAD, **again, message_key=None, lease_until=None, finished_at=None)
                target = Target("delivery", dead[0]) if len(dead) == 1 else None
                asked = {} if query is None or ids is not None else {name: each for name, each in asdict(query).items() if each is not None}
                told = {"count": len(dead), "ids": [str(each) for each in dead[:_TOLD]], **({"filter": asked} if asked else {})}
                record(session, actor, "delivery.retry", target, now=self._clock.now(), after=told)
            return len(dead)


def _dead_of(session: Session, ids: Collection[UUID]) -> list[UUID]:
    lock_in_order(session, DeliveryRow.id, ids)
    return [
        each
        for some in in_batches(ids)
        for each in session.scalars(select(DeliveryRow.id).where(DeliveryRow.id.in_(some), DEAD).order_by(DeliveryRow.id))
    ]


def _dead_that(session: Session, query: DeliveryQuery) -> list[UUID]:
    wanted = select(DeliveryRow.id).where(*_conditions(query), DEAD).order_by(DeliveryRow.created_at.desc())
    return _dead_of(session, session.scalars(wanted.limit(MOST_RETRIED)).all())


def _conditions(query: DeliveryQuery) -> list[ColumnElement[bool]]:
    equal: tuple[tuple[Any, Any], ...] = (
        (DeliveryRow.event_id, query.event_id),
        (DeliveryRow.rule_id, query.rule_id),
        (DeliveryRow.channel_id, query.channel_id),
        (DeliveryRow.state, query.state),
    )
    found = [column == value for column, value in equal if value is not None]
    if query.since is not None:
        found.append(DeliveryRow.created_at >= query.since)
    if query.until is not None:
        found.append(DeliveryRow.created_at < query.until)
    return found


def _write_cursor(last: Delivery) -> str:
    return f"{(last.created_at - _EPOCH) // timedelta(microseconds=1)}-{last.id.hex}"


def _read_cursor(words: str) -> tuple[datetime, UUID]:
    match = _CURSOR.fullmatch(words)
    if match is None:
        raise ConfigError("this is no cursor", hint="Use next_cursor of a page as it is")
    return _EPOCH + timedelta(microseconds=int(match[1])), UUID(match[2])
