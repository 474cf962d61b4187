"""`WS /ws`: events, statuses and scores as they happen, one socket for each client. docs/reference/websocket.md describes the messages."""

import asyncio
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from haetae.api.dependencies import ServicesDep, media_viewer
from haetae.api.live_messages import error_message, event_message, hello, write
from haetae.api.mailbox import RESYNC, Mailbox, Topic
from haetae.api.presence import RECHECK_S, Presence, is_from_own_page
from haetae.api.services import Services
from haetae.api.sockets import SEND_S, CloseCode, Closing, close_code, close_socket, first_of
from haetae.errors import DatabaseUnavailable, HaetaeError

router = APIRouter(tags=["messages"])

MOST_RESUMED = 500
"""Who missed more reads the list anew."""

_MOST_ERRORS = 10
_LONGEST = 16 * 1024


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Subscribe(_Order):
    """Send these topics from now on; of these cameras, or of all that the viewer may see."""

    type: Literal["subscribe"]
    topics: list[Topic] = Field(min_length=1, max_length=3)
    cameras: list[UUID] | None = Field(None, max_length=1024)


class Unsubscribe(_Order):
    type: Literal["unsubscribe"]
    topics: list[Topic] = Field(min_length=1, max_length=3)


class Resume(_Order):
    """Send the events that began after this one."""

    type: Literal["resume"]
    after: UUID


class Ping(_Order):
    type: Literal["ping"]


_ORDER: TypeAdapter[Subscribe | Unsubscribe | Resume | Ping] = TypeAdapter(
    Annotated[Subscribe | Unsubscribe | Resume | Ping, Field(discriminator="type")]
)


@router.websocket("/ws")
async def messages(websocket: WebSocket, services: ServicesDep) -> None:
    """Events, statuses and scores of the cameras that the viewer may see, after a `subscribe`."""
    # Browsers are told nothing of a socket that is refused, so it is opened and closed with the reason.
    await websocket.accept()
    try:
        await _serve(websocket, services)
    except WebSocketDisconnect:
        return
    except Closing as closing:
        await close_socket(websocket, closing.code, closing.reason)
    except HaetaeError as error:
        await close_socket(websocket, close_code(error), error.message)


async def _serve(websocket: WebSocket, services: Services) -> None:
    if not is_from_own_page(websocket, services.config.api):
        raise Closing(CloseCode.WRONG_ORIGIN, "this page is of another origin: see api.cors_origins")
    presence = await run_in_threadpool(lambda: Presence(services, media_viewer(websocket, services)))
    box = services.live.connect(presence.viewer)
    try:
        box.put(hello(services.clock.now()))
        await first_of(_send(websocket, box), _obey(websocket, box, services), _recheck(presence, box))
    finally:
        services.live.disconnect(box)


async def _send(websocket: WebSocket, box: Mailbox) -> None:
    while True:
        for text in await box.take():
            try:
                async with asyncio.timeout(SEND_S):
                    await websocket.send_text(text)
            except TimeoutError:
                raise Closing(CloseCode.TOO_SLOW, "the connection is too slow") from None


async def _recheck(presence: Presence, box: Mailbox) -> None:
    """Ask again who this is: now and then, and at once when something was changed."""
    while True:
        try:
            async with asyncio.timeout(RECHECK_S):
                await box.recheck.wait()
        except TimeoutError:
            pass
        box.recheck.clear()
        box.viewer = await run_in_threadpool(presence.check)


async def _obey(websocket: WebSocket, box: Mailbox, services: Services) -> None:
    errors = 0
    while True:
        text = await _receive(websocket)
        try:
            order = _ORDER.validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            refusal = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        else:
            refusal = await _carry_out(order, box, services)
        if refusal:
            errors += 1
            if errors >= _MOST_ERRORS:
                raise Closing(CloseCode.UNEXPECTED_MESSAGE, "too many messages that mean nothing")
            box.put(error_message("invalid_message", refusal))


async def _receive(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    if text is None or len(text) > _LONGEST:
        raise Closing(CloseCode.UNEXPECTED_MESSAGE, "only short JSON texts are understood")
    return str(text)


async def _carry_out(order: Subscribe | Unsubscribe | Resume | Ping, box: Mailbox, services: Services) -> str:
    """Do what the client asks; returns what is wrong with it, or nothing."""
    match order:
        case Subscribe(topics=topics, cameras=cameras):
            unknown = [camera_id for camera_id in cameras or () if not box.sees(camera_id)]
            if unknown:
                return f"there is no camera {unknown[0]}"
            box.topics |= set(topics)
            box.cameras = None if cameras is None else frozenset(cameras)
            if Topic.STATUSES in topics:
                _tell_statuses(box, services)
        case Unsubscribe(topics=topics):
            box.topics -= set(topics)
        case Resume(after=after):
            await _resume(box, services, after)
        case Ping():
            box.put(write(type="pong", now=services.clock.now()))
    return ""


def _tell_statuses(box: Mailbox, services: Services) -> None:
    """A client begins with how things are, and hears of changes from then on."""
    for status in services.site.statuses().values():
        box.offer(services.live.status_of(status))


async def _resume(box: Mailbox, services: Services, after: UUID) -> None:
    try:
        missed = await run_in_threadpool(services.missed_events, box.viewer, after, MOST_RESUMED + 1)
    except DatabaseUnavailable:
        box.put(RESYNC)
        return
    if len(missed) > MOST_RESUMED:
        box.put(RESYNC)
        return
    for event in missed:
        if box.cameras is None or event.camera_id in box.cameras:
            box.put(event_message(event))
