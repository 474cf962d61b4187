"""A VLM analyzer whose answers a test wrote down."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from haetae.domain.analysis import Analysis, Picture
from haetae.domain.event import AnomalyEvent, Verdict
from haetae.domain.fact import Fact

UNVERIFIED = Analysis(Verdict.UNVERIFIED)


class Look(NamedTuple):
    """What an analyzer was asked."""

    event: AnomalyEvent
    frames: Sequence[Picture]
    facts: Sequence[Fact]
    deadline: float


class ScriptedAnalyzer:
    """Answers each event with `answer(event)`, unverified where none is given, after `takes_s`; remembers what it was asked. What `answer`
    raises is raised, which no analyzer may."""

    def __init__(self, answer: Callable[[AnomalyEvent], Analysis] | None = None, *, takes_s: float = 0.0) -> None:
        self._answer = answer or (lambda _event: UNVERIFIED)
        self.takes_s = takes_s
        self.asked: list[Look] = []
        self.closed = False

    async def analyze(self, event: AnomalyEvent, frames: Sequence[Picture], facts: Sequence[Fact], deadline: float) -> Analysis:
        self.asked.append(Look(event, frames, facts, deadline))
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        return self._answer(event)

    async def disconnect(self) -> None:
        """Has no connections."""

    def close(self) -> None:
        self.closed = True
