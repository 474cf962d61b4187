"""What a detector saw gives tracks their class, and tells of what stands still."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene

from haetae.domain.fact import FactKind
from haetae.domain.frame import Box
from haetae.training.datasets import every_frame
from haetae.vad.base import Sighting
from haetae.vad.detector import open_detector
from haetae.vad.rules.watch import SceneWatch
from haetae.vad.tracks.blobs import Blob
from haetae.vad.tracks.classes import FRESH_S, Sighted, class_facts, shared
from haetae.vad.tracks.follow import Track

FPS = 5.0
START_S = 10.0


def sighting(name: str, left: float, right: float, top: float = 100, bottom: float = 140, confidence: float = 0.8) -> Sighting:
    """In px of a picture of 320 x 240."""
    return Sighting(name, confidence, Box(left / 320, top / 240, right / 320, bottom / 240))


def blob(left: float, right: float, top: float = 100.0, bottom: float = 140.0) -> Blob:
    return Blob(left, top, right, bottom, 100.0, 5.0, 0.0)


@pytest.fixture
def watch() -> SceneWatch:
    """It knows the empty scene, and judges."""
    watch = SceneWatch()
    watch.trust_definitions()
    for t_s in np.arange(int(START_S * FPS)) / FPS:
        watch.judge(MovingScene().picture(float(t_s)), float(t_s))
    return watch


def look(watch: SceneWatch, mover: Mover, name: str | None, seconds: float = 4.0, *still: Sighting, ignored=None) -> float:
    """Show the mover, and every half second what a detector makes of it; the time of the last picture."""
    scene = MovingScene((mover,))
    for number, t_s in enumerate(START_S + np.arange(int(seconds * FPS)) / FPS):
        watch.judge(scene.picture(float(t_s)), float(t_s), ignored)
        x = mover.x + mover.speed * (t_s - mover.start_s)
        if number % 2 == 0:
            seen = [sighting(name, max(0.0, x), x + mover.width)] if name is not None and x > 0 else []
            watch.see([*seen, *still], float(t_s), ignored)
    return float(t_s)


WALKER = Mover(-16, 100, 40.0, START_S, width=16, height=40)


def test_a_track_takes_the_class_of_the_box_that_it_lies_in(watch):
    t_s = look(watch, WALKER, "person")
    [track] = watch.tracks
    assert track.name == "person"
    facts = {fact.kind: fact for fact in watch.facts(t_s, None)}
    assert {facts[kind].subject for kind in (FactKind.SPEED, FactKind.SIZE, FactKind.PATH, FactKind.DWELL)} == {"person"}
    counted = facts[FactKind.CLASS]
    assert (counted.subject, counted.value, counted.source) == ("person", 1.0, "detector.person")
    assert START_S <= counted.t0_s < counted.t1_s == t_s
    assert counted.quality == 1.0


def test_without_a_detector_nothing_is_said_of_classes(watch):
    t_s = look(watch, WALKER, None)
    assert [track.name for track in watch.tracks] == [""]
    measured = [fact for fact in watch.facts(t_s, None) if fact.kind is not FactKind.HYPOTHESIS]
    assert measured
    assert not any(fact.subject or fact.kind is FactKind.CLASS for fact in measured)


def test_what_stands_still_is_counted_by_its_class_though_it_is_no_foreground(watch):
    t_s = look(watch, WALKER, "person", 4.0, sighting("car", 220, 260), sighting("car", 270, 310))
    counts = {fact.subject: fact.value for fact in watch.facts(t_s, None) if fact.kind is FactKind.CLASS}
    assert counts == {"car": 2.0, "person": 1.0}
    assert {track.name for track in watch.tracks} == {"person"}
    at_the_cars = Box(0.65, 0.3, 1.0, 0.7)
    assert {fact.subject for fact in watch.facts(t_s, at_the_cars) if fact.kind is FactKind.CLASS} == {"car"}


def test_what_a_detector_held_it_for_most_often_counts(watch):
    for number in range(10):
        t_s = START_S + number / FPS
        watch.judge(MovingScene((WALKER,)).picture(t_s), t_s)
        x = WALKER.x + WALKER.speed * (t_s - START_S)
        watch.see([sighting("dog" if number == 5 else "person", x, x + 16)], t_s)
    assert [track.name for track in watch.tracks] == ["person"]


def test_what_is_ignored_is_not_seen_by_the_detector_either(watch):
    ignored = np.zeros((240, 320), np.bool_)
    ignored[:, 200:] = True
    t_s = look(watch, replace(WALKER, start_s=START_S + 60.0), None, 2.0, sighting("car", 220, 260), ignored=ignored)
    assert not watch.facts(t_s, None)


def test_what_was_not_seen_for_a_while_is_not_there_any_more():
    sighted = Sighted()
    sighted.step([(sighting("car", 20, 60), blob(20, 60))], [40.0], 1.0)
    assert [fact.subject for fact in class_facts(sighted.tracks(1.0 + FRESH_S), 1.0 + FRESH_S)] == ["car"]
    assert sighted.tracks(1.1 + FRESH_S) == []
    sighted.reset()
    assert sighted.tracks(1.0) == []


def test_a_box_far_larger_than_a_track_does_not_name_it():
    assert shared(blob(10, 30), blob(12, 34)) == pytest.approx(0.9)
    assert shared(blob(10, 30), blob(0, 300, 0, 240)) == 0.0
    assert shared(blob(10, 30), blob(40, 60)) == 0.0


def test_only_looks_that_are_new_vote():
    sighted, track = Sighted(), Track(1, 0.0, blob(20, 60), 40.0)
    sighted.step([(sighting("car", 20, 60), blob(20, 60))], [40.0], 1.0)
    for t_s in (1.0, 1.2, 1.4):
        sighted.name([track], t_s)
    assert track.votes == {"car": 1.0}


def test_a_real_detector_names_people_and_cars(shared_data):
    network = shared_data / "models" / "yolox_nano.onnx"
    clip = shared_data / "clips" / "street" / "person-bicycle-car-detection.mp4"
    if not network.exists() or not clip.exists():
        pytest.skip(f"needs {network} and {clip}")
    detector = open_detector(network, device="cpu", threads=2)
    watch = SceneWatch()
    watch.trust_definitions()
    named: set[str] = set()
    of_tracks: set[str] = set()
    for frame in every_frame(str(clip)):
        if frame.t_s > 20.0:
            break
        if frame.number % 3:
            continue
        watch.judge(frame.luma, frame.t_s)
        if frame.number % 6 == 0 and frame.t_s > 3.0:
            rows, columns = frame.luma.shape
            found = detector.detect_tiled(frame.luma, least_confidence=0.3, tiles=1)
            scale = np.array([columns, rows, columns, rows], np.float32)
            boxes = [Box(*(float(side) for side in np.clip(box / scale, 0.0, 1.0))) for box in found.boxes]
            names = [detector.labels[kind] for kind in found.kind]
            watch.see([Sighting(*each) for each in zip(names, found.confidence.tolist(), boxes, strict=True)], frame.t_s)
            facts = watch.facts(frame.t_s, None)
            named |= {fact.subject for fact in facts if fact.kind is FactKind.CLASS}
            of_tracks |= {fact.subject for fact in facts if fact.kind is FactKind.SPEED}
    assert {"person", "car"} <= named
    assert of_tracks & {"person", "car", "bicycle"}
