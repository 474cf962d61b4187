from datetime import timedelta

import pytest

from haetae.domain.score import Score
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.pipeline.score_minutes import MINUTES, SAVE_EVERY_S, CameraMinutes, ScoreMinutes
from haetae.testing.clock import FakeClock


def score(value, at):
    return Score(value, value, 0.5, 0, 0.0, at)


@pytest.fixture
def clock():
    return FakeClock()


def test_each_minute_keeps_its_greatest_score_and_one_without_any_is_not_known(clock):
    minutes = CameraMinutes()
    begin = clock.now().replace(second=0, microsecond=0)
    for value, after_s in ((0.2, 0), (0.7, 59), (0.1, 60), (0.4, 185)):
        minutes.scored(score(value, begin + timedelta(seconds=after_s)))
    begins_at, peaks = minutes.until(begin + timedelta(seconds=200))
    assert begins_at == begin + timedelta(minutes=3) - timedelta(minutes=MINUTES - 1)
    assert (len(peaks), peaks[-4:]) == (MINUTES, [0.7, 0.1, None, 0.4])
    assert set(peaks[:-4]) == {None}


def test_what_is_older_than_a_day_is_forgotten_also_where_the_clock_goes_back(clock):
    minutes = CameraMinutes()
    now = clock.now()
    minutes.scored(score(0.9, now))
    minutes.scored(score(0.3, now + timedelta(minutes=MINUTES)))
    assert minutes.until(now + timedelta(minutes=MINUTES))[1].count(None) == MINUTES - 1
    assert minutes.until(now)[1].count(None) == MINUTES, "what is yet to come is not the past"
    minutes.scored(score(0.5, now))
    assert minutes.until(now)[1][-1] == 0.5


def test_a_restart_goes_on_where_the_last_one_ended(tmp_path, clock):
    layout, camera = StorageLayout(tmp_path), new_id()
    first = ScoreMinutes(layout, clock)
    first.for_camera(camera).scored(score(0.6, clock.now()))
    first.check()
    assert not list(tmp_path.rglob("*.npz")), "not each second"
    clock.advance(SAVE_EVERY_S)
    first.check()
    second = ScoreMinutes(layout, clock)
    second.for_camera(camera)
    assert second.last_day(camera) == first.last_day(camera)
    assert second.last_day(new_id())[1] == [None] * MINUTES


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x93NUMPY"])
def test_a_file_that_is_no_days_minutes_is_as_good_as_none(tmp_path, clock, content):
    layout, camera = StorageLayout(tmp_path), new_id()
    path = layout.path(layout.score_minutes(camera))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    strips = ScoreMinutes(layout, clock)
    strips.for_camera(camera).scored(score(0.6, clock.now()))
    assert strips.last_day(camera)[1][-1] == 0.6
    strips.save()
    again = ScoreMinutes(layout, clock)
    again.for_camera(camera)
    assert again.last_day(camera)[1][-1] == 0.6


def test_a_disk_that_takes_nothing_is_no_fault_of_the_camera(tmp_path, clock):
    camera = new_id()
    (tmp_path / "states").write_text("in the way")
    strips = ScoreMinutes(StorageLayout(tmp_path), clock)
    strips.for_camera(camera).scored(score(0.6, clock.now()))
    strips.save()
    assert strips.last_day(camera)[1][-1] == 0.6
