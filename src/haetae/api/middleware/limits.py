"""How much a request may send, and how long it may take to send it."""

import asyncio
import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from haetae.api.errors import problem

_LENGTH = re.compile(r"[0-9]{1,18}")


class _Refused(Exception):
    """Ends the reading of a body."""


class BodyLimits:
    """Refuses a body of more than `max_bytes`, announced or not, and one that has not come in whole after `timeout_s`."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, timeout_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        # A number of more digits is too large whatever it is, and costs time to read.
        if not _LENGTH.fullmatch(announced) or int(announced) > self._max_bytes:
            await self._refuse(scope, receive, send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        exchange = _Exchange(receive, send, self._max_bytes, self._timeout_s)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except _Refused:
            # Once an answer has begun there is nothing left to say; the server closes the connection.
            if exchange.started:
                raise
        if exchange.refused is not None and not exchange.started:
            await self._refuse(scope, receive, send, exchange.refused)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: HTTPStatus) -> None:
        large = status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        answer = problem(
            Request(scope),
            status,
            "body_too_large" if large else "body_too_slow",
            "the request's body is too large" if large else "the request's body took too long",
            hint=f"At most {self._max_bytes} bytes are taken (api.max_body_mb)" if large else "Send it in one go",
            headers={"Connection": "close"},
        )
        await answer(scope, receive, send)


class _Exchange:
    """One request's body on its way in, and its answer on its way out."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int, timeout_s: float) -> None:
        self.started = False
        """The answer has begun."""
        self.refused: HTTPStatus | None = None
        self._receive = receive
        self._send = send
        self._left = max_bytes
        self._until = asyncio.get_running_loop().time() + timeout_s
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            self.refused = HTTPStatus.REQUEST_TIMEOUT
            raise _Refused from None
        self._left -= len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._left < 0:
            self.refused = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise _Refused
        return message

    async def send(self, message: Message) -> None:
        # FastAPI takes whatever is raised while it reads for a body that cannot be read. What it says of that is not sent.
        if self.refused is not None and not self.started:
            return
        self.started = self.started or message["type"] == "http.response.start"
        await self._send(message)
