"""What goes out next on one lane: de-duplication, digests and rate limits. Pure.

De-duplication: an alert is held back while another one of the same camera and type, at least as severe, was sent within the last
`dedup_s` seconds. Only a message that was delivered counts: what is still being tried starts no window. Lanes are served one message at a
time, so of two alerts the second is judged when the first is known to be delivered or not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from haetae.domain.delivery import Decision, Delivery, LaneState
from haetae.domain.notice import NoticeKind
from haetae.domain.rule import RateLimit
from haetae.ids import new_id
from haetae.notifications.planning import ALERT, SEVERITY

MOST_IN_DIGEST = 500
CLOCK_SLACK = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Limits:
    """`by_rule` are the rate limits of rules."""

    dedup_s: float = 15.0
    digest_s: float = 60.0
    by_rule: Mapping[UUID, RateLimit] = field(default_factory=dict)

    @property
    def memory_s(self) -> float:
        """How far back what was sent matters."""
        return max(self.dedup_s, self.digest_s, *(limit.period_s for limit in self.by_rule.values()), 0.0)


def decide(state: LaneState, limits: Limits) -> Decision:
    """The next message of the lane, and what is held back or put off before it."""
    hold: dict[UUID, UUID] = {}
    put_off: dict[UUID, datetime] = {}
    for row in sorted((row for row in state.pending if not row.digest), key=lambda row: (-row.severity.rank, row.created_at, row.id)):
        if (before := _told_already(row, state, limits)) is not None:
            hold[row.id] = before
        elif (until := _limited_until(row, state, limits)) is not None:
            put_off[row.id] = until
        else:
            return Decision((row.id,), row.message_key or row.id, hold, put_off, _counted(state, [row]))
    rows = _digest(state, limits, put_off)
    if not rows:
        return Decision(hold=hold, put_off=put_off)
    return Decision(tuple(row.id for row in rows), rows[0].message_key or new_id(), hold, put_off, _counted(state, rows))


def _told_already(row: Delivery, state: LaneState, limits: Limits) -> UUID | None:
    """The delivered alert that makes this one superfluous."""
    if row.kind is not NoticeKind.ALERT:
        return None
    since = state.now - timedelta(seconds=limits.dedup_s)
    for sent in state.sent:
        alarmed = sent.stage == ALERT or sent.stage.startswith(SEVERITY)
        if alarmed and not sent.digest and sent.sort == row.sort and sent.severity.rank >= row.severity.rank and _since(sent, since):
            return sent.id
    return None


def _limited_until(row: Delivery, state: LaneState, limits: Limits) -> datetime | None:
    """When the rule of this row may send again, None where it may now."""
    limit = limits.by_rule.get(row.rule_id) if row.rule_id is not None else None
    if limit is None or row.kind is NoticeKind.TEST:
        return None
    period = timedelta(seconds=limit.period_s)
    messages: dict[UUID, datetime] = {}
    for sent in state.sent:
        if sent.rule_id == row.rule_id and sent.finished_at is not None and _since(sent, state.now - period):
            messages[sent.message_key or sent.id] = sent.finished_at
    if len(messages) < limit.count:
        return None
    return sorted(messages.values())[-limit.count] + period


def _digest(state: LaneState, limits: Limits, put_off: dict[UUID, datetime]) -> list[Delivery]:
    """The rows of the next digest: those of one that was tried before, whole, or all that wait."""
    # What is to wait for much longer, as until the end of quiet hours, is not taken along.
    soon = state.now + timedelta(seconds=limits.digest_s)
    waiting = [row for row in state.pending if row.digest and (row.due_at <= soon or _is_due(row, state.now))]
    tried = [row for row in waiting if row.message_key is not None]
    if tried:
        again = [row for row in tried if row.message_key == tried[0].message_key]
        if all(_is_due(row, state.now) for row in again):
            return again
        # The next digest waits until this one is through, or those who read it would get the newer news first.
        next_try = max(row.due_at for row in again)
        put_off |= {row.id: next_try for row in waiting if row.message_key is None and _is_due(row, state.now)}
        return []
    if not any(_is_due(row, state.now) for row in waiting):
        return []
    last = max((sent.finished_at for sent in state.sent if sent.digest and sent.finished_at is not None), default=None)
    if last is not None and last + timedelta(seconds=limits.digest_s) > state.now:
        put_off |= {row.id: last + timedelta(seconds=limits.digest_s) for row in waiting if _is_due(row, state.now)}
        return []
    ready = []
    for row in waiting:
        if (until := _limited_until(row, state, limits)) is None:
            ready.append(row)
        elif _is_due(row, state.now):
            put_off[row.id] = until
    return ready[:MOST_IN_DIGEST]


def _counted(state: LaneState, rows: Iterable[Delivery]) -> tuple[UUID, ...]:
    sorts = {row.sort for row in rows}
    return tuple(held.id for held in state.held if held.sort in sorts)


def _is_due(row: Delivery, now: datetime) -> bool:
    """A row that was made in the future tells that the clock was set back: it does not wait until then."""
    return row.due_at <= now or row.created_at > now + CLOCK_SLACK


def _since(sent: Delivery, moment: datetime) -> bool:
    return sent.finished_at is not None and sent.finished_at > moment
