from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from haetae.domain.statistics import constant_offsets


def parts(start, end, zone):
    return list(constant_offsets(start, end, ZoneInfo(zone)))


def test_a_zone_without_changes_is_one_part():
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 5, tzinfo=UTC)
    assert parts(start, end, "Asia/Seoul") == [(start, end, 9 * 3600)]
    assert parts(start, end, "Asia/Kathmandu") == [(start, end, 20_700)]
    assert parts(end, start, "Asia/Seoul") == []


def test_daylight_saving_divides_at_the_very_second():
    start, end = datetime(2026, 3, 1, 3, 7, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    spring, autumn = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert parts(start, end, "Europe/Berlin") == [(start, spring, 3600), (spring, autumn, 7200), (autumn, end, 3600)]


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia", "Europe/Berlin"])
def test_parts_make_up_the_span_and_each_has_its_offset_throughout(zone):
    start = datetime(2011, 6, 1, 0, 0, 0, 654321, tzinfo=UTC)
    end = start + timedelta(days=400)
    found = parts(start, end, zone)
    assert (found[0][0], found[-1][1]) == (start, end)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert len(found) > 1
    for begun, until, offset_s in found:
        for at in (begun, begun + (until - begun) / 2, until - timedelta(microseconds=1)):
            assert at.astimezone(ZoneInfo(zone)).utcoffset() == timedelta(seconds=offset_s)


def test_a_change_at_the_edges_makes_no_empty_part():
    spring = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert parts(spring, spring + timedelta(days=1), "Europe/Berlin") == [(spring, spring + timedelta(days=1), 7200)]
    assert parts(spring - timedelta(days=1), spring, "Europe/Berlin") == [(spring - timedelta(days=1), spring, 3600)]
