"""Triage: words at once, a look when its turn comes, and nothing lost on the way."""

import asyncio
import threading
from dataclasses import replace

import pytest
from tests.support.event_desk import database
from tests.support.triage import PICTURE, TriageDesk, by_model
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.domain.analysis import Basis, EventType
from haetae.domain.event import EventStatus, Severity, Verdict
from haetae.errors import DatabaseUnavailable
from haetae.testing.scripted_analyzer import ScriptedAnalyzer


@pytest.fixture
def engine(tmp_path):
    with database("sqlite", tmp_path) as engine:
        yield engine


def test_without_a_model_an_event_is_described_and_done(engine):
    desk = TriageDesk(engine, looks=False)
    event = desk.happen()
    desk.turn()
    assert desk.row(event).vlm_description.startswith("Something unusual for this camera. Movement at 2.5 m/s")
    assert event.id in desk.jobs(), "more will be known when it is over"
    over = desk.over(event)
    desk.turn()
    assert desk.jobs() == {}
    assert "It lasted 6 s" in desk.row(over).vlm_description
    assert desk.analyzer.asked == []
    assert desk.changed == [event.id, event.id]
    assert desk.news == [], "who was told with the facts hears nothing twice"


def test_the_language_of_descriptions_is_a_setting(engine):
    desk = TriageDesk(engine, looks=False, language="ko")
    event = desk.over()
    desk.turn()
    assert desk.row(event).vlm_description.startswith("이 카메라에서")


def test_a_model_looks_when_the_event_is_over_and_people_hear_of_it(engine):
    desk = TriageDesk(engine, answer=lambda _event: by_model())
    event = desk.over()
    desk.turn()
    [look] = desk.analyzer.asked
    assert (look.event.id, look.frames, look.facts) == (event.id, (PICTURE,), event.facts)
    assert look.deadline == desk.clock.monotonic() + 120.0
    row = desk.row(event)
    assert (row.verdict, row.vlm_type, row.media_bytes) == (Verdict.CONFIRMED, "Fighting", 1000 + len(PICTURE.data))
    assert desk.looks.kept == {event.id: (PICTURE,)}
    assert desk.news_of(event)
    assert desk.news == [True]
    assert desk.took == [(event.camera_id, 1.5)]
    assert desk.jobs() == {}
    status = desk.triage.status()
    assert (status.described, status.looked, status.failed, status.latency_s) == (1, 1, 0, 1.5)


def test_what_is_severe_is_looked_at_while_it_goes_on_and_again_when_it_is_over(engine):
    desk = TriageDesk(engine, answer=lambda _event: by_model())
    event = desk.happen(severity=Severity.HIGH)
    desk.turn()
    assert desk.analyzer.asked == [], "there is little to see yet"
    desk.clock.advance(4)
    desk.turn()
    assert [look.deadline - desk.clock.monotonic() for look in desk.analyzer.asked] == [16.0]
    assert desk.row(event).vlm_type == "Fighting"
    desk.turn()
    assert len(desk.analyzer.asked) == 1
    desk.over(event, severity=Severity.HIGH)
    desk.turn()
    assert len(desk.analyzer.asked) == 2
    assert desk.jobs() == {}


def test_what_is_mild_is_looked_at_when_it_is_over(engine):
    desk = TriageDesk(engine)
    desk.happen(severity=Severity.MEDIUM)
    desk.clock.advance(10)
    desk.turn()
    assert desk.analyzer.asked == []


@pytest.mark.parametrize("fault", [RuntimeError("a bug"), TimeoutError("late"), DatabaseUnavailable("no scene")])
def test_an_analyzer_that_breaks_its_promise_costs_its_own_event_a_look_and_nothing_else(engine, fault):
    def answer(event):
        if event.severity is Severity.CRITICAL:
            raise fault
        return by_model()

    desk = TriageDesk(engine, answer=answer)
    bad, good = desk.over(severity=Severity.CRITICAL), desk.over()
    desk.turn()
    assert desk.row(bad).verdict is Verdict.UNVERIFIED
    assert desk.row(bad).vlm_description.startswith("Something unusual")
    failed = desk.analyses(bad)[-1]
    assert failed.failed
    assert failed.reason
    assert desk.row(good).verdict is Verdict.CONFIRMED
    assert desk.jobs() == {}
    assert desk.triage.status().failed == 1


def test_ten_times_too_many_are_shed_counted_and_still_described(engine):
    desk = TriageDesk(engine, answer=lambda _event: by_model(), most_waiting=4)
    severe = [desk.over(severity=Severity.HIGH) for _ in range(3)]
    mild = [desk.over(severity=Severity.LOW) for _ in range(37)]
    desk.turn()
    looked = {look.event.id for look in desk.analyzer.asked}
    assert {event.id for event in severe} <= looked
    assert len(looked) == 4
    status = desk.triage.status()
    assert sum(status.shed.values()) == 36
    assert status.looked + sum(status.shed.values()) == 40 == status.described
    assert desk.jobs() == {}
    for event in mild:
        assert desk.row(event).vlm_description
    shed = next(event for event in mild if event.id not in looked)
    assert desk.analyses(shed)[-1].reason == "not looked at: crowded"


def test_a_rejection_changes_neither_severity_nor_status_nor_the_event_itself(engine):
    desk = TriageDesk(engine, answer=lambda _event: by_model(Verdict.REJECTED, EventType.NORMAL))
    event = desk.over()
    desk.turn()
    row = desk.row(event)
    assert row.verdict is Verdict.REJECTED
    assert (row.severity, row.status, row.revision, row.facts != []) == (event.severity, EventStatus.CLOSED, event.revision, True)


def test_a_slow_model_holds_up_no_words(engine):
    desk = TriageDesk(engine, clock=SystemClock())
    held = threading.Event()

    class Slow(ScriptedAnalyzer):
        async def analyze(self, event, frames, facts, deadline):
            await asyncio.to_thread(held.wait)
            return by_model()

    triage = desk.make_triage(Slow())
    triage.start()
    try:
        desk.over()
        triage.wake()
        wait_until(lambda: triage._busy, "a look began")
        later = desk.over()
        triage.wake()
        wait_until(lambda: desk.row(later).vlm_description, "the next event has its words")
        assert desk.row(later).basis is Basis.EVIDENCE
        held.set()
        wait_until(lambda: desk.row(later).basis is Basis.BOTH, "then it is looked at too")
    finally:
        held.set()
        triage.close()


def test_an_analyzer_that_ignores_its_deadline_is_left(engine):
    desk = TriageDesk(engine, clock=SystemClock(), look_s=0.01)
    event = desk.over()
    desk.turn(desk.make_triage(ScriptedAnalyzer(takes_s=60.0), look_s=0.01))
    assert desk.analyses(event)[-1].reason == "the analyzer did not keep its deadline"


def test_a_look_that_is_given_up_at_the_end_is_made_after_the_next_start(engine):
    desk = TriageDesk(engine, clock=SystemClock())
    event = desk.over()
    triage = desk.make_triage(ScriptedAnalyzer(takes_s=600.0))
    triage.start()
    wait_until(lambda: triage._busy and desk.jobs()[event.id].lease_until, "a look began")
    triage.close()
    assert desk.row(event).basis is Basis.EVIDENCE
    desk.store.release_all()
    desk.turn(desk.make_triage(ScriptedAnalyzer(lambda _event: by_model())))
    assert desk.row(event).basis is Basis.BOTH


def test_a_database_that_is_away_is_waited_for(engine):
    desk = TriageDesk(engine, clock=SystemClock(), looks=False)
    away = threading.Event()
    away.set()

    class Failing:
        def __getattr__(self, name):
            if away.is_set():
                raise DatabaseUnavailable("it is away")
            return getattr(desk.store, name)

    desk.triage._queue = Failing()
    desk.triage.start()
    try:
        event = desk.over()
        wait_until(lambda: desk.triage.status().database_error == "it is away", "it says so")
        away.clear()
        desk.triage.wake()
        wait_until(lambda: desk.jobs() == {}, "it goes on")
        assert desk.row(event).vlm_description
        wait_until(lambda: desk.triage.status().database_error == "", "it says so")
    finally:
        desk.triage.close()


def test_what_somebody_asks_for_is_looked_at_though_it_was_already(engine):
    desk = TriageDesk(engine, answer=lambda event: by_model() if event.revision == 3 else by_model(event_type=EventType.THEFT))
    event = desk.over()
    desk.turn()
    desk.happen(replace(event, revision=9))
    desk.change_job(event, asked_at=desk.clock.now())
    desk.turn()
    assert desk.row(event).vlm_type == "Theft"
    assert desk.jobs() == {}
