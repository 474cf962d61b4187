"""What the routes of statistics answer."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from haetae.domain.event import EventKind, Severity
from haetae.domain.statistics import DayStatistics


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class EventCountsRead(_Read):
    """Events of a span. A word that no event has is absent."""

    events: int
    unacknowledged: int
    by_severity: dict[str, int]
    by_kind: dict[str, int]
    by_review: dict[str, int]


class SummaryRead(_Read):
    at: datetime
    day: date = Field(description="today in `time_zone`")
    time_zone: str
    open: int = Field(description="events that are going on now")
    today: EventCountsRead
    yesterday_by_now: EventCountsRead = Field(description="yesterday up to the same time of day")
    yesterday: EventCountsRead


class DayRead(_Read):
    """One camera's day. A mean is null where there is nothing to take it of."""

    camera_id: UUID
    day: date
    time_zone: str
    events: int
    events_by_type: dict[str, int] = Field(description="by what a person says that it was, else by subtype, else by kind")
    uptime_s: float = Field(description="seconds in which the camera delivered pictures")
    frames_read: int
    frames_analysed: int
    frames_skipped: int
    frames_dropped: dict[str, int] = Field(description="by reason")
    dropped_share: float | None
    score_mean: float | None
    score_max: float | None
    vad_time_mean_s: float | None
    vlm_time_mean_s: float | None
    agent_time_mean_s: float | None


class DailyRead(BaseModel):
    time_zone: str
    first: date
    last: date
    days: list[DayRead]


class HourMapRead(_Read):
    time_zone: str
    first: date
    last: date
    counts: list[list[int]] = Field(description="7 weekdays, Monday first, of 24 hours: events by the local time of their beginning")


class TypeCountRead(_Read):
    kind: EventKind
    subtype: str | None
    severity: Severity
    events: int
    corrected_type: str | None = Field(description="what people said that these were; null for those that nobody corrected")


class TypesRead(BaseModel):
    time_zone: str
    first: date
    last: date
    types: list[TypeCountRead]


class TrendRead(_Read):
    time_zone: str
    first: date
    days: list[int] = Field(description="events of each day from `first` to today")
    by_camera: dict[UUID, list[int]] = Field(description="the same for each camera that had any, where asked for")


CSV_COLUMNS = tuple(name for name in DayRead.model_fields if name not in ("events_by_type", "frames_dropped"))
"""What has one value a day."""


def csv_row(day: DayStatistics) -> list[object]:
    """The values of CSV_COLUMNS; "" where there is none."""
    return ["" if (value := getattr(day, name)) is None else value for name in CSV_COLUMNS]
