"""How surprising a camera's normal footage was, and what another number of false alarms a day would have made of the last week."""

from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from haetae.api.dependencies import SeenCamera, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.services import Services
from haetae.database.scoped.event_filter import EventFilter
from haetae.database.scoped.event_rows import EventRow
from haetae.domain.event import EventKind, Review, Severity
from haetae.domain.viewer import Viewer
from haetae.errors import Conflict, StateError
from haetae.vad.sensitivity import Sensitivity

LOOK_BACK = timedelta(days=7)
MOST_EVENTS = 500
BINS = 50

router = APIRouter(tags=["cameras"], responses={status: ERRORS[status] for status in (401, 404, 409, 422, 503)})


class ScoreHistogram(BaseModel):
    """The greatest score of each stretch of normal footage, counted over the calibrated scale [0, 1]; alarms are not in it."""

    counts: list[int] = Field(description="stretches in each of so many equal parts of [0, 1]; 0.5 is the present alarm level")
    stretches: int
    stretch_s: float = Field(description="how long a stretch is, on average")
    footage_s: float = Field(description="the normal footage in it, the newest week at most")
    false_alarms_per_day: float = Field(description="the present budget")
    rarest_per_day: float = Field(description="rarer alarms than these the footage says nothing of yet")
    oftenest_per_day: float = Field(description="more alarms than these make the alarm level no lower")
    caution: float = Field(
        description="how many times higher than the footage says the alarm level stands, because there is little of it; fades to 1"
    )
    learned_at: datetime | None
    as_of: datetime = Field(description="when the camera last saved what it learned")


class JudgedEvent(BaseModel):
    id: UUID
    timestamp: datetime
    subtype: str | None
    vlm_type: str | None
    corrected_type: str | None
    severity: Severity
    score: float = Field(description="its peak on the present scale")
    review: Review
    has_thumbnail: bool
    alarms: bool = Field(description="whether it would have been raised")


class WouldAlarm(BaseModel):
    """What a budget would have made of the last week. Judged by the peak of each event, so that it says rather too many than too few."""

    false_alarms_per_day: float
    level: float = Field(description="where the alarm level would lie on the present scale, on which it is 0.5")
    since: datetime = Field(description="a week ago, or when the camera last learned anew")
    raised: int = Field(description="events of that time that would have been raised")
    silent: int = Field(description="events of that time that would not")
    more: int = Field(description="stretches of footage in which nothing was raised and something would have been")
    complete: bool = Field(description="false where only the newest events were looked at")
    events: list[JudgedEvent] = Field(description="newest first")


@router.get("/cameras/{camera_id}/scores")
def get_scores(camera_id: SeenCamera, viewer: ViewerDep, services: ServicesDep) -> ScoreHistogram:
    """How surprising normal footage was; 409 while the camera is still learning."""
    known = _sensitivity(services, viewer, camera_id)
    return ScoreHistogram(
        counts=known.histogram(BINS).tolist(),
        stretches=known.peaks.values.size,
        stretch_s=round(known.stretch_s, 2),
        footage_s=round(known.peaks.seconds, 1),
        false_alarms_per_day=known.calibration.false_alarms_per_day,
        rarest_per_day=known.rarest_per_day,
        oftenest_per_day=known.oftenest_per_day,
        caution=round(known.calibration.caution, 2),
        learned_at=known.learned_at,
        as_of=known.saved_at,
    )


@router.get("/cameras/{camera_id}/would-alarm")
def get_would_alarm(
    camera_id: SeenCamera,
    viewer: ViewerDep,
    services: ServicesDep,
    false_alarms_per_day: Annotated[float, Query(gt=0, le=1000, description="the budget to try")],
) -> WouldAlarm:
    """What the last week would have been with another number of false alarms a day. Nothing is changed by asking."""
    known = _sensitivity(services, viewer, camera_id)
    since = services.clock.now() - LOOK_BACK
    if known.learned_at is not None:
        since = max(since, known.learned_at)
    wanted = EventFilter(camera_ids=(camera_id,), since=since, kinds=(EventKind.ANOMALY,))
    rows = list(islice(chain.from_iterable(services.events.pages(viewer, wanted)), MOST_EVENTS + 1))
    events = [_judged(known, row, false_alarms_per_day) for row in rows[:MOST_EVENTS]]
    raised = sum(event.alarms for event in events)
    return WouldAlarm(
        false_alarms_per_day=false_alarms_per_day,
        level=round(known.level(false_alarms_per_day), 4),
        since=since,
        raised=raised,
        silent=len(events) - raised,
        more=known.stretches_over(false_alarms_per_day),
        complete=len(rows) <= MOST_EVENTS,
        events=events,
    )


def _sensitivity(services: Services, viewer: Viewer, camera_id: UUID) -> Sensitivity:
    """Raises Conflict while the camera has yet to learn, or where its file is damaged."""
    model = services.cameras.get(viewer, camera_id).config.vad_model
    try:
        known = Sensitivity.read(services.layout.path(services.layout.state(camera_id, model)))
    except StateError as error:
        raise Conflict("what this camera learned cannot be read", hint="Have it learn anew") from error
    if known is None:
        raise Conflict("this camera has yet to learn what is usual", hint="Ask again when its learning is finished")
    return known


def _judged(known: Sensitivity, row: EventRow, false_alarms_per_day: float) -> JudgedEvent:
    return JudgedEvent(
        id=row.id,
        timestamp=row.timestamp,
        subtype=row.subtype,
        vlm_type=row.vlm_type,
        corrected_type=row.corrected_type,
        severity=row.severity,
        score=round(known.score_of(row.vad_score, row.threshold), 4),
        review=row.review,
        has_thumbnail=row.has_thumbnail,
        alarms=known.alarms(false_alarms_per_day, row.vad_score, row.threshold),
    )
