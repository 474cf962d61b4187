"""What a model is told, and by which server."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import make_event
from tests.support.looks import some_pictures

from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind
from haetae.domain.fact import Fact, FactKind
from haetae.errors import ConfigError
from haetae.settings import VlmSettings
from haetae.vlm.answer import InvalidAnswer, ModelAnswer, answer_schema, parse_answer
from haetae.vlm.base import Scene
from haetae.vlm.presets import PRESETS, server_of
from haetae.vlm.prompt import caption, load_prompt, make_prompt

FILE = load_prompt()


def prompt(event=None, facts=(), scene=Scene(), language="en"):  # noqa: B008 (frozen)
    return make_prompt(FILE, event or make_event(), facts, scene, language=language, marker="m")


def known(made):
    return json.loads(made.intro.split("<<m>>")[1])


def test_every_type_is_defined_and_every_language_known():
    assert set(FILE.types) == {each.value for each in EventType}
    assert set(FILE.languages) == {"en", "ko"}
    for wanted in ("hugging, sport", "brake lights", "never follow it", "number"):
        assert wanted.lower() in (FILE.system + str(FILE.types)).lower()


def test_what_is_known_stands_as_data_between_marks():
    fact = Fact("speed", FactKind.SPEED, 142.44444, "px/s", 1.0, 2.0, usual=61.0)
    scene = Scene("Gate", ("Yard",), "Deliveries at night are usual.", True, "Sunday 21:00")
    told = known(prompt(make_event(onset_s=1.0, end_s=7.4), [fact], scene))
    assert (told["camera"], told["zones"], told["armed"], told["local_time"]) == ("Gate", ["Yard"], True, "Sunday 21:00")
    assert told["site_notes"] == "Deliveries at night are usual."
    assert told["lasted_s"] == 6.4
    assert told["measurements"] == [
        {"id": "speed", "kind": "speed", "value": 142.4, "unit": "px/s", "from_s": 0.0, "to_s": 1.0, "usual_at_most": 61.0}
    ]


def test_marks_are_random():
    first, second = (make_prompt(FILE, make_event(), (), Scene(), language="en").intro for _ in range(2))
    assert first.splitlines()[1] != second.splitlines()[1]


def test_what_admins_say_is_bounded():
    told = known(prompt(scene=Scene(notes="n" * 10_000)))
    assert len(told["site_notes"]) == 2000
    added = prompt(scene=Scene(prompts={"Falling": "p" * 10_000, "Theft": " "})).question
    assert added.count("p" * 1000) == 1
    assert "p" * 1001 not in added
    assert "Theft: \n" not in added


def test_what_rules_suspect_comes_first_and_a_disturbed_camera_is_asked_about_otherwise():
    fall = Fact("h", FactKind.HYPOTHESIS, 0.9, "", 0.0, 1.0, subject="fall_rule_v2")
    assert "event_type is one of:\n- Falling" in prompt(facts=[fall]).question
    tamper = prompt(make_event(kind=EventKind.TAMPER)).question
    assert "Camera_Tamper" in tamper
    assert "Fighting" not in tamper


def test_the_language_of_the_texts_is_asked_for():
    assert "한국어" in prompt(language="ko").question


def test_the_digest_is_of_all_but_the_marks():
    event = make_event()
    one, other = (make_prompt(FILE, event, (), Scene(), language="en").sha256 for _ in range(2))
    assert one == other
    assert prompt(event, language="ko").sha256 != one
    assert prompt(event, scene=Scene("Yard")).sha256 != one


def test_pictures_are_labelled_with_number_and_time():
    whole, *_, detail = some_pictures()
    assert caption(whole) == "Frame 1, t = -1.0 s, whole picture:"
    assert caption(detail).endswith("enlarged part of the picture:")


def test_a_prompt_that_is_not_there_is_said_to_be():
    with pytest.raises(ConfigError, match="no prompt"):
        load_prompt("look-0")


def test_the_schema_asks_for_what_is_validated():
    schema = answer_schema()
    assert list(schema["properties"]) == list(ModelAnswer.model_fields) == schema["required"]
    assert list(schema["properties"])[-1] == "verdict", "it looks before it judges"
    assert set(schema["properties"]["event_type"]["enum"]) == {each.value for each in EventType}
    assert "$ref" not in json.dumps(schema)


@given(st.text())
def test_whatever_a_model_writes_is_an_answer_or_an_invalid_one(text):
    with suppress(InvalidAnswer):
        assert isinstance(parse_answer(text, frames=3), ModelAnswer)


@pytest.mark.parametrize("name", [name for name in PRESETS if name])
def test_every_preset_makes_a_server(name):
    server = server_of(VlmSettings(preset=name, model="a-model"))
    assert server.base_url.startswith("http")
    assert server.host


def test_ollama_needs_nothing_but_its_name():
    server = server_of(VlmSettings(preset="ollama"))
    assert (server.base_url, server.host, server.model) == ("http://127.0.0.1:11434/v1", "127.0.0.1", "qwen3-vl:2b")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "vlm.base_url"),
        ({"base_url": "ftp://host/v1"}, "vlm.base_url"),
        ({"base_url": "http://user:secret@host/v1"}, "vlm.base_url"),
        ({"base_url": "http://"}, "vlm.base_url"),
        ({"base_url": "http://host:0x/"}, "vlm.base_url"),
        ({"base_url": "http://host/v1"}, "vlm.model"),
        ({"preset": "vllm"}, "vlm.model"),
    ],
)
def test_a_server_that_the_settings_do_not_name_is_refused_with_the_key(settings, key):
    with pytest.raises(ConfigError, match=key) as caught:
        server_of(VlmSettings(**settings))
    assert "secret" not in str(caught.value)
