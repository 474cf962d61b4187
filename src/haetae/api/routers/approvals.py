"""Approvals: what is not done before people have said yes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from haetae.api.dependencies import ActorDep, AddressDep, OperatorDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.routers.action_schemas import ApprovalDecision, ApprovalList, ApprovalRead
from haetae.api.routers.approval_page import FORM, LinkForm, approval_page, done_page
from haetae.api.services import Services
from haetae.database.scoped.approvals import ApprovalAnswer
from haetae.domain.viewer import Actor, Viewer
from haetae.errors import NotFound, Unauthenticated

router = APIRouter(tags=["response"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_Token = Annotated[str, Query(min_length=1, max_length=1024, description="of the link, as it is")]
_PAGES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}},
    404: ERRORS[404],
}
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


@router.get("/approvals/link", response_class=Response, responses=_PAGES)
def show_approval_link(token: _Token, services: ServicesDep) -> Response:
    """The page behind the link of a message: it shows what is asked, and decides nothing, for mail scanners follow links."""
    viewer, approval_id = _of_link(token, services)
    return approval_page(services.approvals.get(viewer, approval_id), viewer.language)


@router.post("/approvals/link", response_class=Response, responses=_PAGES | {409: ERRORS[409]}, openapi_extra=FORM)
def decide_by_link(token: _Token, given: LinkForm, address: AddressDep, services: ServicesDep) -> Response:
    """Say yes or no with the code of the message. Needs no log-in: link and code were made for one person, once."""
    viewer, approval_id = _of_link(token, services)
    answer = ApprovalAnswer(given.approve, given.note, given.code)
    decide(services, viewer, Actor(viewer.name, viewer.user_id, address), approval_id, answer)
    return done_page(viewer.language, approve=given.approve)


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


def _of_link(token: str, services: Services) -> tuple[Viewer, UUID]:
    """Whom a link is for, as of now, and what it is about. One that is nobody's any more is as one that was never made."""
    approval_id, user_id = services.approval_links.read(token)
    try:
        return services.viewers.of_user(user_id)[0], approval_id
    except Unauthenticated:
        raise NotFound("this link is nobody's any more", hint="Log in, and see the list of approvals") from None


def decide(services: Services, viewer: Viewer, actor: Actor, approval_id: UUID, answer: ApprovalAnswer) -> ApprovalRead:
    """Write down what somebody says, and have it followed."""
    view = services.approvals.decide(viewer, actor, approval_id, answer)
    action = view.approval.action
    services.live.event_changed(action.camera_id, action.event_id)
    services.acting.wake()
    return ApprovalRead.of(view)
