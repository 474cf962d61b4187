"""A camera's day in numbers, and when a local day is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """One camera's local day, or a part of it, in sums and counts, so that parts add up to the day without error.

    `day` is the date in `time_zone` (IANA name). Times are in seconds; `uptime_s` is how long the camera delivered frames.
    `events_by_type` maps a subtype (or a kind, where an event has none) to a count, `frames_dropped` a reason to a count. Scores are in
    [0, 1]. A mean is None where there is nothing to take it of.
    """

    camera_id: UUID
    day: date
    time_zone: str
    frames_read: int = 0
    frames_analysed: int = 0
    frames_skipped: int = 0
    frames_dropped: dict[str, int] = field(default_factory=dict)
    events: int = 0
    events_by_type: dict[str, int] = field(default_factory=dict)
    uptime_s: float = 0.0
    score_sum: float = 0.0
    score_count: int = 0
    score_max: float | None = None
    vad_time_sum_s: float = 0.0
    vad_time_count: int = 0
    vlm_time_sum_s: float = 0.0
    vlm_time_count: int = 0
    agent_time_sum_s: float = 0.0
    agent_time_count: int = 0

    def merged(self, other: "DayStatistics") -> "DayStatistics":
        """Both parts together, in the time zone of `other`. Raises ValueError for another camera or another day."""
        if (other.camera_id, other.day) != (self.camera_id, self.day):
            raise ValueError(f"{other.camera_id} on {other.day} is no part of {self.camera_id} on {self.day}")
        return DayStatistics(
            self.camera_id,
            self.day,
            other.time_zone,
            frames_read=self.frames_read + other.frames_read,
            frames_analysed=self.frames_analysed + other.frames_analysed,
            frames_skipped=self.frames_skipped + other.frames_skipped,
            frames_dropped=_together(self.frames_dropped, other.frames_dropped),
            events=self.events + other.events,
            events_by_type=_together(self.events_by_type, other.events_by_type),
            uptime_s=self.uptime_s + other.uptime_s,
            score_sum=self.score_sum + other.score_sum,
            score_count=self.score_count + other.score_count,
            score_max=max((score for score in (self.score_max, other.score_max) if score is not None), default=None),
            vad_time_sum_s=self.vad_time_sum_s + other.vad_time_sum_s,
            vad_time_count=self.vad_time_count + other.vad_time_count,
            vlm_time_sum_s=self.vlm_time_sum_s + other.vlm_time_sum_s,
            vlm_time_count=self.vlm_time_count + other.vlm_time_count,
            agent_time_sum_s=self.agent_time_sum_s + other.agent_time_sum_s,
            agent_time_count=self.agent_time_count + other.agent_time_count,
        )

    @property
    def score_mean(self) -> float | None:
        return _share(self.score_sum, self.score_count)

    @property
    def vad_time_mean_s(self) -> float | None:
        return _share(self.vad_time_sum_s, self.vad_time_count)

    @property
    def vlm_time_mean_s(self) -> float | None:
        return _share(self.vlm_time_sum_s, self.vlm_time_count)

    @property
    def agent_time_mean_s(self) -> float | None:
        return _share(self.agent_time_sum_s, self.agent_time_count)

    @property
    def dropped_share(self) -> float | None:
        """Frames dropped, of those read, in [0, 1]; None where none was read."""
        return _share(sum(self.frames_dropped.values()), self.frames_read)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The date on the wall in `zone` at an aware moment."""
    return at.astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a local day and that of the next one, UTC: 23, 24 or 25 hours apart where daylight saving changes."""
    start, end = (datetime.combine(date_, time.min, tzinfo=zone).astimezone(UTC) for date_ in (day, day + timedelta(days=1)))
    return start, end


def split_by_day(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[date, float]]:
    """(local day, seconds) for each local day that [start, end) touches; both moments aware. Nothing where it is empty."""
    # Real seconds pass in UTC; in local time, arithmetic ignores daylight saving.
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    while start < end:
        day = local_day(start, zone)
        midnight = day_bounds(day, zone)[1]
        # Clocks that went back over a midnight (St. John's, until 2011) show a date again after it was over.
        cut = min(end, midnight) if midnight > start else end
        yield day, (cut - start).total_seconds()
        start = cut


def constant_offsets(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, int]]:
    """[start, end), both aware, in parts of one UTC offset each: (start, end, offset in seconds), UTC. Nothing where it is empty."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    begun, at = start, start
    while at < end:
        after = min(at + _OFFSET_STEP, end)
        if _offset_s(after, zone) != _offset_s(at, zone):
            change = _first_moment_of_another_offset(at, after, zone)
            yield begun, change, _offset_s(at, zone)
            begun = after = change
        at = after
    if begun < end:
        yield begun, end, _offset_s(begun, zone)


_OFFSET_STEP = timedelta(hours=6)
"""No zone changes its offset twice within such a time."""


def _offset_s(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())


def _first_moment_of_another_offset(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Where in (before, after] the offset changes; offsets change at whole seconds."""
    known, low, high = _offset_s(before, zone), before.replace(microsecond=0), after
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if _offset_s(middle, zone) == known else (low, middle)
    return high.replace(microsecond=0)


def _share(part: float, count: int) -> float | None:
    return part / count if count else None


def _together(some: dict[str, int], others: dict[str, int]) -> dict[str, int]:
    return dict(Counter(some) + Counter(others)) if some and others else dict(some or others)
