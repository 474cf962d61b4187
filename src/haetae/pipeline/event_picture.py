"""The picture that goes out with a notice."""

from uuid import UUID

import structlog

from haetae.domain.event import SITE, AnomalyEvent
from haetae.errors import CameraOffline, MediaError
from haetae.media.blobs import StorageLayout
from haetae.pipeline.live_feed import LiveFeeds

WIDTH = 640
_MOST_BYTES = 2 * 2**20

_log = structlog.get_logger()


class EventPictures:
    """Any thread; waits for the disk, or for a picture to be encoded."""

    def __init__(self, layout: StorageLayout, feeds: LiveFeeds) -> None:
        self._layout = layout
        self._feeds = feeds

    def __call__(self, event: AnomalyEvent) -> bytes | None:
        """The event's thumbnail; while that is still being made, what its camera shows now: whoever is alerted at once sees at least that.
        None where there is neither. Private zones are black in both."""
        if event.camera_id == SITE:
            return None
        if event.thumbnail_path is not None:
            return self._stored(event.thumbnail_path)
        return self._live(event.camera_id) if event.media_bytes is None else None

    def _stored(self, relative: str) -> bytes | None:
        try:
            path = self._layout.media_path(relative)
            return path.read_bytes() if path.stat().st_size <= _MOST_BYTES else None
        except (MediaError, OSError) as error:
            _log.info("no picture for a notice", path=relative, error=str(error))
            return None

    def _live(self, camera_id: UUID) -> bytes | None:
        feed = self._feeds.find(camera_id)
        if feed is None:
            return None
        try:
            return feed.picture(WIDTH).data
        except CameraOffline:
            return None
