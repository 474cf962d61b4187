"""The last day of a camera at a glance."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from haetae.api.dependencies import SeenCamera, ServicesDep
from haetae.api.errors import ERRORS

router = APIRouter(tags=["cameras"], responses={status: ERRORS[status] for status in (401, 404, 422, 503)})


class ScoreMinutesRead(BaseModel):
    """The greatest score of each minute."""

    begins_at: datetime = Field(description="when the first minute began")
    peaks: list[float | None] = Field(
        description="a day of minutes, the running one last; in [0, 1], 0.5 is the alarm level that was in force; null: nothing was judged"
    )


@router.get("/cameras/{camera_id}/score-minutes")
def get_score_minutes(camera_id: SeenCamera, services: ServicesDep) -> ScoreMinutesRead:
    """How unusual the camera was in each minute of the last 24 hours."""
    begins_at, peaks = services.score_minutes.last_day(camera_id)
    return ScoreMinutesRead(begins_at=begins_at, peaks=peaks)
