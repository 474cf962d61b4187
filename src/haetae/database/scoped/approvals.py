"""Questions whether something may be done, as far as a viewer may see and answer them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.action_rows import action_transaction, note_action, storable, to_approval
from haetae.database.approval_codes import MOST_WRONG, code_of, is_code
from haetae.database.approval_rows import deciders, decision_json, end, expire, is_over, told_of
from haetae.database.engine import Sessions
from haetae.database.models import Camera, Event
from haetae.database.response_models import ApprovalRow, ResponseAction, ResponseTargetRow
from haetae.database.scoped.scope import visible
from haetae.domain.action import Approval, ApprovalState, Decision
from haetae.domain.event import Severity
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import ConfigError, Conflict, Forbidden, NotFound
from haetae.vault import Vault

_MOST_NOTE = 500


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A question as it is shown. `may_decide`: this viewer may say yes or no now. What is known of the event is None where it is gone, and
    `target_name` where what would be reached is not registered, or no more."""

    approval: Approval
    target_name: str | None
    camera_name: str | None
    event_type: str | None
    severity: Severity | None
    began_at: datetime | None
    may_decide: bool


@dataclass(frozen=True, slots=True)
class ApprovalAnswer:
    """What somebody says; `code` is that of a link, None in the console."""

    approve: bool
    note: str = ""
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ScopedApprovals:
    """Any thread; each method is one transaction and raises DatabaseUnavailable, and NotFound for what the viewer does not see.

    To decide takes control of the camera. A program with a key may look, and never decides: that is for people.
    """

    sessions: Sessions
    clock: Clock
    vault: Vault

    def list(self, viewer: Viewer, *, open_only: bool, limit: int) -> list[ApprovalView]:
        """Newest first, of all cameras that the viewer sees."""
        query = _views(viewer).order_by(ApprovalRow.asked_at.desc(), ApprovalRow.id.desc()).limit(limit)
        if open_only:
            query = query.where(ApprovalRow.state == ApprovalState.OPEN, ApprovalRow.expires_at > self.clock.now())
        with action_transaction(self.sessions, read_only=True) as session:
            return [self._view(viewer, row) for row in session.execute(query)]

    def get(self, viewer: Viewer, approval_id: UUID) -> ApprovalView:
        """One question."""
        with action_transaction(self.sessions, read_only=True) as session:
            return self._read(session, viewer, approval_id)

    def decide(self, viewer: Viewer, actor: Actor, approval_id: UUID, answer: ApprovalAnswer) -> ApprovalView:
        """Say yes or no. One no ends it; it is approved once enough different people have said yes.

        Raises Forbidden for who may not (a program, who may only look, a wrong code), Conflict for what is decided or over already, and for
        who has said something before.
        """
        if viewer.api_key_id is not None:
            raise Forbidden("an API key approves of nothing", hint="Log in as yourself")
        now = self.clock.now()
        with action_transaction(self.sessions) as session:
            row = _locked(session, viewer, approval_id)
            refusal = self._refusal(session, row, viewer, answer, now)
            if refusal is None:
                self._take(session, row, viewer, actor, answer, now)
                return self._read(session, viewer, approval_id)
        # Outside, so that what was written of it stays.
        raise refusal

    def _refusal(
        self, session: Session, row: ApprovalRow, viewer: Viewer, answer: ApprovalAnswer, now: datetime
    ) -> Conflict | Forbidden | None:
        if row.state is not ApprovalState.OPEN:
            return Conflict(f"this was {row.state.value} already", hint="See the event's actions")
        if is_over(row, now):
            expire(session, row, now)
            return Conflict("the time to decide is over: nothing is done", hint="See the event's actions")
        if answer.code is not None and not self._is_right(row, viewer, answer.code):
            row.wrong_codes += 1
            action = session.get(ResponseAction, row.action_id)
            if action is not None:
                session.flush()
                note_action(session, Actor(viewer.name, viewer.user_id), "wrong_code", action, now, **told_of(row))
            return Forbidden("this code is not right", hint="Type the code of the newest message, or decide in the console")
        if any(said["user_id"] == str(viewer.user_id) for said in row.decisions):
            return Conflict("you have decided already", hint="Somebody else has to approve as well")
        return None

    def _is_right(self, row: ApprovalRow, viewer: Viewer, code: str) -> bool:
        if row.secret is None or row.wrong_codes >= MOST_WRONG:
            return False
        try:
            return is_code(code, code_of(self.vault, row.id, row.secret, viewer.user_id))
        except ConfigError:
            return False

    def _take(self, session: Session, row: ApprovalRow, viewer: Viewer, actor: Actor, answer: ApprovalAnswer, now: datetime) -> None:
        way = "console" if answer.code is None else "link"
        said = Decision(viewer.user_id, viewer.name, answer.approve, now, way, storable(answer.note)[:_MOST_NOTE])
        row.decisions = [*row.decisions, decision_json(said)]
        session.flush()
        told: dict[str, Any] = {"way": way, "note": said.note}
        if not answer.approve:
            end(session, row, ApprovalState.REJECTED, actor, now, **told)
        elif (missing := row.needed - _approvals(session, row)) <= 0:
            end(session, row, ApprovalState.APPROVED, actor, now, **told)
        else:
            action = session.get(ResponseAction, row.action_id)
            if action is not None:
                note_action(session, actor, "approve", action, now, missing=missing, **told_of(row), **told)

    def _read(self, session: Session, viewer: Viewer, approval_id: UUID) -> ApprovalView:
        found = session.execute(_views(viewer).where(ApprovalRow.id == approval_id)).one_or_none()
        if found is None:
            raise _unknown(approval_id)
        return self._view(viewer, found)

    def _view(self, viewer: Viewer, found: Any) -> ApprovalView:
        row, action, target, name, event = found
        approval = to_approval(row, action)
        still = approval.state is ApprovalState.OPEN and not is_over(row, self.clock.now())
        mine = any(decision.user_id == viewer.user_id for decision in approval.decisions)
        may = still and not mine and viewer.api_key_id is None and _controls(viewer, row.camera_id)
        if event is None:
            return ApprovalView(approval, target, name, None, None, None, may)
        kind = event.corrected_type or event.vlm_type or event.subtype or event.kind.value
        return ApprovalView(approval, target, name, kind, event.severity, event.timestamp, may)


def _approvals(session: Session, row: ApprovalRow) -> int:
    """How many said yes. Who may not decide any more, as after an account was taken over and shut, counts no longer."""
    may = deciders(session, row.camera_id)
    return sum(bool(each["approve"]) and UUID(each["user_id"]) in may for each in row.decisions)


def _views(viewer: Viewer) -> Any:
    """A query for (question, action, target's name, camera's name, event)."""
    query = select(ApprovalRow, ResponseAction, ResponseTargetRow.name, Camera.name, Event)
    query = query.join(ResponseAction, ResponseAction.id == ApprovalRow.action_id)
    query = query.outerjoin(ResponseTargetRow, ResponseTargetRow.id == ResponseAction.target)
    query = query.outerjoin(Camera, Camera.id == ApprovalRow.camera_id).outerjoin(Event, Event.id == ApprovalRow.event_id)
    return query.where(visible(viewer, ApprovalRow.camera_id))


def _locked(session: Session, viewer: Viewer, approval_id: UUID) -> ApprovalRow:
    query = select(ApprovalRow).where(ApprovalRow.id == approval_id, visible(viewer, ApprovalRow.camera_id))
    row = session.scalar(query.with_for_update())
    if row is None:
        raise _unknown(approval_id)
    if not _controls(viewer, row.camera_id):
        raise Forbidden("this needs control of the event's camera", hint="Ask an admin of this site")
    return row


def _controls(viewer: Viewer, camera_id: UUID) -> bool:
    """Whether this viewer answers events of the camera; those of the site itself are for admins."""
    return viewer.is_at_least(Role.OPERATOR) and viewer.may(camera_id, AccessLevel.CONTROL)


def _unknown(approval_id: UUID) -> NotFound:
    return NotFound(f"there is no approval {approval_id}", hint="See the list of approvals")
