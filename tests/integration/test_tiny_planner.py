"""A tiny random model plays the roles of the agent flows over real HTTP: whatever it says, the plan is valid and within the limits."""

import asyncio

import pytest
from tests.support.incidents import SITE_WITH_ALL, incidents
from tests.support.tiny_server import NEEDS_TINY_MODEL, server  # noqa: F401 (a fixture)

from haetae.agents.base import FlowParts, create_flow
from haetae.agents.planning import playbook_plan
from haetae.clock import SystemClock
from haetae.compose.looking import ModelGate
from haetae.compose.responding import mind_of, model_line
from haetae.domain.plan import PlannedBy
from haetae.settings import AgentSettings, SystemConfig, VlmSettings
from haetae.vlm.base import Health
from haetae.vlm.breaker import Breaker, CallBudget

pytestmark = NEEDS_TINY_MODEL

NIGHT = next(each for each in incidents() if each.name == "break-in at night")


@pytest.mark.parametrize("flow", ["sequential", "hierarchical", "collaborative"])
def test_it_always_ends_in_a_valid_plan_within_the_limits(server, flow):  # noqa: F811
    url, model = server
    vlm = VlmSettings(backend="openai", preset="transformers", base_url=url, model=model)
    config = SystemConfig(vlm=vlm, agents=AgentSettings(answer_tokens=64))
    clock = SystemClock()
    gate = ModelGate(Health(), Breaker(clock), CallBudget(clock, per_hour=0, per_day=0))

    async def plan():
        line = model_line(config)
        made = create_flow(flow, FlowParts(config.agents, clock, mind_of(line, gate)))
        try:
            return await made.respond(NIGHT.event, NIGHT.analysis, NIGHT.toolbox(), clock.monotonic() + 200.0)
        finally:
            await line.disconnect()

    found = asyncio.run(plan())
    assert found.planned_by is PlannedBy.PLAYBOOK, "at random nobody writes a plan"
    assert found.actions == playbook_plan(NIGHT.toolbox()).actions
    assert all(SITE_WITH_ALL.holds(action.kind, action.target) for action in found.actions)
    assert "no valid plan" in found.fallback or "tokens" in found.fallback
    assert 1 <= found.calls <= 6, "it was asked"
    assert 0 < found.tokens <= 8000
    assert bool(found.review) == (flow == "hierarchical" and "supervisor" in found.fallback)
    assert not gate.breaker.is_open, "a server that answers nonsense is there"
