"""An event whose clip goes on can be watched before it ends."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.events import ONSET
from tests.support.site_parts import RecordingLog, Watcher
from tests.support.waiting import wait_until

from haetae.domain.event import EventKind, EventStatus
from haetae.domain.score import Score
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.media.clip_job import ClipRequest, ClipResult, no_clip
from haetae.media.ring import LateCause
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.testing.scripted_source import scripted_frame
from haetae.vad.gate import Change, Incident, Transition


class Clips:
    """Takes all that a ClipRecorder is told, and lets the test say what became of the clip."""

    def __init__(self, on_clip):
        self.tell = on_clip

    def __getattr__(self, _name):
        return lambda *_arguments: None


@pytest.fixture
def recorded(tmp_path):
    """A recorder whose one event has ended, with its log and its clips."""
    log, clips = RecordingLog(), []
    recorder = IncidentRecorder(
        new_id(),
        log=log,
        layout=StorageLayout(tmp_path),
        make_clips=lambda on_clip: clips.append(Clips(on_clip)) or clips[0],
        observer=Watcher(),
    )
    frame = scripted_frame(1, luma=np.zeros((60, 90), np.uint8))
    peak = Score(0.9, 2.0, 1.0, 1, 0.1, ONSET)
    incident = Incident(new_id(), EventKind.ANOMALY, None, 0.1, ONSET, 1, peak)
    recorder.take(Transition(Change.OPENED, incident), frame)
    recorder.take(Transition(Change.CLOSED, replace(incident, end_s=2.0, end_at=ONSET)), None)
    wait_until(lambda: log.latest()[0].status is EventStatus.CLOSED, "the end to be stored")
    yield incident, log, clips[0]
    recorder.close()


def result(incident, **changes):
    return replace(ClipResult(incident.id, "clips/one.mp4", 0.0, 7.0, ONSET), **changes)


def test_it_is_named_as_soon_as_its_early_part_is_there_and_is_done_with_the_whole(recorded):
    incident, log, clips = recorded
    clips.tell(result(incident, early=True))
    wait_until(lambda: log.latest()[0].clip_path == "clips/one.mp4", "the early part to be named")
    assert log.latest()[0].media_bytes is None, "retention must not know of it yet"
    clips.tell(result(incident, end_s=60.0))
    wait_until(lambda: log.latest()[0].media_bytes is not None, "the last revision")
    assert log.latest()[0].clip_path == "clips/one.mp4"


def test_it_keeps_the_early_part_when_the_whole_never_comes(recorded):
    incident, log, clips = recorded
    clips.tell(result(incident, early=True))
    clips.tell(replace(no_clip(_request(incident), "the disk did not answer"), path=None))
    wait_until(lambda: log.latest()[0].media_bytes is not None, "the last revision")
    assert log.latest()[0].clip_path == "clips/one.mp4"
    assert any("did not answer" in fault for fault in log.latest()[0].faults)


def _request(incident):
    return ClipRequest(incident.id, 0.1, ONSET, 0.0, LateCause.NONE, None)
