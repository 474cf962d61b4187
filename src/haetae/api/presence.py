"""Connections that outlive a request: who holds one is asked again while it lasts, and other threads can wake it."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import HTTPConnection

from haetae.api.dependencies import require_camera
from haetae.api.services import Services
from haetae.domain.viewer import AccessLevel, Viewer
from haetae.errors import DatabaseUnavailable
from haetae.settings import ApiSettings

RECHECK_S = 15.0
"""How long what was taken away may still be seen."""


class Presence:
    """One person at one connection. Its methods ask the database: not for the event loop's thread."""

    def __init__(self, services: Services, viewer: Viewer) -> None:
        """Raises Unauthenticated, DatabaseUnavailable."""
        self._services = services
        self.viewer, self._generation = services.authenticator.again(viewer)

    def require(self, camera_id: UUID) -> None:
        """Raise UnknownCamera where the person may not see the camera."""
        require_camera(self.viewer, camera_id, AccessLevel.VIEW)

    def check(self) -> Viewer:
        """The same person as of now. Raises Unauthenticated when it may not be here any more.

        While the database is away everything stays as it was, for nobody can have taken anything away.
        """
        with suppress(DatabaseUnavailable):
            self.viewer, self._generation = self._services.authenticator.again(self.viewer, self._generation)
        return self.viewer


class Signal:
    """Wakes one coroutine; made on its event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def set(self) -> None:
        """Any thread; returns at once and never raises. Many calls before the coroutine runs are one."""
        if not self._event.is_set():
            # The loop may be gone.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, timeout_s: float) -> bool:
        """False when it was not set in time. What set it is to be looked at after this."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


def is_from_own_page(connection: HTTPConnection, settings: ApiSettings) -> bool:
    """Whether a browser says that the page is one of ours (RFC 6455 §10.2); programs say nothing of a page.

    Browsers let any page open a WebSocket to any server, so it is the server that has to look.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin in settings.cors_origins or origin == settings.public_url.rstrip("/"):
        return True
    try:
        return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower()
    except ValueError:
        return False
