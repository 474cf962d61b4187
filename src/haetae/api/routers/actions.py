"""What was done about an event."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from haetae.api.dependencies import ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.action_schemas import ActionList, ActionRead

router = APIRouter(tags=["response"], responses={status: ERRORS[status] for status in (401, 422, 503)})

_SEEN: dict[int | str, dict[str, Any]] = {404: ERRORS[404]}


@router.get("/events/{event_id}/actions", responses=_SEEN)
def list_event_actions(event_id: UUID, viewer: ViewerDep, services: ServicesDep) -> ActionList:
    """Every action that was planned for an event, and what really came of it."""
    return ActionList(items=[ActionRead.of(view) for view in services.actions.of_event(viewer, event_id)])
