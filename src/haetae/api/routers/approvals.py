"""Approvals: what is not done before people have said yes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from haetae.api.dependencies import ActorDep, OperatorDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.routers.action_schemas import ApprovalDecision, ApprovalList, ApprovalRead
from haetae.api.services import Services
from haetae.database.scoped.approvals import ApprovalAnswer
from haetae.domain.viewer import Actor, Viewer

router = APIRouter(tags=["response"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[404]}
_DECIDED: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (404, 409)}


@router.get("/approvals")
def list_approvals(
    viewer: OperatorDep,
    services: ServicesDep,
    open: Annotated[bool, Query(description="only those that can still be decided")] = True,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ApprovalList:
    """What waits, or waited, for a person: of the cameras that you see."""
    return ApprovalList(items=[ApprovalRead.of(view) for view in services.approvals.list(viewer, open_only=open, limit=limit)])


@router.get("/approvals/{approval_id}", responses=_FOUND)
def get_approval(approval_id: UUID, viewer: OperatorDep, services: ServicesDep) -> ApprovalRead:
    """One question."""
    return ApprovalRead.of(services.approvals.get(viewer, approval_id))


@router.post("/approvals/{approval_id}/approve", responses=_DECIDED)
def approve(
    approval_id: UUID, viewer: OperatorDep, actor: ActorDep, services: ServicesDep, body: ApprovalDecision | None = None
) -> ApprovalRead:
    """Say yes. It is done once as many different people as are needed have said so, in time."""
    return decide(services, viewer, actor, approval_id, ApprovalAnswer(True, body.note if body else ""))


@router.post("/approvals/{approval_id}/reject", responses=_DECIDED)
def reject(
    approval_id: UUID, viewer: OperatorDep, actor: ActorDep, services: ServicesDep, body: ApprovalDecision | None = None
) -> ApprovalRead:
    """Say no: nothing is done, whatever others say."""
    return decide(services, viewer, actor, approval_id, ApprovalAnswer(False, body.note if body else ""))


def decide(services: Services, viewer: Viewer, actor: Actor, approval_id: UUID, answer: ApprovalAnswer) -> ApprovalRead:
    """Write down what somebody says, and have it followed."""
    view = services.approvals.decide(viewer, actor, approval_id, answer)
    action = view.approval.action
    services.live.event_changed(action.camera_id, action.event_id)
    services.acting.wake()
    return ApprovalRead.of(view)
