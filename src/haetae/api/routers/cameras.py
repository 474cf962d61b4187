"""Cameras: their configuration, whether they run, and how they are doing.

What is changed has to be named by its version: `If-Match` is needed for PATCH and PUT (428 without it), with the ETag of what was read, or
`*` for whatever is there. So nobody's change is lost by another's.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Response

from haetae.agents.base import check_flow
from haetae.api.camera_model import check_model
from haetae.api.camera_source import check_source, with_kept_credentials
from haetae.api.dependencies import ActorDep, AdminDep, ControlledCamera, OwnedCamera, SeenCamera, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS, Problem
from haetae.api.if_match import IfMatch, expected_version
from haetae.api.routers.camera_reads import (
    CameraList,
    CameraListed,
    CameraRead,
    CameraRemoved,
    CameraStatusRead,
    ScheduleRead,
    UnreadableCamera,
    ZonesRead,
    read_camera,
    read_status,
)
from haetae.api.routers.camera_schemas import (
    CameraChange,
    CameraCreate,
    ScheduleInput,
    ZonesInput,
    read_zones,
    to_zones,
)
from haetae.api.routers.schedule_schema import read_schedule, to_schedule
from haetae.api.services import Services
from haetae.database.camera_store import StoredCamera
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.camera_check import check_camera
from haetae.domain.viewer import AccessLevel, Actor, Viewer
from haetae.errors import UnknownCamera
from haetae.pipeline.event_files import delete_event_files

_log = structlog.get_logger()

_ETAG = {"headers": {"ETag": {"description": "the version, for If-Match", "schema": {"type": "string"}}}}
_READ: dict[int | str, dict[str, Any]] = {200: _ETAG, 404: ERRORS[404], 409: ERRORS[409]}
_CHANGE: dict[int | str, dict[str, Any]] = {
    **_READ,
    403: ERRORS[403],
    412: ERRORS[412],
    428: {"model": Problem, "description": "If-Match is needed", "content": {"application/problem+json": {}}},
}
_COMMAND: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (403, 404, 409)}

router = APIRouter(tags=["cameras"], responses={status: ERRORS[status] for status in (401, 422, 503)})


@router.get("/cameras")
def list_cameras(viewer: ViewerDep, services: ServicesDep) -> CameraList:
    """The cameras that you may see, each with its configuration, how it is doing, and its newest event."""
    stored, broken = services.cameras.visible_to(viewer)
    statuses, last = services.site.statuses(), services.cameras.last_events(viewer)
    cameras = []
    for camera in stored:
        camera_id = camera.config.id
        status = statuses.get(camera_id) or CameraStatus(camera_id, CameraState.STOPPED)
        status_read = read_status(camera, status, last.get(camera_id), viewer)
        cameras.append(CameraListed(**read_camera(camera, viewer), status=status_read))
    return CameraList(cameras=cameras, unreadable=[UnreadableCamera(id=row.id, name=row.name, error=row.error) for row in broken])


@router.post("/cameras", status_code=201, responses={201: _ETAG, 403: ERRORS[403], 409: ERRORS[409]})
def add_camera(body: CameraCreate, admin: AdminDep, actor: ActorDep, services: ServicesDep, response: Response) -> CameraRead:
    """Add a camera; it is watched at once unless it is disabled."""
    config = check_camera(body.config(services.config.clips))
    check_flow(config.flow)
    check_model(config, services.config.source_policy)
    check_source(config.source, services, analysed_fps=config.analysed_fps)
    stored = services.cameras.add(admin, actor, config)
    services.site.reconcile()
    response.headers["Location"] = f"/api/v1/cameras/{config.id}"
    return _answer(stored, admin, response)


@router.get("/cameras/{camera_id}", responses=_READ)
def get_camera(camera_id: SeenCamera, viewer: ViewerDep, services: ServicesDep, response: Response) -> CameraRead:
    """One camera's configuration. How it is doing is asked for apart, so that the ETag changes only with the configuration."""
    return _answer(services.cameras.get(viewer, camera_id), viewer, response)


@router.patch("/cameras/{camera_id}", responses=_CHANGE)
def change_camera(
    camera_id: OwnedCamera,
    body: CameraChange,
    viewer: ViewerDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> CameraRead:
    """Change what is given. It takes effect at once; what the camera has learned stays, unless it gets another model."""
    version = expected_version(if_match)
    given = body.fields()

    def change(config: CameraConfig) -> CameraConfig:
        fields = dict(given)
        if body.source is not None:
            fields["source"] = with_kept_credentials(body.source, config.source)
        if fields.get("vad_model", config.vad_model) != config.vad_model:
            # Another model knows nothing of the settings of the last one.
            fields.setdefault("vad_settings", ())
        return replace(config, **fields)

    before = services.cameras.get(viewer, camera_id, AccessLevel.ADMIN)
    _check_change(before.config, check_camera(change(before.config)), services)
    stored = services.cameras.change(viewer, actor, camera_id, change, expected_version=version or before.version)
    services.site.reconcile()
    return _answer(stored, viewer, response)


@router.delete("/cameras/{camera_id}", responses=_COMMAND)
def remove_camera(
    camera_id: UUID,
    admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
    delete_events: Annotated[bool, Query(description="also its events, clips and statistics; locked events stay all the same")] = False,
) -> CameraRemoved:
    """Remove a camera. Its events stay unless asked otherwise; those of a camera that is gone can be deleted by asking again."""
    removed = None
    try:
        removed = CameraRemoved(events_kept=services.cameras.remove(admin, actor, camera_id))
    except UnknownCamera:
        if not delete_events:
            raise
    services.site.reconcile()
    if not delete_events:
        assert removed is not None
        return removed
    found = _delete_events(camera_id, admin, actor, services)
    if removed is None and found == CameraRemoved(events_kept=0):
        raise UnknownCamera(f"there is no camera {camera_id}", hint="See the list of cameras")
    return found


@router.post("/cameras/{camera_id}/start", responses=_COMMAND)
def start_camera(camera_id: ControlledCamera, viewer: ViewerDep, actor: ActorDep, services: ServicesDep) -> CameraStatusRead:
    """Let a camera run, also after a restart of the site. A file that came to its end is played again."""
    services.cameras.set_enabled(viewer, actor, camera_id, True)
    services.site.start(camera_id)
    return _status(camera_id, viewer, services)


@router.post("/cameras/{camera_id}/stop", responses=_COMMAND)
def stop_camera(camera_id: ControlledCamera, viewer: ViewerDep, actor: ActorDep, services: ServicesDep) -> CameraStatusRead:
    """Stop a camera until it is started again. What it is recording is finished first."""
    services.cameras.set_enabled(viewer, actor, camera_id, False)
    services.site.reconcile()
    return _status(camera_id, viewer, services)


@router.post("/cameras/{camera_id}/relearn", responses=_COMMAND)
def relearn_camera(camera_id: OwnedCamera, viewer: ViewerDep, actor: ActorDep, services: ServicesDep) -> CameraStatusRead:
    """Have a camera forget what it has learned and learn anew: at once, or when it is started. Until it has, it raises no alarm."""
    services.cameras.note_relearn(viewer, actor, camera_id)
    services.site.relearn(camera_id)
    return _status(camera_id, viewer, services)


@router.get("/cameras/{camera_id}/status", responses=_READ)
def get_camera_status(camera_id: SeenCamera, viewer: ViewerDep, services: ServicesDep) -> CameraStatusRead:
    """How a camera is doing now."""
    return _status(camera_id, viewer, services)


@router.get("/cameras/{camera_id}/zones", responses=_READ)
def get_camera_zones(camera_id: SeenCamera, viewer: ViewerDep, services: ServicesDep, response: Response) -> ZonesRead:
    """The parts of the picture that are treated apart."""
    stored = services.cameras.get(viewer, camera_id)
    _tag(stored, response)
    return ZonesRead(zones=read_zones(stored.config))


@router.put("/cameras/{camera_id}/zones", responses=_CHANGE)
def set_camera_zones(
    camera_id: OwnedCamera,
    body: ZonesInput,
    viewer: ViewerDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> ZonesRead:
    """Make these, and no others, the camera's zones; from the next picture on. What the camera has learned stays."""
    zones = to_zones(body.zones)
    stored = _change(services, viewer, actor, camera_id, if_match, lambda config: replace(config, zones=zones))
    _tag(stored, response)
    return ZonesRead(zones=read_zones(stored.config))


@router.get("/cameras/{camera_id}/schedule", responses=_READ)
def get_camera_schedule(camera_id: SeenCamera, viewer: ViewerDep, services: ServicesDep, response: Response) -> ScheduleRead:
    """When the camera is armed."""
    return _schedule(services.cameras.get(viewer, camera_id), services, response)


@router.put("/cameras/{camera_id}/schedule", responses=_CHANGE)
def set_camera_schedule(
    camera_id: OwnedCamera,
    body: ScheduleInput,
    viewer: ViewerDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> ScheduleRead:
    """Set when the camera is armed; null: always. Outside of it no anomaly raises an event; tampering and a lost camera still do."""
    schedule = to_schedule(body.schedule)
    stored = _change(services, viewer, actor, camera_id, if_match, lambda config: replace(config, schedule=schedule))
    return _schedule(stored, services, response)


def _answer(stored: StoredCamera, viewer: Viewer, response: Response) -> CameraRead:
    _tag(stored, response)
    return CameraRead(**read_camera(stored, viewer))


def _tag(stored: StoredCamera, response: Response) -> None:
    response.headers["ETag"] = f'"{stored.version}"'


def _schedule(stored: StoredCamera, services: Services, response: Response) -> ScheduleRead:
    _tag(stored, response)
    schedule = stored.config.schedule
    return ScheduleRead(schedule=read_schedule(schedule), armed_now=schedule is None or schedule.armed(services.clock.now()))


def _status(camera_id: UUID, viewer: Viewer, services: Services) -> CameraStatusRead:
    stored = services.cameras.get(viewer, camera_id)
    last = services.cameras.last_events(viewer, camera_id).get(camera_id)
    return read_status(stored, services.site.status(camera_id), last, viewer)


def _change(
    services: Services, viewer: Viewer, actor: Actor, camera_id: UUID, if_match: str | None, change: Callable[[CameraConfig], CameraConfig]
) -> StoredCamera:
    stored = services.cameras.change(viewer, actor, camera_id, change, expected_version=expected_version(if_match))
    services.site.reconcile()
    return stored


def _check_change(before: CameraConfig, after: CameraConfig, services: Services) -> None:
    """What is new has to be allowed now; what was there before may stay."""
    if (before.vad_model, before.vad_settings) != (after.vad_model, after.vad_settings):
        check_model(after, services.config.source_policy)
    if before.flow != after.flow:
        check_flow(after.flow)
    if before.source != after.source:
        check_source(after.source, services, analysed_fps=after.analysed_fps)


def _delete_events(camera_id: UUID, admin: Viewer, actor: Actor, services: Services) -> CameraRemoved:
    deleted, undeleted = 0, 0
    while True:
        batch = services.cameras.delete_events(admin, actor, camera_id)
        undeleted += len(delete_event_files(services.layout, batch.media, now=services.clock.now()).left)
        deleted += len(batch.media)
        if not batch.more:
            break
    if undeleted:
        _log.error("files of deleted events are left", camera_id=str(camera_id), files=undeleted)
    return CameraRemoved(
        events_kept=batch.locked + batch.unfinished,
        events_deleted=deleted,
        events_locked=batch.locked,
        events_unfinished=batch.unfinished,
    )
