"""Actions and approvals, as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from haetae.api.routers.schedule_schema import Input
from haetae.database.scoped.actions import ActionView
from haetae.database.scoped.approvals import ApprovalView
from haetae.domain.action import Action, ApprovalState
from haetae.domain.event import Severity
from haetae.domain.plan import ActionKind, ActionState, PlannedBy, Risk


class ActionRead(BaseModel):
    """One action of the response to an event. `result` is what really came of it: ids of messages, the status that a server answered, or
    under `reason` why nothing did."""

    id: UUID
    event_id: UUID
    camera_id: UUID
    kind: ActionKind
    risk: Risk
    target: str = Field(description="an id of the site's configuration; empty where the kind has none")
    target_name: str | None = Field(description="what the target is called; null where it has none, or none any more")
    options: dict[str, Any]
    text: str
    reason: str = Field(description="why it was planned")
    mandatory: bool
    disputed: bool = Field(description="planners did not agree on it, so a person decides")
    state: ActionState
    planned_by: PlannedBy
    playbook_version: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any]
    approval_id: UUID | None

    @classmethod
    def of(cls, view: ActionView) -> Self:
        return cls(**_action(view.action), target_name=view.target_name, approval_id=view.approval_id)


class ActionList(BaseModel):
    items: list[ActionRead] = Field(description="in the order in which they were planned")


class DecisionRead(BaseModel):
    """What one person said, in the console or through the link of a message."""

    name: str
    approve: bool
    at: datetime
    way: str = Field(description="console or link")
    note: str


class ApprovedAction(BaseModel):
    """What is asked about."""

    id: UUID
    kind: ActionKind
    risk: Risk
    target: str
    target_name: str | None = Field(description="what the target is called; null where it has none, or none any more")
    options: dict[str, Any]
    text: str
    reason: str
    disputed: bool
    state: ActionState
    planned_by: PlannedBy


class ApprovalRead(BaseModel):
    """A question: may this be done? Nothing is done where it expires."""

    id: UUID
    event_id: UUID
    camera_id: UUID
    camera_name: str | None
    event_type: str | None = Field(description="null where the event is gone")
    severity: Severity | None
    began_at: datetime | None
    action: ApprovedAction
    state: ApprovalState
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    needed: int = Field(description="so many different people must approve")
    given: int = Field(description="so many have")
    decisions: list[DecisionRead]
    may_decide: bool = Field(description="whether you may say yes or no now")

    @classmethod
    def of(cls, view: ApprovalView) -> Self:
        approval = view.approval
        action = approval.action
        return cls(
            id=approval.id,
            event_id=action.event_id,
            camera_id=action.camera_id,
            camera_name=view.camera_name,
            event_type=view.event_type,
            severity=view.severity,
            began_at=view.began_at,
            action=ApprovedAction.model_validate(
                {name: value for name, value in _action(action).items() if name in _ASKED} | {"target_name": view.target_name}
            ),
            state=approval.state,
            asked_at=approval.asked_at,
            expires_at=approval.expires_at,
            decided_at=approval.decided_at,
            needed=approval.needed,
            given=sum(decision.approve for decision in approval.decisions),
            decisions=[
                DecisionRead(name=each.name, approve=each.approve, at=each.at, way=each.way, note=each.note) for each in approval.decisions
            ],
            may_decide=view.may_decide,
        )


class ApprovalList(BaseModel):
    items: list[ApprovalRead] = Field(description="newest first")


class ApprovalDecision(Input):
    note: Annotated[str, Field(max_length=500, description="why; it is kept")] = ""


_ASKED = frozenset(ApprovedAction.model_fields)


def _action(action: Action) -> dict[str, Any]:
    planned = action.planned
    return {
        "id": action.id,
        "event_id": action.event_id,
        "camera_id": action.camera_id,
        "kind": planned.kind,
        "risk": action.risk,
        "target": planned.target,
        "options": dict(planned.options),
        "text": planned.text,
        "reason": planned.reason,
        "mandatory": planned.mandatory,
        "disputed": action.disputed,
        "state": action.state,
        "planned_by": action.planned_by,
        "playbook_version": action.playbook_version,
        "attempts": action.attempts,
        "created_at": action.created_at,
        "started_at": action.started_at,
        "finished_at": action.finished_at,
        "result": dict(action.result),
    }
