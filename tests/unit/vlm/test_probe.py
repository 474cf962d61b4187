"""What a server can do is found by asking it."""

import pytest
from tests.support.looks import local
from tests.support.model_server import ModelServer, refused_url, says, status

from haetae.settings import VlmSettings
from haetae.vlm.probe import Schema, probe

RED = {"colour": "red"}


def probed(url, **settings):
    return probe(VlmSettings(**({"backend": "openai", "base_url": url, "model": "scripted"} | settings)), local)


def test_a_server_that_sees_and_keeps_to_the_form_is_known_for_one():
    with ModelServer(says(RED)) as server:
        found = probed(server.url)
    assert (found.models, found.knows_model, found.sees, found.schema, found.fault) == (("scripted",), True, True, Schema.FOLLOWED, "")
    assert found.latency_s > 0
    [asked] = server.asked
    assert asked["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("replies", "sees", "schema"),
    [
        ([says({"colour": "blue"})], False, Schema.FOLLOWED),
        ([says("It is red.")], True, Schema.IGNORED),
        ([says("I cannot see any picture.")], False, Schema.IGNORED),
        ([status(400, {"error": {"message": "json_schema is not supported"}}), says(RED)], True, Schema.REFUSED),
    ],
)
def test_what_it_cannot_do_is_told_apart(replies, sees, schema):
    with ModelServer(*replies) as server:
        found = probed(server.url)
    assert (found.sees, found.schema, found.fault) == (sees, schema, "")


def test_a_model_that_the_server_does_not_have_is_noticed():
    with ModelServer(says(RED)) as server:
        assert probed(server.url, model="another").knows_model is False


@pytest.mark.parametrize(
    ("reply", "fault"),
    [(status(400, {"error": {"message": "images are not supported"}}), "images are not supported"), (status(500), "500")],
)
def test_a_server_that_cannot_be_used_says_why(reply, fault):
    with ModelServer(reply) as server:
        found = probed(server.url)
    assert fault in found.fault
    assert found.sees is None


def test_a_server_that_is_not_there_is_said_to_be():
    assert "cannot be reached" in probed(refused_url()).fault


def test_the_transformers_preset_asks_for_no_form():
    with ModelServer(says(RED)) as server:
        found = probed(server.url, preset="transformers")
    assert found.schema is Schema.NOT_ASKED
    assert "response_format" not in server.asked[0]
