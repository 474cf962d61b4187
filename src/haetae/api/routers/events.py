"""Events: lists, details, and what people make of them."""

import hashlib
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from haetae.api.dependencies import ActorDep, OperatorDep, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.event_view import detail_read
from haetae.api.media_file import is_known
from haetae.api.routers.event_schemas import (
    Acknowledge,
    BulkAcknowledge,
    BulkAnswer,
    BulkItemRead,
    EventDetailRead,
    EventList,
    EventPatch,
    EventRead,
    ListQuery,
    SearchRead,
)
from haetae.api.services import Services
from haetae.database.scoped.event_changes import Answer, EventChange
from haetae.database.scoped.event_rows import EventDetail
from haetae.domain.viewer import Viewer
from haetae.errors import ConfigError

router = APIRouter(tags=["events"], responses={status: ERRORS[status] for status in (401, 422, 503)})

_Responses: TypeAlias = dict[int | str, dict[str, Any]]

_SEEN: _Responses = {404: ERRORS[404]}
_CONTROLLED: _Responses = {status: ERRORS[status] for status in (403, 404)}


def _controlled(event_id: Annotated[UUID, Path()], viewer: ViewerDep, services: ServicesDep) -> Viewer:
    """Who may change the event. Asked before the body is looked at; the change asks again, in its transaction."""
    services.events.require_control(viewer, event_id)
    return viewer


ControllerDep = Annotated[Viewer, Depends(_controlled)]


@router.get("/events", response_model=EventList)
def list_events(query: Annotated[ListQuery, Query()], viewer: ViewerDep, services: ServicesDep) -> Response:
    """Events, newest first unless asked otherwise."""
    if query.relevance and query.q:
        return _relevant(query, viewer, services)
    page = services.events.page(
        viewer, query.to_filter(), sort=query.sort, descending=query.descending, cursor=query.cursor, limit=query.limit
    )
    items = [EventRead.model_validate(row) for row in page.items]
    found = EventList(
        items=items,
        next_cursor=page.next_cursor,
        total=page.total,
        total_is_exact=page.total_is_exact,
        has_meaning=services.search.has_model,
    )
    # Written here, on this thread: FastAPI would check it once more, and hold up its event loop meanwhile.
    return Response(found.model_dump_json(), media_type="application/json")


@router.get(
    "/events/{event_id}",
    response_model=EventDetailRead,
    responses={**_SEEN, 304: {"description": "as it was, by If-None-Match"}},
)
def get_event(event_id: UUID, viewer: ViewerDep, services: ServicesDep, request: Request) -> Response:
    """All that is known of an event."""
    return _answer(services, services.events.get(viewer, event_id), request)


@router.post("/events/acknowledge", responses={403: ERRORS[403]})
def acknowledge_events(body: BulkAcknowledge, viewer: OperatorDep, actor: ActorDep, services: ServicesDep) -> BulkAnswer:
    """Acknowledge many events at once: all of them, as far as the caller may, in one transaction."""
    if body.ids is not None:
        items, more = services.events.acknowledge_all(viewer, actor, body.ids, body.note), False
    else:
        assert body.filter is not None
        items, more = services.events.acknowledge_matching(viewer, actor, body.filter.to_filter(), body.note, limit=body.limit)
    for item in items:
        if item.answer is Answer.ACKNOWLEDGED and item.camera_id is not None:
            services.live.event_changed(item.camera_id, item.event_id)
    services.notifier.wake()
    return BulkAnswer(items=[BulkItemRead.model_validate(item) for item in items], more=more)


@router.post("/events/{event_id}/acknowledge", response_model=EventDetailRead, responses=_CONTROLLED)
def acknowledge_event(
    event_id: UUID, viewer: ControllerDep, actor: ActorDep, services: ServicesDep, body: Acknowledge | None = None
) -> Response:
    """Say that somebody has seen to it. Who did so first stays."""
    return _changed(services, services.events.acknowledge(viewer, actor, event_id, body.note if body else None))


@router.delete("/events/{event_id}/acknowledge", response_model=EventDetailRead, responses=_CONTROLLED)
def unacknowledge_event(event_id: UUID, viewer: ControllerDep, actor: ActorDep, services: ServicesDep) -> Response:
    """Take that back."""
    return _changed(services, services.events.unacknowledge(viewer, actor, event_id))


@router.patch("/events/{event_id}", response_model=EventDetailRead, responses=_CONTROLLED)
def change_event(event_id: UUID, body: EventPatch, viewer: ControllerDep, actor: ActorDep, services: ServicesDep) -> Response:
    """Change the review, the note, the lock or the type."""
    change = EventChange(review=body.review, note=body.note, locked=body.locked, corrected_type=body.corrected_type)
    return _changed(services, services.events.change(viewer, actor, event_id, change))


def _relevant(query: ListQuery, viewer: Viewer, services: Services) -> Response:
    if query.cursor is not None:
        # What is relevant has no place that the next page could begin after: every new event may change the order.
        raise ConfigError("a list by relevance has no pages", hint="Leave the cursor away, or relevance")
    page = services.search.relevant(viewer, query.to_filter(), query.limit)
    items = [EventRead.model_validate(row) for row in page.items]
    search = SearchRead(by_meaning=page.by_meaning, cause=page.cause)
    has_meaning = services.search.has_model
    found = EventList(items=items, next_cursor=None, total=page.total, total_is_exact=True, has_meaning=has_meaning, search=search)
    return Response(found.model_dump_json(), media_type="application/json")


def _changed(services: Services, event: EventDetail) -> Response:
    services.live.event_changed(event.camera_id, event.id)
    services.notifier.wake()
    return _answer(services, event)


def _answer(services: Services, event: EventDetail, request: Request | None = None) -> Response:
    """`request` is given where the client may have it already."""
    body = detail_read(services.layout, event).model_dump_json().encode()
    # Weak, for a compressed answer has other bytes.
    headers = {"ETag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
    if request is not None and is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
