import math
import threading
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.support.events import CAMERA
from tests.support.postgres import engine  # noqa: F401
from tests.support.site_statistics import BERLIN, DAY, NOON, ONE_DAY, SEOUL, JumpingClock, days, score, status, stored, watch

from haetae.database.engine import session_factory
from haetae.domain.camera import CameraState
from haetae.domain.frame import FrameCounts
from haetae.domain.statistics import DayStatistics, day_bounds
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.pipeline.observer import Stage
from haetae.pipeline.statistics import SiteStatistics

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""The days of 23 and of 25 hours in Berlin."""


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


@pytest.fixture
def clock():
    return JumpingClock(NOON)


@pytest.fixture
def site(sessions, clock):
    return SiteStatistics(sessions, clock, SEOUL)


def test_scores_and_model_times_become_sums_counts_and_the_greatest(sessions, site):
    observer = site.for_camera(CAMERA)
    for value in (0.25, 0.75, 0.5):
        observer.scored(score(value))
        observer.timed(Stage.VAD, value / 2)
    site.flush()
    [day] = stored(sessions)
    assert day == DayStatistics(CAMERA, DAY, SEOUL, score_sum=1.5, score_count=3, score_max=0.75, vad_time_sum_s=0.75, vad_time_count=3)
    assert (day.score_mean, day.vad_time_mean_s) == (0.5, 0.25)


def test_the_greatest_score_may_be_zero(sessions, site):
    site.for_camera(CAMERA).scored(score(0.0))
    site.flush()
    assert stored(sessions)[0].score_max == 0.0


def test_what_is_no_number_and_what_is_not_kept_by_day_spoils_nothing(sessions, site):
    observer = site.for_camera(CAMERA)
    for value in (math.nan, math.inf, 0.5):
        observer.scored(score(value))
        observer.timed(Stage.VAD, value)
    observer.timed(Stage.CAPTURE_TO_SCORE, 9.0)
    site.flush()
    assert stored(sessions) == [
        DayStatistics(CAMERA, DAY, SEOUL, score_sum=0.5, score_count=1, score_max=0.5, vad_time_sum_s=0.5, vad_time_count=1)
    ]


def test_cameras_do_not_mix(sessions, site):
    other = new_id()
    site.for_camera(CAMERA).scored(score(0.25))
    site.for_camera(other).scored(score(1.0))
    site.sample([status(frames=FrameCounts(5, 3, 2)), status(other, frames=FrameCounts(7, 7))])
    site.flush()
    rows = {row.camera_id: row for row in stored(sessions)}
    assert (rows[CAMERA].score_sum, rows[CAMERA].frames_read) == (0.25, 5)
    assert (rows[other].score_sum, rows[other].frames_read) == (1.0, 7)


def test_many_threads_lose_nothing(sessions, site):
    def measure():
        observer = site.for_camera(CAMERA)
        for number in range(200):
            observer.scored(score(0.5))
            if number % 50 == 0:
                site.flush()

    threads = [threading.Thread(target=measure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.close()
    assert [(row.score_sum, row.score_count) for row in stored(sessions)] == [(400.0, 800)]


def test_frames_are_the_increments_of_the_counters_and_add_up(sessions, site):
    for frames in (
        FrameCounts(10, 4, 5, {"stale": 1}),
        FrameCounts(25, 9, 13, {"stale": 1, "decode": 2}),
        FrameCounts(25, 9, 13, {"stale": 1, "decode": 2}),
    ):
        site.sample([status(frames=frames)])
        site.flush()
    [day] = stored(sessions)
    assert (day.frames_read, day.frames_analysed, day.frames_skipped, day.frames_dropped) == (25, 9, 13, {"stale": 1, "decode": 2})
    assert day.dropped_share == 3 / 25


def test_a_camera_made_anew_counts_from_zero(sessions, site):
    for frames in (FrameCounts(100, 90, 5, {"stale": 5}), FrameCounts(3, 2, 0, {"decode": 1}), FrameCounts(5, 3, 1, {"decode": 1})):
        site.sample([status(frames=frames)])
    site.flush()
    [day] = stored(sessions)
    assert (day.frames_read, day.frames_analysed, day.frames_skipped, day.frames_dropped) == (105, 93, 6, {"stale": 5, "decode": 1})


def test_a_camera_made_anew_that_has_overtaken_is_known_by_any_counter(sessions, site):
    site.sample([status(frames=FrameCounts(10, 5, 0, {"stale": 5}))])
    site.sample([status(frames=FrameCounts(12, 12))])
    site.flush()
    [day] = stored(sessions)
    assert (day.frames_read, day.frames_analysed, day.frames_dropped) == (22, 17, {"stale": 5})


def test_counters_that_the_camera_goes_on_changing_are_still_counted(sessions, site):
    dropped = {"stale": 1}
    frames = FrameCounts(1, dropped=dropped)
    site.sample([status(frames=frames)])
    dropped["stale"] = 4
    site.sample([status(frames=replace(frames, read=4))])
    site.flush()
    assert stored(sessions)[0].frames_dropped == {"stale": 4}


def test_uptime_is_the_time_in_which_a_camera_delivers_frames(sessions, site, clock):
    for state, seconds in (
        (CameraState.CONNECTING, 1.0),
        (CameraState.LEARNING, 2.0),
        (CameraState.WATCHING, 4.0),
        (CameraState.OFFLINE, 8.0),
        (CameraState.FAILED, 16.0),
        (CameraState.STOPPED, 32.0),
    ):
        site.sample([status(state=state)])
        clock.advance(seconds)
    site.sample([status(state=CameraState.WATCHING)])
    site.flush()
    assert stored(sessions)[0].uptime_s == 6.0


def test_a_camera_that_was_away_from_the_list_has_no_uptime_for_it_and_keeps_its_counters(sessions, site, clock):
    frames = FrameCounts(10, 10)
    site.sample([status(frames=frames)])
    clock.advance(1.0)
    site.sample([])
    clock.advance(3600.0)
    site.sample([status(frames=frames)])
    clock.advance(2.0)
    site.sample([status(frames=frames)])
    site.flush()
    [day] = stored(sessions)
    assert (day.uptime_s, day.frames_read) == (2.0, 10)


@pytest.mark.parametrize(("day", "zone", "hours"), [(SPRING, BERLIN, 23), (AUTUMN, BERLIN, 25), (AUTUMN, SEOUL, 24), (DAY, SEOUL, 24)])
def test_a_day_of_watching_is_as_long_as_its_clocks_say(sessions, day, zone, hours):
    """From three minutes before the day to three minutes after it, sampled at uneven times, one frame each minute."""
    start, end = day_bounds(day, ZoneInfo(zone))
    clock = JumpingClock(start - timedelta(minutes=3))
    site = SiteStatistics(sessions, clock, zone)
    minutes = 0
    site.sample([status()])
    while clock.now() < end + timedelta(minutes=3):
        minutes += 7
        clock.advance(7 * 60.0)
        site.sample([status(frames=FrameCounts(minutes, minutes))])
    site.flush()
    watched = days(sessions)
    assert watched[day - ONE_DAY].uptime_s == 180.0
    assert watched[day].uptime_s == hours * 3600.0
    assert watched[day + ONE_DAY].uptime_s == (clock.now() - end).total_seconds()
    assert sum(row.frames_read for row in watched.values()) == minutes
    assert abs(watched[day].frames_read - hours * 60) <= 7


def test_midnight_parts_scores_and_uptime(sessions, site, clock):
    midnight = day_bounds(DAY, ZoneInfo(SEOUL))[1]
    clock.jump((midnight - NOON).total_seconds() - 0.25)
    observer = site.for_camera(CAMERA)
    site.sample([status()])
    observer.scored(score(0.75))
    clock.advance(1.0)
    observer.scored(score(0.5))
    site.sample([status()])
    site.flush()
    before, after = stored(sessions)
    assert (before.day, before.uptime_s, before.score_sum) == (DAY, 0.25, 0.75)
    assert (after.day, after.uptime_s, after.score_sum) == (DAY + ONE_DAY, 0.75, 0.5)


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 86400.0 * 400, -86400.0 * 400])
def test_a_wall_clock_that_jumps_changes_no_length(sessions, site, clock, jump_s):
    site.sample([status()])
    watch(site, clock, 10)
    clock.jump(jump_s)
    watch(site, clock, 10)
    clock.jump(-jump_s)
    watch(site, clock, 10)
    site.flush()
    rows = stored(sessions)
    assert sum(row.uptime_s for row in rows) == 30.0
    assert all(row.uptime_s >= 0 for row in rows)
    assert len(rows) == (1 if abs(jump_s) == 3600.0 else 2)


def test_the_zone_is_the_one_given_or_the_machines(sessions, clock, monkeypatch):
    monkeypatch.setenv("TZ", BERLIN)
    assert SiteStatistics(sessions, clock, SEOUL).time_zone == SEOUL
    assert SiteStatistics(sessions, clock).time_zone == BERLIN
    with pytest.raises(ConfigError, match="Mars"):
        SiteStatistics(sessions, clock, "Mars/Olympus")
