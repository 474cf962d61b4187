"""What rules find raises the score of a camera whose model saw nothing in it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene, walkers

from haetae.domain.fact import FactKind
from haetae.domain.score import ALARM_LEVEL, Score
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import scripted_frame
from haetae.vad.normality import Normality

FPS = 5.0
LEARNED_S = 60.0


def frame(scene: MovingScene, number: int):
    t_s = number / FPS
    luma = scene.picture(t_s)
    # Paving: without fine detail of its own the picture would pass for one out of focus.
    luma[::12] = luma[:, ::12] = 40
    return replace(scripted_frame(number, luma=luma), t_s=t_s)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=LEARNED_S)
    scene = MovingScene(tuple(replace(each, width=16) for each in walkers(24, every_s=2.5, speed=30.0)))
    for number in range(int(LEARNED_S * FPS)):
        normality.learn(frame(scene, number))
    normality.finish()
    path = tmp_path_factory.mktemp("fusion") / "camera.state"
    normality.save(path)
    return path


def judged(path, *movers: Mover, seconds: float = 11.0) -> list[Score]:
    model = ScriptedModel()
    normality = Normality.load(path, model)
    scores = []
    for number in range(int(seconds * FPS)):
        picture = frame(MovingScene(movers), number)
        [raw] = model.score([normality.window(picture)])
        scores.append(normality.judge(picture, replace(raw, value=0.0, facts=())))
    return scores


WALKER = Mover(-16, 100, 30.0, 2.0, 7.0, width=16, height=40)
LYING = Mover(124, 126, 0.0, 7.0, width=42, height=14)


def test_a_fall_that_the_model_missed_reaches_the_alarm_level_with_its_name(saved):
    scores = judged(saved, WALKER, LYING)
    best = max(scores, key=lambda score: score.value)
    assert best.value >= ALARM_LEVEL
    assert best.raw >= best.threshold
    assert best.box is not None
    names = {fact.subject for fact in best.facts if fact.kind is FactKind.HYPOTHESIS}
    assert "fall_rule_v2" in names
    assert all(np.isfinite(fact.value) and fact.t1_s <= best.t_s + 1e-6 for fact in best.facts)
    # The gate asks for three of five.
    assert sum(score.value >= ALARM_LEVEL for score in scores) >= 3


def test_who_walks_by_raises_nothing(saved):
    scores = judged(saved, replace(WALKER, end_s=60.0))
    assert max(score.value for score in scores) < ALARM_LEVEL
    assert not any(score.facts for score in scores)


def test_what_comes_nearest_of_all_that_was_normal_is_shown_beside_it(saved):
    best = max(judged(saved, WALKER, LYING), key=lambda score: score.value)
    assert best.example is not None
    assert FactKind.POSTURE_RATIO in {each.kind for each in best.example.compared}
    assert all(score.example is None for score in judged(saved, WALKER) if score.value < 0.8 * ALARM_LEVEL)


def test_where_zones_changed_no_picture_of_before_is_shown(saved, tmp_path):
    normality = Normality.load(saved, ScriptedModel())
    normality.forget_examples()
    normality.save(tmp_path / "camera.state")
    assert all(score.example is None for score in judged(tmp_path / "camera.state", WALKER, LYING))
