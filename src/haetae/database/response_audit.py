"""Whether plans, actions and approvals are still what the audit log says that they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from haetae.database.account_models import AuditEntry
from haetae.database.action_rows import action_transaction, digest_of, to_action
from haetae.database.approval_rows import approval_digest
from haetae.database.engine import Sessions
from haetae.database.incident_rows import plan_digest
from haetae.database.planning_models import IncidentPlanRow
from haetae.database.response_models import ApprovalRow, ResponseAction

_BATCH = 1000
_NEVER = "~"
"""Sorts behind every moment."""


@dataclass(frozen=True, slots=True)
class ResponseFault:
    """A plan, an action or an approval (`noun`) that is not what the log says: `changed`, `missing`, or `unlogged`, which nobody wrote
    down."""

    noun: str
    id: str
    fault: str


@dataclass(frozen=True, slots=True)
class ResponseReport:
    """How many of each were compared, and what was wrong, at most the first hundred."""

    actions: int
    approvals: int
    faults: tuple[ResponseFault, ...]
    plans: int = 0


def verify_responses(sessions: Sessions) -> ResponseReport:
    """Compare every plan, action and approval with what the log says last of it; whether the log itself is whole is the chain's to say.

    But for plans that are older than what the log says was forgotten, nothing that it tells of is ever deleted, so what is not there was
    taken away. Raises DatabaseUnavailable.
    """
    with action_transaction(sessions, read_only=True) as session:
        actions, approvals, plans, since = _logged(session)
        faults: list[ResponseFault] = []
        counts = []
        for noun, logged, found in (
            ("action", actions, _digests_of_actions(session)),
            ("approval", approvals, _digests_of_approvals(session)),
            ("plan", plans, _digests_of_plans(session, since)),
        ):
            count = 0
            for row_id, digest in found:
                count += 1
                said = logged.pop(row_id, None)
                if said is None and noun != "approval":
                    faults.append(ResponseFault(noun, row_id, "unlogged"))
                elif said is not None and said != digest:
                    faults.append(ResponseFault(noun, row_id, "changed"))
            faults += [ResponseFault(noun, row_id, "missing") for row_id in sorted(logged)]
            counts.append(count)
    return ResponseReport(counts[0], counts[1], tuple(faults[:100]), counts[2])


def _logged(session: Session) -> tuple[dict[str, str], dict[str, str], dict[str, str], str]:
    """Id -> the last digest of each action, each approval and each plan that is not forgotten; and since when plans are logged."""
    actions: dict[str, str] = {}
    approvals: dict[str, str] = {}
    plans: dict[str, tuple[str, str]] = {}
    forgotten = ""
    number = 0
    told = or_(AuditEntry.action.startswith("action."), AuditEntry.action.in_(("plan.keep", "plan.prune")))
    while True:
        query = select(AuditEntry.number, AuditEntry.after).where(told, AuditEntry.number > number)
        rows = session.execute(query.order_by(AuditEntry.number).limit(_BATCH)).all()
        for row in rows:
            after: dict[str, Any] = row.after or {}
            if "action" in after and "digest" in after:
                actions[str(after["action"])] = str(after["digest"])
            if "approval_digest" in after:
                approvals[str(after["approval"])] = str(after["approval_digest"])
            if "plan_digest" in after:
                plans[str(after["plan"])] = (str(after["plan_digest"]), str(after["at"]))
            # Moments in one form, which sorts as they do.
            forgotten = max(forgotten, str(after.get("before", "")))
        if len(rows) < _BATCH:
            there = {str(each) for each in session.scalars(select(IncidentPlanRow.id))}
            known = {each: digest for each, (digest, at) in plans.items() if at >= forgotten or each in there}
            return actions, approvals, known, min((at for _, at in plans.values()), default=_NEVER)
        number = rows[-1].number


def _digests_of_actions(session: Session) -> Iterator[tuple[str, str]]:
    for row in _each(session, ResponseAction):
        try:
            yield str(row.id), digest_of(to_action(row))
        except (ValueError, TypeError):
            yield str(row.id), "unreadable"


def _digests_of_approvals(session: Session) -> Iterator[tuple[str, str]]:
    for row in _each(session, ApprovalRow):
        yield str(row.id), approval_digest(row)


def _digests_of_plans(session: Session, since: str) -> Iterator[tuple[str, str]]:
    """Without those from before plans were logged at all."""
    for row in _each(session, IncidentPlanRow):
        if row.created_at.isoformat() >= since:
            yield str(row.id), plan_digest(row)


def _each(session: Session, model: Any) -> Iterator[Any]:
    """Every row, some in memory at a time."""
    last: UUID | None = None
    while True:
        query = select(model).order_by(model.id).limit(_BATCH)
        rows = session.scalars(query if last is None else query.where(model.id > last)).all()
        yield from rows
        if len(rows) < _BATCH:
            return
        last = rows[-1].id
        session.expunge_all()
