# ruff: noqa: F401, F811 (fixtures by name)
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD, add_events, count_day
from tests.support.postgres import engine

from haetae.database.engine import make_engine, session_factory
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.domain.event import SITE, EventKind, EventStatus, Review, Severity
from haetae.errors import ConfigError, DatabaseUnavailable
from haetae.ids import new_id
from haetae.testing.clock import FakeClock

SEOUL_NOON = datetime(2026, 6, 15, 3, tzinfo=UTC)
TODAY = date(2026, 6, 15)


def statistics(engine, *, now=SEOUL_NOON, zone="Asia/Seoul"):
    return ScopedStatistics(session_factory(engine), FakeClock(now), zone)


def hours_before(*hours, now=SEOUL_NOON):
    return [now - timedelta(hours=hour) for hour in hours]


def test_today_is_held_against_yesterday_by_the_same_time_and_as_a_whole(engine):
    # Noon: today began 12 hours ago, yesterday 36; 24 hours ago it was noon.
    add_events(engine, GATE, hours_before(1, 11.9), severity=Severity.HIGH)
    add_events(engine, GATE, hours_before(2), severity=Severity.LOW, columns={"acknowledged": True, "review": Review.RESOLVED})
    add_events(engine, YARD, hours_before(12.1, 23.9, 24.1, 35.9))
    add_events(engine, YARD, hours_before(36.1, -0.1))
    add_events(engine, ROOF, hours_before(1), status=EventStatus.OPEN, kind=EventKind.TAMPER)
    summary = statistics(engine).summary(ADMIN)
    assert (summary.day, summary.time_zone, summary.at, summary.open) == (TODAY, "Asia/Seoul", SEOUL_NOON, 1)
    assert (summary.today.events, summary.yesterday_by_now.events, summary.yesterday.events) == (4, 2, 4)
    assert summary.today.by_severity == {"high": 2, "low": 1, "medium": 1}
    assert summary.today.by_kind == {"anomaly": 3, "tamper": 1}
    assert summary.today.by_review == {"new": 3, "resolved": 1}
    assert summary.today.unacknowledged == 3


def test_the_day_before_a_change_of_clocks_is_compared_by_the_clock_on_the_wall(engine):
    # Berlin went from 2 to 3 o'clock on 29 March: noon of the 28th was 23 hours before noon of the 29th.
    now = datetime(2026, 3, 29, 10, tzinfo=UTC)
    add_events(engine, GATE, [now - timedelta(hours=23, minutes=1), now - timedelta(hours=22, minutes=59)])
    summary = statistics(engine, now=now, zone="Europe/Berlin").summary(ADMIN)
    assert (summary.yesterday_by_now.events, summary.yesterday.events) == (1, 2)


@pytest.mark.parametrize(("viewer", "seen"), [(ADMIN, 4), (GUARD, 3), (GUEST, 1), (NOBODY, 0)])
def test_only_what_a_viewer_sees_is_counted_anywhere(engine, viewer, seen):
    for camera in (GATE, YARD, ROOF, SITE):
        add_events(engine, camera, hours_before(1), status=EventStatus.OPEN)
        count_day(engine, camera, TODAY, time_zone="Asia/Seoul")
    read = statistics(engine)
    summary = read.summary(viewer)
    assert (summary.today.events, summary.open) == (seen, seen)
    assert len(read.daily(viewer, first=TODAY, last=TODAY)) == seen
    assert sum(map(sum, read.hours(viewer, weeks=1).counts)) == seen
    assert sum(count.events for count in read.types(viewer, first=TODAY, last=TODAY)) == seen
    trend = read.trend(viewer, days=2, per_camera=True)
    assert trend.days == (0, seen)
    assert len(trend.by_camera) == seen


def test_a_camera_that_is_asked_for_and_not_seen_is_as_one_that_is_not_there(engine):
    add_events(engine, ROOF, hours_before(1))
    count_day(engine, ROOF, TODAY, time_zone="Asia/Seoul")
    read = statistics(engine)
    for camera in (ROOF, new_id()):
        assert read.daily(GUARD, first=TODAY, last=TODAY, camera_ids=[camera]) == []
        assert read.types(GUARD, first=TODAY, last=TODAY, camera_ids=[camera]) == []
        assert sum(map(sum, read.hours(GUARD, weeks=1, camera_ids=[camera]).counts)) == 0
        assert read.trend(GUARD, days=3, camera_ids=[camera], per_camera=True).days == (0, 0, 0)
    assert read.trend(ADMIN, days=3, camera_ids=[ROOF]).days == (0, 0, 1)


def test_days_come_by_day_then_camera_with_their_means(engine):
    for camera in (YARD, GATE):
        for back in (0, 1, 5):
            count_day(engine, camera, TODAY - timedelta(days=back), score_sum=3.0, score_count=4, uptime_s=60.0)
    found = statistics(engine).daily(ADMIN, first=TODAY - timedelta(days=1), last=TODAY)
    assert [(day.day, day.camera_id) for day in found] == [
        (day, camera) for day in (TODAY - timedelta(days=1), TODAY) for camera in (GATE, YARD)
    ]
    assert {(day.score_mean, day.uptime_s, day.vad_time_mean_s) for day in found} == {(0.75, 60.0, None)}


def test_a_span_is_bounded_and_the_right_way_round(engine):
    read = statistics(engine)
    for first in (TODAY - timedelta(days=93), TODAY + timedelta(days=1)):
        for ask in (read.daily, read.types):
            with pytest.raises(ConfigError, match="days"):
                ask(ADMIN, first=first, last=TODAY)
    assert read.daily(ADMIN, first=TODAY - timedelta(days=92), last=TODAY) == []


def test_hours_are_those_of_the_wall_clock_from_monday_on(engine):
    # 15 June 2026 is a Monday; 03:00 UTC is noon in Seoul, and 15:00 UTC of the 14th is its midnight.
    midnight = datetime(2026, 6, 14, 15, tzinfo=UTC)
    add_events(engine, GATE, [SEOUL_NOON, midnight, midnight - timedelta(microseconds=1)])
    found = statistics(engine).hours(ADMIN, weeks=1)
    assert (found.first, found.last) == (date(2026, 6, 9), TODAY)
    assert [len(day) for day in found.counts] == [24] * 7
    assert (found.counts[0][12], found.counts[0][0], found.counts[6][23]) == (1, 1, 1)
    assert sum(map(sum, found.counts)) == 3


def test_hours_are_right_on_both_sides_of_daylight_saving_and_in_odd_zones(engine):
    # In Berlin 07:30 is 06:30 UTC before 29 March 2026 and 05:30 UTC after it; both days are Thursdays.
    add_events(engine, GATE, [datetime(2026, 3, 26, 6, 30, tzinfo=UTC), datetime(2026, 4, 2, 5, 30, tzinfo=UTC)])
    now = datetime(2026, 4, 3, 12, tzinfo=UTC)
    assert statistics(engine, now=now, zone="Europe/Berlin").hours(ADMIN, weeks=2).counts[3][7] == 2
    # 12:15 and 11:15 in Nepal.
    nepal = statistics(engine, now=now, zone="Asia/Kathmandu").hours(ADMIN, weeks=2).counts
    assert (nepal[3][12], nepal[3][11]) == (1, 1)


def test_each_weekday_is_counted_as_often_as_weeks_were_asked_for(engine):
    add_events(engine, GATE, [SEOUL_NOON - timedelta(days=back) for back in range(40)])
    read = statistics(engine)
    assert [sum(day) for day in read.hours(ADMIN, weeks=2).counts] == [2] * 7
    assert [sum(day) for day in read.hours(ADMIN, weeks=4).counts] == [4] * 7


def test_types_are_counted_within_local_days(engine):
    add_events(engine, GATE, hours_before(1, 2), severity=Severity.HIGH)
    add_events(engine, GATE, hours_before(3), kind=EventKind.TAMPER, subtype="covered")
    add_events(engine, YARD, hours_before(11.9), kind=EventKind.TAMPER, subtype="turned")
    add_events(engine, YARD, hours_before(12.1), kind=EventKind.TAMPER, subtype="frozen")
    found = statistics(engine).types(ADMIN, first=TODAY, last=TODAY)
    assert [(count.kind, count.subtype, count.severity, count.events) for count in found] == [
        (EventKind.ANOMALY, None, Severity.HIGH, 2),
        (EventKind.TAMPER, "covered", Severity.MEDIUM, 1),
        (EventKind.TAMPER, "turned", Severity.MEDIUM, 1),
    ]


def test_what_people_corrected_is_counted_as_what_they_said_beside_what_it_had_been_called(engine):
    add_events(engine, GATE, hours_before(1, 2), subtype="possible_fire")
    add_events(engine, GATE, hours_before(3), subtype="possible_fire", columns={"corrected_type": "Falling"})
    add_events(engine, YARD, hours_before(4), columns={"corrected_type": "Falling"})
    for viewer, counted in (
        (ADMIN, [("possible_fire", None, 2), (None, "Falling", 1), ("possible_fire", "Falling", 1)]),
        (GUEST, [("possible_fire", None, 2), ("possible_fire", "Falling", 1)]),
    ):
        found = statistics(engine).types(viewer, first=TODAY, last=TODAY)
        assert [(count.subtype, count.corrected_type, count.events) for count in found] == counted


def test_a_trend_has_a_zero_for_each_quiet_day(engine):
    add_events(engine, GATE, [SEOUL_NOON, SEOUL_NOON - timedelta(days=3)])
    add_events(engine, YARD, [SEOUL_NOON, SEOUL_NOON])
    for camera in (GATE, YARD):
        for back in (0, 3):
            count_day(engine, camera, TODAY - timedelta(days=back), time_zone="Asia/Seoul")
    trend = statistics(engine).trend(ADMIN, days=5, per_camera=True)
    assert (trend.first, trend.days) == (TODAY - timedelta(days=4), (0, 1, 0, 0, 3))
    assert trend.by_camera == {GATE: (0, 1, 0, 0, 1), YARD: (0, 0, 0, 0, 2)}
    assert statistics(engine).trend(ADMIN, days=2).by_camera == {}


@pytest.mark.parametrize("viewer", [ADMIN, GUARD])
def test_no_count_of_events_reads_the_whole_table(engine, viewer):
    said = []
    lite = engine.dialect.name == "sqlite"

    @sa.event.listens_for(engine, "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            if not lite:
                # So that a small table, too, is scanned only where no index serves.
                cursor.execute("SET enable_seqscan = off")
            rows = cursor.execute(f"EXPLAIN {'QUERY PLAN' if lite else ''} {statement}", parameters).fetchall()
            said.extend(row[-1].strip() for row in rows)

    read = statistics(engine)
    read.summary(viewer)
    read.hours(viewer, weeks=2)
    read.types(viewer, first=TODAY, last=TODAY)
    read.daily(viewer, first=TODAY, last=TODAY)
    read.trend(viewer, days=30)
    assert len(said) >= 5
    assert [step for step in said if step.startswith("SCAN") or "Seq Scan" in step] == []


def test_a_database_that_is_away_is_said(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(DatabaseUnavailable):
        statistics(engine).summary(ADMIN)
    engine.dispose()
