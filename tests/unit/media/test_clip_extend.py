"""Clips that a response has go on for longer."""

import pytest
from tests.support.clips import Studio, play
from tests.support.packets import read_packets
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.errors import MediaError
from haetae.media import clip_job
from haetae.media.mp4 import CopyWriter


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """16 s, 25 pictures/s, a keyframe each second."""
    return read_packets(make_video(tmp_path_factory.mktemp("video") / "in.mp4", seconds=16, size=(160, 120)))


@pytest.fixture
def studio(tmp_path, recording):
    studio = Studio(tmp_path / "storage")
    studio.open(pre_roll_s=1.0, post_roll_s=1.0)
    studio.recorder.stream(recording.info)
    return studio


@pytest.mark.parametrize("when", ["before its end", "in its post-roll"])
def test_a_clip_goes_on_for_the_longest_that_was_asked_for(studio, recording, when):
    told = []
    studio.push(recording.packets, end_s=4)
    event_id = studio.begin(3.0)
    studio.push(recording.packets, start_s=4, end_s=6)
    if when == "in its post-roll":
        studio.recorder.end(event_id, 6.0)
    for longer_s in (4.0, 2.0):
        studio.recorder.extend(event_id, longer_s, told.append)
    if when == "before its end":
        studio.recorder.end(event_id, 6.0)
    studio.push(recording.packets, start_s=6)
    studio.recorder.close()
    result = studio.result(event_id)
    assert (told, result.fault) == ([True, True], "")
    assert result.end_s == pytest.approx(6.0 + 1.0 + 4.0, abs=0.15)


def test_a_clip_that_is_finished_stays_as_it_is_and_that_is_said(studio, recording):
    told = []
    studio.push(recording.packets, end_s=4)
    event_id = studio.begin(3.0)
    studio.recorder.end(event_id, 3.5)
    studio.push(recording.packets, start_s=4, end_s=8)
    wait_until(lambda: studio.results, "the clip is finished")
    studio.recorder.extend(event_id, 4.0, told.append)
    studio.recorder.close()
    studio.recorder.extend(event_id, 4.0, told.append)
    assert told == [False, False]
    assert studio.result(event_id).end_s == pytest.approx(4.5, abs=0.15)


def extended(studio, recording, longer_s=5.0):
    """An event from 3 to 6 s whose clip goes on until 12 s; pictures up to 9 s have come, so the early part is there."""
    studio.push(recording.packets, end_s=4)
    event_id = studio.begin(3.0)
    studio.recorder.extend(event_id, longer_s, lambda _told: None)
    studio.push(recording.packets, start_s=4, end_s=6)
    studio.recorder.end(event_id, 6.0)
    studio.push(recording.packets, start_s=6, end_s=9)
    return event_id


def test_a_clip_that_goes_on_can_be_watched_up_to_its_post_roll_at_once(studio, recording):
    event_id = extended(studio, recording)
    wait_until(lambda: studio.results, "the early part")
    [early] = studio.results
    assert (early.event_id, early.early, early.fault) == (event_id, True, "")
    assert play(studio.root / early.path).length_s == pytest.approx(5.0, abs=0.4)
    studio.push(recording.packets, start_s=9)
    studio.recorder.close()
    whole = studio.result(event_id)
    assert (whole.path, whole.fault, whole.early) == (early.path, "", False)
    assert play(studio.root / whole.path).length_s == pytest.approx(10.0, abs=0.4)
    assert studio.files() == [studio.root / whole.path], "nothing is left of the early part"


def test_a_clip_that_fails_later_leaves_its_early_part_with_the_reason(studio, recording, monkeypatch):
    event_id = extended(studio, recording)
    wait_until(lambda: studio.results, "the early part")
    monkeypatch.setattr(CopyWriter, "write", lambda *_: (_ for _ in ()).throw(MediaError("the disk is full")))
    studio.push(recording.packets, start_s=9)
    studio.recorder.close()
    result = studio.result(event_id)
    assert result.fault == "the clip ends early: the disk is full"
    assert play(studio.root / result.path).length_s == pytest.approx(5.0, abs=0.4)
    assert studio.files() == [studio.root / result.path]


def test_an_early_part_that_cannot_be_written_costs_nothing_else(studio, recording, monkeypatch):
    monkeypatch.setattr(clip_job, "EARLY_BYTES", 1000)
    event_id = extended(studio, recording)
    studio.push(recording.packets, start_s=9)
    studio.recorder.close()
    assert [result.early for result in studio.results] == [False]
    assert play(studio.root / studio.result(event_id).path).length_s == pytest.approx(10.0, abs=0.4)


def test_a_clip_of_the_usual_length_is_written_once(studio, recording):
    event_id = extended(studio, recording, longer_s=0.0)
    studio.recorder.close()
    assert [(result.event_id, result.early) for result in studio.results] == [(event_id, False)]
