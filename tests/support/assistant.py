"""The assistant over a real database: records of the cameras and viewers of `counted`, questions, and models that do what a test wrote."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai.models.function import FunctionModel
from tests.support.event_desk import EventDesk

from haetae.agents.assistant.assistant import Assistant
from haetae.agents.assistant.messages import Citation, Done, Message, Question, TextPart, ToolUse
from haetae.agents.assistant.model import Limits, ModelAnswerer
from haetae.api.assistant_records import SITE_WORDS, ViewerRecords
from haetae.database.camera_store import CameraStore
from haetae.database.scoped.actions import ScopedActions
from haetae.database.scoped.cameras import ScopedCameras
from haetae.database.scoped.event_counts import ScopedEventCounts
from haetae.database.scoped.plans import ScopedPlans
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.domain.camera import CameraStatus


class Asked:
    """What was said to one question."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.text = "".join(each.text for each in messages if isinstance(each, TextPart))
        self.citations = [each for each in messages if isinstance(each, Citation)]
        self.tools = [each for each in messages if isinstance(each, ToolUse)]
        self.done = messages[-1]
        assert isinstance(self.done, Done)

    @property
    def everything(self) -> str:
        return repr(self.messages)


class AssistantDesk:
    """`statuses` are how the cameras are doing; cameras are stopped where nothing is said."""

    def __init__(self, engine: Any, time_zone: str = "Asia/Seoul") -> None:
        self.desk = EventDesk(engine)
        self.statuses: dict[Any, CameraStatus] = {}
        sessions, clock = self.desk.sessions, self.desk.clock
        self._parts = {
            "cameras": ScopedCameras(CameraStore(sessions, clock, max_cameras=64), sessions, clock),
            "events": self.desk.events,
            "counts": ScopedEventCounts(sessions),
            "plans": ScopedPlans(sessions),
            "actions": ScopedActions(sessions),
            "statistics": ScopedStatistics(sessions, clock, time_zone),
            "statuses": lambda: self.statuses,
            "clock": clock,
        }

    def records(self, viewer: Any, language: str = "en") -> ViewerRecords:
        return ViewerRecords(viewer, language=language, **self._parts)

    def ask(self, viewer: Any, text: str, language: str = "en", *, answerer: Any = None, requests: Any = None, history: Any = ()) -> Asked:
        """The whole answer."""
        said: list[Message] = []
        question = Question(text, language, tuple(history))

        async def run() -> None:
            await Assistant(SITE_WORDS, answerer).answer(question, self.records(viewer, language), said.append, requests)

        asyncio.run(run())
        return Asked(said)


class ScriptedDoor:
    """A model that a function plays; `refusal` is what the budget says."""

    def __init__(self, function: Any, refusal: str = "") -> None:
        self._model = FunctionModel(function)
        self.refusal = refusal
        self.calls = 0

    @asynccontextmanager
    async def session(self):
        yield self._model

    def take(self) -> str:
        self.calls += 1
        return self.refusal


def scripted(function: Any, refusal: str = "", **limits: Any) -> ModelAnswerer:
    """An answerer whose model is a function of (messages, info)."""
    return ModelAnswerer(ScriptedDoor(function, refusal), Limits(**{"deadline_s": 20.0, **limits}))
