"""The assistant of a whole site: real sockets on both sides, a model's server that does what a test wrote down, people who go away."""

import json

import httpx2
import pytest
from tests.support.attack import Served
from tests.support.model_server import ModelServer, completion, says, status
from tests.support.waiting import wait_until
from tests.support.web_site import WebSite

from haetae.clock import SystemClock
from haetae.compose.web import Web
from haetae.settings import AssistantSettings, VlmSettings
from haetae.vlm.call_log import CallLog

KEY = "sk-of-the-model"


def wants(name, **arguments):
    """A model that calls a tool."""
    call = {"id": "call-1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return lambda handler: handler.reply(200, completion(None, finish="tool_calls", tool_calls=[call]))


@pytest.fixture(scope="module")
def model():
    with ModelServer(says("x")) as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory, model):
    site = WebSite(tmp_path_factory.mktemp("assistant"))
    sections = {
        "vlm": VlmSettings(backend="openai", base_url=model.url, model="scripted", api_key=KEY, calls_per_hour=500),
        "assistant": AssistantSettings(model="words", deadline_s=5.0, questions_per_minute=1000),
    }
    site.config = site.config.model_copy(update=sections)
    site.web = Web(site.config)
    with site, Served(site.app) as served:
        site.url = f"http://127.0.0.1:{served.port}/api/v1/assistant"
        yield site


def ask(site, question, *, person="viewer"):
    """All messages, over a real connection."""
    headers = {"Authorization": f"Bearer {site.token(person)}", "Accept": "text/event-stream, application/json"}
    with httpx2.stream("POST", site.url, json={"question": question}, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        return [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]


def is_idle(site):
    return site.services.assistant._asking.total() == 0


def test_a_model_calls_a_tool_and_answers_with_a_citation(site, model):
    model.replies = [wants("find_events", when="last 2 hours"), says("One unusual thing on the camera seen [E1].")]
    messages = ask(site, "What happened lately?")
    assert [each["type"] for each in messages] == ["tool", "text", "citation", "done"]
    assert messages[1]["text"] == "One unusual thing on the camera seen [1]."
    assert messages[2]["event_id"] == str(site.events["seen"].id)
    assert (messages[3]["answered_by"], messages[3]["reason"]) == ("model", "")
    request = model.requests[-1]
    assert {name.lower(): value for name, value in request["headers"].items()}["authorization"] == f"Bearer {KEY}"
    assert request["body"]["model"] == "words"
    assert {tool["function"]["name"] for tool in request["body"]["tools"]} >= {"find_events", "count_events", "show_event", "list_cameras"}
    told = json.dumps(request["body"])
    for secret in ("hidden", str(site.hidden.id), str(site.events["hidden"].id), "secret-of-the-camera"):
        assert secret not in told


FAULTS = {
    "hangs": (lambda handler: handler.hang(), "did not answer in time"),
    "drips": (lambda handler: handler.drip(), "did not answer in time"),
    "is overloaded": (status(503, retry_after="1"), "refuses (503)"),
    "is asked too often": (status(429, retry_after="1"), "refuses (429)"),
    "knows no tools": (status(400, {"error": {"message": "scripted does not support tools"}}), "refuses (400)"),
    "wants another key": (status(401, {"error": {"message": f"bad key {KEY}"}}), "refuses (401)"),
    "answers HTML": (lambda handler: handler.reply(200, b"<html>hello</html>"), "the model"),
    "is cut off": (lambda handler: handler.reply(200, json.dumps(completion("x")).encode()[:60]), "the model"),
    "floods": (lambda handler: handler.flood(), "the model"),
    "hangs up": (lambda handler: handler.hang_up(), "the model"),
    "says nothing": (says(""), "the model"),
    "thinks only": (says("", reasoning_content="hm"), "the model"),
    "answers out of nowhere": (says("There were 12 events."), "without looking anything up"),
    "calls nonsense": (wants("rm", path="/"), "the model"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_costs_the_model_and_not_the_answer(site, model, fault):
    reply, reason = FAULTS[fault]
    model.replies = [reply]
    messages = ask(site, "How many events in the last 2 hours?")
    done = messages[-1]
    assert (done["type"], done["answered_by"], done["understood"]) == ("done", "rules", True)
    assert reason in done["reason"]
    assert "1 event." in "".join(each["text"] for each in messages if each["type"] == "text")
    assert KEY not in json.dumps(messages)
    wait_until(lambda: is_idle(site), "the question to end")


def test_who_goes_away_ends_the_question(site, model):
    model.replies = [lambda handler: handler.hang()]
    asked = len(model.asked)
    headers = {"Authorization": f"Bearer {site.token('viewer')}"}
    with httpx2.stream("POST", site.url, json={"question": "today?"}, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        wait_until(lambda: len(model.asked) > asked, "the model to be asked")
        assert not is_idle(site)
    wait_until(lambda: is_idle(site), "the question to end")


def test_access_that_is_taken_away_counts_from_the_next_look_up_on(site, model):
    [user] = [each for each in site.ask("admin", "GET", "/api/v1/users").json()["users"] if each["username"] == "viewer"]
    path = f"/api/v1/users/{user['id']}/access"
    before = site.ask("admin", "GET", path).json()

    def give(grants):
        assert site.ask("admin", "PUT", path, json={"grants": grants}).status_code == 200

    def meanwhile(handler):
        give([])
        wants("find_events", when="last 2 hours")(handler)

    model.replies = [wants("find_events", when="last 2 hours"), meanwhile, says("Nothing any more.")]
    try:
        found = [each["found"] for each in ask(site, "What happened lately?") if each["type"] == "tool"]
    finally:
        give(before["grants"])
    assert found[0] > 0
    assert found[1:] == [0]


def test_questions_and_looks_take_from_one_budget(site, model):
    model.replies = [says("x")]
    budget = site.web.site.running.looking.budget
    before = len(model.asked)
    while not budget.take():
        pass
    done = ask(site, "How many events in the last 2 hours?")[-1]
    assert (done["answered_by"], done["reason"]) == ("rules", "the budget of 500 calls an hour is used up")
    assert len(model.asked) == before


def test_calls_for_questions_outlast_a_restart(site, model):
    assert len(model.asked) > 10
    made = CallLog(site.config.storage.directory / "model_calls.log", SystemClock()).made
    assert 10 < len(made) <= len(model.asked)
