"""The boxes of a detector feed the tracks of its camera: what is measured of them names the class, by the labels beside the network."""

from dataclasses import replace

import pytest
from tests.support.detector_network import write_scene_detector
from tests.support.moving_scene import Mover, MovingScene, walkers

from haetae.domain.fact import FactKind
from haetae.domain.score import ALARM_LEVEL, Score
from haetae.testing.scripted_source import scripted_frame
from haetae.vad.attributes import AttributesModel
from haetae.vad.normality import Normality
from haetae.vad.tracks.facts import SOURCE

FPS = 5.0
LEARNED_S = 40.0


def frame(scene: MovingScene, number: int):
    luma = scene.picture(number / FPS)
    # Paving: without fine detail of its own the picture would pass for one out of focus.
    luma[::12] = luma[:, ::12] = 130
    return scripted_frame(number, fps=FPS, luma=luma)


@pytest.fixture(scope="module")
def scores(tmp_path_factory) -> list[Score]:
    """What a camera says of somebody who is two and a half times as fast as all others."""
    model = AttributesModel(write_scene_detector(tmp_path_factory.mktemp("detector") / "net.onnx"), detect_fps=2.5)
    normality = Normality.new(model, false_alarms_per_day=1.0, learning_s=LEARNED_S)
    scene = MovingScene(walkers(14))
    first = int(LEARNED_S * FPS)
    for number in range(first):
        normality.learn(frame(scene, number))
    normality.finish()
    runner = MovingScene((replace(Mover(-24, 100, 100.0), start_s=LEARNED_S + 1.0),))
    found = []
    for number in range(first, first + int(4.0 * FPS)):
        picture = frame(runner, number)
        [raw] = model.score([normality.window(picture)])
        assert raw.sightings is None or all(each.name in ("walker", "cart") for each in raw.sightings)
        found.append(normality.judge(picture, raw))
    return found


def test_facts_of_tracks_name_the_class(scores):
    alarming = [score for score in scores if score.value >= ALARM_LEVEL]
    of_tracks = [fact for score in alarming for fact in score.facts if fact.source == SOURCE]
    assert {fact.subject for fact in of_tracks if fact.kind is FactKind.SPEED} == {"walker"}


def test_the_event_tells_which_classes_there_are(scores):
    classes = [fact for score in scores for fact in score.facts if fact.kind is FactKind.CLASS]
    assert classes
    assert {(fact.subject, fact.source) for fact in classes} == {("walker", "detector.walker")}
