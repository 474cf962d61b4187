from dataclasses import replace
from datetime import time

import numpy as np
import pytest
from tests.support.site_parts import Watcher, make_camera

from haetae.domain.camera import CameraState
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import ModelBusy
from haetae.pipeline.frame_path import LATE, FramePath
from haetae.pipeline.observer import Stage
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import scripted_frame
from haetae.vad.calibrate import Calibration
from haetae.vad.gate import Change, Gate
from haetae.vad.normality import Normality

SCENE = np.random.default_rng(1).integers(1, 255, (60, 90), np.uint8)
NEVER = WeeklySchedule("UTC", (ArmedSpan(frozenset({Weekday.SUN}), time(3), time(4)),))
PRIVACY = Zone("door", ZoneKind.PRIVACY, ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


@pytest.fixture
def forgotten(monkeypatch):
    """How often the pictures of what was seen are forgotten, so far."""
    times = []
    monkeypatch.setattr(Normality, "forget_examples", lambda _self: times.append(1))
    return times


class SeeingModel(ScriptedModel):
    """Remembers what it was shown; drops what `busy` says."""

    def __init__(self, raw, busy=lambda _number: False):
        super().__init__(raw)
        self.learned, self.windows, self.busy = [], [], busy

    def learn(self, batch):
        self.learned += batch
        super().learn(batch)

    def score(self, batch):
        self.windows += batch
        if self.busy(len(self.windows)):
            raise ModelBusy("no time", reason="stale")
        return super().score(batch)


class Path:
    """A FramePath that has learned 20 frames (0 to 1.9 s); `play` shows frames 0.1 s apart."""

    def __init__(self, camera=None, *, raw=lambda _t_s: 0.0, busy=lambda _number: False, stale_after_s=None, learned=True):
        self.model = SeeingModel(lambda window: raw(window.t_s), busy)
        self.clock = FakeClock()
        self.observer = Watcher()
        self.told = []
        self.saved = []
        self.camera = camera or make_camera()
        self.path = FramePath(
            self.camera,
            model=self.model,
            normality=Normality.new(self.model, false_alarms_per_day=1.0, learning_s=1.85),
            gate=Gate(),
            observer=self.observer,
            clock=self.clock,
            record=lambda transition, frame: self.told.append((transition, frame)),
            learned=self.saved.append,
            stale_after_s=stale_after_s,
        )
        self.path.connected()
        self.next = 0
        if learned:
            self.play(20)

    def play(self, count, seconds_each=0.1):
        for _ in range(count):
            frame = scripted_frame(self.next, luma=SCENE)
            self.path.lag.arrived(frame.t_s)
            self.path.take(frame)
            self.clock.advance(seconds_each)
            self.next += 1

    @property
    def changes(self):
        return [transition.change for transition, _frame in self.told]


def test_it_learns_then_watches():
    path = Path(learned=False)
    path.play(19)
    assert path.path.state is CameraState.LEARNING
    assert path.saved == []
    path.play(10)
    assert path.path.state is CameraState.WATCHING
    assert len(path.saved) == 1
    assert path.path.score is not None


def test_an_incident_opens_and_closes():
    path = Path(raw=lambda t_s: 50.0 * (3.0 <= t_s <= 4.0))
    path.play(60)
    assert path.changes[0] is Change.OPENED
    assert path.changes[-1] is Change.CLOSED


def test_outside_its_schedule_a_camera_raises_nothing_and_goes_on_scoring():
    path = Path(make_camera(schedule=NEVER), raw=lambda t_s: 50.0 * (3.0 <= t_s <= 4.0))
    path.play(60)
    assert path.told == []
    assert path.path.armed is False
    assert max(path.observer.scores) > 0.5


def test_disarming_ends_the_open_incident_and_arming_takes_effect_at_once():
    path = Path(raw=lambda t_s: 50.0 * (t_s >= 3.0))
    path.play(30)
    assert path.changes[-1] in (Change.OPENED, Change.PEAKED)
    path.path.change(replace(path.camera, schedule=NEVER))
    path.play(30)
    assert path.changes[-1] is Change.CLOSED
    path.path.change(replace(path.camera, schedule=None))
    path.play(20)
    assert path.changes[-1] in (Change.OPENED, Change.PEAKED)


def test_nothing_behind_a_privacy_zone_reaches_the_model_the_thumbnail_or_the_learning():
    path = Path(make_camera(zones=(PRIVACY,)), raw=lambda t_s: 50.0 * (3.0 <= t_s <= 4.0))
    path.play(30)
    shown = [window.luma for window in (*path.model.learned, *path.model.windows)]
    assert len(shown) == 50
    assert all(not luma[:, :45].any() and luma[:, 46:].all() for luma in shown)
    frames = [frame for _transition, frame in path.told if frame is not None]
    assert frames
    assert all(not frame.rgb()[:, :45].any() for frame in frames)


def test_a_privacy_zone_that_is_drawn_while_running_holds_from_the_next_frame_on():
    path = Path()
    path.play(3)
    assert path.model.windows[-1].luma[:, :45].any()
    path.path.change(replace(path.camera, zones=(PRIVACY,)))
    path.play(1)
    assert not path.model.windows[-1].luma[:, :45].any()


def test_the_model_is_told_what_may_not_alarm_with_one_object_until_the_zones_change():
    excluded = replace(PRIVACY, kind=ZoneKind.EXCLUDE)
    path = Path(make_camera(zones=(excluded,)))
    path.play(2)
    first, second = (window.ignored for window in path.model.windows)
    assert first is second
    assert first[:, :45].all()
    path.path.change(path.camera.__class__(path.camera.id, "door", "scripted://door"))
    path.play(1)
    assert path.model.windows[-1].ignored is None


def test_another_number_of_false_alarms_takes_effect_without_learning_anew():
    path = Path()
    path.play(1)
    learned = len(path.model.learned)
    before = path.path.normality.snapshot().arrays
    path.path.change(replace(path.camera, false_alarms_per_day=200.0))
    path.play(1)
    after = path.path.normality.snapshot().arrays
    assert Calibration.of_arrays(after) == Calibration.of_arrays(before).with_budget(200.0) != Calibration.of_arrays(before)
    assert len(path.model.learned) == learned


def test_another_learning_time_takes_effect_without_beginning_anew():
    path = Path(make_camera(learning_s=100.0), learned=False)
    path.play(10)
    path.path.change(replace(path.camera, learning_s=1.25))
    path.play(5)
    assert path.path.state is CameraState.WATCHING
    assert len(path.model.learned) == 14


def test_a_frame_that_the_model_has_no_time_for_is_counted_and_nothing_else_happens():
    path = Path(busy=lambda number: number in (2, 3))
    path.play(5)
    assert path.path.shed == {"stale": 2}
    assert len(path.observer.scores) == 3


def test_a_camera_that_falls_behind_sheds_frames_and_its_delay_stays_bounded():
    path = Path(stale_after_s=1.0)
    delays = []
    for _ in range(60):
        # Each frame that is analysed takes 0.3 s where 0.1 s is there for it; one that is shed takes nothing.
        shed = sum(path.path.shed.values())
        frame = scripted_frame(path.next, luma=SCENE)
        path.next += 1
        path.path.take(frame)
        delays.append(path.path.lag.of(frame.t_s))
        path.clock.advance(0.3 if sum(path.path.shed.values()) == shed else 0.0)
    assert path.path.shed[LATE] > 20
    assert max(delays) < 1.6


def test_a_burst_after_a_pause_of_the_network_is_looked_at_and_not_shed():
    path = Path(stale_after_s=1.0)
    path.clock.advance(5.0)
    path.play(50, seconds_each=0.01)
    assert path.path.shed == {}


def test_a_file_is_never_shed_however_long_it_takes():
    path = Path()
    path.play(30, seconds_each=2.0)
    assert path.path.shed == {}


def test_the_ways_are_timed():
    path = Path(raw=lambda t_s: 50.0 * (3.0 <= t_s <= 4.0))
    path.play(40)
    stages = [stage for stage, _seconds in path.observer.stages]
    assert stages.count(Stage.VAD) == stages.count(Stage.CAPTURE_TO_SCORE) == 40
    [delay] = [seconds for stage, seconds in path.observer.stages if stage is Stage.SCORE_TO_EVENT]
    assert delay == pytest.approx(0.3)


def test_what_is_open_is_closed_when_the_connection_is_gone():
    path = Path(raw=lambda t_s: 50.0 * (t_s >= 3.0))
    path.play(30)
    path.path.disconnected()
    assert path.changes[-1] is Change.CLOSED
    assert path.path.score is None


def test_a_camera_that_fell_behind_is_in_time_again_once_it_caught_up():
    path = Path(stale_after_s=1.0)
    path.play(12, seconds_each=0.3)
    assert path.path.behind_since is not None
    behind_at = path.next * 0.1
    assert not path.path.in_time(behind_at)
    assert path.path.in_time(behind_at + path.path.lag.of(behind_at) - 0.1)
    assert path.path.behind_since is None


def test_a_camera_whose_clock_jumped_is_not_blind_for_ever():
    path = Path(stale_after_s=1.0)
    path.play(12, seconds_each=0.3)
    behind_at = path.next * 0.1
    assert not path.path.in_time(behind_at)
    path.clock.advance(2.0)
    assert path.path.in_time(behind_at)


def test_pictures_of_what_was_seen_are_forgotten_when_zones_change_and_only_then(forgotten):
    path = Path()
    path.path.change(replace(path.camera, name="the door"))
    assert forgotten == []
    path.path.change(replace(path.camera, zones=(PRIVACY,)))
    assert forgotten == [1]
