"""Trying a camera's source: what it delivers, or what is wrong with it."""

import base64

from fastapi import APIRouter

from haetae.api.camera_source import refuse_masked
from haetae.api.dependencies import AdminDep, OwnedCamera, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.camera_reads import CameraTest
from haetae.api.routers.camera_schemas import SourceInput
from haetae.api.services import Services
from haetae.domain.viewer import AccessLevel
from haetae.domain.zone import Zone
from haetae.errors import SourceUnavailable
from haetae.media.snapshot import jpeg
from haetae.pipeline.zones import ZoneMasks
from haetae.sources.policy import SourcePolicy
from haetae.sources.probe import probe

LONGEST_S = 10.0
WIDEST = 1280

router = APIRouter(tags=["cameras"], responses={status: ERRORS[status] for status in (401, 403, 422, 429, 503)})


@router.post("/cameras/test")
def try_source(body: SourceInput, _admin: AdminDep, services: ServicesDep) -> CameraTest:
    """Try the source of a camera to be: codec, size, rate and a picture, or what is wrong; within 10 s. Nothing is stored."""
    refuse_masked(body.source)
    return _try(body.source, (), services)


@router.post("/cameras/{camera_id}/test", responses={404: ERRORS[404], 409: ERRORS[409]})
def try_camera(camera_id: OwnedCamera, viewer: ViewerDep, services: ServicesDep) -> CameraTest:
    """Try a camera's stored source, beside what runs of it: codec, size, rate and a picture, or what is wrong; within 10 s."""
    config = services.cameras.get(viewer, camera_id, AccessLevel.ADMIN).config
    return _try(config.source, config.zones, services)


def _try(source: str, zones: tuple[Zone, ...], services: Services) -> CameraTest:
    """Raises ConfigError for what the policy refuses, TooManyRequests."""
    policy = SourcePolicy(services.config.source_policy)
    with services.site.testing():
        try:
            found = probe(source, policy=policy, clock=services.clock, timeout_s=LONGEST_S)
        except SourceUnavailable as error:
            return CameraTest(works=False, problem=error.message, hint=error.hint)
        width = min(WIDEST, found.width)
        picture, _height = jpeg(ZoneMasks(zones).conceal_rgb(found.picture), width)
    return CameraTest(
        works=True,
        kind=found.kind,
        codec=found.codec,
        width=found.width,
        height=found.height,
        fps=found.fps,
        live=found.live,
        took_s=round(found.took_s, 3),
        picture=base64.b64encode(picture).decode(),
    )
