"""Forty incidents: what a response must hold and must never hold, whoever plans it."""

import pytest
from pydantic_ai.models.test import TestModel
from tests.support.incidents import incidents
from tests.support.minds import Cast, greedy, lazy, respond

from haetae.agents.actions import MOST_ACTIONS
from haetae.agents.base import Mind
from haetae.agents.flow import NOTHING_TO_CHOOSE
from haetae.agents.planning import playbook_plan
from haetae.domain.plan import PlannedBy

FLOWS = ("sequential", "hierarchical", "collaborative")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_playbook_alone_does_what_is_required_and_nothing_that_is_forbidden(language):
    found = incidents()
    assert len(found) == 40
    for incident in found:
        plan = playbook_plan(incident.toolbox(language))
        incident.judge(plan.actions)
        assert {action.mandatory for action in plan.actions} <= {True}
        assert plan.planned_by is PlannedBy.PLAYBOOK
        assert (plan.fallback, plan.review, plan.refused) == ("", "", ())


@pytest.mark.parametrize("flow", FLOWS)
def test_models_that_want_everything_and_models_that_want_nothing_change_neither(flow):
    by_model = 0
    for incident in incidents():
        for wish in (greedy, lazy):
            plan = respond(flow, incident, Cast(planner=wish, cautious=wish, responsive=wish))
            incident.judge((*plan.actions, *plan.disputed))
            assert len(plan.actions) <= MOST_ACTIONS
            assert plan.planned_by.value == flow or plan.fallback == NOTHING_TO_CHOOSE
            by_model += plan.planned_by.value == flow
    assert by_model > 50


@pytest.mark.parametrize("flow", FLOWS)
def test_a_model_that_fills_forms_in_at_random_makes_valid_plans(flow):
    for incident in incidents()[::4]:
        # It says what the form allows, and approves of nothing unless told.
        mind = Mind(lambda: TestModel(), "test", "tool")
        plan = respond(flow, incident, None, mind=mind)
        incident.judge((*plan.actions, *plan.disputed))
        assert plan.planned_by.value in (flow, "playbook")


def test_planners_that_differ_leave_what_only_one_wants_to_a_person():
    disputed = 0
    for incident in incidents():
        plan = respond("collaborative", incident, Cast(cautious=lazy, responsive=greedy))
        incident.judge((*plan.actions, *plan.disputed))
        assert all(action.mandatory for action in plan.actions)
        assert bool(plan.review) == bool(plan.disputed)
        disputed += len(plan.disputed)
    assert disputed > 30
