from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from haetae.sources.walltime import ArrivalWallTime, RecordedWallTime
from haetae.testing.clock import FakeClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def seconds(moment: datetime) -> float:
    return (moment - START).total_seconds()


def test_network_jitter_does_not_reach_the_labels() -> None:
    clock = FakeClock(START)
    wall = ArrivalWallTime(clock)
    labels = []
    for index in range(500):
        late_s = 0.0 if index % 10 == 0 else 0.15
        clock.advance(index * 0.04 + late_s - clock.monotonic())
        labels.append(seconds(wall.label(index * 0.04)))
    steps = [later - earlier for earlier, later in pairwise(labels)]
    assert max(abs(step - 0.04) for step in steps) < 0.01


def test_pictures_that_arrive_in_a_burst_are_not_labelled_with_the_future() -> None:
    clock = FakeClock(START)
    wall = ArrivalWallTime(clock)
    labels = [wall.label(index * 0.04) for index in range(100)]
    assert max(labels) <= clock.now()
    assert labels == sorted(labels)


def test_a_slow_camera_clock_is_followed() -> None:
    clock = FakeClock(START)
    wall = ArrivalWallTime(clock)
    for index in range(100_000):
        clock.advance(0.0401)
        label = wall.label(index * 0.04)
    assert abs((clock.now() - label).total_seconds()) < 0.2


def test_a_departure_beyond_two_seconds_anchors_anew() -> None:
    clock = FakeClock(START)
    wall = ArrivalWallTime(clock)
    wall.label(0.0)
    clock.advance(30.0)
    assert wall.label(0.04) == clock.now()


def test_a_plausible_stamp_of_the_sender_is_taken() -> None:
    clock = FakeClock(START)
    stamp = START - timedelta(milliseconds=300)
    assert ArrivalWallTime(clock).label(0.0, stamp) == stamp


@pytest.mark.parametrize("off", [timedelta(days=-20_000), timedelta(hours=-9), timedelta(seconds=-11), timedelta(seconds=2)])
def test_an_implausible_stamp_is_not_believed(off: timedelta) -> None:
    clock = FakeClock(START)
    assert ArrivalWallTime(clock).label(0.0, START + off) == START


def test_a_recording_starts_at_its_creation_time() -> None:
    wall = RecordedWallTime(FakeClock(START), "2024-03-14T05:26:07.000000Z")
    assert wall.label(1.5) == datetime(2024, 3, 14, 5, 26, 8, 500_000, tzinfo=UTC)


def test_a_creation_time_with_another_zone_becomes_utc() -> None:
    label = RecordedWallTime(FakeClock(START), "2024-03-14T14:26:07+09:00").label(0.0)
    assert label == datetime(2024, 3, 14, 5, 26, 7, tzinfo=UTC)
    assert label.utcoffset() == timedelta()


@pytest.mark.parametrize("created", [None, "", "yesterday", "1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2031-01-01T00:00:00Z"])
def test_an_implausible_creation_time_gives_way_to_the_open_time(created: str | None) -> None:
    assert RecordedWallTime(FakeClock(START), created).label(2.0) == START + timedelta(seconds=2)


def test_an_absurd_presentation_time_does_not_overflow() -> None:
    assert RecordedWallTime(FakeClock(START)).label(1e12) > START
