from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from haetae.domain.statistics import DayStatistics, day_bounds, local_day, split_by_day
from haetae.ids import new_id

CAMERA = new_id()
DAY = date(2026, 3, 1)
BERLIN, SEOUL = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Seoul")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""The days of 23 and of 25 hours in Berlin."""

_HOUR = timedelta(hours=1)


def part(number: int) -> DayStatistics:
    """A part of the day in which every field differs from its default and from other parts'. Halves add up exactly."""
    random = Random(number)
    numbers = {
        item.name: random.randrange(1, 1000) / (1 if item.type is int else 2) for item in fields(DayStatistics) if item.type in (int, float)
    }
    return DayStatistics(
        CAMERA,
        DAY,
        "Asia/Seoul",
        frames_dropped={"stale": number, f"only {number}": 1},
        events_by_type={"covered": number},
        score_max=random.random(),
        **numbers,
    )


def test_parts_of_a_day_merge_to_the_same_whole_in_whatever_order():
    one, two, three = part(1), part(2), part(3)
    whole = one.merged(two).merged(three)
    assert whole == three.merged(one.merged(two)) == two.merged(three).merged(one)
    for item in fields(DayStatistics):
        if item.type in (int, float):
            assert getattr(whole, item.name) == sum(getattr(each, item.name) for each in (one, two, three)), item.name
    assert whole.score_max == max(one.score_max, two.score_max, three.score_max)
    assert whole.frames_dropped == {"stale": 6, "only 1": 1, "only 2": 1, "only 3": 1}
    assert whole.events_by_type == {"covered": 6}


def test_an_empty_part_changes_nothing():
    empty = DayStatistics(CAMERA, DAY, "Asia/Seoul")
    assert empty.merged(part(1)) == part(1).merged(empty) == part(1)
    assert empty.merged(empty) == empty


@pytest.mark.parametrize("change", [{"camera_id": new_id()}, {"day": DAY + timedelta(days=1)}])
def test_another_camera_or_day_is_no_part(change):
    with pytest.raises(ValueError, match="no part"):
        part(1).merged(replace(part(2), **change))


def test_means_are_of_what_was_counted_and_none_of_nothing():
    empty = DayStatistics(CAMERA, DAY, "UTC")
    names = ("score_mean", "vad_time_mean_s", "vlm_time_mean_s", "agent_time_mean_s", "dropped_share")
    assert [getattr(empty, name) for name in names] == [None] * 5
    full = replace(
        empty,
        frames_read=40,
        frames_dropped={"stale": 3, "decode": 1},
        score_sum=1.5,
        score_count=3,
        vad_time_sum_s=2.0,
        vad_time_count=8,
        vlm_time_sum_s=30.0,
        vlm_time_count=2,
        agent_time_sum_s=9.0,
        agent_time_count=2,
    )
    assert [getattr(full, name) for name in names] == [0.5, 0.25, 15.0, 4.5, 0.1]


@pytest.mark.parametrize(("day", "zone", "hours"), [(SPRING, BERLIN, 23), (AUTUMN, BERLIN, 25), (SPRING, SEOUL, 24), (DAY, BERLIN, 24)])
def test_a_local_day_has_as_many_hours_as_its_clocks_say(day, zone, hours):
    start, end = day_bounds(day, zone)
    assert end - start == hours * _HOUR
    assert start.utcoffset() == end.utcoffset() == timedelta(0)
    moment = timedelta(microseconds=1)
    assert [local_day(at, zone) for at in (start - moment, start, end - moment, end)] == [
        day - timedelta(days=1),
        day,
        day,
        day + timedelta(days=1),
    ]


def test_a_day_begins_in_seoul_nine_hours_before_it_does_in_utc():
    assert day_bounds(DAY, SEOUL)[0] == datetime(2026, 2, 28, 15, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["America/Havana", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia", "America/St_Johns", "Asia/Seoul"])
def test_every_second_of_years_belongs_to_one_day_where_clocks_change_at_midnight_too(zone):
    """Havana repeats the hour after midnight, Cairo and Beirut leave it out, Apia left out a day, St. John's repeated a midnight."""
    start, end = datetime(2010, 6, 1, tzinfo=UTC), datetime(2012, 6, 1, tzinfo=UTC)
    pieces = list(split_by_day(start, end, ZoneInfo(zone)))
    days = [day for day, _ in pieces]
    assert days == sorted(set(days))
    assert sum(seconds for _, seconds in pieces) == (end - start).total_seconds()
    assert all(0 < seconds <= 25 * 3600 for _, seconds in pieces)


def test_a_span_is_split_at_local_midnight():
    midnight = day_bounds(AUTUMN, BERLIN)[1]
    span = midnight - timedelta(seconds=0.25), midnight + timedelta(seconds=1)
    assert list(split_by_day(*span, BERLIN)) == [(AUTUMN, 0.25), (AUTUMN + timedelta(days=1), 1.0)]
    assert list(split_by_day(span[0], midnight, BERLIN)) == [(AUTUMN, 0.25)]


def test_a_span_of_several_days_gives_each_its_own_length():
    start = day_bounds(AUTUMN - timedelta(days=1), BERLIN)[0].astimezone(BERLIN)
    pieces = list(split_by_day(start, start.astimezone(UTC) + 60 * _HOUR, BERLIN))
    assert [seconds / 3600 for _, seconds in pieces] == [24, 25, 11]


def test_nothing_is_split_into_nothing():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert list(split_by_day(at, at, SEOUL)) == list(split_by_day(at, at - _HOUR, SEOUL)) == []
