"""What is shown of an event that lies in files beside it."""

import base64

import structlog

from haetae.api.routers.event_schemas import ComparedRead, EventDetailRead, ExampleRead, ScoreCurveRead
from haetae.database.scoped.event_rows import EventDetail
from haetae.errors import MediaError
from haetae.media.blobs import StorageLayout
from haetae.media.example import read_example
from haetae.media.inventory import exists
from haetae.media.score_curve import read_score_curve

_log = structlog.get_logger(__name__)


def detail_read(layout: StorageLayout, event: EventDetail) -> EventDetailRead:
    """The whole answer about an event."""
    read = EventDetailRead.model_validate(event)
    read.has_contact_sheet = exists(layout, layout.contact_sheet(event.camera_id, event.id, event.timestamp))
    read.score_curve = _curve(layout, event)
    read.example = _example(layout, event)
    return read


def _example(layout: StorageLayout, event: EventDetail) -> ExampleRead | None:
    try:
        example = read_example(layout.path(layout.example(event.camera_id, event.id, event.timestamp)))
    except MediaError as error:
        _log.warning("example_unreadable", event_id=str(event.id), error=error.message)
        return None
    if example is None:
        return None
    picture = f"data:image/jpeg;base64,{base64.b64encode(example.picture).decode()}"
    return ExampleRead(seen_at=example.seen_at, picture=picture, compared=[ComparedRead.model_validate(each) for each in example.compared])


def _curve(layout: StorageLayout, event: EventDetail) -> ScoreCurveRead | None:
    try:
        curve = read_score_curve(layout.path(layout.score_curve(event.camera_id, event.id, event.timestamp)))
    except MediaError as error:
        _log.warning("score_curve_unreadable", event_id=str(event.id), error=error.message)
        return None
    return None if curve is None else ScoreCurveRead(t_s=list(curve.t_s), score=list(curve.values))
