"""A rendered fire, from its pictures to what people read: it is named, it is severe, and nobody has verified it."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import cv2
import pytest
from tests.support.measured_rules import right_often_enough
from tests.support.notices import a_directory, a_notice, a_rule, an_occurrence, needs_target
from tests.support.site_parts import RecordingLog

from haetae.cli.display import event_text
from haetae.cli.report.texts import TEXTS
from haetae.domain.camera import CameraConfig
from haetae.domain.event import EventKind, EventStatus, Severity
from haetae.domain.fact import Fact, FactKind
from haetae.domain.score import Score
from haetae.domain.suspicion import Suspicion
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.notifications.composing import Composer
from haetae.notifications.planning import plan
from haetae.notifications.words import TYPES
from haetae.pipeline.e2e_system import E2ESystem, Parts
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.pipeline.observer import NoObserver
from haetae.simulate.render import render
from haetae.simulate.spec import IncidentKind, SceneSpec
from haetae.sources.reconnect import ReconnectPolicy
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import ScriptedSource, scripted_frame
from haetae.vad.gate import Gate
from haetae.vad.normality import Normality
from haetae.vad.rules import watch
from haetae.vlm.evidence import describe, lead
from haetae.vlm.evidence_words import LEAD

UI = Path(__file__).parents[3] / "ui" / "src" / "i18n"
FPS = 5.0
LEARNED_S, BEGINS_S, SECONDS, WATCHED_S = 60.0, 65.0, 100.0, 74.0


@pytest.fixture(scope="module", autouse=True)
def named():
    with right_often_enough("fire_rule_v1"):
        yield


@pytest.fixture(scope="module")
def hasty():
    """A minute of normal time is all that this test has for the rules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "FEWEST_S", 0.0)
        yield


@pytest.fixture(scope="module")
def logged(tmp_path_factory, hasty):
    """All revisions of what a camera stores that learns a square for a minute and then sees a fire break out."""
    spec = SceneSpec("plaza", 3, SECONDS, FPS, (320, 180), (IncidentKind.FIRE,), LEARNED_S, begins_s=(BEGINS_S,))
    pictures = (cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY) for frame in islice(render(spec, brisk=True), int(WATCHED_S * FPS)))
    frames = [scripted_frame(number, fps=FPS, luma=luma) for number, luma in enumerate(pictures)]
    camera = CameraConfig(new_id(), "yard", "scripted://yard", learning_s=LEARNED_S)
    log, model, clock = RecordingLog(), ScriptedModel(), FakeClock()
    layout = StorageLayout(tmp_path_factory.mktemp("fire"))
    E2ESystem(
        camera,
        Parts(
            model=model,
            open_source=lambda: ScriptedSource(frames),
            make_normality=lambda seconds: Normality.new(model, false_alarms_per_day=1.0, learning_s=seconds),
            make_recorder=lambda: IncidentRecorder(
                camera.id,
                log=log,
                layout=layout,
                make_clips=lambda on_clip: ClipRecorder(camera.id, layout, on_clip),
                observer=NoObserver(),
            ),
            gate=Gate(),
            reconnect=ReconnectPolicy(clock, Random(1)),
            observer=NoObserver(),
            clock=clock,
            learned=lambda _normality: None,
        ),
    ).run()
    return log


@pytest.fixture
def fire(logged):
    [event] = logged.latest()
    return event


def test_a_fire_is_stored_as_a_possible_fire_from_its_first_revision_on(logged, fire):
    assert logged.events[0].status is EventStatus.OPEN
    assert {event.subtype for event in logged.events} == {Suspicion.FIRE}
    assert {event.severity for event in logged.events} == {Severity.HIGH}
    assert fire.kind is EventKind.ANOMALY
    assert (fire.verdict, fire.vlm_type) == (None, None)


def test_the_guess_is_the_first_fact_and_nothing_measured_is_lost(fire):
    first, *others = fire.facts
    assert (first.kind, first.subject) == (FactKind.HYPOTHESIS, "fire_rule_v1")
    assert {FactKind.FLICKER, FactKind.SIZE, FactKind.DWELL} <= {fact.kind for fact in others}
    assert fire.vad_score >= 0.5
    assert "anomaly (possible fire)" in event_text(fire)
    assert "hypothesis fire_rule_v1" in event_text(fire)


@pytest.mark.parametrize(("language", "title", "says"), [("en", "Possible fire", "may be fire"), ("ko", "화재 의심", "화재가 의심")])
def test_people_read_of_a_possible_fire_in_their_language(fire, language, title, says):
    rule = a_rule(language=language)
    event = Composer("Site", "", lambda _event: None, describe=lead).notice_event(an_occurrence(fire), rule)
    notice = a_notice(language=language, events=(event,), severity=event.severity)
    assert title in notice.title
    assert says in notice.text
    assert says in describe(fire, fire.facts, language).description


def test_a_rule_for_fires_is_told_of_a_possible_one_and_a_model_has_the_last_word(fire):
    for wanted in ("Arson", "possible_fire", "anomaly"):
        rule = a_rule(event_types=frozenset({wanted}))
        [row] = plan(an_occurrence(fire), [], a_directory(rule), now=fire.timestamp, needs_target=needs_target).new
        assert (row.event_type, row.digest) == ("possible_fire", False)
    other = a_rule(event_types=frozenset({"Falling"}))
    assert not plan(an_occurrence(fire), [], a_directory(other), now=fire.timestamp, needs_target=needs_target).new
    judged = Composer("Site", "", lambda _event: None).notice_event(an_occurrence(replace(fire, vlm_type="Vandalism")), a_rule())
    assert judged.type == "Vandalism"


def test_a_suspicion_that_comes_later_is_stored_while_the_event_goes_on(tmp_path):
    log, camera_id, layout = RecordingLog(), new_id(), StorageLayout(tmp_path)
    recorder = IncidentRecorder(
        camera_id, log=log, layout=layout, make_clips=lambda on_clip: ClipRecorder(camera_id, layout, on_clip), observer=NoObserver()
    )
    gate = Gate()
    fire = Fact("fire_rule_v1", FactKind.HYPOTHESIS, 0.7, "", 1.0, 2.0, source="fire_rule_v1", subject="fire_rule_v1")
    for number in range(20):
        frame = scripted_frame(number)
        facts = (fire,) if number == 12 else ()
        for transition in gate.push(Score(0.6, 0.6, 0.5, number, frame.t_s, frame.captured_at, facts=facts)):
            recorder.take(transition, frame)
    recorder.close()
    [event] = log.latest()
    assert (log.events[0].subtype, log.events[0].severity) == (None, Severity.LOW)
    assert (event.subtype, event.severity, event.status) == (Suspicion.FIRE, Severity.HIGH, EventStatus.OPEN)
    assert event.facts == (fire,)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_suspicion_has_words_everywhere(language):
    console = json.loads((UI / f"{language}.json").read_text())["type"]
    for suspicion in Suspicion:
        for words in (TYPES[language], TEXTS[language], LEAD[language], console):
            assert words[suspicion]
