"""A VLM analyzer whose answers a test wrote down."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact


class Look(NamedTuple):
    """What an analyzer was asked."""

    event: AnomalyEvent
    frames: Sequence[Any]
    facts: Sequence[Fact]
    deadline: float


class ScriptedAnalyzer:
    """Answers each event with `answer(event)`, "unverified" where none is given; remembers what it was asked."""

    def __init__(self, answer: Callable[[AnomalyEvent], Any] | None = None) -> None:
        self._answer = answer or (lambda _event: "unverified")
        self.asked: list[Look] = []
        self.closed = False

    async def analyze(self, event: AnomalyEvent, frames: Sequence[Any], facts: Sequence[Fact], deadline: float) -> Any:
        self.asked.append(Look(event, frames, facts, deadline))
        return self._answer(event)

    def close(self) -> None:
        self.closed = True
