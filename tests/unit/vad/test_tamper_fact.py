"""How far the picture of a tampered camera changed, as a fact of the event."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.support.tampering import STEP_S, TAMPERINGS, Watch, draw_scene, film, tampered

from haetae.domain.fact import Fact, FactKind
from haetae.domain.score import Score, TamperKind
from haetae.testing.scripted_source import START
from haetae.vad.gate import Gate


@pytest.fixture
def scene() -> np.ndarray:
    return draw_scene()


@pytest.fixture
def watch(scene) -> Watch:
    return Watch().learn(film(scene))


@pytest.mark.parametrize(
    ("name", "unit", "least"),
    [
        ("black", "% of the picture", 80.0),
        ("hand", "% of the picture", 80.0),
        ("shifted", "% of the picture", 60.0),
        ("blurred", "% of the detail", 80.0),
    ],
)
def test_it_says_how_much_is_gone_since_when(watch, scene, name, unit, least):
    assert watch.monitor.fact() is None
    began_s = watch.t_s
    watch.see(tampered(film(scene, seed=1), TAMPERINGS[name][0]), 40)
    fact = watch.monitor.fact()
    assert fact is not None
    assert (fact.kind, fact.unit, fact.source) == (FactKind.SCENE_CHANGE, unit, "tamper")
    assert least <= fact.value <= 100.0
    assert fact.t0_s == pytest.approx(began_s, abs=5 * STEP_S)
    assert fact.t1_s == pytest.approx(watch.t_s, abs=3 * STEP_S)
    assert 0.2 < fact.quality <= 1.0
    watch.see(film(scene, seed=2), 12)
    assert watch.monitor.fact() is None


def test_a_picture_that_stands_still_says_for_how_long(watch, scene):
    still = next(film(scene, seed=9))
    watch.see([still] * 60, 60)
    fact = watch.monitor.fact()
    assert fact is not None
    assert (fact.unit, fact.value) == ("s", pytest.approx(fact.t1_s - fact.t0_s))
    assert fact.value == pytest.approx(29.5, abs=2.0)


def test_the_event_of_a_tampering_carries_the_newest_word_on_it():
    gate, told = Gate(), []
    for number in range(40):
        change = Fact("tamper.scene_change", FactKind.SCENE_CHANGE, 60.0 + number, "% of the picture", 0.0, number / 10, source="tamper")
        score = Score(0.0, 0.0, 0.5, number, number / 10, START + timedelta(seconds=number / 10), tamper=TamperKind.COVERED)
        told += gate.push(replace(score, facts=(change,)))
    told += gate.flush()
    assert [fact.value for fact in told[0].incident.facts] == [60.0]
    [fact] = told[-1].incident.facts
    assert (fact.value, fact.t0_s, fact.t1_s) == (99.0, 0.0, 3.9)
