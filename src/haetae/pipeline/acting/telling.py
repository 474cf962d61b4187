"""Tells people: groups that a response names, and the next steps of the rules that an event matches. All through the outbox."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from haetae.clock import Clock
from haetae.domain.action import Action, Outcome
from haetae.domain.delivery import Delivery, Lane, Occurrence, Settlement
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.domain.plan import ActionKind
from haetae.domain.rule import Directory, Recipient, RecipientKind
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.notifications.planning import ALERT
from haetae.notifications.rules import NeedsTarget, lanes, mismatch, type_of
from haetae.pipeline.acting.base import Run, done, failed, later

NOTIFY = "notify"
_REACHED = (DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.HELD)
_SOON_S, _LATER_S = 1.0, 30.0
_PATIENCE = timedelta(minutes=2)


class Outbox(Protocol):
    """What telling needs of the outbox; each may wait for the database and raises DatabaseUnavailable."""

    def directory(self) -> Directory: ...

    def occurrences(self, event_ids: Collection[UUID]) -> Mapping[UUID, Occurrence]: ...

    def deliveries_of(self, event_ids: Collection[UUID]) -> Mapping[UUID, list[Delivery]]: ...

    def settle(self, settlement: Settlement) -> None: ...


class Telling:
    """`notify` writes to a group, `escalate` to whom the rules name in a step (`level`, 1 where it names none), or to a group.

    Repeatable: nobody is told twice of the same event in the same stage, nor by `notify` who is alerted of it by a rule: what the rule has
    waiting goes out at once. An action is over when its deliveries are.
    """

    def __init__(self, outbox: Outbox, clock: Clock, *, needs_target: NeedsTarget, wake: Callable[[], None]) -> None:
        """`wake` has the outbox looked at at once."""
        self._outbox = outbox
        self._clock = clock
        self._needs_target = needs_target
        self._wake = wake

    async def repeatable(self, action: Action) -> bool:  # noqa: ARG002 (the outbox takes each promise once)
        return True

    async def run(self, run: Run) -> Outcome:
        return await asyncio.to_thread(self._run, run.action)

    def _run(self, action: Action) -> Outcome:
        occurrence = self._outbox.occurrences([action.event_id]).get(action.event_id)
        if occurrence is None:
            return failed("the event is gone")
        promised = [UUID(each) for each in action.result.get("deliveries", ())]
        if not promised:
            found = self._promise(action, occurrence)
            if not found:
                return failed("nobody can be reached: no channel that is switched on leads to anybody of it")
            self._wake()
            promised = found
        rows = [row for row in self._outbox.deliveries_of([action.event_id])[action.event_id] if row.id in set(promised)]
        return self._outcome(action, rows)

    def _promise(self, action: Action, occurrence: Occurrence) -> list[UUID]:
        """Write the promises, and return the ids of those that there are: this action's, or of whoever promised the same before."""
        directory = self._outbox.directory()
        stage, found = self._whom(action, occurrence, directory)
        now = self._clock.now()
        existing = {row.lane: row for row in self._told(action, stage)}
        new = [self._row(action, occurrence, lane, user_id, stage) for lane, user_id in found.items() if lane not in existing]
        waiting = [row.id for lane, row in existing.items() if lane in found and row.state is DeliveryState.PENDING and row.due_at > now]
        self._outbox.settle(Settlement({}, new=tuple(new), hurried=frozenset(waiting)))
        return [row.id for row in self._told(action, stage) if row.lane in found]

    def _whom(self, action: Action, occurrence: Occurrence, directory: Directory) -> tuple[str, dict[Lane, UUID | None]]:
        """The stage, and the ways to those who are meant. Raises ConfigError for a group or a step that there is not."""
        target = action.planned.target
        level = _level(action)
        stage = f"escalation:{level}" if action.kind is ActionKind.ESCALATE else NOTIFY
        if action.kind is ActionKind.NOTIFY or _is_id(target):
            return stage, self._of_group(target, occurrence, directory)
        found: dict[Lane, UUID | None] = {}
        steps = 0
        for rule in directory.rules:
            if mismatch(rule, occurrence.event) is None and len(rule.escalation) >= level:
                step = rule.escalation[level - 1]
                steps += 1
                found = lanes(step.channel_ids, step.recipients, occurrence.event, directory, self._needs_target) | found
        if not steps:
            raise ConfigError(f"no rule that this event matches has a step {level}", hint="Add an escalation to a rule")
        return stage, found

    def _of_group(self, target: str, occurrence: Occurrence, directory: Directory) -> dict[Lane, UUID | None]:
        group_id = UUID(target) if _is_id(target) else None
        if group_id is None or group_id not in directory.groups:
            raise ConfigError(f"there is no group {target[:64]!r}", hint="Name a group of the notifications by its id")
        channels = [each.id for each in directory.channels.values() if each.enabled and self._needs_target(each.kind)]
        recipients = (Recipient(RecipientKind.GROUP, str(group_id)),)
        return lanes(channels, recipients, occurrence.event, directory, self._needs_target)

    def _told(self, action: Action, stage: str) -> list[Delivery]:
        """What is promised in this stage. Whom a rule alerts of the event, or has alerted, is not told of it a second time."""
        rows = self._outbox.deliveries_of([action.event_id])[action.event_id]
        by_rules = [row for row in rows if stage == NOTIFY and row.stage == ALERT and row.state in _REACHED]
        return [*by_rules, *(row for row in rows if row.stage == stage)]

    def _row(self, action: Action, occurrence: Occurrence, lane: Lane, user_id: UUID | None, stage: str) -> Delivery:
        kind = NoticeKind.ESCALATION if action.kind is ActionKind.ESCALATE else NoticeKind.ALERT
        return new_delivery(occurrence, lane, user_id, kind=kind, stage=stage, at=self._clock.now())

    def _outcome(self, action: Action, rows: list[Delivery]) -> Outcome:
        """Over when each delivery is: done where somebody was told, by this message or by one shortly before it."""
        told = {"deliveries": [str(row.id) for row in rows], "states": dict(Counter(row.state.value for row in rows))}
        if any(row.state is DeliveryState.PENDING for row in rows):
            young = self._clock.now() - (action.started_at or action.created_at) < _PATIENCE
            return later(_SOON_S if young else _LATER_S, **told)
        told["message_ids"] = [row.message_id for row in rows if row.message_id]
        told["answer"] = "; ".join(dict.fromkeys(row.answer for row in rows if row.answer))
        if any(row.state in (DeliveryState.SENT, DeliveryState.HELD) for row in rows):
            return done(**told)
        return failed("; ".join(dict.fromkeys(row.error or row.state.value for row in rows)) or "nobody was told", **told)


def new_delivery(occurrence: Occurrence, lane: Lane, user_id: UUID | None, *, kind: NoticeKind, stage: str, at: datetime) -> Delivery:
    """A promise that no rule made, due at once."""
    event = occurrence.event
    return Delivery(
        id=new_id(),
        rule_id=None,
        event_id=event.id,
        camera_id=event.camera_id,
        event_type=type_of(event),
        severity=event.severity,
        channel_id=lane.channel_id,
        target=lane.target,
        user_id=user_id,
        kind=kind,
        stage=stage,
        digest=False,
        state=DeliveryState.PENDING,
        due_at=at,
        created_at=at,
    )


def _level(action: Action) -> int:
    """The step of the rules that is meant: an option, or the target itself."""
    said = action.planned.options.get("level", action.planned.target)
    try:
        return min(max(1, int(said)), 9)
    except (TypeError, ValueError):
        return 1


def _is_id(target: str) -> bool:
    try:
        UUID(target)
    except ValueError:
        return False
    return True
