from collections.abc import Callable
from datetime import time
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.domain.notation import format_schedule, format_zone, parse_schedule, parse_zone
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import ConfigError

T = TypeVar("T")

TIMES = st.times().map(lambda at: at.replace(microsecond=0))
SPANS = st.builds(ArmedSpan, st.frozensets(st.sampled_from(Weekday), min_size=1), TIMES, TIMES)
SCHEDULES = st.builds(WeeklySchedule, st.sampled_from(["UTC", "Asia/Seoul", "America/New_York"]), st.lists(SPANS, min_size=1).map(tuple))

NAMES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1).map(str.strip).filter(bool)
SHARES = st.floats(0.0, 1.0)
POLYGONS = st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=8, unique=True).map(tuple)
ZONES = st.builds(Zone, NAMES, st.sampled_from(ZoneKind), POLYGONS)

WORKDAYS = frozenset({Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI})


def only_span(text: str) -> ArmedSpan:
    (span,) = parse_schedule(text, time_zone="UTC").spans
    return span


def read_or_hint(parse: Callable[[], T]) -> T | str:
    """What was read, or the hint of the refusal."""
    try:
        return parse()
    except ConfigError as error:
        return error.hint


@given(SCHEDULES)
def test_a_schedule_that_was_written_is_read_back_as_it_was(schedule: WeeklySchedule) -> None:
    assert parse_schedule(format_schedule(schedule), time_zone="Europe/Berlin") == schedule


@given(ZONES)
def test_a_zone_that_was_written_is_read_back_as_it_was(zone: Zone) -> None:
    assert parse_zone(format_zone(zone)) == zone


@given(st.text(st.sampled_from("abdefmnoru0123456789:;,-@ /UTC"), max_size=40))
def test_a_schedule_is_read_or_refused_with_what_to_do(text: str) -> None:
    schedule = read_or_hint(lambda: parse_schedule(text, time_zone="UTC"))
    if isinstance(schedule, str):
        assert schedule
    else:
        assert parse_schedule(format_schedule(schedule), time_zone="UTC") == schedule


@given(st.text(st.sampled_from("includexprvacy0123456789:,. -eEnaif"), max_size=40))
def test_a_zone_is_read_or_refused_with_what_to_do(text: str) -> None:
    zone = read_or_hint(lambda: parse_zone(text))
    if isinstance(zone, str):
        assert zone
    else:
        assert parse_zone(format_zone(zone)) == zone


def test_nights_of_working_days_and_whole_weekends() -> None:
    text = "mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul"
    schedule = parse_schedule(text, time_zone="UTC")
    nights = ArmedSpan(WORKDAYS, time(18), time(8))
    weekends = ArmedSpan(frozenset({Weekday.SAT, Weekday.SUN}), time(), time())
    assert schedule == WeeklySchedule("Asia/Seoul", (nights, weekends))
    assert format_schedule(schedule) == text


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily 1:00-2:00", set(Weekday)),
        ("fri-mon 01:00-02:00", {Weekday.FRI, Weekday.SAT, Weekday.SUN, Weekday.MON}),
        ("Monday, WED - thu 01:00 - 02:00;", {Weekday.MON, Weekday.WED, Weekday.THU}),
        ("sun-sun 01:00-02:00", {Weekday.SUN}),
    ],
)
def test_days_are_names_ranges_lists_or_daily(text: str, days: set[Weekday]) -> None:
    assert only_span(text) == ArmedSpan(frozenset(days), time(1), time(2))


def test_a_schedule_without_a_zone_is_in_the_sites() -> None:
    assert parse_schedule("daily 00:00-24:00", time_zone="Asia/Seoul").time_zone == "Asia/Seoul"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        (" ; @ UTC", "empty"),
        ("18:00-08:00", "'18:00-08:00' cannot be read"),
        ("mon 18:00", "cannot be read"),
        ("mon 18:00-19:00,20:00-21:00", "cannot be read"),
        ("noday 18:00-19:00", "'noday'"),
        ("mon- 18:00-19:00", "day ''"),
        ("mon 18:60-19:00", "'18:60'"),
        ("mon 18:00-24:01", "'24:01'"),
        ("mon 24:00-06:00", "starts at 24:00"),
        ("mon 18:00-19:00 @", "after @"),
        ("mon 18:00-19:00 @ Mars/Olympus", "Mars/Olympus"),
        ("mon ١٨:00-19:00", "cannot be read"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused_by_the_part_that_is_wrong(text: str, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_schedule(text, time_zone="UTC")
    assert word in str(caught.value)
    assert caught.value.hint


def test_the_name_of_a_zone_may_hold_colons() -> None:
    assert parse_zone("Privacy: house: no 7 :0,0 1,0 1,1") == Zone("house: no 7", ZoneKind.PRIVACY, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "cannot be read"),
        ("exclude:0,0 1,0 1,1", "cannot be read"),
        ("exclude: :0,0 1,0 1,1", "cannot be read"),
        ("hide:tree:0,0 1,0 1,1", "include, exclude, privacy"),
        ("exclude:tree:0,0 1,0", "3 to 100"),
        ("exclude:tree:0,0 1,0 1", "'1'"),
        ("exclude:tree:0,0 1,0 1,1.2", "1.2"),
        ("exclude:tree:0,0 1,0 1,nan", "nan"),
    ],
)
def test_a_zone_that_means_nothing_is_refused_by_the_part_that_is_wrong(text: str, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_zone(text)
    assert word in str(caught.value)
    assert caught.value.hint
