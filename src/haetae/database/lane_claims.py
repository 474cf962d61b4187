"""What happens on one lane inside a transaction: what is to be decided is read, and what was decided is written."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.event_news import note_news
from haetae.database.models import Event
from haetae.database.notification_models import DeliveryRow
from haetae.database.outbox_rows import (
    CLOCK_SLACK,
    COLUMNS,
    PENDING,
    RANK,
    SENT,
    UNCOUNTED,
    change_rows,
    in_batches,
    is_due,
    is_free,
    is_leased,
    known_by,
    lock_in_order,
    on_lane,
    read_rows,
    storable,
    to_delivery,
)
from haetae.domain.delivery import Claim, Decision, Delivery, Lane, LaneState
from haetae.domain.event import Severity
from haetae.domain.notice import DeliveryState, NoticeKind, Receipt

MOST_PENDING = 500
MOST_URGENT = 100
"""Of what goes out by itself one row is sent at a time, so more would be read in vain."""
MOST_HELD = 10_000
HELD_FOR = timedelta(days=1)
"""What was held back longer ago is not worth mentioning any more."""

K = TypeVar("K", bound=Hashable)


def under_way(session: Session, lane: Lane, now: datetime) -> bool:
    """Whether a message of this lane is being sent."""
    return session.scalar(select(DeliveryRow.id).where(PENDING, on_lane(lane), is_leased(now)).limit(1)) is not None


def read_lane(session: Session, lane: Lane, now: datetime, sent_since: datetime) -> LaneState:
    """The state of a lane on which nothing is under way. Its pending rows are locked."""
    pending = _read_pending(session, lane, now)
    if not pending:
        return LaneState(now, (), (), ())
    known = DeliveryRow.finished_at <= now + CLOCK_SLACK
    sent = select(*COLUMNS).where(SENT, on_lane(lane), DeliveryRow.finished_at >= sent_since, known).order_by(DeliveryRow.finished_at)
    told = tuple(map(to_delivery, session.execute(sent)))
    columns = (DeliveryRow.id, DeliveryRow.camera_id, DeliveryRow.event_type, DeliveryRow.severity, DeliveryRow.finished_at)
    recent = (DeliveryRow.finished_at >= now - HELD_FOR, known)
    held = select(*columns).where(UNCOUNTED, on_lane(lane), *recent).order_by(DeliveryRow.finished_at.desc()).limit(MOST_HELD)
    return LaneState(now, pending, told, tuple(_held(lane, *row) for row in session.execute(held)))


def _read_pending(session: Session, lane: Lane, now: datetime) -> tuple[Delivery, ...]:
    """Oldest first. Of very many the most severe, and of digests those that were tried before."""
    free = select(DeliveryRow.id, DeliveryRow.message_key).where(PENDING, on_lane(lane), is_free(now))
    order = (RANK.desc(), DeliveryRow.created_at, DeliveryRow.id)
    chosen = list(session.execute(free.where(is_due(now)).order_by(*order).limit(MOST_URGENT)))
    digests = free.where(DeliveryRow.digest.is_(True))
    if session.execute(digests.where(is_due(now)).limit(1)).first() is not None:
        chosen += session.execute(digests.order_by(DeliveryRow.message_key.is_(None), *order).limit(MOST_PENDING))
    ids = {row.id for row in chosen}
    # A message that was tried before is tried again as it was.
    for keys in in_batches(row.message_key for row in chosen if row.message_key is not None):
        ids |= {row.id for row in session.execute(free.where(DeliveryRow.message_key.in_(keys)))}
    return tuple(sorted(read_rows(session, ids), key=lambda row: (row.created_at, row.id)))


def _held(lane: Lane, held_id: UUID, camera_id: UUID | None, event_type: str, severity: Severity, at: datetime | None) -> Delivery:
    """As much of a row as is needed to count it: there may be very many."""
    assert at is not None
    return Delivery(
        held_id,
        None,
        None,
        camera_id,
        event_type,
        severity,
        lane.channel_id,
        lane.target,
        None,
        NoticeKind.ALERT,
        "",
        False,
        DeliveryState.HELD,
        at,
        at,
        finished_at=at,
    )


def carry_out(session: Session, lane: Lane, state: LaneState, decision: Decision, *, lease_until: datetime) -> Claim | None:
    """Write what was decided; a few statements, however many rows there are. None where nothing is to be sent."""
    now = state.now
    for held_by, ids in _by_value(decision.hold).items():
        change_rows(session, ids, PENDING, state=DeliveryState.HELD, held_by=held_by, finished_at=now, lease_until=None)
    for due_at, ids in _by_value(decision.put_off).items():
        change_rows(session, ids, PENDING, due_at=due_at, digest=True, created_at=known_by(now))
    if not decision.send:
        return None
    key = decision.message_key or decision.send[0]
    leased = {"lease_until": lease_until, "message_key": key, "attempts": DeliveryRow.attempts + 1}
    change_rows(session, decision.send, PENDING, created_at=known_by(now), **leased)
    by_id = {row.id: row for row in state.pending}
    rows = (by_id[each] for each in decision.send)
    claimed = (
        replace(row, lease_until=lease_until, message_key=key, attempts=row.attempts + 1, created_at=min(row.created_at, now))
        for row in rows
    )
    return Claim(lane, key, tuple(claimed), decision.counted)


def note_sent(session: Session, claim: Claim, receipt: Receipt, *, at: datetime, told: Mapping[UUID, tuple[str, ...]]) -> None:
    """Counts however late it comes: the other side has the message."""
    ids = [row.id for row in claim.rows]
    lock_in_order(session, DeliveryRow.id, [*ids, *claim.counted])
    ours = (PENDING, DeliveryRow.message_key == claim.message_key)
    done: dict[UUID, UUID | None] = {}
    for some in in_batches(ids):
        rows = session.execute(select(DeliveryRow.id, DeliveryRow.event_id).where(DeliveryRow.id.in_(some), *ours))
        done |= {row.id: row.event_id for row in rows}
    answered = {"answer": storable(receipt.answer), "message_id": storable(receipt.message_id), "error": None}
    for stages, some_ids in _by_value({each: told.get(each, ()) for each in done}).items():
        finished = {"state": DeliveryState.SENT, "finished_at": at, "lease_until": None, "told": list(stages)}
        change_rows(session, some_ids, PENDING, **finished, **answered)
    if done:
        change_rows(session, claim.counted, UNCOUNTED, counted_in=claim.message_key)
        events = sorted({event_id for event_id in done.values() if event_id is not None})
        lock_in_order(session, Event.id, events)
        note_news(session, events, at)


def note_failed(session: Session, claim: Claim, *, at: datetime, error: str, answer: str, retry_at: datetime | None) -> None:
    said = {"error": storable(error), "answer": storable(answer), "lease_until": None}
    if retry_at is None:
        _change_leased(session, claim, **said, state=DeliveryState.DEAD, finished_at=at)
    else:
        _change_leased(session, claim, **said, due_at=retry_at, created_at=known_by(at))


def note_cancelled(session: Session, claim: Claim, delivery_ids: set[UUID], *, at: datetime, reason: str) -> None:
    gone = {"state": DeliveryState.CANCELLED, "finished_at": at, "lease_until": None, "error": storable(reason)}
    _change_leased(session, replace(claim, rows=tuple(row for row in claim.rows if row.id in delivery_ids)), **gone)


def _change_leased(session: Session, claim: Claim, **values: object) -> None:
    """Only while the lease is this claim's: once it has ended, another worker may be at it."""
    by_lease = _by_value({row.id: row.lease_until for row in claim.rows})
    lock_in_order(session, DeliveryRow.id, [row.id for row in claim.rows])
    for lease_until, ids in by_lease.items():
        ours = (PENDING, DeliveryRow.message_key == claim.message_key, DeliveryRow.lease_until == lease_until)
        change_rows(session, ids, *ours, **values)


def _by_value(values: Mapping[UUID, K]) -> dict[K, list[UUID]]:
    found: dict[K, list[UUID]] = defaultdict(list)
    for each, value in values.items():
        found[value].append(each)
    return found
