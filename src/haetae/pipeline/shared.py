"""The handles that ResourcePool gives out: each has the protocol of what it shares."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from haetae.agents.base import AgentFlow, Toolbox
from haetae.domain.analysis import Analysis, Picture
from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact
from haetae.domain.plan import ResponsePlan
from haetae.errors import ModelBusy
from haetae.pipeline.lease import FAILED, Lease, ModelTally
from haetae.vad.base import HeldOut, ModelState, RawScore, VADModel, Window, is_brief
from haetae.vlm.base import VLMAnalyzer


class SharedModel(Lease[VADModel]):
    """One camera's handle on a VAD model that others use too. It is a VADModel itself.

    Every method raises ModelBusy(reason="closed") after `release` and after the pool was closed; `score` also with the reason "stale".
    """

    def __init__(self, label: str, model: VADModel, left: Callable[[], None], tally: ModelTally) -> None:
        super().__init__(label, model, left)
        self.name = model.name
        self.version = model.version
        self.max_batch = model.max_batch
        self.brief = is_brief(model)
        self._tally = tally

    def new_state(self) -> ModelState:
        model = self._enter()
        try:
            return model.new_state()
        finally:
            self._leave()

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> ModelState:
        model = self._enter()
        try:
            return model.load_state(arrays)
        finally:
            self._leave()

    def learn(self, batch: Sequence[Window]) -> None:
        model = self._enter()
        try:
            model.learn(batch)
        finally:
            self._leave()

    def finish_learning(self, state: ModelState) -> HeldOut:
        model = self._enter()
        try:
            return model.finish_learning(state)
        finally:
            self._leave()

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Judge each window. A call is counted whole: all its windows are scored, or none is."""
        try:
            model = self._enter()
            try:
                scores = model.score(batch)
            finally:
                self._leave()
        except Exception as error:
            self._tally.drop(error.reason if isinstance(error, ModelBusy) else FAILED, len(batch))
            raise
        self._tally.score(len(batch))
        return scores


class SharedAnalyzer(Lease[VLMAnalyzer]):
    """One user's handle on the VLM analyzer of the site."""

    async def analyze(self, event: AnomalyEvent, frames: Sequence[Picture], facts: Sequence[Fact], deadline: float) -> Analysis:
        """As VLMAnalyzer says. Raises ModelBusy after `release` and after the pool was closed."""
        analyzer = self._enter()
        try:
            return await analyzer.analyze(event, frames, facts, deadline)
        finally:
            self._leave()

    async def disconnect(self) -> None:
        """As VLMAnalyzer says; nothing after `release`."""
        if self._value is not None:
            await self._value.disconnect()

    def close(self) -> None:
        """Let go of it, as `release`."""
        self.release()


class SharedFlow(Lease[AgentFlow]):
    """One user's handle on the agent flow of one type."""

    async def respond(self, event: AnomalyEvent, analysis: Analysis, toolbox: Toolbox, deadline: float) -> ResponsePlan:
        """As AgentFlow says. Raises ModelBusy after `release` and after the pool was closed."""
        flow = self._enter()
        try:
            return await flow.respond(event, analysis, toolbox, deadline)
        finally:
            self._leave()

    def close(self) -> None:
        """Let go of it, as `release`."""
        self.release()
