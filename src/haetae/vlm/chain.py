"""A model first, measurements when it cannot or may not be asked: what every analyzer with a model goes through.

Failing is an answer here: `unverified`, with the words for the facts and the reason.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import structlog

from haetae.domain.analysis import Analysis, Flag, Picture, Provenance
from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact
from haetae.errors import DatabaseUnavailable, ModelError
from haetae.vlm.base import AnalyzerParts, Scene
from haetae.vlm.breaker import Breaker, CallBudget
from haetae.vlm.evidence import describe, measured
from haetae.vlm.verdict_cache import VerdictCache

_log = structlog.get_logger()


class LookFailed(ModelError):
    """A look came to nothing. `answered`: the model did answer, so its server is well. `provenance` says what was asked."""

    def __init__(
        self,
        message: str,
        *,
        provenance: Provenance,
        retry_after_s: float | None = None,
        answered: bool = False,
        flags: tuple[Flag, ...] = (),
    ) -> None:
        super().__init__(message)
        self.provenance = provenance
        self.retry_after_s = retry_after_s
        self.answered = answered
        self.flags = flags


class Looker(ABC):
    """Asks one model. Called on the event loop of triage."""

    backend: str
    model: str

    @abstractmethod
    async def look(self, event: AnomalyEvent, frames: Sequence[Picture], facts: Sequence[Fact], scene: Scene, deadline: float) -> Analysis:
        """What the model says, judged. Raises LookFailed, by the clock's monotonic `deadline`."""

    @abstractmethod
    async def disconnect(self) -> None:
        """The event loop ends. Safe to call twice."""

    @abstractmethod
    def close(self) -> None:
        """Any thread. Safe to call twice."""


class ChainAnalyzer:
    """A VLMAnalyzer over a Looker: breaker, budget and memory of verdicts before it, words for the facts after it."""

    def __init__(self, looker: Looker, parts: AnalyzerParts) -> None:
        settings = parts.settings
        self._looker = looker
        self._parts = parts
        self._clock = parts.clock
        self._breaker = Breaker(parts.clock)
        self._budget = parts.budget or CallBudget(
            parts.clock, per_hour=settings.calls_per_hour, per_day=settings.calls_per_day, made=parts.calls_made
        )
        self._cache = VerdictCache(parts.clock, settings.keep_verdict_s)

    async def analyze(self, event: AnomalyEvent, frames: Sequence[Picture], facts: Sequence[Fact], deadline: float) -> Analysis:
        known = measured(event, facts)
        if not frames:
            return self._only_facts(event, facts, "there is no picture to look at", flags=(Flag.NO_FRAMES,))
        kept = self._cache.find(event, frames)
        if kept is not None:
            return kept
        if not self._breaker.allows():
            return self._only_facts(event, facts, "the model is left alone for a while, for it failed", failed=True)
        refusal = self._budget.take()
        if refusal:
            self._breaker.untried()
            return self._only_facts(event, facts, refusal)
        try:
            scene = await self._scene(event)
            async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic())):
                analysis = await self._looker.look(event, frames, known, scene, deadline)
        except LookFailed as error:
            self._note_failure(error.message, error.retry_after_s, answered=error.answered)
            failed = self._only_facts(event, facts, error.message, failed=True, flags=error.flags)
            return replace(failed, provenance=error.provenance)
        except TimeoutError:
            self._note_failure("the model did not answer in time", None, answered=False)
            late = self._only_facts(event, facts, "the model did not answer in time", failed=True)
            return replace(late, provenance=Provenance(self._looker.backend, self._looker.model, attempts=1))
        except BaseException:
            self._breaker.untried()
            raise
        self._breaker.succeeded()
        self._parts.health.ready()
        self._cache.keep(event, frames, analysis)
        return analysis

    async def disconnect(self) -> None:
        await self._looker.disconnect()

    def close(self) -> None:
        self._looker.close()

    async def _scene(self, event: AnomalyEvent) -> Scene:
        try:
            return await asyncio.to_thread(self._parts.scene, event)
        except DatabaseUnavailable:
            return Scene()

    def _note_failure(self, reason: str, retry_after_s: float | None, *, answered: bool) -> None:
        """A model that answers nonsense is there: it is asked again for the next event. One that does not answer is not."""
        _log.warning("a look failed", backend=self._looker.backend, model=self._looker.model, reason=reason)
        if answered:
            self._breaker.succeeded()
            return
        self._breaker.failed(retry_after_s)
        if self._breaker.is_open:
            self._parts.health.away(reason)

    def _only_facts(
        self, event: AnomalyEvent, facts: Sequence[Fact], reason: str, *, failed: bool = False, flags: tuple[Flag, ...] = ()
    ) -> Analysis:
        return replace(describe(event, facts, self._parts.settings.language), reason=reason, failed=failed, flags=flags)
