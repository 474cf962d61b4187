from dataclasses import replace
from random import Random

import cv2
import numpy as np
import pytest
from tests.support.site_parts import RecordingLog, Watcher

from haetae.domain.camera import CameraConfig, CameraState
from haetae.domain.event import EventStatus
from haetae.errors import SourceUnavailable, StorageError
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.pipeline.e2e_system import E2ESystem, Parts, default_learning_s
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.sources.reconnect import ReconnectPolicy
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import ScriptedSource, scripted_frame
from haetae.vad.gate import Gate
from haetae.vad.normality import Normality

SCENE = np.random.default_rng(1).integers(0, 255, (60, 90), np.uint8)


def frames(count, first=0):
    return [scripted_frame(number, luma=SCENE) for number in range(first, first + count)]


class Bench:
    """An E2ESystem on scripted sources: frame times in `alarm_s` (model time of the raw function) alarm."""

    def __init__(self, tmp_path, *connections, raw=lambda _t_s: 0.0, learning_s=2.0, live=False):
        self.log = RecordingLog()
        self.observer = Watcher()
        self.clock = FakeClock()
        self.connections = list(connections)
        self.opened = []
        self.saved = []
        self.recorders = 0
        model = ScriptedModel(lambda window: raw(window.t_s))
        camera = CameraConfig(new_id(), "door", "scripted://door", learning_s=learning_s)
        layout = StorageLayout(tmp_path)

        def make_recorder():
            self.recorders += 1
            return IncidentRecorder(
                camera.id,
                log=self.log,
                layout=layout,
                make_clips=lambda on_clip: ClipRecorder(camera.id, layout, on_clip),
                observer=self.observer,
            )

        self.system = E2ESystem(
            camera,
            Parts(
                model=model,
                open_source=self._open,
                make_normality=lambda seconds: Normality.new(model, false_alarms_per_day=1.0, learning_s=seconds),
                make_recorder=make_recorder,
                gate=Gate(),
                reconnect=ReconnectPolicy(self.clock, Random(1)),
                observer=self.observer,
                clock=self.clock,
                learned=self.saved.append,
            ),
        )

    def _open(self):
        source = self.connections.pop(0)
        self.opened.append(source)
        return source


def alarm_between(start_s, end_s):
    return lambda t_s: 50.0 if start_s <= t_s <= end_s else 0.0


def test_a_file_is_learned_then_watched_and_one_incident_is_one_event(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(120), skipped=7, dropped=2), raw=alarm_between(5.0, 7.0))
    bench.system.run()
    assert bench.observer.states == [CameraState.CONNECTING, CameraState.LEARNING, CameraState.WATCHING]
    [event] = bench.log.latest()
    assert event.status is EventStatus.CLOSED
    assert event.onset_s == pytest.approx(5.0)
    assert event.end_s == pytest.approx(7.0)
    assert event.vad_score > 0.5
    assert bench.observer.final == [event]
    counts = bench.system.status.frames
    assert (counts.read, counts.analysed, counts.skipped, counts.dropped) == (129, 120, 7, {"corrupt": 2})
    assert counts.adds_up()


def test_an_event_is_logged_when_it_opens_and_again_when_more_is_known(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(120)), raw=alarm_between(5.0, 7.0))
    bench.system.run()
    first = bench.log.events[0]
    assert first.status is EventStatus.OPEN
    assert first.revision == 0
    revisions = [event.revision for event in bench.log.events]
    assert sorted(revisions) == list(range(len(revisions)))
    assert len({event.id for event in bench.log.events}) == 1


def test_no_alarm_while_learning(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(100)), raw=lambda _t_s: 50.0, learning_s=60.0)
    bench.system.run()
    assert bench.log.events == []
    assert bench.observer.states[-1] is CameraState.LEARNING
    assert 0.1 < bench.system.status.learning < 0.2
    assert bench.saved == []


def test_an_event_that_is_open_at_the_end_of_the_file_is_closed_and_stored(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(80)), raw=alarm_between(6.0, 99.0))
    bench.system.run()
    [event] = bench.log.latest()
    assert event.status is EventStatus.CLOSED
    assert event.end_s == pytest.approx(7.9)


def test_the_thumbnail_is_of_the_frame_with_the_highest_score(tmp_path):
    def shade(number):
        return SCENE if number != 51 else np.full_like(SCENE, 250)

    pictures = [scripted_frame(number, luma=shade(number)) for number in range(120)]
    # The peak is the second abnormal frame; the gate opens two frames later.
    bench = Bench(tmp_path, ScriptedSource(pictures), raw=lambda t_s: 90.0 if abs(t_s - 5.1) < 0.01 else 50.0 * (5.0 <= t_s <= 7.0))
    bench.system.run()
    [event] = bench.log.latest()
    assert event.peak_s == pytest.approx(5.1)
    assert cv2.imread(str(tmp_path / event.thumbnail_path)).mean() > 240


def test_a_clip_that_cannot_be_written_is_a_fault_on_the_event(tmp_path):
    # The packets of a scripted source hold nothing that a clip could be made of.
    bench = Bench(tmp_path, ScriptedSource(frames(120)), raw=alarm_between(5.0, 7.0))
    bench.system.run()
    [event] = bench.log.latest()
    assert event.clip_path is None
    assert any("clip" in fault for fault in event.faults)
    assert event.thumbnail_path is not None
    assert (tmp_path / event.thumbnail_path).is_file()


def test_a_thumbnail_that_cannot_be_written_is_a_fault_on_the_event(tmp_path):
    (tmp_path / "thumbnails").write_text("in the way")
    bench = Bench(tmp_path, ScriptedSource(frames(120)), raw=alarm_between(5.0, 7.0))
    bench.system.run()
    [event] = bench.log.latest()
    assert event.thumbnail_path is None
    assert len([fault for fault in event.faults if "thumbnails" in fault]) == 1


def test_a_live_source_that_is_lost_is_connected_again_and_nothing_is_learned_twice(tmp_path):
    lost = SourceUnavailable("the stream stalled")
    bench = Bench(
        tmp_path,
        ScriptedSource(frames(60), live=True, then=lost),
        ScriptedSource(live=True, refuse=SourceUnavailable("refused")),
        ScriptedSource(frames(60), then=None),
        raw=lambda _t_s: 0.0,
    )
    bench.system.run()
    states = bench.observer.states
    assert states.count(CameraState.OFFLINE) == 2
    assert states.count(CameraState.LEARNING) == 1
    assert states[-1] is CameraState.WATCHING
    assert len(bench.clock.waits) == 2
    assert bench.system.status.reconnects == 2
    assert bench.system.status.frames.read == 120
    assert bench.recorders == 1
    assert all(source.closed for source in bench.opened)


def test_an_incident_that_the_connection_cuts_is_closed_at_once(tmp_path):
    bench = Bench(
        tmp_path,
        ScriptedSource(frames(70), live=True, then=SourceUnavailable("lost")),
        ScriptedSource(frames(20)),
        raw=alarm_between(6.0, 8.0),
    )
    bench.system.run()
    [event] = bench.log.latest()
    assert event.status is EventStatus.CLOSED
    assert event.end_s == pytest.approx(6.9)


def test_a_live_stream_that_ends_was_lost(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(30), live=True), ScriptedSource(frames(30)))
    bench.system.run()
    assert CameraState.OFFLINE in bench.observer.states


def test_a_source_that_was_never_read_fails_and_opens_no_storage(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(refuse=SourceUnavailable("no route to host")))
    with pytest.raises(SourceUnavailable, match="no route"):
        bench.system.run()
    assert bench.recorders == 0
    assert bench.observer.states[-1] is CameraState.FAILED


def test_a_permanent_loss_is_not_tried_again(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(30), live=True, then=SourceUnavailable("401", permanent=True)))
    with pytest.raises(SourceUnavailable, match="401"):
        bench.system.run()
    assert bench.clock.waits == []


def test_stop_ends_the_run_and_closes_the_open_event(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(500), live=True), raw=alarm_between(5.0, 99.0))

    def scored(_score):
        if bench.log.events:
            bench.system.stop()

    bench.observer.scored = scored
    bench.system.run()
    [event] = bench.log.latest()
    assert event.status is EventStatus.CLOSED
    assert bench.system.status.frames.read < 100


def test_what_was_learned_is_handed_over_for_saving(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(60)))
    bench.system.run()
    assert len(bench.saved) >= 2
    assert all(normality.done for normality in bench.saved)


def test_other_footage_is_learned_before_the_first_frame(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(40)), raw=lambda _t_s: 0.0)
    clips = [ScriptedSource(frames(60), duration_s=6.0) for _ in range(4)]
    openers = [iter(clips[:2]).__next__, iter(clips[2:]).__next__]
    bench.system.learn_from(openers)
    bench.system.run()
    assert len(bench.observer.scores) == 40
    assert bench.system.status.frames.read == 40


def test_an_event_that_the_log_refused_is_offered_again(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(120)), raw=alarm_between(5.0, 7.0))
    bench.log.refusing = True
    offered = []

    def scored(score):
        offered.append(score)
        bench.log.refusing = len(offered) < 60

    bench.observer.scored = scored
    bench.system.run()
    [event] = bench.log.latest()
    assert event.status is EventStatus.CLOSED


def test_an_event_that_is_refused_to_the_end_is_an_error_and_not_silence(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(120)), raw=alarm_between(5.0, 7.0))
    bench.log.refusing = True
    with pytest.raises(StorageError, match="full"):
        bench.system.run()


def test_an_observer_that_fails_changes_nothing(tmp_path):
    bench = Bench(tmp_path, ScriptedSource(frames(120)), raw=alarm_between(5.0, 7.0))

    def fail(*_args, **_kwargs):
        raise RuntimeError("the display broke")

    bench.observer.event_recorded = bench.observer.state_changed = bench.observer.scored = fail
    bench.system.run()
    assert len(bench.log.latest()) == 1


def test_a_long_tampering_has_a_short_clip_and_still_ends(tmp_path):
    dark = [replace(frame, luma=np.zeros((60, 90), np.uint8)) for frame in frames(600, first=200)]
    bench = Bench(tmp_path, ScriptedSource([*frames(200), *dark]), learning_s=15.0)
    bench.system.run()
    tampered = [event for event in bench.log.latest() if event.kind == "tamper"]
    assert [event.subtype for event in tampered] == ["covered"]
    assert tampered[0].status is EventStatus.CLOSED
    assert tampered[0].end_s - tampered[0].onset_s > 40


@pytest.mark.parametrize(("duration_s", "learning_s"), [(None, 600.0), (40.0, 10.0), (86_400.0, 600.0)])
def test_the_default_learning_time(duration_s, learning_s):
    assert default_learning_s(duration_s) == learning_s
