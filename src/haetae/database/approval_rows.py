"""Approvals inside the transactions that ask for, give and end them."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from haetae.database.action_rows import HAETAE, note_action
from haetae.database.models import CameraAccess, User
from haetae.database.response_models import ApprovalRow, ResponseAction, ResponseTargetRow
from haetae.domain.action import ApprovalState, Decision
from haetae.domain.plan import ActionKind, ActionState
from haetae.domain.viewer import AccessLevel, Actor, Role
from haetae.ids import new_id

CLOCK_SLACK = timedelta(minutes=1)
"""What was asked further ahead than this was asked before the clock was set back: it counts as expired, the safe side."""

MOST_PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """How long people have to decide, and how many different ones must approve of which kind (one where nothing is said)."""

    approval_s: float = 600.0
    people: Mapping[ActionKind, int] = field(default_factory=lambda: MappingProxyType({}))


def ask(session: Session, action: Mapping[str, Any], terms: Terms, now: datetime) -> None:
    """Ask people about an action that was just written. The greatest number of people that anybody wants is what is needed."""
    target = session.get(ResponseTargetRow, action["target"])
    said = action["options"].get("people")
    asked = int(said) if isinstance(said, (int, float)) else 1
    needed = max(terms.people.get(action["kind"], 1), target.people if target is not None else 1, asked)
    session.add(
        ApprovalRow(
            id=new_id(),
            action_id=action["id"],
            event_id=action["event_id"],
            camera_id=action["camera_id"],
            asked_at=now,
            expires_at=now + timedelta(seconds=terms.approval_s),
            needed=min(max(1, needed), MOST_PEOPLE),
            state=ApprovalState.OPEN,
            decisions=[],
            secret=None,
            wrong_codes=0,
            told_at=None,
            decided_at=None,
        )
    )
    session.flush()


def deciders(session: Session, camera_id: UUID) -> frozenset[UUID]:
    """Who may decide about this camera's events now: admins, and operators who control it."""
    controls = select(CameraAccess.user_id).where(
        CameraAccess.camera_id == camera_id, CameraAccess.level.in_([AccessLevel.CONTROL, AccessLevel.ADMIN])
    )
    may = or_(User.role == Role.ADMIN, and_(User.role == Role.OPERATOR, User.id.in_(controls)))
    return frozenset(session.scalars(select(User.id).where(User.active, may)))


def is_in_force(approval: ApprovalRow, now: datetime) -> bool:
    """Whether enough people approved, and it still counts."""
    return approval.state is ApprovalState.APPROVED and not is_over(approval, now)


def is_over(approval: ApprovalRow, now: datetime) -> bool:
    """Whether its time is over."""
    return approval.expires_at <= now or approval.asked_at > now + CLOCK_SLACK


def end(session: Session, approval: ApprovalRow, state: ApprovalState, actor: Actor, now: datetime, **more: Any) -> ResponseAction | None:
    """Close a question, and pass the answer to its action if that still waits for it."""
    approval.state, approval.decided_at = state, now
    action = session.scalar(select(ResponseAction).where(ResponseAction.id == approval.action_id).with_for_update())
    if action is None or action.state is not ActionState.AWAITING_APPROVAL:
        session.flush()
        return None
    before, action.state = action.state, _THEN[state]
    if state is ApprovalState.APPROVED:
        action.due_at = now
    else:
        action.finished_at, action.result = now, {"reason": _WHY[state]}
    session.flush()
    note_action(session, actor, _VERBS[state], action, now, before=before, **told_of(approval), **more)
    return action


def expire(session: Session, approval: ApprovalRow, now: datetime) -> ResponseAction | None:
    """Nobody said enough in time: nothing is done."""
    return end(session, approval, ApprovalState.EXPIRED, HAETAE, now, decisions=len(approval.decisions))


def told_of(approval: ApprovalRow) -> dict[str, Any]:
    """What the audit log keeps of a question, so that a changed row is found."""
    return {"approval": str(approval.id), "approval_digest": approval_digest(approval)}


def approval_digest(approval: ApprovalRow) -> str:
    """SHA-256, in hexadecimal, of what was asked and what people said."""
    content = {
        "id": str(approval.id),
        "action_id": str(approval.action_id),
        "asked_at": approval.asked_at.isoformat(),
        "expires_at": approval.expires_at.isoformat(),
        "needed": approval.needed,
        "state": approval.state.value,
        "decisions": approval.decisions,
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def decision_json(decision: Decision) -> dict[str, Any]:
    return asdict(decision) | {"user_id": str(decision.user_id), "at": decision.at.isoformat()}


_THEN = {
    ApprovalState.APPROVED: ActionState.APPROVED,
    ApprovalState.REJECTED: ActionState.REJECTED,
    ApprovalState.EXPIRED: ActionState.EXPIRED,
}
_VERBS = {ApprovalState.APPROVED: "approve", ApprovalState.REJECTED: "reject", ApprovalState.EXPIRED: "expire"}
_WHY = {ApprovalState.REJECTED: "a person said no", ApprovalState.EXPIRED: "not enough people approved in time"}
