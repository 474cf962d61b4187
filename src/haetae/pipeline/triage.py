"""Triage: every event is put into words at once, and looked at by a model where there is one, when its turn comes.

An event is stored, and people are told of it, before it comes here; nothing here can take that back. See docs/design/looking.md.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.analysis import Analysis, Picture
from haetae.domain.triage import Job, LookStatus, Outcome, Waiting
from haetae.errors import DatabaseUnavailable, ModelBusy
from haetae.loop_thread import LoopSignal, LoopThread
from haetae.pipeline.search_text import search_text
from haetae.pipeline.triage_queue import QueueLimits, next_look, overflow
from haetae.pipeline.triage_tally import TriageTally
from haetae.vlm.base import VLMAnalyzer
from haetae.vlm.evidence import describe

_POLL_S = 1.0
_DESCRIBED_AT_ONCE = 50
_LEASE_MARGIN_S = 60.0
_GRACE_S = 2.0

_log = structlog.get_logger()


class TriageQueue(Protocol):
    """What triage needs of the database. Each method is one transaction and raises DatabaseUnavailable."""

    def undescribed(self, limit: int) -> list[Job]: ...
    def waiting(self) -> list[Waiting]: ...
    def claim(self, event_id: UUID, *, lease_s: float) -> Job | None: ...
    def write(self, outcomes: Sequence[Outcome]) -> list[UUID]: ...
    def release(self, event_id: UUID) -> None: ...


class Looks(Protocol):
    """Pictures of events; both may wait for a disk."""

    def pictures(self, job: Job) -> tuple[Picture, ...]: ...
    def keep(self, job: Job, pictures: tuple[Picture, ...]) -> int: ...


@dataclass(frozen=True, slots=True)
class TriageOptions:
    """`looks` is false where no model is configured: then everything is done with the words for the facts."""

    language: str = "en"
    looks: bool = False
    at_once: int = 1
    alert_s: float = 20.0
    look_s: float = 120.0
    most_waiting: int = 64


class Triage:
    """`start` and `close` once each; `wake` from any thread. Everything else happens on a thread of its own with an event loop.

    Two tasks: one puts facts into words, many events at a time; the other chooses who is looked at and starts as many looks as may run.
    Neither waits for the other, so however slow a model is, every event has its words. Every fault is logged and tried again.
    """

    def __init__(
        self,
        queue: TriageQueue,
        analyzer: VLMAnalyzer,
        looks: Looks,
        clock: Clock,
        *,
        options: TriageOptions | None = None,
        changed: Callable[[UUID, UUID], None] = lambda _camera_id, _event_id: None,
        news: Callable[[], None] = lambda: None,
        took: Callable[[UUID, float], None] = lambda _camera_id, _seconds: None,
    ) -> None:
        """`changed` (camera, event) is told of each event that looks different, `news` that people may have to hear of it, `took` (camera,
        seconds) how long a model needed; all return at once."""
        self._queue = queue
        self._analyzer = analyzer
        self._looks = looks
        self._clock = clock
        self._options = options or TriageOptions()
        self._limits = QueueLimits(self._options.most_waiting, self._options.alert_s)
        self._changed = changed
        self._news = news
        self._took = took
        self._tally = TriageTally()
        self._read_at = float("-inf")
        self._served: dict[UUID, float] = {}
        self._busy: set[UUID] = set()
        self._loop = LoopThread("triage", ending=analyzer.disconnect, grace_s=_GRACE_S)
        self._loop.repeat(self.describe_new)
        self._free = self._loop.repeat(self.look_at_due) if self._options.looks else LoopSignal()
        self._tasks = self._loop.tasks
        self._thread = self._loop.thread

    def start(self) -> None:
        self._loop.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop. A look under way is given up; its job stays in the queue for the next start."""
        self._loop.close(timeout_s)

    def wake(self) -> None:
        """Something is new. Returns at once."""
        self._loop.wake()

    def status(self) -> LookStatus:
        """What was done since the start, without who does it."""
        return replace(self._tally.status(), database_error=self._loop.database_error)

    # Words for the facts

    async def describe_new(self) -> bool:
        """Put some events into words; true where there may be more. Raises DatabaseUnavailable."""
        jobs = await asyncio.to_thread(self._queue.undescribed, _DESCRIBED_AT_ONCE)
        if not jobs:
            return False
        outcomes = [self._described(job) for job in jobs]
        await self._write(outcomes)
        self._tally.described += len(jobs)
        self._free.set()
        return len(jobs) == _DESCRIBED_AT_ONCE

    def _described(self, job: Job, reason: str = "") -> Outcome:
        analysis = describe(job.event, job.event.facts, self._options.language)
        done = job.settled and not self._options.looks
        if reason:
            analysis, done = replace(analysis, reason=reason), True
        return self._outcome(job, analysis, done=done)

    # Looks

    async def look_at_due(self) -> bool:
        """Shed what is too much, then start looks, as many as may run. Raises DatabaseUnavailable."""
        now = self._clock.monotonic()
        if len(self._busy) >= self._options.at_once and now - self._read_at < _POLL_S:
            # Nothing can be begun: whether too many wait is soon enough known.
            return False
        self._read_at = now
        waiting = await asyncio.to_thread(self._queue.waiting)
        self._tally.waiting = len(waiting)
        shed = overflow(waiting, self._limits)
        if shed:
            await self._shed(shed)
            waiting = [each for each in waiting if each.event_id not in shed]
        while len(self._busy) < self._options.at_once and not self._loop.stopping:
            chosen = next_look(waiting, self._clock.now(), self._limits, served=self._served, busy=self._busy)
            if chosen is None:
                break
            self._busy.add(chosen.event_id)
            self._served[chosen.camera_id] = self._clock.monotonic()
            self._loop.begin(self._look(chosen))
        return False

    async def _shed(self, shed: dict[UUID, str]) -> None:
        for event_id, reason in shed.items():
            job = await asyncio.to_thread(self._queue.claim, event_id, lease_s=_LEASE_MARGIN_S)
            if job is not None:
                await self._write([self._described(job, f"not looked at: {reason}")])
                self._tally.shed[reason] += 1

    async def _look(self, chosen: Waiting) -> None:
        """One look, from the claim to what is written down."""
        event_id = chosen.event_id
        try:
            job = await asyncio.to_thread(self._queue.claim, event_id, lease_s=self._options.look_s + _LEASE_MARGIN_S)
            if job is not None:
                await self._look_at(job)
        except DatabaseUnavailable as error:
            # The lease ends by itself.
            _log.warning("triage waits for the database", error=error.message)
        except Exception as error:
            _log.error("a look failed", event_id=str(event_id), exc_info=error)
            self._tally.failed += 1
        finally:
            self._busy.discard(event_id)
            self._free.set()

    async def _look_at(self, job: Job) -> None:
        now = self._clock.now()
        limit_s = self._options.look_s if job.settled else self._alert_left_s(job, now)
        deadline = self._clock.monotonic() + limit_s
        pictures = await asyncio.to_thread(self._looks.pictures, job)
        analysis = await self._analysis(job, pictures, deadline)
        sent = {each.number for each in analysis.provenance.frames}
        kept = await asyncio.to_thread(self._looks.keep, job, tuple(each for each in pictures if each.number in sent))
        outcome = self._outcome(job, analysis, done=job.settled, alerted=not job.settled, media_bytes=kept)
        await self._write([outcome])
        self._tally.looked_at(analysis)
        if analysis.provenance.attempts:
            self._took(job.event.camera_id, analysis.provenance.latency_ms / 1000.0)

    async def _analysis(self, job: Job, pictures: tuple[Picture, ...], deadline: float) -> Analysis:
        """The analyzer keeps the deadline itself; one that does not, or that breaks its promise not to raise, ends here."""
        left_s = max(0.0, deadline - self._clock.monotonic()) + _GRACE_S
        try:
            async with asyncio.timeout(left_s):
                return await self._analyzer.analyze(job.event, pictures, job.event.facts, deadline)
        except TimeoutError:
            reason = "the analyzer did not keep its deadline"
        except ModelBusy:
            raise
        except Exception as error:
            _log.error("an analyzer failed", event_id=str(job.event.id), exc_info=error)
            reason = f"the analyzer failed ({type(error).__name__})"
        return replace(describe(job.event, job.event.facts, self._options.language), reason=reason, failed=True)

    def _alert_left_s(self, job: Job, now: datetime) -> float:
        left = job.queued_at + timedelta(seconds=self._options.alert_s) - now
        return min(max(1.0, left.total_seconds()), self._options.alert_s)

    # Writing it down

    def _outcome(self, job: Job, analysis: Analysis, *, done: bool, alerted: bool = False, media_bytes: int = 0) -> Outcome:
        text = search_text(job.event, job.event.facts, analysis)
        return Outcome(job, analysis, text, done=done, alerted=alerted, media_bytes=media_bytes)

    async def _write(self, outcomes: list[Outcome]) -> None:
        changed = set(await asyncio.to_thread(self._queue.write, outcomes))
        for outcome in outcomes:
            event = outcome.job.event
            if event.id in changed:
                self._changed(event.camera_id, event.id)
        if any(outcome.analysis.says_more for outcome in outcomes):
            self._news()
