"""Daily statistics of a running site: gathered in memory, added to the database every half minute."""

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.database.engine import Sessions, session_scope
from haetae.database.statistics_repository import add_statistics, cameras_with_events, newest_day, recount_events
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.frame import FrameCounts
from haetae.domain.schedule import find_time_zone
from haetae.domain.score import Score
from haetae.domain.statistics import DayStatistics, day_bounds, local_day, split_by_day
from haetae.pipeline.observer import NoObserver, Observer, Stage
from haetae.time_zone import local_time_zone

_log = structlog.get_logger()

DELIVERING = frozenset({CameraState.LEARNING, CameraState.WATCHING})
"""The states in which a camera delivers frames."""

TIMED: Mapping[Stage, str] = MappingProxyType({Stage.VAD: "vad_time"})
"""Stage -> the columns of its durations (`NAME_sum_s`, `NAME_count`); a stage that is not here is not kept by day."""

SETTLE_S = 60.0
"""An event is stored this long after it was logged, an outage's end or a start, at the latest: beyond the event logger's longest pause."""

_MOST_DAYS_BACK = 31
"""How far a start looks for days that were never counted to their end."""

VLM_TIME = "vlm_time"
"""How long a model needed for a look: columns of its own, measured by triage."""

AGENT_TIME = "agent_time"
"""How long planning a response took, measured by responding."""

_SCORE = "score"
_CameraDay: TypeAlias = tuple[UUID, date]


@dataclass(slots=True)
class _Series:
    """Values of one kind: added to hundreds of times a second, so it is not made anew for each."""

    total: float = 0.0
    count: int = 0
    greatest: float = 0.0

    def amounts(self, name: str) -> dict[str, Any]:
        """As fields of `DayStatistics`."""
        if name == _SCORE:
            return {"score_sum": self.total, "score_count": self.count, "score_max": self.greatest}
        return {f"{name}_sum_s": self.total, f"{name}_count": self.count}


@dataclass(frozen=True, slots=True)
class _Seen:
    """A camera at the last sample: when (monotonic), its counters, and whether it delivered frames."""

    at: float
    frames: FrameCounts
    delivering: bool


@dataclass(frozen=True, slots=True)
class _Harvest:
    """What one writing is about: increments, days whose events are counted anew, and whether the days before the start are among them."""

    deltas: dict[_CameraDay, DayStatistics]
    touched: dict[_CameraDay, float]
    recent: bool
    at: float


class SiteStatistics:
    """`DailyStatistics` of all cameras. Observers and `touch` may be called on any thread, the rest belongs to the supervisor; only
    `check`, `flush` and `close` use the database.

    Measurements are added to the row of the camera's local day, so several runs, or several processes, make up one day; a process that is
    killed loses what it measured since the last flush. Events are not added but counted from the database, so that they are exact
    whatever happened: a day is counted again until `SETTLE_S` after its last event, and a start counts the days since the last writing
    (yesterday and today at least), for the events that an earlier run left in the journal. `uptime_s` is the time in which a camera
    delivered frames: learning and watching.

    While the database is away nothing is lost: increments wait, one accumulator for each camera and day.
    """

    def __init__(self, sessions: Sessions, clock: Clock, time_zone: str = "", *, flush_s: float = 30.0) -> None:
        """`time_zone` is an IANA name, empty for the machine's own. Raises ConfigError for one that is not known. Touches no database."""
        self._sessions = sessions
        self._clock = clock
        self._zone = find_time_zone(local_time_zone(time_zone))
        self._flush_s = flush_s
        self._lock = threading.Lock()
        self._measured: dict[tuple[UUID, date, str], _Series] = {}
        self._pending: dict[_CameraDay, DayStatistics] = {}
        self._touched: dict[_CameraDay, float] = {}
        self._seen: dict[UUID, _Seen] = {}
        self._today = self._day_of(clock.now())
        # Writing waits for the database, so it has a lock of its own: no camera ever waits for that one.
        self._writing = threading.Lock()
        self._recent_from: date | None = None
        self._recent_done = False
        self._failing = False
        self._unsettled_since = self._due = clock.monotonic()

    @property
    def time_zone(self) -> str:
        """The IANA name by which days are told apart."""
        return self._zone.key

    def for_camera(self, camera_id: UUID) -> Observer:
        """What this camera's pipeline tells; made anew as often as the pipeline is."""
        return _CameraObserver(self, camera_id)

    def measured(self, camera_id: UUID, name: str, value: float) -> None:
        """One value of `name` (score, or one of `TIMED`) for this camera's today. Never waits for the database."""
        if not math.isfinite(value):
            return  # it would spoil the day's sum for good
        with self._lock:
            key = camera_id, self._local_day(self._clock.now()), name
            series = self._measured.get(key)
            if series is None:
                series = self._measured[key] = _Series(greatest=value)
            series.total += value
            series.count += 1
            series.greatest = max(series.greatest, value)

    def touch(self, event: AnomalyEvent) -> None:
        """An event was logged, or more is known of it: the events of its day are counted again. Never waits for the database."""
        with self._lock:
            key = event.camera_id, local_day(event.timestamp, self._zone)
            self._touched[key] = self._clock.monotonic()

    def sample(self, statuses: Iterable[CameraStatus]) -> None:
        """Take over how all cameras are doing; called by the supervisor every second or two, and once more before `close`.

        The frames since the last sample count for today; a counter that went back belongs to a camera made anew. The time since then counts
        where the camera delivered frames at its beginning, split at local midnight: it is measured with the monotonic clock and ends
        now by the wall clock, so that a wall clock that jumps moves it and never changes its length. A camera left out has no uptime.
        """
        cameras = tuple(statuses)
        with self._lock:
            now, at = self._clock.now(), self._clock.monotonic()
            today = self._local_day(now)
            for status in cameras:
                seen = self._seen.get(status.camera_id)
                frames = replace(status.frames, dropped=dict(status.frames.dropped))
                gained = _gained(seen.frames if seen else FrameCounts(), frames)
                if gained != FrameCounts():
                    self._add(_frames(status.camera_id, today, self._zone.key, gained))
                if seen is not None and seen.delivering:
                    self._add_uptime(status.camera_id, now, at - seen.at)
                self._seen[status.camera_id] = _Seen(at, frames, status.state in DELIVERING)
            for camera_id in self._seen.keys() - {status.camera_id for status in cameras}:
                self._seen[camera_id] = replace(self._seen[camera_id], delivering=False)

    def check(self) -> None:
        """Flush when it is due; called by the supervisor, never on a camera's thread."""
        if self._clock.monotonic() >= self._due:
            self.flush()

    def flush(self) -> bool:
        """Write everything in one transaction; false when the database did not take it, and all is kept for the next time.

        Waits for the database, as long as its engine is set to. Never raises for the database; a failure is logged once until it is over.
        """
        with self._writing:
            self._due = self._clock.monotonic() + self._flush_s
            harvest = self._take()
            if not (harvest.deltas or harvest.touched or harvest.recent):
                return True
            try:
                self._write(harvest)
            except Exception as error:
                self._give_back(harvest)
                if not self._failing:
                    _log.warning("statistics wait for the database", error=f"{type(error).__name__}: {error}")
                self._failing = True
                return False
            self._settle(harvest)
            if self._failing:
                _log.info("statistics are written again")
            self._failing = False
            return True

    def close(self) -> None:
        """The last flush: after the cameras are stopped, sampled once more, and the event logger is closed, so that all is counted."""
        if not self.flush():
            _log.error("statistics since the last writing are lost", days=len(self._pending))

    def _day_of(self, at: datetime) -> tuple[datetime, datetime, date]:
        day = local_day(at, self._zone)
        return *day_bounds(day, self._zone), day

    def _local_day(self, now: datetime) -> date:
        if not self._today[0] <= now < self._today[1]:
            self._today = self._day_of(now)
        return self._today[2]

    def _add(self, delta: DayStatistics) -> None:
        key = delta.camera_id, delta.day
        known = self._pending.get(key)
        self._pending[key] = delta if known is None else known.merged(delta)

    def _add_uptime(self, camera_id: UUID, now: datetime, seconds: float) -> None:
        for day, part_s in split_by_day(now - timedelta(seconds=seconds), now, self._zone):
            self._add(DayStatistics(camera_id, day, self._zone.key, uptime_s=part_s))

    def _take(self) -> _Harvest:
        with self._lock:
            for (camera_id, day, name), series in self._measured.items():
                self._add(DayStatistics(camera_id, day, self._zone.key, **series.amounts(name)))
            self._measured.clear()
            deltas, self._pending = self._pending, {}
            return _Harvest(deltas, dict(self._touched), not self._recent_done, self._clock.monotonic())

    def _give_back(self, harvest: _Harvest) -> None:
        with self._lock:
            newer, self._pending = self._pending, harvest.deltas
            for delta in newer.values():
                self._add(delta)
        # The event logger waits for the same database: its events come after the outage, not before.
        self._unsettled_since = self._clock.monotonic()

    def _settle(self, harvest: _Harvest) -> None:
        """What was counted long enough after the last event, start or outage needs no more counting."""
        if harvest.at - self._unsettled_since < SETTLE_S:
            return
        self._recent_done = True
        with self._lock:
            for key, touched_at in harvest.touched.items():
                if harvest.at - touched_at >= SETTLE_S and self._touched[key] == touched_at:
                    del self._touched[key]

    def _write(self, harvest: _Harvest) -> None:
        now, zone = self._clock.now(), self._zone.key
        with session_scope(self._sessions) as session:
            days = set(harvest.touched)
            if harvest.recent:
                today = local_day(now, self._zone)
                if self._recent_from is None:
                    newest = newest_day(session) or today
                    self._recent_from = max(today - timedelta(days=_MOST_DAYS_BACK), min(newest, today - timedelta(days=1)))
                for back in range((today - self._recent_from).days + 1):
                    day = today - timedelta(days=back)
                    days |= {(camera_id, day) for camera_id in cameras_with_events(session, day, zone)}
            # A day that is only counted is locked with those that are added to, all in one order.
            empty = (DayStatistics(camera_id, day, zone) for camera_id, day in days - harvest.deltas.keys())
            add_statistics(session, (*harvest.deltas.values(), *empty), now=now)
            for camera_id, day in days:
                recount_events(session, camera_id, day, zone, now=now)


class _CameraObserver(NoObserver):
    """Hands one camera's measurements to the site. Used on the camera's threads."""

    def __init__(self, site: SiteStatistics, camera_id: UUID) -> None:
        self._site = site
        self._camera_id = camera_id

    def scored(self, score: Score) -> None:
        self._site.measured(self._camera_id, _SCORE, score.value)

    def timed(self, stage: Stage, seconds: float) -> None:
        name = TIMED.get(stage)
        if name is not None:
            self._site.measured(self._camera_id, name, seconds)

    def event_recorded(self, event: AnomalyEvent, *, final: bool) -> None:  # noqa: ARG002
        self._site.touch(event)


def _gained(before: FrameCounts, after: FrameCounts) -> FrameCounts:
    """What was counted in between; everything where a counter went back."""
    reasons = before.dropped.keys() | after.dropped.keys()
    gained = FrameCounts(
        after.read - before.read,
        after.analysed - before.analysed,
        after.skipped - before.skipped,
        {reason: more for reason in reasons if (more := after.dropped.get(reason, 0) - before.dropped.get(reason, 0))},
    )
    went_back = min(gained.read, gained.analysed, gained.skipped, *gained.dropped.values()) < 0
    return after if went_back else gained


def _frames(camera_id: UUID, day: date, time_zone: str, gained: FrameCounts) -> DayStatistics:
    return DayStatistics(
        camera_id,
        day,
        time_zone,
        frames_read=gained.read,
        frames_analysed=gained.analysed,
        frames_skipped=gained.skipped,
        frames_dropped=gained.dropped,
    )
