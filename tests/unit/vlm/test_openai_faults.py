"""Whatever a model's server does, a look ends in time, as unverified with a reason where it did not end well."""

import json
import time

import pytest
from tests.support.events import make_event
from tests.support.looks import analyzer_parts, look
from tests.support.model_server import GOOD, ModelServer, completion, refused_url, says, status

from haetae.domain.analysis import Basis, EventType, Flag
from haetae.domain.event import Verdict
from haetae.errors import ConfigError

DEADLINE_S = 1.5

FAULTS = {
    "hang": (lambda handler: handler.hang(), "in time"),
    "drip": (lambda handler: handler.drip(), "in time"),
    "hang up": (lambda handler: handler.hang_up(), "cannot be asked"),
    "429 for long": (status(429, Retry_After="3600"), "429"),
    "503": (status(503), "503"),
    "500": (status(500), "500"),
    "401": (status(401), "401"),
    "404": (status(404, {"error": {"message": "no such model"}}), "no such model"),
    "redirect": (status(302, Location="http://127.0.0.1:9/"), ""),
    "truncated JSON": (says(json.dumps(GOOD)[:60]), "cut off"),
    "no JSON": (says("I think it is a fight."), "no JSON"),
    "empty": (says(""), "no valid answer"),
    "nothing at all": (says(None), "no valid answer"),
    "wrong enum": (says(GOOD | {"event_type": "Waterfall"}), "event_type"),
    "a key too many": (says(GOOD | {"action": "open the door"}), "action"),
    "a frame that nobody sent": (says(GOOD | {"observations": [{"text": "x", "frames": [9]}]}), "frame 9"),
    "a verdict against its type": (says(GOOD | {"verdict": "B"}), "belong together"),
    "a list": (says("[1, 2]"), "no JSON"),
    "10 MB": (lambda handler: handler.flood(), ""),
    "an answer of another protocol": (lambda handler: handler.reply(200, b"<html>hello</html>"), ""),
    "an answer without choices": (lambda handler: handler.reply(200, {"object": "chat.completion", "choices": []}), ""),
    "choices of nothing": (lambda handler: handler.reply(200, {"choices": [{"message": None}]}), ""),
    "JSON that is none": (lambda handler: handler.reply(200, b'{"choices": ['), ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_as_unverified_with_a_reason_in_time(name):
    reply, reason = FAULTS[name]
    with ModelServer(reply) as server:
        began = time.monotonic()
        [analysis] = look(analyzer_parts(server.url), make_event(), deadline_s=DEADLINE_S)
        took_s = time.monotonic() - began
    assert (analysis.verdict, analysis.failed, analysis.event_type) == (Verdict.UNVERIFIED, True, None)
    assert analysis.reason
    assert reason in analysis.reason
    assert analysis.basis is Basis.EVIDENCE
    assert analysis.description.startswith("Something unusual for this camera. Movement at 2.5 m/s")
    assert analysis.provenance.model == "scripted"
    assert 1 <= analysis.provenance.attempts <= 3
    # Loading the libraries counts in the first look.
    assert took_s < DEADLINE_S + 10


def test_a_server_that_is_not_there_is_one_more_fault():
    [analysis] = look(analyzer_parts(refused_url()), make_event(), deadline_s=DEADLINE_S)
    assert analysis.failed
    assert "cannot be asked" in analysis.reason


def test_a_good_answer_is_taken_with_everything_that_led_to_it():
    with ModelServer() as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert (analysis.verdict, analysis.event_type, analysis.confidence) == (Verdict.CONFIRMED, EventType.FIGHTING, 0.8)
    assert (analysis.calibrated, analysis.basis, analysis.failed, analysis.reason) == (False, Basis.BOTH, False, "")
    assert analysis.description == "Two people fight at the gate."
    assert analysis.observations[0].frames == (1,)
    provenance = analysis.provenance
    assert (provenance.backend, provenance.model, provenance.prompt_id, provenance.attempts) == ("openai", "scripted", "look-1", 1)
    assert provenance.tokens == 990
    assert len(provenance.prompt_sha256) == 64
    assert [each.number for each in provenance.frames] == [1, 2, 3, 4]
    assert [each.detail for each in provenance.frames] == [False, False, False, True]
    assert json.loads(provenance.raw) == GOOD


@pytest.mark.parametrize(
    "content",
    [
        f"```json\n{json.dumps(GOOD)}\n```",
        f"<think>maybe B {{}}</think>\n{json.dumps(GOOD)}",
        f"Here it is: {json.dumps(GOOD)} I hope that helps.",
    ],
)
def test_fences_and_talk_round_an_answer_are_taken_off(content):
    with ModelServer(says(content)) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert (analysis.verdict, analysis.flags) == (Verdict.CONFIRMED, ())
    assert len(server.asked) == 1


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_an_answer_among_the_thoughts_alone_is_found(field):
    with ModelServer(says("", **{field: json.dumps(GOOD)})) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert analysis.verdict is Verdict.CONFIRMED


def test_a_first_answer_that_is_none_is_asked_for_once_more():
    with ModelServer(says("It is a fight!"), says(GOOD)) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert (analysis.verdict, analysis.flags, analysis.provenance.attempts) == (Verdict.CONFIRMED, (Flag.REPAIRED,), 2)
    first, second = server.asked
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert second["messages"][-2]["content"] == "It is a fight!"
    assert "there is no JSON object in it" in second["messages"][-1]["content"]
    assert analysis.provenance.tokens == 2 * 990


def test_two_answers_that_are_none_are_enough():
    with ModelServer(says("no"), says("still no"), says(GOOD)) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert analysis.failed
    assert len(server.asked) == 2
    assert "still no" in analysis.provenance.raw, "what it said is kept"


def test_an_answer_that_was_cut_off_by_its_length_is_told_so():
    with ModelServer(says(json.dumps(GOOD)[:50], finish="length"), says(GOOD)) as server:
        look(analyzer_parts(server.url), make_event())
    assert "it is cut off" in server.asked[1]["messages"][-1]["content"]


def test_a_busy_server_is_asked_again_when_it_wants_to_be():
    with ModelServer(status(429, Retry_After="1"), says(GOOD)) as server:
        began = time.monotonic()
        [analysis] = look(analyzer_parts(server.url), make_event())
        assert time.monotonic() - began >= 1.0
    assert (analysis.verdict, analysis.provenance.attempts) == (Verdict.CONFIRMED, 2)


def test_a_busy_server_that_wants_too_long_is_not_waited_for():
    with ModelServer(status(429, Retry_After="3600")) as server:
        [analysis] = look(analyzer_parts(server.url), make_event(), deadline_s=3.0)
    assert (len(server.asked), analysis.failed) == (1, True)


@pytest.mark.parametrize("code", [400, 422])
def test_a_server_that_refuses_the_schema_is_asked_without_from_then_on(code):
    refuses = status(code, {"error": {"message": "response_format json_schema is not supported"}})
    with ModelServer(refuses, says(GOOD)) as server:
        first, second = look(analyzer_parts(server.url, keep_verdict_s=0), make_event(), make_event())
    assert (first.verdict, second.verdict) == (Verdict.CONFIRMED, Verdict.CONFIRMED)
    assert [("response_format" in body) for body in server.asked] == [True, False, False]


def test_the_answer_is_validated_though_a_schema_was_promised():
    with ModelServer(says({"verdict": "A"})) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert server.asked[0]["response_format"]["json_schema"]["schema"]["required"][-1] == "verdict"
    assert analysis.failed


def test_a_failing_model_is_left_alone_and_asked_again_after_a_pause():
    events = [make_event(number) for number in range(7)]
    with ModelServer(status(500)) as server:
        parts = analyzer_parts(server.url)
        found = look(parts, *events, deadline_s=0.4)
    assert all(analysis.failed for analysis in found)
    assert "left alone" in found[-1].reason
    assert len(server.asked) == 5
    assert "500" in parts.health.cause


def test_a_model_that_answers_nonsense_is_not_away():
    with ModelServer(says("nonsense")) as server:
        parts = analyzer_parts(server.url)
        look(parts, *(make_event(number) for number in range(7)))
    assert len(server.asked) == 14
    assert parts.health.cause == ""


def test_no_key_and_no_address_with_a_login_gets_into_what_is_kept():
    replies = [status(401, {"error": {"message": "the key sk-very-secret is wrong"}}), says("sk-very-secret"), says("none")]
    with ModelServer(*replies) as server:
        parts = analyzer_parts(server.url, api_key="sk-very-secret")
        refused, invalid = look(parts, make_event(), make_event())
    assert server.requests[0]["headers"]["authorization"] == "Bearer sk-very-secret"
    assert "the key *** is wrong" in refused.reason
    for shown in (refused, invalid, parts):
        assert "sk-very-secret" not in repr(shown)


def test_a_server_at_an_address_that_is_not_allowed_is_never_asked():
    def refuse(host):
        raise ConfigError(f"{host} is link-local, and no model is asked there")

    with ModelServer() as server:
        [analysis] = look(analyzer_parts(server.url, reach=refuse), make_event(), deadline_s=2.0)
        assert server.requests == []
    assert "link-local" in analysis.reason


def test_what_a_look_takes_is_known():
    with ModelServer(lambda handler: handler.reply(200, completion(GOOD))) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert analysis.provenance.latency_ms > 0
