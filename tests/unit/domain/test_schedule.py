from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule, find_time_zone
from haetae.errors import ConfigError

SEOUL, BERLIN = "Asia/Seoul", "Europe/Berlin"
EVERY_DAY = frozenset(Weekday)


def schedule(start, end, *, days=EVERY_DAY, zone=SEOUL):
    return WeeklySchedule(zone, (ArmedSpan(frozenset(days), time.fromisoformat(start), time.fromisoformat(end)),))


def local(text, zone=SEOUL, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def armed_minutes(plan, day, zone):
    """How many real minutes of a local day are armed."""
    at = local(f"{day}T00:00", zone)
    end = local(f"{datetime.fromisoformat(day).date() + timedelta(days=1)}T00:00", zone)
    count = 0
    while at < end:
        count += plan.armed(at)
        at += timedelta(minutes=1)
    return count


def test_a_span_begins_with_its_start_and_ends_before_its_end():
    plan = schedule("09:00", "17:30")
    moments = ("08:59:59", "09:00", "17:29:59", "17:30")
    assert [plan.armed(local(f"2026-03-02T{moment}")) for moment in moments] == [False, True, True, False]


def test_only_the_named_days_are_armed():
    plan = schedule("09:00", "17:00", days={Weekday.MON, Weekday.WED})
    # 2 March 2026 is a Monday.
    assert [plan.armed(local(f"2026-03-{day:02}T12:00")) for day in range(2, 9)] == [True, False, True, False, False, False, False]


def test_a_night_belongs_to_the_day_on_which_it_begins():
    plan = schedule("22:00", "06:00", days={Weekday.FRI})
    moments = {
        "2026-03-06T05:59": False,  # the end of Thursday's night
        "2026-03-06T21:59": False,
        "2026-03-06T22:00": True,
        "2026-03-07T00:00": True,
        "2026-03-07T05:59": True,
        "2026-03-07T06:00": False,
        "2026-03-07T22:00": False,
    }
    assert {moment: plan.armed(local(moment)) for moment in moments} == moments


def test_a_night_of_sunday_reaches_into_the_next_week():
    plan = schedule("22:00", "06:00", days={Weekday.SUN})
    assert plan.armed(local("2026-03-09T05:59"))
    assert not plan.armed(local("2026-03-08T05:59"))


def test_midnight_to_midnight_is_the_whole_day():
    plan = schedule("00:00", "00:00", days={Weekday.SAT})
    moments = ("2026-03-06T23:59:59", "2026-03-07T00:00", "2026-03-07T23:59:59", "2026-03-08T00:00")
    assert [plan.armed(local(moment)) for moment in moments] == [False, True, True, False]


def test_any_of_several_spans_arms():
    spans = tuple(ArmedSpan(EVERY_DAY, time(hour), time(hour + 1)) for hour in (3, 9))
    plan = WeeklySchedule(SEOUL, spans)
    assert [plan.armed(local(f"2026-03-02T{hour:02}:30")) for hour in (3, 5, 9)] == [True, False, True]
    assert not WeeklySchedule(SEOUL, ()).armed(local("2026-03-02T03:30"))


def test_the_plan_is_read_in_its_own_time_zone():
    at = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # Tuesday 08:30 in Seoul
    assert schedule("08:00", "09:00", days={Weekday.TUE}).armed(at)
    assert not schedule("08:00", "09:00", days={Weekday.TUE}, zone="UTC").armed(at)
    assert schedule("08:00", "09:00", days={Weekday.TUE}).armed(at.astimezone(ZoneInfo("America/New_York")))


def test_the_wall_clock_counts_when_an_hour_is_left_out():
    """29 March 2026, Berlin: 02:00 to 03:00 does not happen."""
    assert armed_minutes(schedule("00:00", "06:00", zone=BERLIN), "2026-03-29", BERLIN) == 5 * 60
    assert armed_minutes(schedule("02:00", "03:00", zone=BERLIN), "2026-03-29", BERLIN) == 0
    plan = schedule("02:30", "04:00", zone=BERLIN)
    assert [plan.armed(datetime(2026, 3, 29, 0, 59, tzinfo=UTC)), plan.armed(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))] == [False, True]


def test_the_wall_clock_counts_when_an_hour_comes_twice():
    """25 October 2026, Berlin: 02:00 to 03:00 happens twice, and both are armed."""
    assert armed_minutes(schedule("02:00", "03:00", zone=BERLIN), "2026-10-25", BERLIN) == 2 * 60
    plan = schedule("02:00", "02:30", zone=BERLIN)
    assert [plan.armed(local("2026-10-25T02:15", BERLIN, fold)) for fold in (0, 1)] == [True, True]
    assert not plan.armed(local("2026-10-25T02:45", BERLIN, 0))


def test_a_night_goes_through_both_changes_of_the_clock():
    plan = schedule("22:00", "06:00", days={Weekday.SAT}, zone=BERLIN)
    for day in ("2026-03-29", "2026-10-25"):
        assert plan.armed(local(f"{day}T05:59", BERLIN))
        assert not plan.armed(local(f"{day}T06:00", BERLIN))


def test_a_span_without_a_day_is_refused():
    with pytest.raises(ConfigError, match="mon tue wed"):
        ArmedSpan(frozenset(), time(0), time(1))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "Asia", "KST\x00"])
def test_an_unknown_time_zone_is_refused_with_an_example(zone):
    with pytest.raises(ConfigError, match="Asia/Seoul"):
        find_time_zone(zone)
    with pytest.raises(ConfigError, match="unknown time zone"):
        WeeklySchedule(zone, ())
