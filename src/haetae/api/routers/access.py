"""Who may see which camera: read and set from the user's side and from the camera's. Only admins of the site set it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends

from haetae.api.dependencies import ActorDep, OwnedCamera, ServicesDep, at_least
from haetae.api.errors import ERRORS
from haetae.api.routers.auth_schemas import Grant
from haetae.api.routers.users_schemas import CameraAccess, CameraAccessInput, CameraPersonRead, UserAccess, UserAccessInput, levels
from haetae.api.services import Services
from haetae.domain.viewer import Role

router = APIRouter(tags=["access"], responses={status: ERRORS[status] for status in (401, 403, 404, 422, 503)})

_ADMINS = [Depends(at_least(Role.ADMIN))]
_WRITE: dict[int | str, dict[str, Any]] = {409: ERRORS[409]}


@router.get("/users/{user_id}/access", dependencies=_ADMINS)
def get_user_access(user_id: UUID, services: ServicesDep) -> UserAccess:
    """Which cameras a user was granted."""
    return _user_access(user_id, services)


@router.put("/users/{user_id}/access", dependencies=_ADMINS, responses=_WRITE)
def set_user_access(
    user_id: UUID,
    body: UserAccessInput,
    actor: ActorDep,
    services: ServicesDep,
) -> UserAccess:
    """Make these, and no others, a user's grants. They count from the next request on."""
    services.account_store.set_grants(user_id, levels(body.grants), actor)
    services.live.access_changed(user_id)
    return _user_access(user_id, services)


@router.get("/cameras/{camera_id}/access")
def get_camera_access(camera_id: OwnedCamera, services: ServicesDep) -> CameraAccess:
    """To whom a camera was granted; who has admin access to the camera may know."""
    return _camera_access(camera_id, services)


@router.put("/cameras/{camera_id}/access", dependencies=_ADMINS, responses=_WRITE)
def set_camera_access(
    camera_id: UUID,
    body: CameraAccessInput,
    actor: ActorDep,
    services: ServicesDep,
) -> CameraAccess:
    """Make these, and no others, the grants on a camera. They count from the next request on."""
    services.account_store.set_people(camera_id, {each.user_id: each.level for each in body.people}, actor)
    services.live.access_changed(None)
    return _camera_access(camera_id, services)


def _user_access(user_id: UUID, services: Services) -> UserAccess:
    user = services.account_store.get(user_id)
    grants = services.account_store.grants(user_id)
    return UserAccess(
        sees_all=user.role is Role.ADMIN,
        grants=[Grant(camera_id=camera_id, level=level) for camera_id, level in sorted(grants.items())],
    )


def _camera_access(camera_id: UUID, services: Services) -> CameraAccess:
    return CameraAccess(people=[CameraPersonRead.model_validate(person) for person in services.account_store.people_with(camera_id)])
