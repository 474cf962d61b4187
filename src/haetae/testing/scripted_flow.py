"""An agent flow whose plans a test wrote down."""

from collections.abc import Callable
from typing import Any, NamedTuple

from haetae.domain.event import AnomalyEvent


class Request(NamedTuple):
    """What a flow was asked."""

    event: AnomalyEvent
    analysis: Any
    toolbox: Any
    deadline: float


class ScriptedFlow:
    """A flow of the type `flow_type`: answers each event with `plan(event, analysis)`, an empty tuple of actions where none is given."""

    def __init__(self, flow_type: str, plan: Callable[[AnomalyEvent, Any], Any] | None = None) -> None:
        self.flow_type = flow_type
        self._plan = plan or (lambda _event, _analysis: ())
        self.asked: list[Request] = []
        self.closed = False

    async def respond(self, event: AnomalyEvent, analysis: Any, toolbox: Any, deadline: float) -> Any:
        self.asked.append(Request(event, analysis, toolbox, deadline))
        return self._plan(event, analysis)

    def close(self) -> None:
        self.closed = True
