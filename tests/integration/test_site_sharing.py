"""Cameras share their model, and nothing of one camera reaches another's state."""

import pytest
from tests.support.site import ANALYSED_FPS, RunningSite, Scores, add_camera, learn, render, site_config

from haetae.clock import SystemClock
from haetae.domain.camera import CameraState
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.vad.base import create_model
from haetae.vad.motion import MotionModel
from haetae.vad.normality import Normality

SCENES = ("plaza", "gate", "corridor", "car_park")


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """For each scene a video and what was learned of it."""
    folder = tmp_path_factory.mktemp("footage")
    made = {}
    for scene in SCENES:
        video = render(folder / f"{scene}.mp4", scene=scene, seconds=9.0)
        made[scene] = (video, learn(video, folder / f"{scene}.state"))
    return made


def alone(video, state):
    """Raw scores by frame number of the same footage, watched by nobody else."""
    model = create_model("motion")
    normality = Normality.load(state, model)
    normality.discontinuity()
    source = open_source(str(video), SourceOptions(analysed_fps=ANALYSED_FPS), clock=SystemClock())
    source.open()
    scores = {}
    for frame in source.frames():
        [raw] = model.score([normality.window(frame)])
        scores[frame.number] = normality.judge(frame, raw).raw
    source.close()
    return scores


def vad_models(running):
    """The shared models that judge pictures; the one that describes events is another."""
    return [model for model in running.site.status.models if model.name.startswith("motion")]


def test_sixteen_cameras_share_one_model_and_score_as_if_each_were_alone(tmp_path, footage):
    config = site_config(tmp_path)
    cameras = {
        f"{scene} {number}": add_camera(config, f"{scene} {number}", footage[scene][0], state=footage[scene][1])
        for scene in SCENES
        for number in range(4)
    }
    scores = Scores()
    with RunningSite(config, watchers=(scores,)) as running:
        for camera in cameras.values():
            running.wait(camera, lambda status: status.state is CameraState.WATCHING, "watches what it learned before")
        [model] = vad_models(running)
        assert (model.name.split()[0].split("(")[0], model.cameras) == ("motion", 16)
        for camera in cameras.values():
            running.wait(camera, lambda status: status.state is CameraState.STOPPED, "plays to the end", deadline_s=60.0)
    for scene in SCENES:
        expected = alone(*footage[scene])
        assert max(expected.values()) > 0.0
        for number in range(4):
            found = scores.by_camera[f"{scene} {number}"]
            assert found.keys() == expected.keys()
            assert found == pytest.approx(expected, abs=1e-6)


def test_the_model_is_made_once_however_many_cameras_start(tmp_path, footage, monkeypatch):
    made = []
    make = MotionModel.__init__

    def note(self, **settings):
        made.append(self)
        make(self, **settings)

    config = site_config(tmp_path)
    video, state = footage["plaza"]
    cameras = [add_camera(config, f"camera {number}", video, state=state) for number in range(16)]
    other = add_camera(config, "other settings", video, vad_settings=(("pixels", 21600),))
    monkeypatch.setattr(MotionModel, "__init__", note)
    with RunningSite(config) as running:
        for camera in (*cameras, other):
            running.wait(camera, lambda status: status.frames.analysed > 0, "comes up")
        assert sorted(model.cameras for model in vad_models(running)) == [1, 16]
    assert len(made) == 2
