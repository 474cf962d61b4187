"""What waits for people: telling those who may decide, and ending it when its time is over. Asks nobody who is looking."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.action_rows import HAETAE, action_transaction, note_action, to_action, to_approval
from haetae.database.approval_codes import code_of, new_secret
from haetae.database.approval_rows import CLOCK_SLACK, deciders, expire, is_over, told_of
from haetae.database.engine import Sessions
from haetae.database.response_models import ApprovalRow, ResponseAction
from haetae.domain.action import Action, Approval, ApprovalState
from haetae.vault import Vault


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as one person is written to about it, with that person's own code."""

    approval: Approval
    code: str


@dataclass(frozen=True, slots=True)
class ApprovalStore:
    """Any thread, several processes; each method is one transaction and raises DatabaseUnavailable."""

    sessions: Sessions
    clock: Clock
    vault: Vault

    def expire(self, limit: int = 100) -> list[Action]:
        """End what nobody decided in time; returns the actions that are not done because of it."""
        now = self.clock.now()
        over = or_(ApprovalRow.expires_at <= now, ApprovalRow.asked_at > now + CLOCK_SLACK)
        query = select(ApprovalRow).where(ApprovalRow.state == ApprovalState.OPEN, over).order_by(ApprovalRow.id).limit(limit)
        with action_transaction(self.sessions) as session:
            rows = session.scalars(query.with_for_update(skip_locked=True)).all()
            ended = [expire(session, row, now) for row in rows if is_over(row, now)]
            return [to_action(row) for row in ended if row is not None]

    def untold(self, limit: int = 20) -> list[Approval]:
        """Questions that those who may decide were not written to about, oldest first."""
        query = select(ApprovalRow, ResponseAction).join(ResponseAction, ResponseAction.id == ApprovalRow.action_id)
        query = query.where(ApprovalRow.state == ApprovalState.OPEN, ApprovalRow.told_at.is_(None))
        with action_transaction(self.sessions, read_only=True) as session:
            rows = session.execute(query.order_by(ApprovalRow.asked_at, ApprovalRow.id).limit(limit))
            return [to_approval(row, action) for row, action in rows]

    def prepare(self, approval_id: UUID) -> None:
        """Make the secret of which codes are made, where there is none yet. Before anybody is written to."""
        with action_transaction(self.sessions) as session:
            row = _locked(session, approval_id)
            if row is not None and row.secret is None:
                row.secret = new_secret(self.vault, approval_id)

    def told(self, approval_id: UUID, people: int) -> None:
        """So many people are written to about it."""
        now = self.clock.now()
        with action_transaction(self.sessions) as session:
            row = _locked(session, approval_id)
            if row is None or row.told_at is not None:
                return
            row.told_at = now
            session.flush()
            action = session.get(ResponseAction, row.action_id)
            if action is not None:
                note_action(session, HAETAE, "ask", action, now, people=people, needed=row.needed, **told_of(row))

    def asked(self, approval_id: UUID, user_id: UUID) -> Asked | None:
        """What this person is to be written; None where there is nothing to decide any more."""
        now = self.clock.now()
        query = select(ApprovalRow, ResponseAction).join(ResponseAction, ResponseAction.id == ApprovalRow.action_id)
        with action_transaction(self.sessions, read_only=True) as session:
            found = session.execute(query.where(ApprovalRow.id == approval_id)).one_or_none()
            if found is None:
                return None
            row, action = found
            if row.state is not ApprovalState.OPEN or row.secret is None or is_over(row, now):
                return None
            approval = to_approval(row, action)
            if any(decision.user_id == user_id for decision in approval.decisions):
                return None
            return Asked(approval, code_of(self.vault, approval_id, row.secret, user_id))

    def deciders(self, camera_id: UUID) -> frozenset[UUID]:
        """Who may decide about this camera's events: admins, and operators who control it."""
        with action_transaction(self.sessions, read_only=True) as session:
            return deciders(session, camera_id)

    def approved_by(self, action_id: UUID) -> list[str]:
        """The names of those who said yes to an action, in their order."""
        with action_transaction(self.sessions, read_only=True) as session:
            row = session.scalar(select(ApprovalRow).where(ApprovalRow.action_id == action_id))
            return [] if row is None else [str(said["name"]) for said in row.decisions if said["approve"]]

    def waiting(self) -> int:
        """How many questions are open."""
        query = select(func.count()).select_from(ApprovalRow).where(ApprovalRow.state == ApprovalState.OPEN)
        with action_transaction(self.sessions, read_only=True) as session:
            return session.scalar(query) or 0


def _locked(session: Session, approval_id: UUID) -> ApprovalRow | None:
    return session.scalar(select(ApprovalRow).where(ApprovalRow.id == approval_id).with_for_update())
