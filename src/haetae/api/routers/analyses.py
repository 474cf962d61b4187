"""Looking at events: how each verdict came about, what a model was shown, and asking for another look."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from haetae.api.dependencies import ActorDep, MediaViewerDep, OperatorDep, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.analysis_schemas import AnalysisList, AnalysisRead, LookAsked, LookingRead
from haetae.errors import MediaDeleted, NotFound
from haetae.media.looks import read_look

router = APIRouter(tags=["events"], responses={status: ERRORS[status] for status in (401, 422, 503)})

_SEEN: dict[int | str, dict[str, Any]] = {404: ERRORS[404]}
_CONTROLLED: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (403, 404, 409)}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
    404: ERRORS[404],
}


@router.get("/events/{event_id}/analyses", responses=_SEEN)
def list_event_analyses(event_id: UUID, viewer: ViewerDep, services: ServicesDep) -> AnalysisList:
    """Every look at an event, newest first."""
    records = services.analyses.of_event(viewer, event_id)
    return AnalysisList(items=[AnalysisRead.of(each, with_raw=viewer.sees_all) for each in records])


@router.post("/events/{event_id}/analyze", status_code=202, responses=_CONTROLLED)
def analyze_event(event_id: UUID, viewer: ViewerDep, actor: ActorDep, services: ServicesDep) -> LookAsked:
    """Have an event looked at again, before all that wait. The answer comes with the event; its verdict until then stays."""
    services.analyses.ask(viewer, actor, event_id)
    services.looking.wake()
    return LookAsked(event_id=event_id, by_model=services.looking.status().state != "idle")


@router.get("/events/{event_id}/looks/{number}", response_class=Response, responses=_PICTURE)
def get_event_look(event_id: UUID, number: Annotated[int, Path(ge=1, le=64)], viewer: MediaViewerDep, services: ServicesDep) -> Response:
    """A picture (JPEG) that a model was shown in the newest look."""
    media = services.events.media(viewer, event_id)
    absent = NotFound("there is no such picture", hint="See `frames` of the event's analyses")
    if media.media_deleted_at is not None:
        raise MediaDeleted(f"the pictures were deleted on {media.media_deleted_at:%Y-%m-%d}", hint="Lock events whose clips must stay")
    path = services.layout.path(services.layout.looked_at(media.camera_id, media.id, media.timestamp))
    try:
        data = read_look(path, number)
    except FileNotFoundError:
        raise absent from None
    if data is None:
        raise absent
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, no-cache"})


@router.get("/looking", responses={403: ERRORS[403]})
def get_looking(_operator: OperatorDep, services: ServicesDep) -> LookingRead:
    """Who looks at events, and how that goes."""
    return LookingRead.model_validate(services.looking.status())
