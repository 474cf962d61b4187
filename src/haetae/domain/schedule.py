"""When a camera is armed: a weekly plan in local time."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from haetae.errors import ConfigError


class Weekday(IntEnum):
    """As `datetime.weekday` counts."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6


@dataclass(frozen=True, slots=True)
class ArmedSpan:
    """From `start` to `end`, local wall-clock time, beginning on each of `days`. An `end` at or before `start` is on the next day, so
    22:00-06:00 is a night and 00:00-00:00 a whole day."""

    days: frozenset[Weekday]
    start: time
    end: time

    def __post_init__(self) -> None:
        if not self.days:
            raise ConfigError("an armed span names no day", hint="Name at least one of mon tue wed thu fri sat sun")

    def covers(self, local: datetime) -> bool:
        """True where the wall clock shows a time inside, whatever daylight saving does."""
        clock, day = local.time().replace(tzinfo=None), Weekday(local.weekday())
        if self.start < self.end:
            return day in self.days and self.start <= clock < self.end
        yesterday = Weekday((local - timedelta(days=1)).weekday())
        return (day in self.days and clock >= self.start) or (yesterday in self.days and clock < self.end)


@dataclass(frozen=True, slots=True)
class WeeklySchedule:
    """Armed in any of `spans`, read in `time_zone` (an IANA name). Raises ConfigError for a zone that is not known."""

    time_zone: str
    spans: tuple[ArmedSpan, ...]

    def __post_init__(self) -> None:
        find_time_zone(self.time_zone)

    def armed(self, at: datetime) -> bool:
        """Whether an aware moment lies in an armed span."""
        local = at.astimezone(find_time_zone(self.time_zone))
        return any(span.covers(local) for span in self.spans)

    def free_at(self, at: datetime) -> datetime:
        """The first whole minute from an aware `at` on that is in no span, `at` itself where it is in none. A plan without a gap is free a
        week later."""
        if not self.armed(at):
            return at
        minute = at.replace(second=0, microsecond=0)
        for count in range(1, 7 * 24 * 60):
            if not self.armed(minute + timedelta(minutes=count)):
                return minute + timedelta(minutes=count)
        return at + timedelta(days=7)


def find_time_zone(name: str) -> ZoneInfo:
    """The zone called `name`. Raises ConfigError for one that is not known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"unknown time zone {name!r}", hint="Use an IANA name such as Asia/Seoul, Europe/Berlin or UTC") from None
