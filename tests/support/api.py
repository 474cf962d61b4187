"""A small application of a few routers, to be asked over HTTP without a network."""

from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from haetae.api.errors import add_error_handlers
from haetae.domain.viewer import Viewer
from haetae.errors import Unauthenticated


class KnownViewers:
    """Stands in for Authenticator and Tickets: the token (or ticket) is the viewer's name."""

    def __init__(self, *viewers: Viewer) -> None:
        self._viewers = {viewer.name: viewer for viewer in viewers}

    def viewer(self, credential: str | None, _path: str = "") -> Viewer:
        name = (credential or "").removeprefix("Bearer ")
        if name not in self._viewers:
            raise Unauthenticated("this needs a log-in", hint="Log in first")
        return self._viewers[name]

    def again(self, viewer: Viewer, _generation: int | None = None) -> tuple[Viewer, int]:
        return self.viewer(viewer.name), 1

    def change(self, viewer: Viewer) -> None:
        """This person has other rights from now on."""
        self._viewers[viewer.name] = viewer

    def forget(self, viewer: Viewer) -> None:
        """This person is logged out everywhere."""
        del self._viewers[viewer.name]


def make_app(*routers: APIRouter, viewers: tuple[Viewer, ...] = (), **services: Any) -> FastAPI:
    """An application with these routers under /api/v1; `services` are what their routes use of `Services`."""
    known = KnownViewers(*viewers)
    app = FastAPI()
    for router in routers:
        app.include_router(router, prefix="/api/v1")
    add_error_handlers(app)
    app.state.services = SimpleNamespace(**{"authenticator": known, "tickets": known, **services})
    return app


def client(app: FastAPI, viewer: Viewer | None = None) -> TestClient:
    """A client that asks as `viewer`; a fault of the server is an answer, not an exception."""
    headers = {} if viewer is None else {"Authorization": f"Bearer {viewer.name}"}
    return TestClient(app, headers=headers, raise_server_exceptions=False)
