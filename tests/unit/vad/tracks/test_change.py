"""That the picture changed as a whole is a fact of what happens soon after."""

import numpy as np
import pytest
from tests.support.moving_scene import MovingScene

from haetae.domain.fact import FactKind
from haetae.vad.rules.watch import SceneWatch
from haetae.vad.tracks.change import SURE_LOOKS, TOLD_S, WholeChange

FPS = 5.0


def test_changes_that_follow_each_other_are_one_with_its_span_and_its_greatest_share():
    change = WholeChange()
    for share, t_s in ((0.6, 10.0), (0.9, 10.2), (0.7, 10.4)):
        change.note(share, t_s)
    fact = change.fact(12.0)
    assert fact is not None
    assert (fact.kind, fact.value, fact.unit) == (FactKind.SCENE_CHANGE, pytest.approx(90.0), "% of the picture")
    assert (fact.t0_s, fact.t1_s, fact.quality) == (10.0, 10.4, 1.0)
    assert change.fact(10.4 + TOLD_S + 0.1) is None
    change.note(0.8, 60.0)
    later = change.fact(60.0)
    assert later is not None
    assert (later.t0_s, later.value, later.quality) == (60.0, pytest.approx(80.0), pytest.approx(1.0 / SURE_LOOKS))


def test_what_changes_in_the_picture_is_no_change_of_the_picture():
    change = WholeChange()
    change.note(0.4, 10.0)
    assert change.fact(10.0) is None


def test_another_view_is_told_as_a_change_of_the_scene_and_forgotten_at_a_break():
    watch = SceneWatch()
    watch.trust_definitions()
    for t_s in np.arange(int(10.0 * FPS)) / FPS:
        watch.judge(MovingScene().picture(float(t_s)), float(t_s))
    assert not watch.facts(10.0, None)
    for t_s in 10.0 + np.arange(5) / FPS:
        watch.judge(MovingScene(seed=9).picture(float(t_s)), float(t_s))
    [fact] = watch.facts(10.8, None)
    assert fact.kind is FactKind.SCENE_CHANGE
    assert 50.0 <= fact.value <= 100.0
    assert 10.0 <= fact.t0_s <= fact.t1_s <= 10.8
    watch.discontinuity()
    assert not watch.facts(10.8, None)
