"""What is done with cameras: recording for longer, keeping a picture, turning to a preset."""

import threading

import cv2
import numpy as np
import pytest
from tests.support.acting import TESTER, desk, local, migrated  # noqa: F401
from tests.support.counted import GATE, YARD
from tests.support.live_camera import looked_at

from haetae.database.target_store import TargetValues
from haetae.domain.action import TargetKind
from haetae.domain.plan import ActionKind, ActionState
from haetae.media.blobs import StorageLayout
from haetae.pipeline.acting.cameras import LONGEST_S, ExtendRecording, KeepSnapshot, TurnCamera
from haetae.pipeline.captions import Captions
from haetae.pipeline.live_feed import LiveFeeds
from haetae.simulate.caption import captioned
from haetae.sources.pan_tilt import HeadParts

DONE, FAILED = ActionState.DONE, ActionState.FAILED


class Recorders:
    """Answers on a thread of its own, as a clip's writer does."""

    def __init__(self, extends):
        self.extends = extends
        self.asked = []

    def extend(self, camera_id, event_id, longer_s, told):
        self.asked.append((camera_id, event_id, longer_s))
        threading.Thread(target=told, args=(self.extends,)).start()


@pytest.mark.parametrize(
    ("said", "longer_s"), [({}, 30.0), ({"seconds": 90}, 90.0), ({"seconds": 9e9}, LONGEST_S), ({"seconds": "long"}, 30.0)]
)
def test_the_event_s_own_clip_goes_on(desk, said, longer_s):  # noqa: F811
    recorders, event = Recorders(True), desk.add()
    desk.acting = desk.make_acting({ActionKind.EXTEND_RECORDING: ExtendRecording(lambda: recorders)})
    action = desk.done(event, ActionKind.EXTEND_RECORDING, options=said)
    assert (action.state, action.result) == (DONE, {"seconds": longer_s})
    assert recorders.asked == [(event.camera_id, event.id, longer_s)]


@pytest.mark.parametrize("recorders", [Recorders(False), None])
def test_a_clip_that_is_finished_is_not_said_to_go_on(desk, recorders):  # noqa: F811
    desk.acting = desk.make_acting({ActionKind.EXTEND_RECORDING: ExtendRecording(lambda: recorders)})
    assert desk.done(desk.add(), ActionKind.EXTEND_RECORDING).state is FAILED


@pytest.fixture
def feeds(desk):  # noqa: F811
    feeds = LiveFeeds(desk.clock, max_viewers=4)
    yield feeds
    feeds.close()


def test_what_the_camera_shows_is_kept_with_the_event(desk, feeds, tmp_path):  # noqa: F811
    layout = StorageLayout(tmp_path)
    desk.acting = desk.make_acting({ActionKind.SNAPSHOT: KeepSnapshot(layout, feeds, desk._occurrence)})
    event = desk.add(media_bytes=1000)
    offline = desk.done(desk.add(5), ActionKind.SNAPSHOT)
    assert (offline.state, offline.result["reason"]) == (FAILED, "the camera is gone")
    frame, score = looked_at(7)
    feeds.feed(GATE).frame(frame, score)
    action = desk.done(event, ActionKind.SNAPSHOT)
    assert (action.state, action.result["width"]) == (DONE, 320), action.result
    path = layout.path(layout.snapshot(GATE, event.id, event.timestamp))
    assert cv2.imread(str(path)).shape == (240, 320, 3)
    assert desk.row(event).media_bytes == 1000 + path.stat().st_size
    other = desk.done(event, ActionKind.SNAPSHOT, str(YARD))
    assert (other.state, "another camera" in other.result["reason"]) == (FAILED, True)


def test_a_simulated_camera_shows_where_it_was_turned_to(desk):  # noqa: F811
    captions = Captions()
    parts = HeadParts(local, captions.show)
    desk.acting = desk.make_acting({ActionKind.PTZ_PRESET: TurnCamera(desk.targets.usable, parts)})
    values = TargetValues("Gate", {"preset": "gate"}, secret=("password",), camera_id=GATE)
    desk.targets.add("gate-view", TargetKind.PRESET, values, TESTER)
    action = desk.done(desk.add(), ActionKind.PTZ_PRESET, "gate-view")
    assert (action.state, action.result["answer"], action.result["camera_id"]) == (DONE, "simulated: gate", str(GATE))
    assert (captions.of(GATE), captions.of(YARD)) == ("PTZ gate", "")
    picture = np.full((360, 640, 3), 90, np.uint8)
    shown = captioned(picture, captions.of(GATE))
    changed = np.argwhere((shown != picture).any(axis=2))
    assert len(changed) > 100
    assert (changed[:, 0].min() > 300, changed[:, 1].max() < 200) == (True, True)
    assert captioned(picture, captions.of(YARD)) is picture


def test_a_preset_that_is_gone_or_switched_off_turns_nothing(desk):  # noqa: F811
    turned = []
    parts = HeadParts(local, lambda *shown: turned.append(shown))
    desk.acting = desk.make_acting({ActionKind.PTZ_PRESET: TurnCamera(desk.targets.usable, parts)})
    values = TargetValues("Gate", {"preset": "gate"}, secret=("password",), camera_id=GATE, enabled=False)
    desk.targets.add("gate-view", TargetKind.PRESET, values, TESTER)
    event = desk.add()
    for target, reason in (("gate-view", "switched off"), ("gate", "no preset is registered")):
        action = desk.done(event, ActionKind.PTZ_PRESET, target)
        assert (action.state, reason in action.result["reason"]) == (FAILED, True)
    assert turned == []
