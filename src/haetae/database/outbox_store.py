"""The outbox: what is news, what is promised to whom, and what became of it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.directory_reader import DirectoryReader
from haetae.database.engine import Sessions
from haetae.database.lane_claims import carry_out, note_cancelled, note_failed, note_sent, read_lane, under_way
from haetae.database.models import Event
from haetae.database.notification_models import DeliveryRow, EventNews
from haetae.database.occurrences import read_occurrences
from haetae.database.outbox_rows import (
    BATCH,
    COLUMNS,
    LONGEST_LEASE,
    PENDING,
    RANK,
    SENT,
    change_rows,
    in_batches,
    is_due,
    is_free,
    is_leased,
    lock_in_order,
    lock_lane,
    on_lane,
    outbox_transaction,
    to_delivery,
    to_values,
)
from haetae.domain.delivery import Claim, Decision, Delivery, Lane, LaneState, News, Occurrence, Settlement
from haetae.domain.event import Severity
from haetae.domain.notice import DeliveryState, Receipt
from haetae.domain.rule import Directory
from haetae.vault import Vault


class OutboxStore:
    """What the engine of notifications needs of the database (`haetae.notifications.outbox.Outbox` says what each method promises).

    Any thread, several processes; each method is one transaction and raises DatabaseUnavailable. The rows of one lane are worked on by one
    transaction at a time (SQLite: the write lock; PostgreSQL: an advisory lock of the lane).
    """

    def __init__(self, sessions: Sessions, clock: Clock, vault: Vault, *, mute: bool = False) -> None:
        """`vault` opens what is sealed of channels. `mute`: nothing is sent at this site, so no channel leads to anybody."""
        self._sessions = sessions
        self._clock = clock
        self._directory = DirectoryReader(vault)
        self._mute = mute

    def directory(self) -> Directory:
        """What cannot be read is left out, and logged once."""
        with outbox_transaction(self._sessions, read_only=True) as session:
            found = self._directory.read(session, now=self._clock.now())
        return replace(found, channels={}) if self._mute else found

    # What is new

    def news(self, limit: int) -> list[News]:
        query = select(EventNews.event_id, EventNews.token).order_by(EventNews.queued_at, EventNews.event_id).limit(limit)
        with outbox_transaction(self._sessions, read_only=True) as session:
            rows = session.execute(query).all()
            occurrences = read_occurrences(session, [row.event_id for row in rows])
            return [News(row.event_id, row.token, occurrences.get(row.event_id)) for row in rows]

    def deliveries_of(self, event_ids: Collection[UUID]) -> dict[UUID, list[Delivery]]:
        found: dict[UUID, list[Delivery]] = {event_id: [] for event_id in event_ids}
        with outbox_transaction(self._sessions, read_only=True) as session:
            for some in in_batches(event_ids):
                query = select(*COLUMNS).where(DeliveryRow.event_id.in_(some)).order_by(DeliveryRow.created_at, DeliveryRow.id)
                for row in session.execute(query):
                    found[row.event_id].append(to_delivery(row))
        return found

    def settle(self, settlement: Settlement) -> None:
        now = self._clock.now()
        free = (PENDING, is_free(now))
        with outbox_transaction(self._sessions) as session:
            lock_in_order(session, DeliveryRow.id, {*settlement.raised, *settlement.hurried, *settlement.cancelled})
            for severity in Severity:
                raised = [each for each, reached in settlement.raised.items() if reached is severity]
                change_rows(session, raised, *free, severity=severity)
            # By itself: no longer a part of a digest that was tried.
            change_rows(session, settlement.hurried, *free, digest=False, due_at=now, message_key=None)
            change_rows(session, settlement.cancelled, *free, state=DeliveryState.CANCELLED, finished_at=now, lease_until=None)
            _insert(session, settlement.new)
            _take_away(session, settlement.settled)

    def forget_news(self) -> None:
        """For a site at which nothing is sent: what happens there is told to nobody, also once messages are sent again."""
        with outbox_transaction(self._sessions) as session:
            session.execute(delete(EventNews), execution_options={"synchronize_session": False})

    # What is due

    def lanes_due(self, now: datetime, limit: int, *, skip_channels: Collection[UUID] = ()) -> list[Lane]:
        ready = is_due(now) & is_free(now)
        worst, first = func.max(case((ready, RANK))), func.min(case((ready, DeliveryRow.due_at)))
        under_way = func.max(case((is_leased(now), 1), else_=0))
        query = select(DeliveryRow.channel_id, DeliveryRow.target).where(PENDING, DeliveryRow.channel_id.not_in(sorted(skip_channels)))
        query = query.group_by(DeliveryRow.channel_id, DeliveryRow.target).having(worst.is_not(None), under_way == 0)
        with outbox_transaction(self._sessions, read_only=True) as session:
            return [Lane(*row) for row in session.execute(query.order_by(worst.desc(), first).limit(limit))]

    # Sending it

    def claim(
        self, lane: Lane, *, now: datetime, lease_s: float, sent_since: datetime, decide: Callable[[LaneState], Decision]
    ) -> Claim | None:
        lease = timedelta(seconds=lease_s)
        if lease > LONGEST_LEASE:
            raise ValueError(f"a lease is at most {LONGEST_LEASE.total_seconds():.0f} s")
        with outbox_transaction(self._sessions) as session:
            lock_lane(session, lane)
            if under_way(session, lane, now):
                return None
            state = read_lane(session, lane, now, sent_since)
            return carry_out(session, lane, state, decide(state), lease_until=now + lease) if state.pending else None

    def occurrences(self, event_ids: Collection[UUID]) -> dict[UUID, Occurrence]:
        with outbox_transaction(self._sessions, read_only=True) as session:
            return read_occurrences(session, event_ids)

    def recent(self, limit: int) -> list[Occurrence]:
        """The newest events, newest first. For admins: nothing here asks who is looking."""
        newest = select(Event.id).order_by(Event.timestamp.desc(), Event.id.desc()).limit(limit)
        with outbox_transaction(self._sessions, read_only=True) as session:
            ids = list(session.scalars(newest))
            found = read_occurrences(session, ids)
            return [found[each] for each in ids if each in found]

    def first_message_id(self, event_id: UUID, lane: Lane) -> str | None:
        known = (SENT, DeliveryRow.event_id == event_id, on_lane(lane), DeliveryRow.message_id.is_not(None))
        query = select(DeliveryRow.message_id).where(*known).order_by(DeliveryRow.finished_at, DeliveryRow.id).limit(1)
        with outbox_transaction(self._sessions, read_only=True) as session:
            return session.scalar(query)

    def sent(self, claim: Claim, receipt: Receipt, *, at: datetime, told: Mapping[UUID, Sequence[str]]) -> None:
        stages = {delivery_id: tuple(each) for delivery_id, each in told.items()}
        with outbox_transaction(self._sessions) as session:
            note_sent(session, claim, receipt, at=at, told=stages)

    def failed(self, claim: Claim, *, at: datetime, error: str, answer: str, retry_at: datetime | None) -> None:
        with outbox_transaction(self._sessions) as session:
            note_failed(session, claim, at=at, error=error, answer=answer, retry_at=retry_at)

    def cancel(self, claim: Claim, delivery_ids: Collection[UUID], *, at: datetime, reason: str) -> None:
        with outbox_transaction(self._sessions) as session:
            note_cancelled(session, claim, set(delivery_ids), at=at, reason=reason)

    def release_all(self) -> None:
        """Give back the leases of a process that was killed. Only where nobody else works on this outbox, as at the start of a site.

        What it was sending keeps its message's id, for it may have been accepted.
        """
        with outbox_transaction(self._sessions) as session:
            leased = update(DeliveryRow).where(PENDING, DeliveryRow.lease_until.is_not(None)).values(lease_until=None)
            session.execute(leased, execution_options={"synchronize_session": False})

    # Retention

    def prune(self, before: datetime, limit: int = BATCH) -> int:
        """Delete at most `limit` deliveries that were finished before `before`, the oldest first; returns how many. To be called until it
        is less than `limit`: each call is one short transaction."""
        finished = [state for state in DeliveryState if state is not DeliveryState.PENDING]
        old = (DeliveryRow.state.in_(finished), DeliveryRow.created_at < before, DeliveryRow.finished_at < before)
        chosen = select(DeliveryRow.id).where(*old).order_by(DeliveryRow.created_at).limit(limit)
        with outbox_transaction(self._sessions) as session:
            gone = list(session.scalars(chosen.with_for_update(skip_locked=True)))
            for some in in_batches(gone):
                session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(some)), execution_options={"synchronize_session": False})
            return len(gone)


def _insert(session: Session, rows: Iterable[Delivery]) -> None:
    """What is there already stays as it is. In an order that all keep, so that two who insert the same never wait for each other."""
    values = [to_values(row) for row in sorted(rows, key=lambda row: (str(row.event_id), row.lane, row.stage))]
    if values:
        insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(DeliveryRow.__table__)
        session.connection().execute(insert.on_conflict_do_nothing(), values)


def _take_away(session: Session, settled: Mapping[UUID, UUID]) -> None:
    """Only what nobody else is writing anew at this moment: that is news again anyhow."""
    for some in in_batches(settled):
        query = select(EventNews.event_id, EventNews.token).where(EventNews.event_id.in_(some))
        rows = session.execute(query.order_by(EventNews.event_id).with_for_update(skip_locked=True)).all()
        done = [row.event_id for row in rows if row.token == settled[row.event_id]]
        session.execute(delete(EventNews).where(EventNews.event_id.in_(done)), execution_options={"synchronize_session": False})
