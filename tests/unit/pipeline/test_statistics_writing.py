import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs
from tests.support.events import CAMERA, make_event
from tests.support.postgres import engine  # noqa: F401
from tests.support.site_statistics import DAY, NOON, ONE_DAY, SEOUL, JumpingClock, Outage, days, score, status, store, stored, watch

from haetae.database.engine import make_engine, session_factory
from haetae.database.migrate import upgrade
from haetae.domain.camera import CameraState
from haetae.domain.event import EventKind
from haetae.domain.frame import FrameCounts
from haetae.domain.statistics import day_bounds
from haetae.ids import new_id
from haetae.pipeline.observer import Stage
from haetae.pipeline.statistics import SETTLE_S, SiteStatistics


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


@pytest.fixture
def clock():
    return JumpingClock(NOON)


@pytest.fixture
def site(sessions, clock):
    return SiteStatistics(sessions, clock, SEOUL)


def test_it_is_written_when_due_and_not_before(sessions, clock):
    database = Outage(sessions)
    site = SiteStatistics(database, clock, SEOUL, flush_s=30.0)
    site.check()
    clock.advance(SETTLE_S)
    site.check()
    site.for_camera(CAMERA).scored(score(0.5))
    clock.advance(29.0)
    site.check()
    assert stored(sessions) == []
    clock.advance(1.0)
    site.check()
    assert len(stored(sessions)) == 1


def test_a_site_at_rest_leaves_the_database_alone(sessions, clock):
    database = Outage(sessions)
    site = SiteStatistics(database, clock, SEOUL)
    clock.advance(SETTLE_S)
    site.flush()
    tries = database.tries
    site.sample([status(state=CameraState.OFFLINE)])
    for _ in range(5):
        clock.advance(30.0)
        site.sample([status(state=CameraState.OFFLINE)])
        site.check()
    assert database.tries == tries


def test_a_restart_goes_on_with_the_same_day(sessions, clock):
    for _ in range(3):
        site = SiteStatistics(sessions, clock, SEOUL)
        site.sample([status(frames=FrameCounts(1, 1))])
        watch(site, clock, 10, frames=FrameCounts(20, 20))
        site.for_camera(CAMERA).scored(score(0.5))
        site.close()
    [day] = stored(sessions)
    assert (day.frames_read, day.uptime_s, day.score_count) == (60, 30.0, 3)


def test_a_kill_costs_what_was_measured_since_the_last_flush_and_no_event(sessions, site, clock):
    site.sample([status(frames=FrameCounts(10, 10))])
    event = make_event(timestamp=NOON)
    site.for_camera(CAMERA).event_recorded(event, final=False)
    store(sessions, event)
    site.flush()
    site.sample([status(frames=FrameCounts(15, 15))])
    later = make_event(timestamp=NOON + timedelta(minutes=1), kind=EventKind.TAMPER, subtype="covered")
    store(sessions, later)
    site.for_camera(CAMERA).event_recorded(later, final=False)

    restarted = SiteStatistics(sessions, clock, SEOUL)
    restarted.check()
    [day] = stored(sessions)
    assert (day.frames_read, day.events, day.events_by_type) == (10, 2, {"anomaly": 1, "covered": 1})


def test_an_outage_of_the_database_loses_nothing_and_is_told_once(sessions, clock):
    database = Outage(sessions)
    site = SiteStatistics(database, clock, SEOUL)
    site.sample([status()])
    site.flush()
    database.away = True
    with capture_logs() as lines:
        for number in range(1, 6):
            watch(site, clock, 30, frames=FrameCounts(10 * number, 10 * number))
            site.for_camera(CAMERA).scored(score(number / 10))
            site.check()
        assert stored(sessions) == []
        assert [line["log_level"] for line in lines] == ["warning"]
        database.away = False
        clock.advance(30.0)
        site.check()
        assert [line["log_level"] for line in lines] == ["warning", "info"]
    [day] = stored(sessions)
    assert (day.frames_read, day.uptime_s, day.score_count, day.score_max) == (50, 150.0, 5, 0.5)


def test_memory_in_an_outage_is_one_accumulator_for_each_camera_and_day(sessions, clock):
    database = Outage(sessions)
    database.away = True
    site = SiteStatistics(database, clock, SEOUL)
    cameras = [new_id() for _ in range(3)]
    for number in range(100):
        clock.advance(600.0)
        for camera in cameras:
            site.for_camera(camera).scored(score(0.5))
            site.for_camera(camera).timed(Stage.VAD, 0.5)
        site.sample([status(camera, frames=FrameCounts(number, number)) for camera in cameras])
        assert site.flush() is False
    assert len(site._pending) == 2 * len(cameras)
    assert not site._measured
    database.away = False
    assert site.flush()
    assert sum(row.score_count for row in stored(sessions)) == 300
    assert not site._pending


def test_a_locked_sqlite_file_is_an_outage_too(tmp_path, clock):
    impatient = make_engine(f"sqlite:///{tmp_path / 'locked.db'}", busy_timeout_s=0.05)
    upgrade(impatient)
    sessions = session_factory(impatient)
    site = SiteStatistics(sessions, clock, SEOUL)
    site.for_camera(CAMERA).scored(score(0.5))
    with closing(sqlite3.connect(tmp_path / "locked.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert site.flush() is False
        site.for_camera(CAMERA).scored(score(0.25))
        holder.execute("ROLLBACK")
    assert site.flush() is True
    assert [(row.score_sum, row.score_count) for row in stored(sessions)] == [(0.75, 2)]
    impatient.dispose()


def test_a_camera_never_waits_for_the_database(sessions, clock):
    """While a flush hangs in the database, everything that cameras and the supervisor say is taken at once."""
    hanging, release = threading.Event(), threading.Event()

    def hang():
        hanging.set()
        assert release.wait(60.0)
        return sessions()

    site = SiteStatistics(hang, clock, SEOUL)
    site.for_camera(CAMERA).scored(score(0.5))
    writer = threading.Thread(target=site.flush)
    writer.start()
    assert hanging.wait(30.0)
    site.for_camera(CAMERA).scored(score(0.25))
    site.for_camera(CAMERA).event_recorded(make_event(), final=True)
    site.sample([status(frames=FrameCounts(1, 1))])
    assert writer.is_alive()
    release.set()
    writer.join()
    site.close()
    [day] = stored(sessions)
    assert (day.score_count, day.frames_read) == (2, 1)


def test_what_could_not_be_written_at_the_end_is_told(sessions, clock):
    database = Outage(sessions)
    site = SiteStatistics(database, clock, SEOUL)
    site.for_camera(CAMERA).scored(score(0.5))
    database.away = True
    with capture_logs() as lines:
        site.close()
    assert (lines[-1]["log_level"], lines[-1]["days"]) == ("error", 1)


def test_an_event_counts_for_the_day_of_its_onset_however_often_it_is_told(sessions, site):
    midnight = day_bounds(DAY, ZoneInfo(SEOUL))[0]
    events = [make_event(timestamp=midnight - timedelta(seconds=1)), make_event(timestamp=midnight)]
    store(sessions, *events)
    for event in (*events, *events):
        site.for_camera(CAMERA).event_recorded(event, final=True)
    site.flush()
    assert {row.day: row.events for row in stored(sessions)} == {DAY - ONE_DAY: 1, DAY: 1}


def test_an_event_that_is_stored_after_the_flush_is_counted_by_the_next(sessions, site, clock):
    site.flush()
    clock.advance(SETTLE_S + 1)
    site.flush()
    event = make_event(timestamp=NOON)
    site.for_camera(CAMERA).event_recorded(event, final=True)
    site.flush()
    assert stored(sessions)[0].events == 0
    store(sessions, event)
    clock.advance(30.0)
    site.check()
    assert stored(sessions)[0].events == 1


def test_a_day_is_counted_until_its_last_event_has_settled_and_no_longer(sessions, site, clock):
    clock.advance(SETTLE_S)
    site.flush()
    for number in range(3):
        store(sessions, event := make_event(number, timestamp=NOON))
        site.for_camera(CAMERA).event_recorded(event, final=True)
        clock.advance(SETTLE_S - 1)
        site.flush()
    assert len(site._touched) == 1
    clock.advance(1.0)
    site.flush()
    assert site._touched == {}
    assert stored(sessions)[0].events == 3


def test_events_stored_after_an_outage_are_counted_however_long_it_was(sessions, clock):
    database = Outage(sessions)
    site = SiteStatistics(database, clock, SEOUL)
    clock.advance(SETTLE_S)
    site.flush()
    database.away = True
    event = make_event(timestamp=NOON)
    site.for_camera(CAMERA).event_recorded(event, final=True)
    for _ in range(10):
        clock.advance(30.0)
        site.check()
    database.away = False
    clock.advance(30.0)
    site.check()
    store(sessions, event)
    clock.advance(30.0)
    site.check()
    assert stored(sessions)[0].events == 1


def test_a_start_counts_what_the_journal_brings_for_yesterday_and_today(sessions, clock):
    """The event logger replays on a thread of its own, so its events may come after the first flush."""
    site = SiteStatistics(sessions, clock, SEOUL)
    site.check()
    other = new_id()
    store(
        sessions,
        make_event(timestamp=NOON),
        make_event(timestamp=NOON - ONE_DAY, camera_id=other),
        make_event(timestamp=NOON - 2 * ONE_DAY),
    )
    clock.advance(30.0)
    site.check()
    assert {(row.camera_id, row.day, row.events) for row in stored(sessions)} == {(CAMERA, DAY, 1), (other, DAY - ONE_DAY, 1)}


def test_a_start_after_days_counts_from_the_last_day_that_was_written(sessions, clock):
    site = SiteStatistics(sessions, clock, SEOUL)
    site.for_camera(CAMERA).scored(score(0.5))
    site.close()
    store(sessions, *(make_event(timestamp=NOON + number * ONE_DAY) for number in range(6)), make_event(timestamp=NOON - ONE_DAY))
    clock.advance(5 * 86400.0)
    SiteStatistics(sessions, clock, SEOUL).check()
    assert {row.day: row.events for row in stored(sessions)} == {DAY + number * ONE_DAY: 1 for number in range(6)}


def test_a_start_with_the_clock_years_ahead_looks_back_a_month(sessions, clock):
    site = SiteStatistics(sessions, clock, SEOUL)
    site.for_camera(CAMERA).scored(score(0.5))
    site.close()
    store(sessions, make_event(timestamp=NOON))
    clock.jump(86400.0 * 3650)
    SiteStatistics(sessions, clock, SEOUL).check()
    assert days(sessions)[DAY].events == 0
