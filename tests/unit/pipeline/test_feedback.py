from dataclasses import replace

import numpy as np
import pytest
from tests.support.events import CAMERA, ONSET
from tests.support.site_parts import CameraParts, make_camera

from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.feedback import Evidence
from haetae.errors import DatabaseUnavailable
from haetae.ids import new_id
from haetae.pipeline.camera_run import CameraRun
from haetae.pipeline.feedback import EVERY_S, FeedbackCourier
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import ScriptedSource, scripted_frame
from haetae.vad.calibrate import MOST_PER_EVENT

SCENE = np.random.default_rng(1).integers(0, 255, (60, 90), np.uint8)
EVIDENCE = Evidence(new_id(), CAMERA, 0.6, 1.0, ONSET)

MILD = 1.2
"""Raw: beyond the level of a camera that has learned for seconds, and stands more cautious for it, and not by much."""


class Waiting:
    """Feedback in memory; `away` is a database that cannot be reached."""

    def __init__(self, *waiting):
        self.waiting = list(waiting)
        self.asked = []
        self.applied = {}
        self.away = False

    def pending(self, camera_ids):
        if self.away:
            raise DatabaseUnavailable("away")
        self.asked.append(list(camera_ids))
        return [evidence for evidence in self.waiting if evidence.camera_id in camera_ids and evidence.feedback_id not in self.applied]

    def mark_applied(self, feedback_ids, *, at):
        if self.away:
            raise DatabaseUnavailable("away")
        self.applied |= dict.fromkeys(feedback_ids, at)


class Watching:
    """Cameras that remember what they were told."""

    def __init__(self, state=CameraState.WATCHING):
        self.state = state
        self.told = []

    def statuses(self):
        return (CameraStatus(CAMERA, self.state),)

    def accept(self, evidence, applied):
        self.told.append((evidence, applied))


class Post:
    def __init__(self, *waiting, state=CameraState.WATCHING):
        self.store, self.cameras, self.clock = Waiting(*waiting), Watching(state), FakeClock()
        self.saved = True
        self.courier = FeedbackCourier(self.store, self.cameras, self.clock, saved=lambda: self.saved)

    def check(self):
        self.clock.advance(EVERY_S)
        self.courier.check()


def test_feedback_is_noted_once_the_camera_took_it_in_and_that_is_on_disk():
    post = Post(EVIDENCE)
    post.check()
    [(evidence, applied)] = post.cameras.told
    assert evidence == EVIDENCE
    assert post.store.applied == {}
    applied(EVIDENCE.feedback_id)
    post.saved = False
    post.check()
    assert post.store.applied == {}
    post.saved = True
    post.check()
    assert set(post.store.applied) == {EVIDENCE.feedback_id}
    post.check()
    assert len(post.cameras.told) == 1


@pytest.mark.parametrize("state", [CameraState.STOPPED, CameraState.LEARNING, CameraState.OFFLINE])
def test_a_camera_that_does_not_watch_is_told_when_it_does(state):
    post = Post(EVIDENCE, state=state)
    post.check()
    assert post.cameras.told == []
    post.cameras.state = CameraState.WATCHING
    post.check()
    assert [evidence for evidence, _ in post.cameras.told] == [EVIDENCE]


def test_what_a_camera_never_took_in_is_offered_again():
    post = Post(EVIDENCE)
    post.check()
    post.check()
    assert [evidence for evidence, _ in post.cameras.told] == [EVIDENCE, EVIDENCE]


def test_an_outage_of_the_database_loses_nothing():
    post = Post(EVIDENCE, replace(EVIDENCE, feedback_id=new_id()))
    post.check()
    post.store.away = True
    for evidence, applied in post.cameras.told:
        applied(evidence.feedback_id)
    post.check()
    post.store.away = False
    post.check()
    assert len(post.store.applied) == 2


def test_the_database_is_asked_every_few_seconds_only():
    post = Post(EVIDENCE)
    for _ in range(10):
        post.clock.advance(EVERY_S / 10)
        post.courier.check()
    assert len(post.store.asked) <= 2


class Street:
    """A camera that sees the same incident at 5 to 7 s and at 20 to 22 s; `at_12_s` is done in between."""

    def __init__(self, tmp_path, raw, at_12_s=lambda _street: None):
        self.applied = []
        self._raw = raw
        self._between = at_12_s
        frames = [scripted_frame(number, luma=SCENE) for number in range(300)]
        self.parts = CameraParts(tmp_path, FakeClock(), lambda _camera: ScriptedSource(frames), model=ScriptedModel(self._score))
        self.run = CameraRun(make_camera(), self.parts.run_parts())
        self.run.run_once()
        self.events = sorted(self.parts.log.latest(), key=lambda event: event.timestamp)

    def _score(self, window):
        if window.t_s >= 12.0 and self._between is not None:
            between, self._between = self._between, None
            between(self)
        return self._raw if 5.0 <= window.t_s % 15.0 <= 7.0 else 0.1

    def call_it_normal(self):
        [event] = self.parts.log.latest()
        evidence = Evidence(event.id, event.camera_id, event.vad_score, event.threshold, event.timestamp)
        self.run.accept(evidence, self.applied.append)


def test_the_same_again_does_not_alarm_once_it_was_called_normal(tmp_path):
    assert len(Street(tmp_path / "untold", MILD).events) == 2
    street = Street(tmp_path / "told", MILD, Street.call_it_normal)
    [event] = street.events
    assert event.onset_s == pytest.approx(5.0)
    assert street.applied == [event.id]
    [saved] = street.parts.states.saved.values()
    assert saved.threshold > event.threshold


def test_what_is_far_beyond_it_alarms_all_the_same(tmp_path):
    street = Street(tmp_path, 80.0, Street.call_it_normal)
    first, second = street.events
    assert street.applied == [first.id]
    assert second.threshold == pytest.approx(MOST_PER_EVENT * first.threshold)


def test_a_camera_that_was_given_up_does_not_say_that_it_learned(tmp_path):
    def give_up(street):
        street.call_it_normal()
        street.run.abandon()

    assert Street(tmp_path, MILD, give_up).applied == []
