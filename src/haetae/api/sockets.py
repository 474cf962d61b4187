"""What WebSockets have in common: why they are closed, and how."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from enum import IntEnum
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from haetae.errors import DatabaseUnavailable, HaetaeError, NotFound, TooManyRequests, Unauthenticated

SEND_S = 20.0
"""A client that does not take one message in this time is gone, or far too slow."""

_CLOSE_S = 2.0


class CloseCode(IntEnum):
    """Why the server closed the socket; what the client had better do is in docs/reference/websocket.md and live.md."""

    GOING_AWAY = 1001
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    UNEXPECTED_MESSAGE = 4400
    UNAUTHENTICATED = 4401
    WRONG_ORIGIN = 4403
    NOT_FOUND = 4404
    MASKED = 4406
    TOO_SLOW = 4408
    OFFLINE = 4410
    UNPLAYABLE = 4415
    TOO_MANY = 4429


_OF_ERRORS: dict[type[HaetaeError], CloseCode] = {
    Unauthenticated: CloseCode.UNAUTHENTICATED,
    NotFound: CloseCode.NOT_FOUND,
    TooManyRequests: CloseCode.TOO_MANY,
    DatabaseUnavailable: CloseCode.TRY_AGAIN_LATER,
}


class Closing(Exception):
    """Ends a socket's work from anywhere in it."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def close_code(error: HaetaeError) -> CloseCode:
    return next((code for kind, code in _OF_ERRORS.items() if isinstance(error, kind)), CloseCode.INTERNAL_ERROR)


async def close_socket(websocket: WebSocket, code: CloseCode, reason: str) -> None:
    # A client that takes nothing does not take this either. A reason has 123 bytes at most (RFC 6455 §5.5).
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(_CLOSE_S):
            await websocket.close(code, reason.encode()[:123].decode(errors="ignore"))


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends or fails, which decides."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    if errors:
        raise errors[0]
