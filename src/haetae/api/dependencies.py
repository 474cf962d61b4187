"""What routes ask for: the services, who is asking, and whether that person may."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request
from starlette.requests import HTTPConnection

from haetae.api.services import Services
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import Forbidden, UnknownCamera

# Dependencies that wait for nothing are coroutines: FastAPI gives every plain function a thread of its own to run on, and the change of
# threads costs more than what these do.


async def services(connection: HTTPConnection) -> Services:
    found: Services = connection.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services)]


async def client_address(connection: HTTPConnection) -> str:
    """The address of who is asking; a proxy's word for it counts only where the proxy is trusted (`TrustedProxies` has seen to that)."""
    return connection.client.host if connection.client is not None else ""


AddressDep = Annotated[str, Depends(client_address)]


def viewer(request: Request, services: ServicesDep) -> Viewer:
    """Who is asking, by the bearer token or API key of the `Authorization` header. Raises Unauthenticated."""
    return services.authenticator.viewer(request.headers.get("authorization"))


ViewerDep = Annotated[Viewer, Depends(viewer)]


def media_viewer(connection: HTTPConnection, services: ServicesDep) -> Viewer:
    """Who is asking for media or a socket, which browsers fetch without headers: by `?ticket=`, good for this very path, or as `viewer`."""
    ticket = connection.query_params.get("ticket")
    if ticket is not None:
        # The path that was routed, not that of the URL: into this the client's Host header goes too.
        return services.tickets.viewer(ticket, connection.scope["path"])
    return services.authenticator.viewer(connection.headers.get("authorization"))


MediaViewerDep = Annotated[Viewer, Depends(media_viewer)]


def at_least(role: Role) -> Callable[[Viewer], Awaitable[Viewer]]:
    async def check(viewer: ViewerDep) -> Viewer:
        if not viewer.is_at_least(role):
            raise Forbidden(f"this needs the role {role.value}", hint="Ask an admin of this site")
        return viewer

    return check


OperatorDep = Annotated[Viewer, Depends(at_least(Role.OPERATOR))]
AdminDep = Annotated[Viewer, Depends(at_least(Role.ADMIN))]


async def actor(viewer: ViewerDep, address: AddressDep) -> Actor:
    """Who is asking, for the audit log."""
    return Actor(viewer.name, viewer.user_id, address, viewer.api_key_id)


ActorDep = Annotated[Actor, Depends(actor)]


def require_camera(viewer: Viewer, camera_id: UUID, level: AccessLevel) -> None:
    """Raise UnknownCamera where the viewer does not see the camera, Forbidden where more than its grant is needed."""
    if viewer.level(camera_id) is None:
        raise UnknownCamera(f"there is no camera {camera_id}", hint="See the list of cameras")
    if not viewer.may(camera_id, level):
        raise Forbidden(f"this needs {level.value} access to the camera", hint="Ask an admin of this site")


def camera_with(level: AccessLevel) -> Callable[..., Awaitable[UUID]]:
    """A dependency that gives the camera's id of the path once the viewer may do that with it."""

    async def check(camera_id: Annotated[UUID, Path()], viewer: ViewerDep) -> UUID:
        require_camera(viewer, camera_id, level)
        return camera_id

    return check


SeenCamera = Annotated[UUID, Depends(camera_with(AccessLevel.VIEW))]
ControlledCamera = Annotated[UUID, Depends(camera_with(AccessLevel.CONTROL))]
OwnedCamera = Annotated[UUID, Depends(camera_with(AccessLevel.ADMIN))]
