"""Plans that are made again from what was kept of them."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.event_desk import database
from tests.support.minds import Cast, plan_of
from tests.support.responding import PLAYBOOK, RespondDesk

from haetae.agents.playbook import Playbook
from haetae.agents.replay import NOT_ASKED, plan_again
from haetae.domain.event import Severity
from haetae.domain.plan import ActionKind, PlannedBy
from haetae.errors import NotFound, StateError
from haetae.ids import new_id
from haetae.pipeline.incident_context import evidence_of
from haetae.pipeline.incident_replay import Replayed, difference
from haetae.settings import AgentSettings


@pytest.fixture
def sqlite(tmp_path):
    with database("sqlite", tmp_path) as engine:
        yield engine


def again(desk, event, record, content=PLAYBOOK):
    playbook = Playbook(content, version=record.plan.playbook_version, time_zone="UTC")
    return asyncio.run(plan_again(record, event, playbook, desk.clock, AgentSettings()))


def test_the_playbook_plans_the_same_again_and_a_stricter_one_less(sqlite):
    desk = RespondDesk(sqlite)
    happened = desk.over(severity=Severity.MEDIUM)
    desk.turn()
    event, records = desk.store.plans(happened.id)
    assert difference(Replayed(1, records[0].plan, again(desk, event, records[0]))).none
    stricter = PLAYBOOK.replace('must = ["notify:night-team"]', "must = []")
    found = difference(Replayed(1, records[0].plan, again(desk, event, records[0], stricter)))
    assert [action.kind for action in found.gone] == [ActionKind.NOTIFY]
    assert not found.new


def test_what_models_said_is_said_again_and_none_is_asked(sqlite):
    cast = Cast(planner=plan_of("snapshot"))
    desk = RespondDesk(sqlite, cast=cast, flow="sequential")
    happened = desk.over()
    desk.turn()
    asked = len(cast.asked)
    assert asked
    event, records = desk.store.plans(happened.id)
    record = records[-1]
    assert record.plan.planned_by is PlannedBy.SEQUENTIAL
    plan = again(desk, event, record)
    assert difference(Replayed(1, record.plan, plan)).none
    assert len(cast.asked) == asked
    lost = again(desk, event, replace(record, steps=record.steps[:-1]))
    assert lost.planned_by is PlannedBy.PLAYBOOK
    assert NOT_ASKED in lost.fallback


def test_inputs_that_are_not_readable_and_events_without_plans_are_said(sqlite):
    desk = RespondDesk(sqlite)
    happened = desk.over()
    desk.turn()
    event, records = desk.store.plans(happened.id)
    with pytest.raises(StateError, match="cannot be read"):
        again(desk, event, replace(records[0], inputs={"situation": 1}))
    with pytest.raises(NotFound):
        desk.store.plans(new_id())


def test_digests_of_a_plan_depend_on_all_that_it_came_of(sqlite):
    cast = Cast(planner=plan_of("snapshot"))
    desk = RespondDesk(sqlite, cast=cast, flow="sequential")
    happened = desk.over()
    desk.turn()
    record = desk.store.plans(happened.id)[1][-1]
    first = evidence_of(record.steps, record.inputs)
    assert first == evidence_of(record.steps, dict(record.inputs))
    assert [step["prompt_sha256"] for step in first["steps"]] == [step.prompt_sha256 for step in record.steps]
    other = replace(record.steps[0], raw=record.steps[0].raw + " ")
    assert evidence_of((other, *record.steps[1:]), record.inputs)["steps"] != first["steps"]
    assert evidence_of(record.steps, record.inputs | {"notes": "x"})["inputs_sha256"] != first["inputs_sha256"]
