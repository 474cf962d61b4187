"""Weekly plans, as cameras and rules have them."""

from datetime import time as clock_time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from haetae.domain.camera_check import MAX_SPANS
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", examples=["22:00"])]
EndOfDay = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00)$", examples=["06:00"])]


class Input(BaseModel):
    """What is sent: a field that nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid")


class SpanModel(Input):
    """From `start` to `end`, beginning on each of `days`; an end at or before the start is on the next day."""

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    start: TimeOfDay
    end: EndOfDay


class ScheduleModel(Input):
    """A weekly plan in local time: the moments that are in any of the spans."""

    time_zone: Annotated[str, Field(min_length=1, max_length=64, description="IANA name", examples=["Asia/Seoul"])]
    spans: Annotated[list[SpanModel], Field(min_length=1, max_length=MAX_SPANS)]


def to_schedule(schedule: ScheduleModel | None) -> WeeklySchedule | None:
    """Raises ConfigError for a time zone that is not known."""
    if schedule is None:
        return None
    spans = (
        ArmedSpan(
            frozenset(Weekday[day.upper()] for day in span.days),
            clock_time.fromisoformat(span.start),
            clock_time.fromisoformat("00:00" if span.end == "24:00" else span.end),
        )
        for span in schedule.spans
    )
    return WeeklySchedule(schedule.time_zone, tuple(spans))


def read_schedule(schedule: WeeklySchedule | None) -> ScheduleModel | None:
    if schedule is None:
        return None
    return ScheduleModel.model_validate(
        {
            "time_zone": schedule.time_zone,
            "spans": [
                {
                    "days": [day.name.lower() for day in sorted(span.days)],
                    "start": span.start.isoformat("seconds" if span.start.second else "minutes"),
                    "end": "24:00" if span.end == clock_time() else span.end.isoformat("seconds" if span.end.second else "minutes"),
                }
                for span in schedule.spans
            ],
        }
    )
