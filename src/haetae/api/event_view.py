"""What is shown of an event that lies in files beside it."""

import structlog

from haetae.api.routers.event_schemas import EventDetailRead, ScoreCurveRead
from haetae.database.scoped.event_rows import EventDetail
from haetae.errors import MediaError
from haetae.media.blobs import StorageLayout
from haetae.media.inventory import exists
from haetae.media.score_curve import read_score_curve

_log = structlog.get_logger(__name__)


def detail_read(layout: StorageLayout, event: EventDetail) -> EventDetailRead:
    """The whole answer about an event."""
    read = EventDetailRead.model_validate(event)
    read.has_contact_sheet = exists(layout, layout.contact_sheet(event.camera_id, event.id, event.timestamp))
    read.score_curve = _curve(layout, event)
    return read


def _curve(layout: StorageLayout, event: EventDetail) -> ScoreCurveRead | None:
    try:
        curve = read_score_curve(layout.path(layout.score_curve(event.camera_id, event.id, event.timestamp)))
    except MediaError as error:
        _log.warning("score_curve_unreadable", event_id=str(event.id), error=error.message)
        return None
    return None if curve is None else ScoreCurveRead(t_s=list(curve.t_s), score=list(curve.values))
