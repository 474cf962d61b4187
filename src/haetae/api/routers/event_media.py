"""Clip and pictures of an event, for players and browsers: by header or by ticket."""

from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response

from haetae.api.dependencies import MediaViewerDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.media_file import answer_file
from haetae.api.services import Services
from haetae.database.scoped.event_rows import MediaPaths
from haetae.errors import MediaDeleted, MediaError, MediaPending, NotFound

router = APIRouter(tags=["events"], responses={status: ERRORS[status] for status in (401, 404, 422, 503)})

_JPEG, _MP4 = "image/jpeg", "video/mp4"

_log = structlog.get_logger(__name__)


def _responses(media_type: str) -> dict[int | str, dict[str, Any]]:
    whole = {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}
    return {
        200: whole,
        206: {**whole, "description": "the part that `Range` asks for"},
        304: {"description": "as it was, by If-None-Match"},
        416: {**ERRORS[422], "description": "nothing of that range is in the file"},
    }


@router.head("/events/{event_id}/clip", include_in_schema=False)
@router.get("/events/{event_id}/clip", response_class=Response, responses=_responses(_MP4))
def get_event_clip(event_id: UUID, viewer: MediaViewerDep, services: ServicesDep, request: Request) -> Response:
    """The clip (MP4), from some seconds before the event to some seconds after it. Takes `Range`."""
    media = services.events.media(viewer, event_id)
    return _answer(services, request, media, media.clip_path, what="clip", suffix="mp4", media_type=_MP4)


@router.head("/events/{event_id}/thumbnail", include_in_schema=False)
@router.get("/events/{event_id}/thumbnail", response_class=Response, responses=_responses(_JPEG))
def get_event_thumbnail(event_id: UUID, viewer: MediaViewerDep, services: ServicesDep, request: Request) -> Response:
    """The picture of the highest score (JPEG)."""
    media = services.events.media(viewer, event_id)
    return _answer(services, request, media, media.thumbnail_path, what="thumbnail", suffix="jpg", media_type=_JPEG)


@router.head("/events/{event_id}/contact-sheet", include_in_schema=False)
@router.get("/events/{event_id}/contact-sheet", response_class=Response, responses=_responses(_JPEG))
def get_event_contact_sheet(event_id: UUID, viewer: MediaViewerDep, services: ServicesDep, request: Request) -> Response:
    """Pictures of the clip side by side (JPEG)."""
    media = services.events.media(viewer, event_id)
    path = None if media.media_deleted_at else services.layout.contact_sheet(media.camera_id, media.id, media.timestamp)
    return _answer(services, request, media, path, what="contact sheet", suffix="jpg", media_type=_JPEG)


@router.head("/events/{event_id}/snapshot", include_in_schema=False)
@router.get("/events/{event_id}/snapshot", response_class=Response, responses=_responses(_JPEG))
def get_event_snapshot(event_id: UUID, viewer: MediaViewerDep, services: ServicesDep, request: Request) -> Response:
    """What the camera showed when a response asked for a picture (JPEG)."""
    media = services.events.media(viewer, event_id)
    path = None if media.media_deleted_at else services.layout.snapshot(media.camera_id, media.id, media.timestamp)
    return _answer(services, request, media, path, what="snapshot", suffix="jpg", media_type=_JPEG)


def _answer(
    services: Services, request: Request, media: MediaPaths, relative: str | None, *, what: str, suffix: str, media_type: str
) -> Response:
    if relative is None:
        raise _absent(media, what)
    name = f"haetae-{media.id}-{what.replace(' ', '-')}.{suffix}"
    try:
        return answer_file(request, services.layout.media_path(relative), media_type=media_type, name=name)
    except MediaError as error:
        _log.error("media_outside_storage", event_id=str(media.id), error=error.message)
    except FileNotFoundError:
        _log.info("media_missing", event_id=str(media.id), path=relative)
    except OSError as error:
        _log.error("media_unreadable", event_id=str(media.id), path=relative, error=error.strerror)
    raise _absent(media, what)


def _absent(media: MediaPaths, what: str) -> NotFound:
    if media.media_deleted_at is not None:
        return MediaDeleted(f"the {what} was deleted on {media.media_deleted_at:%Y-%m-%d}", hint="Lock events whose clips must stay")
    if media.media_bytes is None:
        return MediaPending(f"the {what} is still being made", hint="Try again in some seconds")
    return NotFound(f"there is no {what} of this event", hint="Its `faults` may say why")
