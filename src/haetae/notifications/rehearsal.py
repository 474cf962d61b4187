"""What a rule would have sent for events that happened, had it been there: the same planning and the same decisions, without sending."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from haetae.domain.delivery import Delivery, Lane, LaneState, Occurrence
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.domain.rule import Directory, Rule
from haetae.notifications.lane import Limits, decide
from haetae.notifications.planning import Timing, plan
from haetae.notifications.rules import Mismatch, NeedsTarget, mismatch


@dataclass(frozen=True, slots=True)
class RehearsedMessage:
    """One message that would have gone out `at`; a digest counts once for all of its `event_ids`."""

    at: datetime
    lane: Lane
    kind: NoticeKind
    event_ids: tuple[UUID, ...]
    held_back: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`mismatches` says of each event why the rule did not match it, None where it did; `held` are events that de-duplication would have
    held back on each of their lanes; `unreached` those that match and would have reached nobody."""

    mismatches: dict[UUID, Mismatch | None]
    messages: tuple[RehearsedMessage, ...]
    held: frozenset[UUID]
    unreached: frozenset[UUID]


def rehearse(
    rule: Rule, occurrences: Sequence[Occurrence], directory: Directory, *, needs_target: NeedsTarget, limits: Limits
) -> Rehearsal:
    """The rule is taken as enabled, every message as delivered at once, every event as it is known by now and heard of when it began.
    Updates are left out, and escalations of what somebody has seen to."""
    rule = replace(rule, enabled=True, created_at=None)
    alone = replace(directory, rules=(rule,))
    by_rule = {} if rule.rate_limit is None else {rule.id: rule.rate_limit}
    stage = _Stage(replace(limits, by_rule=by_rule))
    mismatches: dict[UUID, Mismatch | None] = {}
    unreached: set[UUID] = set()
    for occurrence in sorted(occurrences, key=lambda occurrence: occurrence.event.timestamp):
        event = occurrence.event
        mismatches[event.id] = mismatch(rule, event)
        if mismatches[event.id] is not None:
            continue
        stage.pass_time(event.timestamp)
        # What people made of it came later.
        fresh = Occurrence(event, occurrence.camera_name)
        rows = plan(fresh, (), alone, now=event.timestamp, needs_target=needs_target, timing=Timing(digest_s=limits.digest_s)).new
        seen_to = occurrence.acknowledged
        stage.add(row for row in rows if not (seen_to and row.kind is NoticeKind.ESCALATION))
        if not rows:
            unreached.add(event.id)
    stage.pass_time(None)
    held = {row.event_id for row in stage.rows.values() if row.state is DeliveryState.HELD and row.event_id}
    sent = {row.event_id for row in stage.rows.values() if row.state is DeliveryState.SENT and row.event_id}
    return Rehearsal(mismatches, tuple(stage.messages), frozenset(held - sent), frozenset(unreached))


class _Stage:
    """Lanes in memory, with a clock that jumps to whatever is due next."""

    def __init__(self, limits: Limits) -> None:
        self.rows: dict[UUID, Delivery] = {}
        self.messages: list[RehearsedMessage] = []
        self._limits = limits
        self._due: list[tuple[datetime, Lane]] = []

    def add(self, rows: Iterable[Delivery]) -> None:
        for row in rows:
            self.rows[row.id] = row
            heapq.heappush(self._due, (row.due_at, row.lane))

    def pass_time(self, until: datetime | None) -> None:
        """Serve what is due up to then, or to the end."""
        while self._due and (until is None or self._due[0][0] <= until):
            at, lane = heapq.heappop(self._due)
            self._serve(lane, at)

    def _serve(self, lane: Lane, now: datetime) -> None:
        while True:
            mine = [row for row in self.rows.values() if row.lane == lane]
            pending = tuple(row for row in mine if row.state is DeliveryState.PENDING and (row.digest or row.due_at <= now))
            sent = tuple(row for row in mine if row.state is DeliveryState.SENT)
            held = tuple(row for row in mine if row.state is DeliveryState.HELD and row.counted_in is None)
            decision = decide(LaneState(now, pending, sent, held), self._limits)
            for row_id, by in decision.hold.items():
                self.rows[row_id] = replace(self.rows[row_id], state=DeliveryState.HELD, held_by=by, finished_at=now)
            for row_id, later in decision.put_off.items():
                self.rows[row_id] = replace(self.rows[row_id], due_at=later, digest=True)
                heapq.heappush(self._due, (later, lane))
            if not decision.send:
                return
            for row_id in decision.send:
                told = replace(self.rows[row_id], state=DeliveryState.SENT, finished_at=now, message_key=decision.message_key)
                self.rows[row_id] = told
            for row_id in decision.counted:
                self.rows[row_id] = replace(self.rows[row_id], counted_in=decision.message_key)
            first = self.rows[decision.send[0]]
            events = tuple(dict.fromkeys(row.event_id for row in map(self.rows.__getitem__, decision.send) if row.event_id))
            kind = NoticeKind.DIGEST if first.digest else first.kind
            self.messages.append(RehearsedMessage(now, lane, kind, events, len(decision.counted)))
