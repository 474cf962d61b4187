"""Live video for the browser's Media Source Extensions: fragmented MP4 over a WebSocket, copied from the camera. docs/reference/live.md."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool

from haetae.api.dependencies import ServicesDep, media_viewer
from haetae.api.live_cameras import find_feed
from haetae.api.presence import RECHECK_S, Presence, Signal, is_from_own_page
from haetae.api.services import Services
from haetae.api.sockets import SEND_S, CloseCode, Closing, close_code, close_socket, first_of
from haetae.errors import HaetaeError
from haetae.media.live import Opening, Piece
from haetae.media.live_viewer import Ended, LiveViewer
from haetae.pipeline.live_feed import STALE_S, CameraFeed

router = APIRouter(tags=["live"])

FIRST_PICTURE_S = 15.0
"""Time for a keyframe: a camera that sends one more rarely cannot be watched like this."""

_OF_ENDS = {
    Ended.OFFLINE: (CloseCode.OFFLINE, "the camera is offline"),
    Ended.UNPLAYABLE: (CloseCode.UNPLAYABLE, "browsers do not play this codec: use mjpeg"),
    Ended.CONCEALED: (CloseCode.MASKED, "the camera has private zones, which a copy of its stream would show: use mjpeg"),
    Ended.CLOSED: (CloseCode.GOING_AWAY, "the camera was removed, or Haetae stops"),
}


@router.websocket("/cameras/{camera_id}/live")
async def live(websocket: WebSocket, camera_id: UUID, services: ServicesDep, hevc: bool = False) -> None:
    """One JSON message (type, mime, width, height, fps), then binary ones: the initialisation segment, fragments from a keyframe on.

    `hevc` says that this client plays H.265 (`MediaSource.isTypeSupported`). Clients send nothing.
    """
    # Browsers are told nothing of a socket that is refused, so it is opened and closed with the reason.
    await websocket.accept()
    try:
        await _serve(websocket, services, camera_id, hevc)
    except WebSocketDisconnect:
        return
    except Closing as closing:
        await close_socket(websocket, closing.code, closing.reason)
    except HaetaeError as error:
        await close_socket(websocket, close_code(error), error.message)


async def _serve(websocket: WebSocket, services: Services, camera_id: UUID, hevc: bool) -> None:
    if not is_from_own_page(websocket, services.config.api):
        raise Closing(CloseCode.WRONG_ORIGIN, "this page is of another origin: see api.cors_origins")
    presence, feed = await run_in_threadpool(_admit, websocket, services, camera_id)
    with services.feeds.viewing(presence.viewer.user_id):
        signal = Signal()
        viewer = feed.join(signal.set)
        try:
            await first_of(_send(websocket, viewer, signal, hevc), _listen(websocket), _recheck(presence, camera_id))
        finally:
            feed.leave(viewer)


def _admit(websocket: WebSocket, services: Services, camera_id: UUID) -> tuple[Presence, CameraFeed]:
    presence = Presence(services, media_viewer(websocket, services))
    return presence, find_feed(services, presence.viewer, camera_id)


async def _send(websocket: WebSocket, viewer: LiveViewer, signal: Signal, hevc: bool) -> None:
    """Pass everything on as it comes, one piece at a time: what a slow client does not take is skipped by `viewer`."""
    patience_s = FIRST_PICTURE_S
    while True:
        piece = viewer.take()
        if piece is None:
            if not await signal.wait(patience_s):
                raise Closing(*_OF_ENDS[Ended.OFFLINE])
        elif isinstance(piece, Ended):
            raise Closing(*_OF_ENDS[piece])
        elif isinstance(piece, Opening) and piece.codec == "hevc" and not hevc:
            raise Closing(*_OF_ENDS[Ended.UNPLAYABLE])
        else:
            try:
                async with asyncio.timeout(SEND_S):
                    await _send_piece(websocket, piece)
            except TimeoutError:
                raise Closing(CloseCode.TOO_SLOW, "the connection is too slow") from None
            patience_s = STALE_S


async def _send_piece(websocket: WebSocket, piece: Piece) -> None:
    if isinstance(piece, Opening):
        await websocket.send_json(
            {"type": "stream", "mime": piece.mime, "width": piece.width, "height": piece.height, "fps": piece.fps},
        )
        await websocket.send_bytes(piece.init)
    else:
        await websocket.send_bytes(piece.data)


async def _listen(websocket: WebSocket) -> None:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    raise Closing(CloseCode.UNEXPECTED_MESSAGE, "clients send nothing here")


async def _recheck(presence: Presence, camera_id: UUID) -> None:
    while True:
        await asyncio.sleep(RECHECK_S)
        await run_in_threadpool(presence.check)
        presence.require(camera_id)
