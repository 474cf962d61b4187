"""Everything about one event, to be taken out of the house."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from haetae.api.dependencies import ActorDep, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.pipeline.incident_page import incident_html, incident_json

router = APIRouter(tags=["response"], responses={status: ERRORS[status] for status in (401, 403, 404, 422, 503)})

_EXPORT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}, "text/html": {"schema": {"type": "string"}}}}
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@router.get("/events/{event_id}/incident", response_class=Response, responses=_EXPORT)
def export_incident(
    event_id: UUID,
    viewer: ViewerDep,
    actor: ActorDep,
    services: ServicesDep,
    format: Annotated[Literal["json", "html"], Query(description="html: one page that needs nothing else")] = "json",
) -> Response:
    """Event, facts, analyses, plans, actions with their results, approvals, deliveries, and the audit log of all that with its hashes. That
    it was taken out is written down."""
    incident = services.incidents.export(viewer, actor, event_id)
    headers = {
        "Content-Disposition": f'attachment; filename="haetae-incident-{event_id}.{format}"',
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": _POLICY,
    }
    if format == "html":
        return Response(incident_html(incident), media_type="text/html; charset=utf-8", headers=headers)
    return Response(incident_json(incident), media_type="application/json", headers=headers)
