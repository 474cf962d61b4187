"""The outbox of actions in the database: what is planned, who runs it, and what really came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.action_rows import HAETAE, action_transaction, new_action, note_action, plain, to_action
from haetae.database.approval_rows import Terms, ask, is_in_force
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions
from haetae.database.models import Event
from haetae.database.response_models import ApprovalRow, ResponseAction
from haetae.domain.action import Action, Outcome, RateLimit
from haetae.domain.plan import RISKS, ActionKind, ActionState, PlannedAction, ResponsePlan, Risk

LONGEST_LEASE = timedelta(minutes=10)
"""A lease that ends later was given before the clock was set back, and holds nobody up."""

CLOCK_SLACK = timedelta(seconds=5)

RETRY = "retry"
"""Stands in the result of an action that is tried again."""

_READY = (ActionState.PLANNED, ActionState.APPROVED)

Effect = Callable[[Session, Action, datetime], Outcome]
"""Does in a transaction what an action is to do to Haetae's own records."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An action that is to be run now. `interrupted`: somebody ran it before and was killed, so it may have taken place."""

    action: Action
    interrupted: bool


@dataclass(frozen=True, slots=True)
class ActionStore:
    """Any thread, several processes; each method is one transaction and raises DatabaseUnavailable.

    Every change of an action's state is in the audit log, in the transaction that makes it.
    """

    sessions: Sessions
    clock: Clock
    terms: Terms = field(default_factory=Terms)

    def record(self, event_id: UUID, camera_id: UUID, plan: ResponsePlan, *, evidence: Mapping[str, Any] | None = None) -> list[UUID]:
        """Promise the actions of a plan; returns their ids, those of disputed ones last.

        The same action of the same event is never planned twice: its id is that of the first time. R2 and what is disputed waits for
        people. What the gate refused is kept as refused. `evidence` goes to the audit log: digests of prompts and of raw outputs.
        Raises ConfigError for a kind of action that there is not, and then nothing is recorded.
        """
        now = self.clock.now()
        by, version = plan.planned_by, plan.playbook_version

        def row(planned: PlannedAction, state: ActionState, **more: Any) -> dict[str, Any]:
            return new_action(event_id, camera_id, planned, state, by, version, now) | more

        def state_of(planned: PlannedAction) -> ActionState:
            # A kind that there is not is refused when its row is made.
            return ActionState.AWAITING_APPROVAL if RISKS.get(planned.kind) is Risk.R2 else ActionState.PLANNED

        wanted = [row(each, state_of(each)) for each in plan.actions]
        wanted += [row(each, ActionState.AWAITING_APPROVAL, disputed=True) for each in plan.disputed]
        refused = [row(each, ActionState.REFUSED, finished_at=now, result={"reason": plain(reason)}) for each, reason in plan.refused]
        with action_transaction(self.sessions) as session:
            ids = _insert(session, event_id, [*wanted, *refused])
            new = [values for values in (*wanted, *refused) if ids[values["key"]] == values["id"]]
            for values in new:
                if values["state"] is ActionState.AWAITING_APPROVAL:
                    ask(session, values, self.terms, now)
            if new or not (wanted or refused):
                _note_plan(session, event_id, plan, new, evidence, now)
        return list(dict.fromkeys(ids[values["key"]] for values in wanted))

    def due(self, limit: int) -> list[UUID]:
        """What is to be run now, what has waited longest first."""
        now = self.clock.now()
        soon = or_(ResponseAction.due_at <= now, ResponseAction.created_at > now + CLOCK_SLACK)
        open_states = ResponseAction.state.in_([*_READY, ActionState.RUNNING])
        query = select(ResponseAction.id).where(open_states, soon, ~_leased(now)).order_by(ResponseAction.due_at, ResponseAction.id)
        with action_transaction(self.sessions, read_only=True) as session:
            return list(session.scalars(query.limit(limit)))

    def claim(self, action_id: UUID, *, lease_s: float, limits: Mapping[ActionKind, RateLimit] | None = None) -> Claimed | None:
        """Take an action to run it; None where there is nothing to run: somebody else has it, or it is refused by its kind's rate limit, or
        no approval is in force for it, which is written down."""
        now = self.clock.now()
        with action_transaction(self.sessions) as session:
            row = _locked(session, action_id)
            if row is None or row.state not in (*_READY, ActionState.RUNNING) or _holds(row.lease_until, now):
                return None
            interrupted = row.state is ActionState.RUNNING and row.lease_until is not None
            if row.state is ActionState.RUNNING:
                if not self._may_go_on(session, row, interrupted, now):
                    return None
                row.attempts += interrupted or bool(row.result.get(RETRY))
            elif self._may_begin(session, row, (limits or {}).get(row.kind), now):
                before, row.state, row.started_at = row.state, ActionState.RUNNING, now
                row.attempts += 1
                session.flush()
                note_action(session, HAETAE, "begin", row, now, before=before)
            else:
                return None
            row.lease_until = now + min(timedelta(seconds=lease_s), LONGEST_LEASE)
            return Claimed(to_action(row), interrupted)

    def finish(self, action: Action, outcome: Outcome) -> Action | None:
        """Write down what came of a claimed action, or when to look again; None where somebody else has it by now."""
        return self.carry_out(action, lambda _session, _action, _now: outcome)

    def carry_out(self, action: Action, effect: Effect) -> Action | None:
        """Run an effect and write down what came of it in one transaction: both are there, or neither."""
        now = self.clock.now()
        with action_transaction(self.sessions) as session:
            row = _locked(session, action.id)
            if row is None or row.state is not ActionState.RUNNING or row.lease_until != action.lease_until:
                return None
            outcome = effect(session, action, now)
            row.result = plain(outcome.result)
            row.lease_until = None
            if outcome.media_bytes:
                _grow(session, row.event_id, outcome.media_bytes)
            if outcome.state is ActionState.RUNNING:
                if outcome.retry:
                    row.result = row.result | {RETRY: True}
                row.due_at = now + timedelta(seconds=outcome.again_s)
                session.flush()
                return to_action(row)
            before, row.state, row.finished_at = row.state, outcome.state, now
            session.flush()
            note_action(session, HAETAE, "result", row, now, before=before, attempts=row.attempts)
            return to_action(row)

    def release_all(self) -> None:
        """What a killed process was running is interrupted. Only where nobody else runs actions, as at the start of a site."""
        now = self.clock.now()
        with action_transaction(self.sessions) as session:
            given = update(ResponseAction).where(ResponseAction.lease_until.is_not(None)).values(lease_until=now)
            session.execute(given, execution_options={"synchronize_session": False})

    def get(self, action_id: UUID) -> Action | None:
        """The action as it stands. Asks nobody who is looking."""
        with action_transaction(self.sessions, read_only=True) as session:
            row = session.get(ResponseAction, action_id)
            return None if row is None else to_action(row)

    def of_event(self, event_id: UUID) -> list[Action]:
        """In the order in which they were planned. Asks nobody who is looking."""
        query = select(ResponseAction).where(ResponseAction.event_id == event_id).order_by(ResponseAction.created_at, ResponseAction.id)
        with action_transaction(self.sessions, read_only=True) as session:
            return [to_action(row) for row in session.scalars(query)]

    def words_for(self, event_id: UUID, kind: ActionKind) -> str:
        """What the first action of this kind that has words for people says; empty where none has."""
        mine = (ResponseAction.event_id == event_id, ResponseAction.kind == kind, ResponseAction.text != "")
        query = select(ResponseAction.text).where(*mine).order_by(ResponseAction.created_at, ResponseAction.id).limit(1)
        with action_transaction(self.sessions, read_only=True) as session:
            return session.scalar(query) or ""

    @staticmethod
    def _may_go_on(session: Session, row: ResponseAction, interrupted: bool, now: datetime) -> bool:
        """Whether what was begun may be tried again: not once its approval is over."""
        if _is_approved(session, row, now):
            return True
        if interrupted:
            _end(session, row, ActionState.UNKNOWN, "Haetae stopped while it was done, and the approval is over", now)
        else:
            _end(session, row, ActionState.FAILED, str(row.result.get("reason", "the approval is over")), now)
        return False

    def _may_begin(self, session: Session, row: ResponseAction, limit: RateLimit | None, now: datetime) -> bool:
        """Whether nothing stands in the way; what does is the action's end."""
        if not _is_approved(session, row, now) or (_needs_people(row) and row.state is not ActionState.APPROVED):
            _end(session, row, ActionState.EXPIRED, "no approval is in force", now)
            return False
        if limit is not None and row.risk is Risk.R1:
            since = now - timedelta(seconds=limit.period_s)
            same = (ResponseAction.kind == row.kind, ResponseAction.camera_id == row.camera_id, ResponseAction.started_at > since)
            if (session.scalar(select(func.count()).select_from(ResponseAction).where(*same)) or 0) >= limit.count:
                words = f"{limit.count} in {limit.period_s:.0f} s are allowed for this camera, and that many were begun"
                _end(session, row, ActionState.REFUSED, words, now)
                return False
        return True


def _grow(session: Session, event_id: UUID, size_bytes: int) -> None:
    """The event's media is larger now; what is still being made is added up when it is done."""
    there = (Event.id == event_id, Event.media_bytes.is_not(None), Event.media_deleted_at.is_(None))
    grown = update(Event).where(*there).values(media_bytes=Event.media_bytes + size_bytes)
    session.execute(grown, execution_options={"synchronize_session": False})


def _needs_people(row: ResponseAction) -> bool:
    return row.risk is Risk.R2 or row.disputed


def _is_approved(session: Session, row: ResponseAction, now: datetime) -> bool:
    """Whether an approval is in force where one is needed."""
    if not _needs_people(row):
        return True
    approval = session.scalar(select(ApprovalRow).where(ApprovalRow.action_id == row.id))
    return approval is not None and is_in_force(approval, now)


def _insert(session: Session, event_id: UUID, rows: Sequence[dict[str, Any]]) -> dict[str, UUID]:
    """Key -> id of the action that there is now. What is there already stays. In an order that all keep."""
    if not rows:
        return {}
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(ResponseAction.__table__)
    once = {values["key"]: values for values in reversed(rows)}
    session.connection().execute(insert.on_conflict_do_nothing(), [once[key] for key in sorted(once)])
    query = select(ResponseAction.key, ResponseAction.id).where(ResponseAction.event_id == event_id, ResponseAction.key.in_(list(once)))
    return {row.key: row.id for row in session.execute(query)}


def _note_plan(
    session: Session, event_id: UUID, plan: ResponsePlan, new: Sequence[dict[str, Any]], evidence: Mapping[str, Any] | None, now: datetime
) -> None:
    told = {
        "planned_by": plan.planned_by.value,
        "playbook_version": plan.playbook_version,
        "summary": plan.summary,
        "review": plan.review,
        "fallback": plan.fallback,
        "calls": plan.calls,
        "tokens": plan.tokens,
        "evidence": dict(evidence or {}),
    }
    record(session, HAETAE, "plan.record", Target("event", event_id), now=now, after=plain(told))
    rows = {row.id: row for row in session.scalars(select(ResponseAction).where(ResponseAction.id.in_([values["id"] for values in new])))}
    for values in new:
        note_action(session, HAETAE, "plan", rows[values["id"]], now, planned_by=plan.planned_by.value)


def _end(session: Session, row: ResponseAction, state: ActionState, reason: str, now: datetime) -> None:
    before, row.state, row.finished_at, row.result, row.lease_until = row.state, state, now, {"reason": reason}, None
    session.flush()
    note_action(session, HAETAE, "result", row, now, before=before)


def _locked(session: Session, action_id: UUID) -> ResponseAction | None:
    return session.scalar(select(ResponseAction).where(ResponseAction.id == action_id).with_for_update())


def _holds(lease_until: datetime | None, now: datetime) -> bool:
    return lease_until is not None and now < lease_until <= now + LONGEST_LEASE


def _leased(now: datetime) -> ColumnElement[bool]:
    held = ResponseAction.lease_until.is_not(None)
    return and_(held, ResponseAction.lease_until > now, ResponseAction.lease_until <= now + LONGEST_LEASE)
