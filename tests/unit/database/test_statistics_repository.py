import threading
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from tests.support.events import CAMERA, ONSET, make_event
from tests.support.postgres import engine, postgres_database  # noqa: F401

from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.models import DailyStatistics
from haetae.database.statistics_repository import add_statistics, cameras_with_events, list_statistics, newest_day, recount_events
from haetae.domain.event import SITE, EventKind
from haetae.domain.statistics import DayStatistics, day_bounds
from haetae.errors import ConfigError
from haetae.ids import new_id

SEOUL, BERLIN = "Asia/Seoul", "Europe/Berlin"
DAY = date(2026, 3, 1)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
LATER = ONSET + timedelta(hours=1)

MORNING = DayStatistics(
    CAMERA,
    DAY,
    SEOUL,
    frames_read=2**40,
    frames_analysed=100,
    frames_skipped=200,
    frames_dropped={"stale": 3},
    uptime_s=0.5,
    score_sum=1.25,
    score_count=10,
    score_max=0.75,
    vad_time_sum_s=0.125,
    vad_time_count=10,
    vlm_time_sum_s=30.5,
    vlm_time_count=1,
    agent_time_sum_s=2.5,
    agent_time_count=1,
)
EVENING = replace(MORNING, frames_read=7, frames_dropped={"stale": 1, "decode": 2}, score_max=0.25, uptime_s=3600.0)


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


def add(sessions, *deltas, now=ONSET):
    with session_scope(sessions) as session:
        add_statistics(session, deltas, now=now)


def stored(sessions, **choice):
    with session_scope(sessions, read_only=True) as session:
        return list_statistics(session, **choice)


def recount(sessions, day=DAY, zone=SEOUL, camera_id=CAMERA):
    with session_scope(sessions) as session:
        return recount_events(session, camera_id, day, zone, now=LATER)


def store_events(sessions, *events):
    with session_scope(sessions) as session:
        upsert_events(session, events, stored_at=ONSET)


def test_the_first_increment_makes_the_row_and_the_next_ones_add_to_it(sessions):
    add(sessions, MORNING)
    assert stored(sessions) == [MORNING]
    add(sessions, EVENING, now=LATER)
    assert stored(sessions) == [MORNING.merged(EVENING)]
    with session_scope(sessions, read_only=True) as session:
        assert [row.updated_at for row in session.scalars(sa.select(DailyStatistics))] == [LATER]


def test_increments_of_one_transaction_for_the_same_day_all_count(sessions):
    other = replace(MORNING, camera_id=new_id())
    add(sessions, EVENING, other, MORNING)
    assert stored(sessions, camera_ids=[CAMERA]) == [MORNING.merged(EVENING)]
    assert stored(sessions, camera_ids=[other.camera_id]) == [other]


def test_a_day_without_scores_takes_the_first_greatest_score(sessions):
    add(sessions, replace(MORNING, score_max=None))
    assert stored(sessions)[0].score_max is None
    add(sessions, EVENING)
    assert stored(sessions)[0].score_max == 0.25


def test_a_transaction_that_fails_adds_nothing(sessions):
    add(sessions, MORNING)
    with pytest.raises(RuntimeError), session_scope(sessions) as session:  # noqa: PT012
        add_statistics(session, [EVENING], now=LATER)
        raise RuntimeError
    assert stored(sessions) == [MORNING]


def test_writers_at_the_same_time_lose_nothing_and_never_lock_in_a_circle(sessions):
    """Four writers add to the same rows, each offering them in another order, from before the rows exist."""
    cameras = [new_id() for _ in range(3)]
    deltas = [replace(MORNING, camera_id=camera) for camera in cameras]
    ready, failures = threading.Barrier(4), []

    def write(turn):
        try:
            ready.wait()
            for _ in range(5):
                add(sessions, *(deltas[turn:] + deltas[:turn]))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number % 3,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    days = stored(sessions)
    assert [(day.score_count, day.frames_dropped, day.uptime_s) for day in days] == [(200, {"stale": 60}, 10.0)] * 3


def test_a_writer_adds_to_what_another_committed_after_it_had_read():
    """On PostgreSQL: SQLite lets one writer in at a time. What this session remembers of the row is older than the row."""
    with postgres_database() as url:
        made = make_engine(url)
        sessions = session_factory(made)
        add(sessions, MORNING)
        with session_scope(sessions) as session:
            remembered = session.scalars(sa.select(DailyStatistics)).all()
            assert len(remembered) == 1
            add(sessions, EVENING)
            add_statistics(session, [EVENING], now=LATER)
        assert stored(sessions) == [MORNING.merged(EVENING).merged(EVENING)]
        made.dispose()


def test_events_are_counted_by_subtype_or_kind_and_not_added(sessions):
    store_events(
        sessions,
        make_event(),
        make_event(),
        make_event(kind=EventKind.TAMPER, subtype="covered"),
        make_event(kind=EventKind.TAMPER),
        make_event(camera_id=new_id()),
    )
    add(sessions, replace(MORNING, events=100, events_by_type={"nonsense": 100}))
    for _ in range(2):
        assert recount(sessions) == 4
        assert stored(sessions) == [replace(MORNING, events=4, events_by_type={"anomaly": 2, "covered": 1, "tamper": 1})]


def test_counting_makes_the_row_where_there_is_none(sessions):
    store_events(sessions, make_event(camera_id=SITE, kind=EventKind.SYSTEM, subtype="storage_full"))
    recount(sessions, camera_id=SITE)
    assert stored(sessions) == [DayStatistics(SITE, DAY, SEOUL, events=1, events_by_type={"storage_full": 1})]


def test_what_was_deleted_is_counted_no_more(sessions):
    store_events(sessions, make_event())
    recount(sessions)
    with session_scope(sessions) as session:
        session.execute(sa.text("DELETE FROM events"))
    assert recount(sessions) == 0
    assert stored(sessions) == [DayStatistics(CAMERA, DAY, SEOUL)]


@pytest.mark.parametrize(("day", "zone", "hours"), [(SPRING, BERLIN, 23), (AUTUMN, BERLIN, 25), (AUTUMN, SEOUL, 24)])
def test_a_day_has_the_events_of_its_own_hours(sessions, day, zone, hours):
    """One event each half hour from two hours before the day to two hours after it."""
    start, end = day_bounds(day, ZoneInfo(zone))
    at = [start + timedelta(minutes=30 * step) for step in range(-4, 2 * hours + 4)]
    store_events(sessions, *(make_event(timestamp=moment) for moment in at), make_event(timestamp=end - timedelta(microseconds=1)))
    assert recount(sessions, day, zone) == 2 * hours + 1
    assert recount(sessions, day - timedelta(days=1), zone) == 4
    assert recount(sessions, day + timedelta(days=1), zone) == 4


def test_an_unknown_time_zone_is_refused(sessions):
    with pytest.raises(ConfigError, match="Mars"):
        recount(sessions, zone="Mars/Olympus")


def test_cameras_with_events_of_a_local_day(sessions):
    seoul_night = day_bounds(DAY, ZoneInfo(SEOUL))[0]
    other = new_id()
    store_events(sessions, make_event(), make_event(1), make_event(camera_id=other, timestamp=seoul_night))
    with session_scope(sessions, read_only=True) as session:
        assert set(cameras_with_events(session, DAY, SEOUL)) == {CAMERA, other}
        assert cameras_with_events(session, DAY, "UTC") == [CAMERA]
        assert cameras_with_events(session, DAY + timedelta(days=1), SEOUL) == []


def test_days_are_listed_by_day_and_camera_and_by_choice(sessions):
    cameras = sorted([new_id(), new_id()])
    days = [DAY + timedelta(days=number) for number in range(4)]
    every = [replace(MORNING, camera_id=camera, day=day) for day in days for camera in cameras]
    with session_scope(sessions, read_only=True) as session:
        assert newest_day(session) is None
    add(sessions, *reversed(every))
    assert stored(sessions) == every
    assert stored(sessions, camera_ids=cameras[:1], first=days[1], last=days[2]) == [every[2], every[4]]
    assert stored(sessions, camera_ids=[]) == []
    assert stored(sessions, first=days[3]) == every[6:]
    with session_scope(sessions, read_only=True) as session:
        assert newest_day(session) == days[3]
