"""The real path offline: a tiny random model behind `transformers serve`. It must never confirm, reject or suppress anything wrongly."""

import asyncio

from tests.support.assistant import AssistantDesk
from tests.support.counted import GUEST
from tests.support.event_desk import database
from tests.support.events import make_event
from tests.support.looks import analyzer_parts, local, look, some_pictures
from tests.support.tiny_server import NEEDS_TINY_MODEL, server  # noqa: F401 (server is a fixture)
from tests.support.triage import TriageDesk

from haetae.agents.assistant.messages import AnsweredBy
from haetae.agents.assistant.model import Limits, ModelAnswerer
from haetae.clock import SystemClock
from haetae.domain.analysis import Basis, Flag
from haetae.domain.event import EventStatus, Severity, Verdict
from haetae.vlm.line import open_model
from haetae.vlm.openai import make_openai
from haetae.vlm.presets import PRESETS, Server
from haetae.vlm.probe import Schema, probe

pytestmark = NEEDS_TINY_MODEL


def parts(server, **settings):  # noqa: F811
    url, model = server
    return analyzer_parts(url, model=model, preset="transformers", max_tokens=64, keep_verdict_s=0, **settings)


def test_nothing_that_it_says_becomes_a_verdict(server):  # noqa: F811
    events = [make_event(number, severity=severity) for number, severity in enumerate(Severity)]
    for pictures in (some_pictures(3), some_pictures(1, seed=9)):
        for analysis in look(parts(server), *events, frames=pictures, deadline_s=120.0):
            assert (analysis.verdict, analysis.event_type, analysis.basis) == (Verdict.UNVERIFIED, None, Basis.EVIDENCE)
            assert analysis.failed
            assert "no valid answer" in analysis.reason
            assert analysis.description.startswith("Something unusual")
            assert analysis.provenance.attempts == 2, "it was asked, and asked to repair"
            assert analysis.provenance.raw, "what it said is kept"
            assert analysis.provenance.tokens > 1000, "it was shown pictures and a prompt"
            assert Flag.CACHED not in analysis.flags


def test_an_event_goes_through_triage_and_loses_nothing(server, tmp_path):  # noqa: F811
    with database("sqlite", tmp_path) as engine:
        desk = TriageDesk(engine, clock=SystemClock())
        desk.looks.given = some_pictures(2)
        analyzer = make_openai(parts(server))
        event = desk.over(severity=Severity.LOW)
        triage = desk.make_triage(analyzer)

        async def turn():
            await desk._run_until_idle(triage)
            await analyzer.disconnect()

        asyncio.run(turn())
        row = desk.row(event)
        assert (row.verdict, row.basis, row.status, row.severity) == (Verdict.UNVERIFIED, Basis.EVIDENCE, EventStatus.CLOSED, Severity.LOW)
        assert row.vlm_description.startswith("Something unusual")
        assert [each.failed for each in desk.analyses(event)] == [False, True]
        assert desk.jobs() == {}


def test_the_probe_finds_that_it_sees_nothing(server):  # noqa: F811
    found = probe(parts(server).settings, lambda _host: parts(server).reach("127.0.0.1"))
    assert (found.fault, found.sees, found.schema, found.knows_model) == ("", False, Schema.NOT_ASKED, True)


def test_a_question_to_it_ends_with_the_parsed_answer(server, tmp_path):  # noqa: F811
    """Whatever it babbles rests on no look-up, so nobody is told it."""
    url, model = server
    settings = parts(server).settings
    place = Server(url, "127.0.0.1", model, PRESETS["transformers"])

    class Door:
        def session(self):
            return open_model(place, local, "", settings.deadline_s)

        def take(self):
            return ""

    with database("sqlite", tmp_path) as engine:
        site = AssistantDesk(engine)
        site.desk.add(-60)
        answerer = ModelAnswerer(Door(), Limits(max_tokens=48, deadline_s=120.0))
        asked = site.ask(GUEST, "How many events today?", answerer=answerer)
    assert "1 event." in asked.text
    assert asked.done.answered_by is AnsweredBy.RULES
    assert asked.done.reason
