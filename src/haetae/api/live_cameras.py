"""What the routes of live pictures ask for: the feed of a camera that is seen, and a place among those who look."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from haetae.api.dependencies import MediaViewerDep, ServicesDep, require_camera
from haetae.api.services import Services
from haetae.domain.viewer import AccessLevel, Viewer
from haetae.errors import UnknownCamera
from haetae.pipeline.live_feed import CameraFeed


def find_feed(services: Services, viewer: Viewer, camera_id: UUID) -> CameraFeed:
    """Raises UnknownCamera where there is no such camera, or not for this viewer."""
    require_camera(viewer, camera_id, AccessLevel.VIEW)
    feed = services.feeds.find(camera_id)
    if feed is None:
        raise UnknownCamera(f"there is no camera {camera_id}", hint="See the list of cameras")
    return feed


def _seen_feed(camera_id: Annotated[UUID, Path()], viewer: MediaViewerDep, services: ServicesDep) -> CameraFeed:
    return find_feed(services, viewer, camera_id)


def _place(viewer: MediaViewerDep, services: ServicesDep) -> Iterator[None]:
    with services.feeds.viewing(viewer.user_id):
        yield


SeenFeed = Annotated[CameraFeed, Depends(_seen_feed)]
"""The feed of the camera in the path, once the viewer (by header or ticket) may see it."""

Place = Annotated[None, Depends(_place)]
"""Held until the answer has been sent. Raises TooManyRequests."""
