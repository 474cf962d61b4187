"""What people tell a model about the place that a camera sees."""

from fastapi import APIRouter

from haetae.api.dependencies import ActorDep, OwnedCamera, SeenCamera, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.analysis_schemas import SiteNotesInput, SiteNotesRead

router = APIRouter(tags=["cameras"], responses={status: ERRORS[status] for status in (401, 403, 404, 422, 503)})


@router.get("/cameras/{camera_id}/site-notes")
def get_site_notes(camera_id: SeenCamera, viewer: ViewerDep, services: ServicesDep) -> SiteNotesRead:
    """What a model is told of the place."""
    return SiteNotesRead.model_validate(services.site_notes.read(viewer, camera_id))


@router.put("/cameras/{camera_id}/site-notes")
def change_site_notes(
    camera_id: OwnedCamera, body: SiteNotesInput, viewer: ViewerDep, actor: ActorDep, services: ServicesDep
) -> SiteNotesRead:
    """Tell a model what is usual at the place: deliveries at night, a dog of the house, a mirror."""
    return SiteNotesRead.model_validate(services.site_notes.write(viewer, actor, camera_id, body.text.strip()))
