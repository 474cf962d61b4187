from datetime import date, timedelta

import pytest

from haetae.database.retention import DayOfMedia
from haetae.pipeline.storage_marks import GB, Marks, days_until_early, growth_per_day
from haetae.settings import RetentionSettings

TODAY = date(2026, 6, 15)


def days(*sizes: int, locked: int = 0) -> list[DayOfMedia]:
    """Whole days that end yesterday, oldest first."""
    count = len(sizes)
    return [DayOfMedia(TODAY - timedelta(days=count - index), size + locked, size) for index, size in enumerate(sizes)]


def test_a_disk_with_room_has_the_marks_of_the_settings():
    marks = Marks.of(RetentionSettings(max_gb=100.0), 500 * GB)
    assert (marks.stop, marks.resume, marks.low, marks.target) == (1 * GB, 1.2 * GB, 5 * GB, 7 * GB)
    assert (marks.full, marks.full_target, marks.clamped) == (100 * GB, 95 * GB, False)


@pytest.mark.parametrize("total", [1_000_000, 1 * GB, 8 * GB, 13 * GB])
def test_a_tiny_disk_keeps_a_share_free_rather_than_all_of_it(total):
    marks = Marks.of(RetentionSettings(), total)
    assert marks.clamped
    assert 0 < marks.stop < marks.resume < marks.low < marks.target <= 0.14 * total


def test_settings_that_contradict_each_other_still_leave_a_way_back_to_recording():
    marks = Marks.of(RetentionSettings(stop_free_gb=10.0, min_free_gb=2.0, target_free_gb=1.0), 500 * GB)
    assert marks.stop < marks.resume <= marks.low <= marks.target


def test_growth_is_that_of_the_last_seven_whole_days():
    kept = [*days(900, 900, 900, 10, 20, 30, 40, 50, 60, 70), DayOfMedia(TODAY, 5, 5)]
    assert growth_per_day(kept, oldest_age_days=10.5, today=TODAY) == pytest.approx(40.0)


def test_growth_of_a_young_site_is_over_the_time_it_has():
    assert growth_per_day([*days(100), DayOfMedia(TODAY, 50, 50)], oldest_age_days=1.5, today=TODAY) == pytest.approx(100.0)
    assert growth_per_day(days(100), oldest_age_days=0.9, today=TODAY) is None


def test_old_evidence_does_not_count_as_growth():
    kept = [DayOfMedia(TODAY - timedelta(days=300), 10_000, 0), *days(100, 100)]
    assert growth_per_day(kept, oldest_age_days=2.0, today=TODAY) == pytest.approx(100.0)


def test_room_that_fills_before_the_age_limit_frees_any_is_a_matter_of_division():
    assert days_until_early(days(10, 10, 10), growth=10.0, room=45.0, keep_days=30, today=TODAY) == pytest.approx(4.5)


def test_a_store_in_balance_is_never_early():
    kept = days(*[10] * 30)
    assert days_until_early(kept, growth=10.0, room=1.0, keep_days=30, today=TODAY) is None


def test_a_store_that_grows_faster_than_it_did_is_early_in_time():
    # Each day adds 20 and frees 10, so a room of 55 lasts for 5.5 days.
    kept = days(*[10] * 30)
    assert days_until_early(kept, growth=20.0, room=55.0, keep_days=30, today=TODAY) == pytest.approx(5.5)


def test_evidence_is_not_freed_by_age():
    kept = days(*[0] * 30, locked=10)
    assert days_until_early(kept, growth=10.0, room=55.0, keep_days=30, today=TODAY) == pytest.approx(5.5)


def test_room_for_all_days_is_never_early_and_no_room_is_early_now():
    assert days_until_early(days(10), growth=10.0, room=301.0, keep_days=30, today=TODAY) is None
    assert days_until_early(days(10), growth=10.0, room=-1.0, keep_days=30, today=TODAY) == 0.0
    assert days_until_early(days(10), growth=0.0, room=-1.0, keep_days=30, today=TODAY) is None
