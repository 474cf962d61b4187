from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.agents.assistant.times import LONGEST, find_when

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
SATURDAY = datetime(2026, 11, 28, 11, 30, tzinfo=SEOUL)

SPANS = {
    "what happened last night": ("11-27 20:00", "11-28 06:00"),
    "어젯밤 무슨 일 있었어?": ("11-27 20:00", "11-28 06:00"),
    "간밤에": ("11-27 20:00", "11-28 06:00"),
    "last night between 10 and 2": ("11-27 22:00", "11-28 02:00"),
    "어젯밤 2시부터 4시까지": ("11-28 02:00", "11-28 04:00"),
    "today": ("11-28 00:00", "11-28 11:30"),
    "yesterday on the gate": ("11-27 00:00", "11-28 00:00"),
    "the events from yesterday": ("11-27 00:00", "11-28 00:00"),
    "from yesterday on": ("11-27 00:00", "11-28 11:30"),
    "from yesterday until now": ("11-27 00:00", "11-28 11:30"),
    "그저께": ("11-26 00:00", "11-27 00:00"),
    "yesterday morning": ("11-27 06:00", "11-27 12:00"),
    "어제 저녁": ("11-27 18:00", "11-27 22:00"),
    "월요일 밤": ("11-23 20:00", "11-24 06:00"),
    "yesterday between 2 and 4 pm": ("11-27 14:00", "11-27 16:00"),
    "어제 오후 3시에": ("11-27 15:00", "11-27 16:00"),
    "어제 오후 2시부터 4시까지": ("11-27 14:00", "11-27 16:00"),
    "오늘 새벽 2시 반": ("11-28 02:30", "11-28 03:30"),
    "between 2 and 4": ("11-28 02:00", "11-28 04:00"),
    "2~4시 사이": ("11-28 02:00", "11-28 04:00"),
    "22:00-23:30 yesterday": ("11-27 22:00", "11-27 23:30"),
    "밤 11시부터 새벽 2시까지": ("11-27 23:00", "11-28 02:00"),
    "at 3pm": ("11-27 15:00", "11-27 16:00"),
    "since midnight": ("11-28 00:00", "11-28 11:30"),
    "since 9": ("11-28 09:00", "11-28 11:30"),
    "before 8 am": ("11-28 00:00", "11-28 08:00"),
    "last weekend": ("11-21 00:00", "11-23 00:00"),
    "last week": ("11-16 00:00", "11-23 00:00"),
    "the past week": ("11-21 11:30", "11-28 11:30"),
    "since I left at 7 am": ("11-28 07:00", "11-28 11:30"),
    "since I left at 6 pm": ("11-27 18:00", "11-28 11:30"),
    "밤 11시 이후": ("11-27 23:00", "11-28 11:30"),
    "since 7 am": ("11-28 07:00", "11-28 11:30"),
    "지난 주말": ("11-21 00:00", "11-23 00:00"),
    "this week": ("11-23 00:00", "11-28 11:30"),
    "지난주": ("11-16 00:00", "11-23 00:00"),
    "지난달": ("10-01 00:00", "11-01 00:00"),
    "in the last 3 hours": ("11-28 08:30", "11-28 11:30"),
    "지난 2시간 동안": ("11-28 09:30", "11-28 11:30"),
    "최근 일주일": ("11-21 11:30", "11-28 11:30"),
    "on friday": ("11-27 00:00", "11-28 00:00"),
    "last saturday": ("11-21 00:00", "11-22 00:00"),
    "금요일부터 일요일까지": ("11-20 00:00", "11-23 00:00"),
    "11월 27일": ("11-27 00:00", "11-28 00:00"),
    "27 november": ("11-27 00:00", "11-28 00:00"),
    "on nov 27, 2026": ("11-27 00:00", "11-28 00:00"),
    "2026-11-25 at 14:00": ("11-25 14:00", "11-25 15:00"),
    "어제부터": ("11-27 00:00", "11-28 11:30"),
    "since yesterday": ("11-27 00:00", "11-28 11:30"),
    "this morning": ("11-28 06:00", "11-28 11:30"),
}


def local(at, zone=SEOUL):
    return f"{at.astimezone(zone):%m-%d %H:%M}"


@pytest.mark.parametrize("text", SPANS)
def test_a_span_is_read_in_the_sites_local_time(text):
    found = find_when(text, SATURDAY.astimezone(UTC), SEOUL)
    assert found is not None
    assert (local(found.since), local(found.until)) == SPANS[text]
    assert not found.future


@pytest.mark.parametrize(
    "text", ["", "camera 7 events", "gate 2", "낮은 심각도 이벤트", "show me the sun", "ten people fell", "누가 넘어졌어"]
)
def test_what_names_no_time_is_no_time(text):
    assert find_when(text, SATURDAY, SEOUL) is None


@pytest.mark.parametrize(
    ("hour", "text", "begins"),
    [(7, "tonight", "11-27 20:00"), (3, "last night", "11-27 20:00"), (22, "last night", "11-27 20:00"), (22, "오늘 밤", "11-28 20:00")],
)
def test_which_night_is_meant_depends_on_when_it_is_asked(hour, text, begins):
    found = find_when(text, SATURDAY.replace(hour=hour).astimezone(UTC), SEOUL)
    assert local(found.since) == begins


def test_what_has_not_begun_is_said_to_be_in_the_future():
    assert find_when("this afternoon", SATURDAY, SEOUL).future
    assert find_when("오늘 밤", SATURDAY, SEOUL).future


def test_clocks_that_go_back_give_the_night_an_hour_more_and_that_hour_counts_twice():
    now = datetime(2026, 10, 25, 12, tzinfo=BERLIN).astimezone(UTC)
    night = find_when("last night", now, BERLIN)
    assert night.until - night.since == timedelta(hours=11)
    twice = find_when("today between 2 and 3", now, BERLIN)
    assert twice.until - twice.since == timedelta(hours=2)


def test_clocks_that_go_forward_take_an_hour_out_of_the_night():
    now = datetime(2026, 3, 29, 12, tzinfo=BERLIN).astimezone(UTC)
    night = find_when("어젯밤", now, BERLIN)
    assert night.until - night.since == timedelta(hours=9)
    day = find_when("today", datetime(2026, 3, 30, 0, 0, tzinfo=BERLIN) - timedelta(minutes=1), BERLIN)
    assert day.until - day.since == timedelta(hours=22, minutes=59)


PIECES = [
    *SPANS,
    "since",
    "부터",
    "까지",
    "between",
    "~",
    "-",
    "25:99",
    "99",
    "31/2",
    "2월 30일",
    "0",
    "am",
    "last",
    "지난",
    "999 weeks ago",
    "시",
    "13pm",
]


@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=5),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    st.sampled_from([SEOUL, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Africa/Cairo")]),
)
def test_whatever_is_asked_a_span_is_in_order_bounded_and_not_after_now(pieces, at, zone):
    now = at.replace(tzinfo=UTC)
    found = find_when(" ".join(pieces), now, zone)
    if found is None:
        return
    assert found.since.utcoffset() == timedelta(0)
    if found.future:
        assert found.since >= now
    else:
        assert found.since < found.until
        assert found.until <= now + timedelta(seconds=1)
        assert found.until - found.since <= LONGEST
