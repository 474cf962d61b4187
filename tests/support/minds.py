"""Models that play the roles of agent flows as a test wrote down. No server."""

import asyncio
import json

from pydantic_ai.messages import ModelResponse, SystemPromptPart, TextPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel

from haetae.agents.base import FlowParts, Mind, create_flow
from haetae.agents.prompt import load_prompts
from haetae.clock import SystemClock
from haetae.settings import AgentSettings

ROLES = {role.system.strip().splitlines()[0]: name for name, role in load_prompts().roles.items()}
ASSESSED = {"known": ["Two people"], "doubtful": [], "urgency": "high"}
APPROVED = {"reasons": [], "approved": True}
SENT_BACK = {"reasons": ["It is too much."], "approved": False}


def plan_of(*keys, text="", why="It helps.", **amounts):
    """A plan of these actions."""
    choices = [{"action": key, "text": text, "why": why, **amounts} for key in keys]
    return {"summary": "A plan.", "actions": choices}


def greedy(offered):
    """Everything that there is to choose."""
    return plan_of(*offered[:6])


def lazy(_offered):
    return plan_of()


class Cast:
    """Answers as the role that is asked. `answers` maps a role to what it says: an object, a text, an exception, or a function of what is
    offered; a list of them is said one after the other, the last for ever."""

    def __init__(self, **answers):
        self.answers = {"analyst": ASSESSED, "planner": greedy, "cautious": greedy, "responsive": greedy, "supervisor": APPROVED} | answers
        self.asked = []
        self.told = []

    def model(self):
        return FunctionModel(self._answer)

    def mind(self, **parts):
        return Mind(self.model, "scripted", **parts)

    async def _answer(self, messages, info):
        texts = {type(part): part.content for message in messages for part in message.parts}
        role = ROLES[texts[SystemPromptPart].splitlines()[0]]
        self.asked.append(role)
        self.told.append(texts.get(UserPromptPart, ""))
        said = self.answers[role]
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if callable(said):
            said = said(offered(info))
        if asyncio.iscoroutine(said):
            said = await said
        if isinstance(said, Exception):
            raise said
        return ModelResponse(parts=[TextPart(said if isinstance(said, str) else json.dumps(said))])


def offered(info):
    """The actions that may be named in the answer."""
    actions = info.model_request_parameters.output_object.json_schema["properties"].get("actions")
    return actions["items"]["properties"]["action"]["enum"] if actions else []


def respond(flow, incident, cast, *, clock=None, deadline_s=30.0, settings=None, toolbox=None, mind=None):
    """The plan for an incident by the flow of this name with this cast."""
    clock = clock or SystemClock()
    parts = FlowParts(settings or AgentSettings(), clock, mind or cast.mind())
    made = create_flow(flow, parts)
    return asyncio.run(made.respond(incident.event, incident.analysis, toolbox or incident.toolbox(), clock.monotonic() + deadline_s))
