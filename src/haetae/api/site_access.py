"""What routes need of the running cameras."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.site import SiteStatus
from haetae.errors import HaetaeError, TooManyRequests, UnknownCamera
from haetae.pipeline.multi_camera import MultiCameraManager

_log = structlog.get_logger()

MOST_TESTS = 2
"""Sources that are tried at once: each takes a connection to a camera and a core to decode its first picture."""

_TEST_S = 10.0


class SiteAccess:
    """Any thread. Who may do what has been checked by then, and what is to last is in the database by then (`ScopedCameras`)."""

    def __init__(self, cameras: MultiCameraManager, status: Callable[[], SiteStatus]) -> None:
        self._cameras = cameras
        self._status = status
        self._tests = threading.BoundedSemaphore(MOST_TESTS)

    def statuses(self) -> dict[UUID, CameraStatus]:
        """How each camera is doing; one that was added in this moment is absent."""
        return {status.camera_id: status for status in self._cameras.statuses()}

    def status(self, camera_id: UUID) -> CameraStatus:
        """How one camera is doing; one that was added in this moment is stopped."""
        try:
            return self._cameras.get_camera_status(camera_id)
        except UnknownCamera:
            return CameraStatus(camera_id, CameraState.STOPPED)

    def site_status(self) -> SiteStatus:
        return self._status()

    def reconcile(self) -> None:
        """Have what was changed in the database take effect now. Never raises: the site looks for itself again in a moment."""
        self._tell(self._cameras.reconcile)

    def start(self, camera_id: UUID) -> None:
        """As `reconcile`, once a camera was enabled; a file that came to its end is played again."""
        self._tell(lambda: self._cameras.resume_camera(camera_id))

    def relearn(self, camera_id: UUID) -> None:
        """Have a camera forget what it learned and learn anew. Waits for the disk."""
        try:
            self._cameras.relearn_camera(camera_id)
        except UnknownCamera:
            # Added in this moment: it has learned nothing.
            _log.info("nothing to forget", camera_id=str(camera_id))

    def _tell(self, what: Callable[[], None]) -> None:
        try:
            what()
        except HaetaeError as error:
            _log.warning("a change takes effect later", error=str(error))

    @contextmanager
    def testing(self) -> Iterator[None]:
        """Held while a source is tried. Raises TooManyRequests when as many as may are being tried."""
        if not self._tests.acquire(blocking=False):
            raise TooManyRequests(f"{MOST_TESTS} sources are being tried already", retry_after_s=_TEST_S, hint="Try again in a moment")
        try:
            yield
        finally:
            self._tests.release()
