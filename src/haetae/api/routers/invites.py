"""Invitations, for admins: each lets one person register, with a role and cameras."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request

from haetae.api.auth.delivery import no_store
from haetae.api.auth.links import code_link, console_url
from haetae.api.dependencies import ActorDep, ServicesDep, at_least
from haetae.api.errors import ERRORS
from haetae.api.routers.auth_schemas import Grant
from haetae.api.routers.users_schemas import InviteCreate, InviteCreated, InviteRead, levels
from haetae.domain.viewer import Role

router = APIRouter(
    tags=["invites"],
    dependencies=[Depends(at_least(Role.ADMIN)), Depends(no_store)],
    responses={status: ERRORS[status] for status in (401, 403, 422, 503)},
)


@router.post("/invites", status_code=201, responses={status: ERRORS[status] for status in (404, 409)})
def create_invite(body: InviteCreate, actor: ActorDep, services: ServicesDep, request: Request) -> InviteCreated:
    """Invite one person: the code and its link are shown this once. 403 where registration is closed."""
    code = services.accounts.invite(actor, role=body.role, grants=levels(body.grants), email=body.email, life_s=body.expires_in_s)
    link = code_link(console_url(request, services.config), "register", code.code)
    return InviteCreated(id=code.id, code=code.code, link=link, expires_at=code.expires_at)


@router.get("/invites")
def list_invites(services: ServicesDep) -> list[InviteRead]:
    """The invitations that nobody has taken yet, the newest first, without their codes."""
    return [
        InviteRead(
            id=each.id,
            role=each.role or Role.VIEWER,
            grants=[Grant(camera_id=camera_id, level=level) for camera_id, level in each.grants.items()],
            email=each.email,
            created_by=each.created_by,
            created_at=each.created_at,
            expires_at=each.expires_at,
        )
        for each in services.account_store.invites()
    ]


@router.delete("/invites/{invite_id}", status_code=204, responses={404: ERRORS[404]})
def withdraw_invite(invite_id: UUID, actor: ActorDep, services: ServicesDep) -> None:
    """Take an invitation back that nobody has taken yet."""
    services.account_store.revoke_invite(invite_id, actor)
