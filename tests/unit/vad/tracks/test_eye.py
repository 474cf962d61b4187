"""How the tracker sees a picture: alone, and with what the model made of it."""

import cv2
import numpy as np
from tests.support.moving_scene import MovingScene, walkers

from haetae.vad.base import Window
from haetae.vad.motion import MotionModel
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize
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


def test_blobs_are_those_of_the_whole_picture_in_its_order_and_at_its_edges():
    random = np.random.default_rng(8)
    height, width = 96, 160
    empty = random.integers(50, 90, (height, width)).astype(np.uint8)
    found = touching = 0
    for _ in range(120):
        mask = np.zeros((height, width), np.uint8)
        middle_x, middle_y = random.integers(0, width), random.integers(0, height)
        for _ in range(int(random.integers(1, 12))):
            x, y = int(random.normal(middle_x, 25)), int(random.normal(middle_y, 20))
            mask[max(0, y) : max(0, y + int(random.integers(1, 14))), max(0, x) : max(0, x + int(random.integers(1, 10)))] = 255
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 3), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        expected = [(x, y, x + wide, y + high, area) for x, y, wide, high, area in stats[1:].tolist() if area >= 14 and high >= 5]
        eye = Eye(WorkSize(width, height, width, height), Background(empty.astype(np.float32)))
        eye.step(empty, 0.0)
        blobs = eye.step(np.where(mask > 0, 255 - empty, empty).astype(np.uint8), 0.2).blobs
        assert [(blob.left, blob.top, blob.right, blob.bottom, blob.area) for blob in blobs] == expected
        found += len(blobs)
        touching += sum(blob.left == 0 or blob.bottom == height for blob in blobs)
    assert found > 200
    assert touching > 20


def test_light_that_changes_all_over_is_nothing_that_stands_there():
    eye = Eye()
    for t_s in TIMES.tolist():
        assert t_s < 5.0 or eye.step(np.full((240, 360), 90, np.uint8), t_s).blobs == []
    brighter = [eye.step(np.full((240, 360), 100 + number, np.uint8), 20.0 + number / FPS).blobs for number in range(10)]
    assert brighter == [[]] * 10
