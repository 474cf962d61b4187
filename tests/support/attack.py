"""What attacks on a whole site have in common: every route as its attacker sees it, clients with addresses of their own, a real socket."""

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from fastapi.testclient import TestClient
from tests.support.waiting import wait_until
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.compose.web_server import WebServer
from haetae.settings import ApiSettings

ENDLESS = f"{PREFIX}/cameras/{{camera_id}}/mjpeg"
_PARAMETER = re.compile(r"{(\w+)}")
_JSON = "application/json"


@dataclass(frozen=True)
class Door:
    """One way in: a method, WS for a socket, and a path with its parameters; `operation` is what the schema says of it."""

    method: str
    path: str
    operation: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.path)

    @property
    def queries(self) -> list[str]:
        return [each["name"] for each in self.operation.get("parameters", ()) if each["in"] == "query"]

    @property
    def takes_json(self) -> bool:
        return _JSON in self.operation.get("requestBody", {}).get("content", ())

    def at(self, **values: object) -> str:
        """The path with these values; ids that nothing has for all others."""
        return self.path.format(**{name: uuid4() for name in self.parameters} | values)

    def __str__(self) -> str:
        return f"{self.method} {self.path.removeprefix(PREFIX)}"


def doors(app: FastAPI) -> list[Door]:
    """Every route of the application, those that the schema leaves out too."""
    schema = app.openapi()["paths"]
    found = []
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if isinstance(route.original_route, APIWebSocketRoute):
            found.append(Door("WS", path))
        elif isinstance(route.original_route, APIRoute):
            found += [Door(method, path, schema.get(path, {}).get(method.lower(), {})) for method in sorted(route.methods)]
    return found


@contextmanager
def configured(site: WebSite, **sections: object) -> Iterator[None]:
    """The routes see these sections of the configuration, such as `source_policy`, until the block ends."""
    before = site.app.state.services
    site.app.state.services = replace(before, config=before.config.model_copy(update=sections))
    try:
        yield
    finally:
        site.app.state.services = before


def client_at(site: WebSite, address: str) -> TestClient:
    """A client that nobody knows, from this address."""
    return TestClient(site.app, client=(address, 50000), raise_server_exceptions=False, base_url=f"http://testserver{PREFIX}")


@contextmanager
def unwanted_caller(host: str = "127.0.0.1") -> Iterator[int]:
    """A port at which nobody may call: the block fails where somebody did."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return
    raise AssertionError(f"somebody connected to {host}")


class Served:
    """An application behind the product's own web server, on a real socket."""

    def __init__(self, app: FastAPI, **settings: Any) -> None:
        self._server = WebServer(ApiSettings(port=0, **settings))
        self._thread = threading.Thread(target=self._server.run, args=(app,), name="web-server")
        self.port = int(self._server.url.rpartition(":")[2])

    def __enter__(self) -> "Served":
        self._thread.start()
        wait_until(lambda: self._server._server is not None and self._server._server.started, "the server to be up")
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.stop()
        self._thread.join(20)
        self._server.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def ask(self, request: bytes) -> bytes:
        """All that comes back on a connection of its own, which has to end."""
        with self.connect() as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def written(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as it stands on the wire."""
    lines = [f"{method} {target} HTTP/1.1", "Host: site", "Connection: close", *headers]
    if body:
        lines += [f"Content-Length: {len(body)}", f"Content-Type: {_JSON}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
