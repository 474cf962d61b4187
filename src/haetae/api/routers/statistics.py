"""Statistics of what the viewer may see."""

import csv
import io
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from haetae.api.dependencies import ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.statistics_schemas import (
    CSV_COLUMNS,
    DailyRead,
    DayRead,
    HourMapRead,
    SummaryRead,
    TrendRead,
    TypeCountRead,
    TypesRead,
    csv_row,
)
from haetae.api.services import Services
from haetae.database.scoped.statistics import MOST_DAYS, MOST_TREND_DAYS, MOST_WEEKS

router = APIRouter(tags=["statistics"], responses={status: ERRORS[status] for status in (401, 422, 503)})

_EARLIEST, _LATEST = date(2000, 1, 1), date(2199, 12, 31)
_WEEK = 7

CamerasQuery = Annotated[list[UUID] | None, Query(alias="camera_id", max_length=64, description="only of these cameras")]
FirstQuery = Annotated[
    date | None, Query(ge=_EARLIEST, le=_LATEST, description=f"first day; a week before `last` where absent. At most {MOST_DAYS} days")
]
LastQuery = Annotated[date | None, Query(ge=_EARLIEST, le=_LATEST, description="last day, inclusive; today where absent")]


@router.get("/statistics/summary")
def statistics_summary(viewer: ViewerDep, services: ServicesDep) -> SummaryRead:
    """How today goes, against yesterday."""
    return SummaryRead.model_validate(services.statistics.summary(viewer))


@router.get("/statistics/daily")
def statistics_daily(
    viewer: ViewerDep, services: ServicesDep, first: FirstQuery = None, last: LastQuery = None, camera_id: CamerasQuery = None
) -> DailyRead:
    """Each camera's days; one on which a camera did nothing is absent."""
    first, last = _span(services, first, last)
    days = services.statistics.daily(viewer, first=first, last=last, camera_ids=camera_id)
    return DailyRead(time_zone=services.statistics.time_zone, first=first, last=last, days=[DayRead.model_validate(day) for day in days])


@router.get("/statistics/daily.csv", response_class=Response, responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}})
def statistics_daily_csv(
    viewer: ViewerDep, services: ServicesDep, first: FirstQuery = None, last: LastQuery = None, camera_id: CamerasQuery = None
) -> Response:
    """Each camera's days as a table for spreadsheets."""
    first, last = _span(services, first, last)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    writer.writerows(csv_row(day) for day in services.statistics.daily(viewer, first=first, last=last, camera_ids=camera_id))
    name = f'attachment; filename="haetae-daily-{first}-{last}.csv"'
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


@router.get("/statistics/hours")
def statistics_hours(
    viewer: ViewerDep,
    services: ServicesDep,
    weeks: Annotated[int, Query(ge=1, le=MOST_WEEKS)] = 4,
    camera_id: CamerasQuery = None,
) -> HourMapRead:
    """In which hours of the week events began, over the last weeks up to today."""
    return HourMapRead.model_validate(services.statistics.hours(viewer, weeks=weeks, camera_ids=camera_id))


@router.get("/statistics/types")
def statistics_types(
    viewer: ViewerDep, services: ServicesDep, first: FirstQuery = None, last: LastQuery = None, camera_id: CamerasQuery = None
) -> TypesRead:
    """How many events there were of each kind, subtype and severity, most frequent first."""
    first, last = _span(services, first, last)
    types = services.statistics.types(viewer, first=first, last=last, camera_ids=camera_id)
    counts = [TypeCountRead.model_validate(count) for count in types]
    return TypesRead(time_zone=services.statistics.time_zone, first=first, last=last, types=counts)


@router.get("/statistics/trend")
def statistics_trend(
    viewer: ViewerDep,
    services: ServicesDep,
    days: Annotated[int, Query(ge=1, le=MOST_TREND_DAYS)] = 30,
    per_camera: Annotated[bool, Query(description="also for each camera by itself")] = False,
    camera_id: CamerasQuery = None,
) -> TrendRead:
    """Events of each of the last days, today included; they count within a minute of their beginning."""
    return TrendRead.model_validate(services.statistics.trend(viewer, days=days, camera_ids=camera_id, per_camera=per_camera))


def _span(services: Services, first: date | None, last: date | None) -> tuple[date, date]:
    last = last or services.statistics.today
    return first or last - timedelta(days=_WEEK - 1), last
