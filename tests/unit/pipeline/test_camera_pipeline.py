import threading

import numpy as np
import pytest
from tests.support.site_parts import CameraParts, make_camera
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.domain.camera import CameraState
from haetae.domain.event import CAMERA_OFFLINE, EventKind, EventStatus
from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import OutOfMemory, SourceUnavailable
from haetae.pipeline.camera_pipeline import AbandonedThreads, CameraPipeline
from haetae.pipeline.system_events import SystemEvents
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_source import ScriptedSource, scripted_frame

SCENE = np.random.default_rng(1).integers(0, 255, (60, 90), np.uint8)


class PausedSource(ScriptedSource):
    """A live source that delivers `count` frames and then waits until it is closed, or until `go_on` is set."""

    def __init__(self, count=30, *, deaf=False):
        super().__init__([scripted_frame(number, luma=SCENE) for number in range(count)], live=True)
        self.delivered = threading.Event()
        self.go_on = threading.Event()
        self._deaf = deaf

    def frames(self, on_packet=None):
        yield from super().frames(on_packet)
        self.delivered.set()
        assert self.go_on.wait(60)

    def close(self):
        super().close()
        if not self._deaf:
            self.go_on.set()


class OnePipeline:
    """A CameraPipeline on scripted connections, one after the other."""

    def __init__(self, tmp_path, *connections, clock=None, limit=8, hang_s=60.0, **settings):
        self.connections = list(connections)
        self.opened = []
        self.parts = CameraParts(tmp_path, clock or SystemClock(), self._open, hang_s=hang_s)
        self.camera = make_camera(**settings)
        self.abandoned = AbandonedThreads(limit)
        self.pipeline = CameraPipeline(
            self.camera,
            self.parts.run_parts(),
            system_events=SystemEvents(self.parts.log, self.parts.clock),
            abandoned=self.abandoned,
        )

    def _open(self, camera):
        source = self.connections.pop(0) if self.connections else PausedSource(0)
        self.opened.append((camera, source))
        if isinstance(source, Exception):
            raise source
        return source

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        for _camera, source in self.opened:
            if isinstance(source, PausedSource):
                source.go_on.set()
        self.pipeline.stop()
        assert self.pipeline.join(20.0)

    def wait_until_watching(self, connection=0):
        """Until the connection has delivered all its frames and the camera watches."""
        wait_until(lambda: len(self.opened) > connection, "the connection")
        assert self.opened[connection][1].delivered.wait(20)
        self.wait_for(CameraState.WATCHING)

    def wait_for(self, state):
        wait_until(lambda: self.pipeline.status.state is state, f"{state}; is {self.pipeline.status}")


def test_it_learns_watches_and_stops_with_its_counters_adding_up(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30)) as one:
        assert one.pipeline.status.state is CameraState.STOPPED
        one.pipeline.start()
        one.wait_until_watching()
        one.pipeline.stop()
        assert one.pipeline.join(10.0)
        status = one.pipeline.status
        assert status.state is CameraState.STOPPED
        assert status.frames.read == 30
        assert status.frames.adds_up()
        assert one.parts.pool.held == 0


def test_starting_and_stopping_twice_is_as_once(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30)) as one:
        one.pipeline.start()
        one.pipeline.start()
        one.wait_for(CameraState.WATCHING)
        assert len(one.opened) == 1
        one.pipeline.stop()
        one.pipeline.stop()


def test_what_was_learned_survives_a_stop_and_a_start(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(5)) as one:
        one.pipeline.start()
        one.wait_until_watching()
        one.pipeline.stop()
        assert one.pipeline.join(10.0)
        one.pipeline.start()
        one.wait_until_watching(1)
        assert CameraState.LEARNING not in one.parts.observer.states[-2:]
        assert one.pipeline.status.frames.read == 35


def test_a_camera_that_was_never_there_is_offline_and_tried_again(tmp_path):
    away = SourceUnavailable("no route to the camera")
    with OnePipeline(tmp_path, away, PausedSource(30), clock=FakeClock()) as one:
        one.pipeline.start()
        one.wait_for(CameraState.WATCHING)
        assert CameraState.OFFLINE in one.parts.observer.states
        assert one.pipeline.status.reconnects == 1


def test_a_wrong_password_is_a_failure_that_is_tried_rarely(tmp_path):
    refused = SourceUnavailable("401 Unauthorized", permanent=True)
    clock = FakeClock()
    with OnePipeline(tmp_path, refused, PausedSource(30), clock=clock) as one:
        one.pipeline.start()
        one.wait_for(CameraState.WATCHING)
        assert CameraState.FAILED in one.parts.observer.states
        assert max(clock.waits) >= 300.0


def test_a_file_that_ends_stops_the_camera_and_says_so(tmp_path):
    with OnePipeline(tmp_path, ScriptedSource([scripted_frame(n, luma=SCENE) for n in range(30)])) as one:
        one.pipeline.start()
        wait_until(lambda: "end" in one.pipeline.status.cause, "the end of the file")
        assert one.pipeline.status.state is CameraState.STOPPED
        assert one.pipeline.status.frames.read == 30


def test_a_model_that_does_not_fit_is_a_failure_with_its_cause_and_is_tried_again(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), clock=FakeClock()) as one:
        one.parts.pool.error = OutOfMemory("motion needs 900 MB, 100 MB are free")
        one.pipeline.start()
        one.wait_for(CameraState.FAILED)
        assert "900 MB" in one.pipeline.status.cause
        one.parts.pool.error = None
        one.wait_for(CameraState.WATCHING)


def test_a_crash_in_the_model_is_a_failure_of_this_camera_that_passes(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(30), clock=FakeClock()) as one:
        learn = one.parts.pool.model.learn

        def crash(batch):
            one.parts.pool.model.learn = learn
            raise ZeroDivisionError("in the model")

        one.parts.pool.model.learn = crash
        one.pipeline.start()
        one.wait_for(CameraState.WATCHING)
        assert CameraState.FAILED in one.parts.observer.states
        assert one.pipeline.status.frames.adds_up()
        assert one.parts.pool.held == 1


def test_settings_that_the_connection_allows_change_within_it(tmp_path):
    source = PausedSource(30)
    with OnePipeline(tmp_path, source) as one:
        one.pipeline.start()
        assert source.delivered.wait(20)
        zone = Zone("tree", ZoneKind.EXCLUDE, ((0, 0), (1, 0), (1, 1)))
        camera = one.camera
        one.pipeline.change(type(camera)(camera.id, "front door", camera.source, zones=(zone,), false_alarms_per_day=5.0))
        assert one.pipeline.status.name == "front door"
        assert len(one.opened) == 1


def test_another_source_makes_another_connection_and_keeps_what_was_learned(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(5)) as one:
        one.pipeline.start()
        one.wait_for(CameraState.WATCHING)
        one.pipeline.change(type(one.camera)(one.camera.id, "door", "scripted://other"))
        wait_until(lambda: len(one.opened) == 2, "the other connection")
        one.wait_for(CameraState.WATCHING)
        assert one.opened[1][0].source == "scripted://other"
        assert one.parts.observer.states.count(CameraState.LEARNING) == 1


def test_another_model_learns_anew(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(30)) as one:
        one.pipeline.start()
        one.wait_for(CameraState.WATCHING)
        one.pipeline.change(type(one.camera)(one.camera.id, "door", one.camera.source, vad_model="other", vad_settings=(("size", 3),)))
        wait_until(lambda: one.parts.observer.states.count(CameraState.LEARNING) == 2, "learning anew")
        assert one.parts.pool.asked[-1] == ("other", {"size": 3})


def test_a_thread_that_hangs_is_replaced_and_what_it_does_later_does_not_count(tmp_path):
    stuck = PausedSource(30, deaf=True)
    with OnePipeline(tmp_path, stuck, PausedSource(5), hang_s=0.05) as one:
        one.pipeline.start()
        assert stuck.delivered.wait(20)
        wait_until(lambda: one.pipeline.check() or one.pipeline.status.replaced_threads == 1, "the watchdog")
        one.wait_until_watching(1)
        assert one.abandoned.count == 1
        before = len(one.parts.observer.states)
        read = one.pipeline.status.frames.read
        stuck.go_on.set()
        wait_until(lambda: one.abandoned.count == 0, "the end of the abandoned thread")
        assert one.pipeline.status.frames.read == read == 35
        assert one.pipeline.status.frames.adds_up()
        assert len(one.parts.observer.states) == before


def test_the_number_of_abandoned_threads_is_bounded_and_said(tmp_path):
    stuck = [PausedSource(1, deaf=True) for _ in range(3)]
    with OnePipeline(tmp_path, *stuck, hang_s=0.05, limit=2) as one:
        one.pipeline.start()
        wait_until(lambda: one.pipeline.check() or one.pipeline.status.state is CameraState.FAILED, "giving up")
        assert one.abandoned.count == 2
        assert one.pipeline.status.replaced_threads == 2
        assert "restart Haetae" in one.pipeline.status.cause
        one.pipeline.check()
        assert len(one.opened) == 3


def test_a_hung_thread_leaves_its_event_interrupted_and_not_open(tmp_path):
    stuck = PausedSource(60, deaf=True)
    with OnePipeline(tmp_path, stuck, PausedSource(1), hang_s=0.05) as one:
        one.parts.pool.model._raw = lambda window: 50.0 if window.t_s > 3.0 else 0.0
        one.pipeline.start()
        assert stuck.delivered.wait(20)
        wait_until(lambda: one.pipeline.check() or one.pipeline.status.replaced_threads == 1, "the watchdog")
        wait_until(lambda: [event.status for event in one.parts.log.latest()] == [EventStatus.INTERRUPTED], "the event's end")


@pytest.fixture
def offline(tmp_path):
    clock = FakeClock()
    with OnePipeline(tmp_path, PausedSource(30), clock=clock, offline_alert_s=30.0) as one:
        # No time passes but what the test lets pass: the source is live, and waits.
        one.pipeline.start()
        one.wait_until_watching()
        yield one, clock


def test_a_camera_that_is_away_for_too_long_is_one_event_that_ends_when_it_is_back(offline):
    one, clock = offline
    clock.advance(29.0)
    one.pipeline.check()
    assert one.parts.log.events == []
    clock.advance(2.0)
    one.pipeline.check()
    one.pipeline.check()
    [event] = one.parts.log.latest()
    assert (event.kind, event.subtype, event.status) == (EventKind.SYSTEM, CAMERA_OFFLINE, EventStatus.OPEN)
    assert event.camera_id == one.camera.id
    assert (clock.now() - event.timestamp).total_seconds() == pytest.approx(31.0)
    one.connections.append(PausedSource(3))
    one.opened[0][1].go_on.set()
    wait_until(lambda: len(one.opened) == 2 and one.opened[1][1].delivered.is_set(), "the camera's return")
    one.pipeline.check()
    [event] = one.parts.log.latest()
    assert event.status is EventStatus.CLOSED


def test_a_camera_that_is_stopped_is_not_missed(offline):
    one, clock = offline
    clock.advance(40.0)
    one.pipeline.check()
    one.pipeline.stop()
    one.pipeline.check()
    [event] = one.parts.log.latest()
    assert event.status is EventStatus.CLOSED
    clock.advance(400.0)
    one.pipeline.check()
    assert len(one.parts.log.latest()) == 1


def test_relearning_forgets_and_learns_anew_with_another_connection(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(30)) as one:
        one.pipeline.start()
        one.wait_until_watching()
        known = one.opened[0][1]
        one.pipeline.relearn()
        one.wait_until_watching(1)
        assert known.closed
        assert one.parts.observer.states.count(CameraState.LEARNING) == 2
        assert CameraState.FAILED not in one.parts.observer.states
        assert one.pipeline.status.frames.read == 60


def test_what_was_learned_before_is_not_saved_again_once_it_is_to_be_forgotten(tmp_path, monkeypatch):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(0)) as one:
        one.pipeline.start()
        one.wait_until_watching()
        assert one.parts.states.saved
        saved = []
        monkeypatch.setattr(one.parts.states, "save", lambda camera, _normality: saved.append(camera))
        one.pipeline.relearn()
        assert one.parts.states.saved == {}
        wait_until(lambda: len(one.opened) == 2, "the new connection")
        assert saved == []


def test_a_camera_that_is_stopped_learns_anew_when_it_is_started(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(30)) as one:
        one.pipeline.start()
        one.wait_until_watching()
        one.pipeline.stop()
        one.pipeline.relearn()
        assert one.pipeline.join(10.0)
        assert one.parts.states.saved == {}
        one.pipeline.start()
        one.wait_until_watching(1)
        assert one.parts.observer.states.count(CameraState.LEARNING) == 2


def test_a_file_that_came_to_its_end_is_learned_from_its_start(tmp_path):
    frames = [scripted_frame(n, luma=SCENE) for n in range(30)]
    with OnePipeline(tmp_path, ScriptedSource(frames), PausedSource(30)) as one:
        one.pipeline.start()
        wait_until(lambda: "end" in one.pipeline.status.cause, "the end of the file")
        wait_until(lambda: not one.pipeline._run.alive, "the end of its thread")
        one.pipeline.relearn()
        one.wait_until_watching(1)
        assert one.parts.observer.states.count(CameraState.LEARNING) == 2


def test_a_camera_whose_model_fails_meanwhile_forgets_all_the_same(tmp_path):
    with OnePipeline(tmp_path, PausedSource(30), PausedSource(30), clock=FakeClock()) as one:
        one.pipeline.start()
        one.wait_until_watching()
        one.parts.pool.error = OutOfMemory("motion needs 900 MB, 100 MB are free")
        one.pipeline.relearn()
        one.wait_for(CameraState.FAILED)
        one.parts.pool.error = None
        one.wait_until_watching(1)
        assert one.parts.observer.states.count(CameraState.LEARNING) == 2
