"""What stands between an event and a model: memory of verdicts, budget, breaker, and words for the facts behind it all."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest
from tests.support.events import make_event
from tests.support.looks import BOX, some_pictures
from tests.support.triage import by_model

from haetae.domain.analysis import EventType, Flag, Provenance
from haetae.domain.event import Severity, Verdict
from haetae.domain.frame import Box
from haetae.errors import DatabaseUnavailable
from haetae.ids import new_id
from haetae.settings import VlmSettings
from haetae.testing.clock import FakeClock
from haetae.vlm.base import AnalyzerParts, Scene
from haetae.vlm.breaker import FAILURES, Breaker, CallBudget
from haetae.vlm.chain import ChainAnalyzer, Looker, LookFailed

PICTURES = some_pictures()


class ScriptedLooker(Looker):
    backend, model = "scripted", "a-model"

    def __init__(self, answer=None):
        self.answer = answer or (lambda: by_model())
        self.asked = []
        self.takes_s = 0.0
        self.closed = False

    async def look(self, event, frames, facts, scene, deadline):
        self.asked.append((event, facts, scene))
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        return self.answer()

    async def disconnect(self):
        self.closed = True

    def close(self):
        self.closed = True


class Chain:
    def __init__(self, answer=None, *, scene=lambda _event: Scene(), calls_made=(), **settings):
        self.clock = FakeClock()
        self.looker = ScriptedLooker(answer)
        parts = AnalyzerParts(VlmSettings(**settings), self.clock, lambda _host: [ip_address("127.0.0.1")], scene, calls_made=calls_made)
        self.health = parts.health
        self.analyzer = ChainAnalyzer(self.looker, parts)

    def analyze(self, event=None, frames=PICTURES, deadline_s=5.0):
        event = event or an_event()
        return asyncio.run(self.analyzer.analyze(event, frames, event.facts, self.clock.monotonic() + deadline_s))


def an_event(**changes):
    return make_event(**({"box": BOX, "severity": Severity.LOW} | changes))


def fails(answered=False, retry_after_s=None):
    def answer():
        raise LookFailed("it fails", provenance=Provenance("scripted", attempts=1), answered=answered, retry_after_s=retry_after_s)

    return answer


def test_the_same_sight_is_looked_at_once_for_as_long_as_a_verdict_counts():
    chain = Chain(keep_verdict_s=600)
    first, second = an_event(), an_event()
    assert chain.analyze(first).flags == ()
    again = chain.analyze(second)
    assert (again.verdict, again.event_type, again.flags) == (Verdict.CONFIRMED, EventType.FIGHTING, (Flag.CACHED,))
    assert (again.provenance.cached_from, again.provenance.attempts) == (first.id, 0)
    assert len(chain.looker.asked) == 1
    chain.clock.advance(601)
    chain.analyze(an_event())
    assert len(chain.looker.asked) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"camera_id": new_id()},
        {"subtype": "covered"},
        {"box": Box(0.0, 0.0, 0.2, 0.2)},
        {"box": None},
        {"severity": Severity.HIGH},
        {"severity": Severity.CRITICAL},
    ],
)
def test_what_is_elsewhere_or_severe_is_looked_at_for_itself(other):
    chain = Chain()
    chain.analyze(an_event())
    chain.analyze(an_event(**other))
    assert len(chain.looker.asked) == 2


def test_what_looks_otherwise_is_looked_at_for_itself():
    chain = Chain()
    chain.analyze()
    chain.analyze(frames=some_pictures(seed=7))
    assert len(chain.looker.asked) == 2


@pytest.mark.parametrize(
    "analysis",
    [by_model(Verdict.UNVERIFIED, EventType.UNCLEAR), by_model(flags=(Flag.INJECTION_SUSPECTED,))],
)
def test_doubt_is_not_taken_over(analysis):
    chain = Chain(lambda: analysis)
    chain.analyze()
    chain.analyze()
    assert len(chain.looker.asked) == 2


def test_an_event_that_somebody_wants_looked_at_again_is_not_answered_from_its_own_verdict():
    chain = Chain()
    event = an_event()
    chain.analyze(event)
    chain.analyze(replace(event, revision=7))
    assert len(chain.looker.asked) == 2


def test_without_a_picture_nobody_is_asked():
    chain = Chain()
    analysis = chain.analyze(frames=())
    assert (analysis.verdict, analysis.failed, analysis.flags) == (Verdict.UNVERIFIED, False, (Flag.NO_FRAMES,))
    assert chain.looker.asked == []


def test_the_model_knows_the_facts_and_the_place():
    scene = Scene("Gate", ("Yard",), "The postman comes at nine.")
    chain = Chain(scene=lambda _event: scene)
    event = an_event(end_s=6.0)
    chain.analyze(event)
    [(_, facts, seen)] = chain.looker.asked
    assert seen == scene
    assert [fact.id for fact in facts] == ["f1", "duration", "score"]


def test_a_database_that_is_away_costs_the_place_and_not_the_look():
    def away(_event):
        raise DatabaseUnavailable("away")

    chain = Chain(scene=away)
    assert chain.analyze().verdict is Verdict.CONFIRMED


def test_a_budget_is_kept_over_an_hour_and_a_day():
    chain = Chain(calls_per_hour=2, calls_per_day=3, keep_verdict_s=0)
    found = [chain.analyze() for _ in range(3)]
    assert [each.verdict for each in found] == [Verdict.CONFIRMED] * 2 + [Verdict.UNVERIFIED]
    assert found[2].reason == "the budget of 2 calls an hour is used up"
    assert not found[2].failed, "that is no fault of the model"
    chain.clock.advance(3601)
    assert chain.analyze().verdict is Verdict.CONFIRMED
    assert "a day" in chain.analyze().reason
    chain.clock.advance(86_400)
    assert chain.analyze().verdict is Verdict.CONFIRMED


def test_calls_before_a_restart_count():
    chain = Chain(calls_per_hour=3, calls_made=[(FakeClock().now() - timedelta(minutes=5), 3)])
    assert "used up" in chain.analyze().reason
    assert chain.looker.asked == []


def test_a_budget_of_nothing_is_no_limit_and_a_clock_that_was_set_back_does_not_lock_it():
    clock = FakeClock()
    budget = CallBudget(clock, per_hour=0, per_day=0)
    assert [budget.take() for _ in range(1000)] == [""] * 1000
    future = CallBudget(clock, per_hour=1, per_day=0, made=[(clock.now() + timedelta(hours=5), 1)])
    assert future.take() == ""


def test_after_failures_in_a_row_the_model_is_left_alone_for_twice_as_long_each_time():
    chain = Chain(fails(), keep_verdict_s=0)
    for _ in range(FAILURES):
        assert chain.analyze().reason == "it fails"
    assert chain.health.cause == "it fails"
    for pause_s in (30, 60, 120, 240, 300, 300):
        chain.clock.advance(pause_s - 1)
        assert "left alone" in chain.analyze().reason
        chain.clock.advance(1)
        assert chain.analyze().reason == "it fails"
    chain.clock.advance(300)
    chain.looker.answer = by_model
    assert chain.analyze().verdict is Verdict.CONFIRMED
    assert chain.health.cause == ""


def test_a_server_that_names_a_time_is_left_alone_until_then():
    breaker = Breaker(FakeClock())
    breaker.failed(10.0)
    assert not breaker.allows()
    breaker._clock.advance(10)
    assert breaker.allows()


def test_one_look_at_a_time_tries_a_model_that_was_away():
    breaker = Breaker(FakeClock())
    for _ in range(FAILURES):
        breaker.failed()
    breaker._clock.advance(30)
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.untried()
    assert breaker.allows()


def test_answers_that_are_none_do_not_open_the_breaker():
    chain = Chain(fails(answered=True), keep_verdict_s=0)
    for _ in range(3 * FAILURES):
        assert chain.analyze().reason == "it fails"
    assert len(chain.looker.asked) == 3 * FAILURES


def test_a_looker_that_ignores_its_deadline_is_left():
    chain = Chain()
    chain.looker.takes_s = 60.0
    analysis = chain.analyze(deadline_s=0.05)
    assert (analysis.verdict, analysis.failed, analysis.reason) == (Verdict.UNVERIFIED, True, "the model did not answer in time")


def test_closing_closes_the_looker():
    chain = Chain()
    chain.analyzer.close()
    assert chain.looker.closed
