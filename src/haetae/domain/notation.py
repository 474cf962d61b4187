"""Zones and schedules as people write them in one line, and back.

A zone: `exclude:tree:0.1,0.1 0.4,0.1 0.4,0.5`. A schedule: `mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul`.
"""

import re
from collections.abc import Iterable
from datetime import time

from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import ConfigError

_SPAN = re.compile(r"(?P<days>\S.*?)\s+(?P<start>[0-9:]+)\s*-\s*(?P<end>[0-9:]+)")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_DAILY = "daily"
_ALL_DAYS = frozenset(Weekday)
_MIDNIGHT = time()
_ZONE_HINT = "Write kind:name:corners, for example exclude:tree:0.1,0.1 0.4,0.1 0.4,0.5"
_SCHEDULE_HINT = "Write days and times, for example: mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul"


def parse_zone(text: str) -> Zone:
    """The zone that `kind:name:x,y x,y x,y` describes; the name may hold colons. Raises ConfigError."""
    kind, _, rest = text.partition(":")
    name, colon, corners = rest.rpartition(":")
    if not colon or not name.strip():
        raise ConfigError(f"zone {text!r} cannot be read", hint=_ZONE_HINT)
    try:
        zone_kind = ZoneKind(kind.strip().lower())
    except ValueError:
        raise ConfigError(f"zone {text!r} is of no known kind", hint=f"Kinds are {', '.join(ZoneKind)}") from None
    return Zone(name.strip(), zone_kind, tuple(_corner(name, corner) for corner in corners.split()))


def format_zone(zone: Zone) -> str:
    """What `parse_zone` reads back as the same zone."""
    return f"{zone.kind}:{zone.name}:{' '.join(f'{x!r},{y!r}' for x, y in zone.polygon)}"


def parse_schedule(text: str, *, time_zone: str) -> WeeklySchedule:
    """The schedule that `days hh:mm-hh:mm; ... [@ zone]` describes, in `time_zone` where it names none. Raises ConfigError.

    Days are mon to sun (or their full names), ranges (fri-mon), lists (sat,sun) or `daily`. An end at or before the start is on the next
    day; 24:00 is the end of the day.
    """
    spans, at, zone = text.partition("@")
    if at and not zone.strip():
        raise ConfigError("the schedule names no time zone after @", hint="Write for example @ Asia/Seoul")
    found = tuple(_span(part.strip()) for part in spans.split(";") if part.strip())
    if not found:
        raise ConfigError("the schedule is empty", hint=_SCHEDULE_HINT)
    return WeeklySchedule(zone.strip() or time_zone, found)


def format_schedule(schedule: WeeklySchedule) -> str:
    """What `parse_schedule` reads back as the same schedule."""
    spans = (f"{_format_days(span.days)} {_format_time(span.start)}-{_format_end(span.end)}" for span in schedule.spans)
    return f"{'; '.join(spans)} @ {schedule.time_zone}"


def _corner(name: str, text: str) -> tuple[float, float]:
    x, _, y = text.partition(",")
    try:
        return float(x), float(y)
    except ValueError:
        raise ConfigError(f"zone {name!r} has a corner {text!r} that cannot be read", hint="Write each corner as x,y") from None


def _span(text: str) -> ArmedSpan:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ConfigError(f"the schedule's part {text!r} cannot be read", hint=_SCHEDULE_HINT)
    start, end = _seconds(match["start"]), _seconds(match["end"])
    if start == 86400:
        raise ConfigError(f"the schedule's part {text!r} starts at 24:00", hint="Write 00:00 of the next day")
    return ArmedSpan(_days(match["days"]), _time(start), _time(end % 86400))


def _days(text: str) -> frozenset[Weekday]:
    if text.lower() == _DAILY:
        return _ALL_DAYS
    days: set[Weekday] = set()
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        begin = _day(first)
        length = (_day(last) - begin) % 7 if dash else 0
        days |= {Weekday((begin + step) % 7) for step in range(length + 1)}
    return frozenset(days)


def _day(text: str) -> Weekday:
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for day in Weekday:
        if text.lower() in (day.name.lower(), full[day]):
            return day
    raise ConfigError(f"the schedule names the day {text!r}", hint="Days are mon tue wed thu fri sat sun, mon-fri, sat,sun or daily")


def _seconds(text: str) -> int:
    """Seconds since midnight, 86400 for 24:00."""
    match = _TIME.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (99, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or total > 86400:
        raise ConfigError(f"the schedule names the time {text!r}", hint="Times are 00:00 to 24:00")
    return total


def _time(seconds: int) -> time:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _format_time(at: time) -> str:
    return at.isoformat("seconds" if at.second else "minutes")


def _format_end(at: time) -> str:
    return "24:00" if at == _MIDNIGHT else _format_time(at)


def _format_days(days: Iterable[Weekday]) -> str:
    runs: list[list[Weekday]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if len(runs) == 1 and len(runs[0]) == 7:
        return _DAILY
    return ",".join(_format_run(run) for run in runs)


def _format_run(run: list[Weekday]) -> str:
    names = [day.name.lower() for day in run]
    return f"{names[0]}-{names[-1]}" if len(names) > 2 else ",".join(names)
