"""Users, for admins."""

import secrets
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from haetae.api.auth.delivery import no_store
from haetae.api.auth.links import code_link, console_url
from haetae.api.dependencies import ActorDep, ServicesDep, at_least
from haetae.api.errors import ERRORS
from haetae.api.routers.users_schemas import CodeRead, UserChangeInput, UserCreate, UserCreated, UserPage, UserRead, levels
from haetae.api.services import Services
from haetae.database.account_rows import UserChange
from haetae.domain.viewer import Actor, Role

_ONE: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (404, 409)}

router = APIRouter(
    tags=["users"],
    dependencies=[Depends(at_least(Role.ADMIN)), Depends(no_store)],
    responses={status: ERRORS[status] for status in (401, 403, 422, 503)},
)


@router.get("/users")
def list_users(
    services: ServicesDep,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    active: Annotated[bool | None, Query(description="only those who may log in, or only those who may not")] = None,
) -> UserPage:
    """Who may log in, and who might once, by name."""
    found, total = services.account_store.users(active=active, offset=offset, limit=limit)
    return UserPage(users=[UserRead.model_validate(user) for user in found], total=total)


@router.post("/users", status_code=201, responses={status: ERRORS[status] for status in (404, 409, 429)})
def create_user(body: UserCreate, actor: ActorDep, services: ServicesDep, request: Request) -> UserCreated:
    """Make an account: with a password to pass on, or with a one-time code by which the person sets its own."""
    # Nobody knows the password of an account without one.
    password = body.password if body.password is not None else secrets.token_urlsafe(32)
    user = services.accounts.create_user(
        actor, body.username, password, role=body.role, email=body.email, language=body.language, grants=levels(body.grants)
    )
    reset = _new_reset_code(user.id, actor, services, request) if body.password is None else None
    return UserCreated(user=UserRead.model_validate(user), reset=reset)


@router.get("/users/{user_id}", responses=_ONE)
def get_user(user_id: UUID, services: ServicesDep) -> UserRead:
    """One user."""
    return UserRead.model_validate(services.account_store.get(user_id))


@router.patch("/users/{user_id}", responses=_ONE)
def change_user(user_id: UUID, body: UserChangeInput, actor: ActorDep, services: ServicesDep) -> UserRead:
    """Change role, e-mail address, language, or whether that person may log in. The last active admin stays one (409)."""
    email = (body.email or "") if "email" in body.model_fields_set else None
    change = UserChange(role=body.role, email=email, language=body.language, active=body.active)
    user = services.account_store.change(user_id, change, actor)
    services.live.access_changed(user_id)
    return UserRead.model_validate(user)


@router.delete("/users/{user_id}", status_code=204, responses=_ONE)
def deactivate_user(user_id: UUID, actor: ActorDep, services: ServicesDep) -> None:
    """Shut somebody out, at once, API keys included. The account stays, so that the name stays on what that person did."""
    services.account_store.change(user_id, UserChange(active=False), actor)
    services.live.access_changed(user_id)


@router.post("/users/{user_id}/reset", status_code=201, responses=_ONE)
def create_reset_code(user_id: UUID, actor: ActorDep, services: ServicesDep, request: Request) -> CodeRead:
    """A one-time code by which that person sets a new password. Until then nothing changes; an older code is worth nothing any more."""
    return _new_reset_code(user_id, actor, services, request)


def _new_reset_code(user_id: UUID, actor: Actor, services: Services, request: Request) -> CodeRead:
    code = services.accounts.new_reset_code(actor, user_id)
    return CodeRead(code=code.code, link=code_link(console_url(request, services.config), "reset", code.code), expires_at=code.expires_at)
