"""How the tracker sees a picture: alone, and with what the model made of it."""

import numpy as np
from tests.support.moving_scene import MovingScene, walkers

from haetae.vad.base import Window
from haetae.vad.motion import MotionModel
from haetae.vad.tracks import blobs
from haetae.vad.tracks.blobs import Eye

FPS = 5.0
SCENE = MovingScene(walkers(8, every_s=2.5, speed=30.0))
TIMES = np.arange(100) / FPS


def test_what_the_model_saw_gives_the_same_blobs_as_a_look_of_ones_own():
    model = MotionModel()
    state = model.new_state()
    alone, beside = Eye(), Eye()
    found = 0
    for t_s in TIMES.tolist():
        luma = SCENE.picture(t_s)
        model.learn([Window(state, luma, t_s)])
        assert state.glance is not None
        seen, same = alone.step(luma, t_s), beside.step(luma, t_s, glance=state.glance)
        assert same == seen
        found += len(seen.blobs)
    assert found > len(TIMES)


def test_a_picture_that_the_model_reduced_is_not_reduced_again(monkeypatch):
    model = MotionModel()
    state = model.new_state()
    model.learn([Window(state, SCENE.picture(0.0), 0.0)])
    monkeypatch.setattr(blobs, "to_work", None)
    eye = Eye()
    eye.step(SCENE.picture(0.0), 0.0, glance=state.glance)
    assert state.glance is not None
    assert (eye.size, eye.work) == (state.glance.size, state.glance.work)


def test_light_that_changes_all_over_is_nothing_that_stands_there():
    eye = Eye()
    for t_s in TIMES.tolist():
        assert t_s < 5.0 or eye.step(np.full((240, 360), 90, np.uint8), t_s).blobs == []
    brighter = [eye.step(np.full((240, 360), 100 + number, np.uint8), 20.0 + number / FPS).blobs for number in range(10)]
    assert brighter == [[]] * 10
