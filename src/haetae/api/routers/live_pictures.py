"""The newest picture of a camera, a stream of such pictures, and what is unusual in it. Private zones are black in all of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from haetae.api.dependencies import MediaViewerDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.live_cameras import Place, SeenFeed
from haetae.api.presence import RECHECK_S, Presence, Signal
from haetae.errors import CameraOffline, HaetaeError
from haetae.media.snapshot import heat_png, no_signal_jpeg
from haetae.pipeline.live_feed import STALE_S, CameraFeed, LivePicture

router = APIRouter(tags=["live"], responses={status: ERRORS[status] for status in (401, 404, 409, 422, 503)})

LOST_FOR_LONG_S = 60.0
"""A stream of pictures whose camera is away for longer ends."""

_BOUNDARY = "haetae-picture"
_FRESH = {"Cache-Control": "private, no-cache"}
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}, "description": "the picture"},
    304: {"description": "the picture that you have is the newest"},
}
_MJPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"multipart/x-mixed-replace": {"schema": {"type": "string", "format": "binary"}}}, "description": "pictures"},
    429: ERRORS[429],
}
_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}}

Width = Annotated[int | None, Query(ge=16, le=7680, description="at most so many pixels wide; without it as the camera sends it")]


class HeatBox(BaseModel):
    """Relative picture coordinates in [0, 1], x to the right and y down."""

    left: float
    top: float
    right: float
    bottom: float


class HeatMap(BaseModel):
    """How unusual each part of the newest picture is."""

    captured_at: datetime
    score: float | None = Field(description="calibrated, 0.5 is the alarm level; null while the camera learns")
    rows: int = Field(description="0: there is no map of this picture")
    columns: int
    values: list[list[float]] = Field(description="rows x columns over the whole picture, in [0, 1] on the score's scale")
    box: HeatBox | None = Field(description="the most unusual place")


@router.get("/cameras/{camera_id}/snapshot", response_class=Response, responses=_JPEG)
def get_snapshot(feed: SeenFeed, width: Width = None, if_none_match: Annotated[str, Header()] = "") -> Response:
    """The newest picture that was looked at, as JPEG; 409 `camera_offline` when the camera is not live."""
    frame, _score = feed.newest()
    etag = f'"{frame.captured_at.timestamp():.3f}-{width or 0}"'
    headers = {**_FRESH, "ETag": etag}
    if etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    picture = feed.picture(width)
    headers = {**_FRESH, "ETag": f'"{picture.captured_at.timestamp():.3f}-{width or 0}"', "X-Captured-At": picture.captured_at.isoformat()}
    return Response(picture.data, media_type="image/jpeg", headers=headers)


@router.get("/cameras/{camera_id}/mjpeg", response_class=StreamingResponse, responses=_MJPEG)
async def get_mjpeg(
    camera_id: UUID, feed: SeenFeed, viewer: MediaViewerDep, services: ServicesDep, _place: Place, width: Width = None
) -> StreamingResponse:
    """Pictures as they are looked at (about 5 a second), for every codec and every browser.

    A camera that goes away is shown as a crossed-out picture, never as its last one; the stream ends when it stays away for a minute.
    """
    feed.newest()
    presence = await run_in_threadpool(Presence, services, viewer)
    return StreamingResponse(
        _parts(feed, presence, camera_id, width),
        media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY}",
        headers={"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/cameras/{camera_id}/heatmap", response_model=HeatMap, responses=_PNG)
def get_heatmap(
    feed: SeenFeed,
    format: Annotated[Literal["json", "png"] | None, Query(description="without it as the Accept header says")] = None,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Where the newest picture is unusual: as numbers, or as a PNG with an alpha channel to lay over the picture."""
    frame, score = feed.newest()
    heat = None if score is None else score.heat
    headers = {**_FRESH, "Vary": "Accept"}
    if format == "png" or (format is None and "image/png" in accept):
        return Response(heat_png(heat), media_type="image/png", headers=headers)
    box = None if score is None else score.box
    found = HeatMap(
        captured_at=frame.captured_at,
        score=None if score is None else round(score.value, 4),
        rows=0 if heat is None else heat.shape[0],
        columns=0 if heat is None else heat.shape[1],
        values=[] if heat is None else heat.clip(0.0, 1.0).astype(float).round(3).tolist(),
        box=None if box is None else HeatBox(left=box.left, top=box.top, right=box.right, bottom=box.bottom),
    )
    return Response(found.model_dump_json(), media_type="application/json", headers=headers)


async def _parts(feed: CameraFeed, presence: Presence, camera_id: UUID, width: int | None) -> AsyncIterator[bytes]:
    """The body of a stream of pictures. A boundary follows each picture at once, for browsers show it no earlier."""
    signal = Signal()
    clock = asyncio.get_running_loop().time
    shown: LivePicture | None = None
    lost_at: float | None = None
    checked_at = clock()
    feed.watch(signal.set)
    try:
        yield f"--{_BOUNDARY}\r\n".encode()
        while lost_at is None or clock() - lost_at < LOST_FOR_LONG_S:
            try:
                picture = await run_in_threadpool(feed.picture, width)
            except CameraOffline:
                if lost_at is None:
                    lost_at = clock()
                    yield _part(await run_in_threadpool(_no_signal, shown))
            else:
                lost_at = None
                if picture is not shown:
                    shown = picture
                    yield _part(picture.data)
            await signal.wait(STALE_S)
            if clock() - checked_at >= RECHECK_S:
                checked_at = clock()
                if not await run_in_threadpool(_still_seen, presence, camera_id):
                    return
    finally:
        feed.unwatch(signal.set)


def _part(data: bytes) -> bytes:
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data + f"\r\n--{_BOUNDARY}\r\n".encode()


def _no_signal(before: LivePicture | None) -> bytes:
    return no_signal_jpeg(320, 180) if before is None else no_signal_jpeg(before.width, before.height)


def _still_seen(presence: Presence, camera_id: UUID) -> bool:
    try:
        presence.check()
        presence.require(camera_id)
    except HaetaeError:
        return False
    return True
