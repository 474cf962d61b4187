"""Clips that a response has go on for longer."""

import pytest
from tests.support.clips import Studio
from tests.support.packets import read_packets
from tests.support.video import make_video
from tests.support.waiting import wait_until


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
