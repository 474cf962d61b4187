"""How much a request may send, and how long it may take to send it."""

import asyncio
import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from haetae.api.errors import problem

_LENGTH = re.compile(r"[0-9]{1,18}")


class _TooLarge(Exception):
    pass


class _TooSlow(Exception):
    pass


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
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, self._counted(receive), note)
        except (_TooLarge, _TooSlow) as error:
            # Once an answer has begun there is nothing left to say; the server closes the connection.
            if started:
                raise
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if isinstance(error, _TooLarge) else HTTPStatus.REQUEST_TIMEOUT
            await self._refuse(scope, receive, send, status)

    def _counted(self, receive: Receive) -> Receive:
        size, done = 0, False
        until = asyncio.get_running_loop().time() + self._timeout_s

        async def counted() -> Message:
            nonlocal size, done
            if done:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise _TooSlow from None
            size += len(message.get("body", b""))
            done = not message.get("more_body", False)
            if size > self._max_bytes:
                raise _TooLarge
            return message

        return counted

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
