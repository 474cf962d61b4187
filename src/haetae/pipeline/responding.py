"""Responding: the response to every event is planned, by the playbook at once, and by the camera's agent flow when its turn comes.

An event is stored, people are told of it and it is in words before it comes here; nothing here can take that back. See
docs/design/responding.md.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError

from haetae.agents.base import PLAYBOOK, AgentFlow, Toolbox
from haetae.agents.catalogue import Catalogue
from haetae.agents.planning import playbook_plan
from haetae.clock import Clock
from haetae.domain.incident import IncidentJob, PlanRecord, RespondStatus, Step, WaitingIncident
from haetae.domain.plan import ActionKind, PlannedAction, PlannedBy, ResponsePlan
from haetae.errors import DatabaseUnavailable, HaetaeError
from haetae.ids import new_id
from haetae.loop_thread import LoopThread
from haetae.pipeline.incident_context import IncidentContext, evidence_of, inputs_of
from haetae.pipeline.incident_queue import Choice, next_for_model, sort_out

_LEASE_MARGIN_S = 60.0
_AT_ONCE = 25
_PLAN_STEP = "plan"
_MOST_ATTEMPTS = 3
"""Of planning that was interrupted; then the playbook plans, for whatever ends the process may lie in the flow."""

_PLAN = TypeAdapter(ResponsePlan)

_log = structlog.get_logger()


class IncidentQueue(Protocol):
    """What responding needs of the database. Each method is one transaction and raises DatabaseUnavailable."""

    def waiting(self) -> list[WaitingIncident]: ...
    def claim(self, event_id: UUID, *, lease_s: float) -> IncidentJob | None: ...
    def release(self, event_id: UUID) -> None: ...
    def keep_steps(self, event_id: UUID, steps: Sequence[Step]) -> None: ...
    def finish(self, job: IncidentJob, record: PlanRecord | None, *, words: Sequence[str] = ()) -> None: ...


class ActionDesk(Protocol):
    """Takes plans to have them carried out. Any thread."""

    def record(self, event_id: UUID, camera_id: UUID, plan: ResponsePlan, *, evidence: Mapping[str, Any] | None = None) -> list[UUID]:
        """Make the plan's actions durable, to be done or to be asked for; returns their ids. `evidence` goes into the audit log.

        Idempotent: the same action of the same event is there once, however often it is planned. Raises DatabaseUnavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class RespondOptions:
    """`models` is false where no model is configured: then the playbook plans everything."""

    default_flow: str = PLAYBOOK
    models: bool = False
    at_once: int = 1
    deadline_s: float = 45.0
    most_waiting: int = 64


class Responder:
    """`start` and `close` once each; `wake` from any thread. Everything else happens on a thread of its own with an event loop.

    Two tasks: one plans by the playbook, many incidents at a time; the other starts flows with models, as many as may run. Neither waits
    for the other, so however slow a model is, what the playbook demands is planned at once. Every fault is logged and tried again.
    """

    def __init__(
        self,
        queue: IncidentQueue,
        context: IncidentContext,
        flow: Callable[[str], AgentFlow],
        clock: Clock,
        *,
        desk: ActionDesk | None = None,
        options: RespondOptions | None = None,
        changed: Callable[[UUID, UUID], None] = lambda _camera_id, _event_id: None,
        took: Callable[[UUID, float], None] = lambda _camera_id, _seconds: None,
        disconnect: Callable[[], Any] | None = None,
    ) -> None:
        """`flow` gives the flow of a name and raises ConfigError; it may take its time. `desk` None: plans are made and nothing is done.
        `changed` (camera, event) is told of each event with a new plan, `took` (camera, seconds) how long it took to make. `disconnect` is
        awaited on the loop at the end."""
        self._queue = queue
        self._context = context
        self._flow = flow
        self._clock = clock
        self._desk = desk
        self._options = options or RespondOptions()
        self._changed = changed
        self._took = took
        self._disconnect = disconnect
        self._choice = Choice(self._options.default_flow, self._options.models, self._options.most_waiting)
        self._served: dict[UUID, float] = {}
        self._busy: set[UUID] = set()
        self._status = RespondStatus()
        self._loop = LoopThread("responding", ending=self._end)
        self._loop.repeat(self.plan_by_playbook)
        self._free = self._loop.repeat(self.plan_by_models)

    def start(self) -> None:
        self._loop.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop. Planning that is under way is given up; the next start goes on from its last finished step."""
        self._loop.close(timeout_s)

    def wake(self) -> None:
        """There may be something to plan. Returns at once."""
        self._loop.wake()

    def status(self) -> RespondStatus:
        """What was done since the start."""
        return replace(self._status, database_error=self._loop.database_error)

    async def plan_by_playbook(self) -> bool:
        """Plan what needs no model, and what too many wait for; true where there may be more. Raises DatabaseUnavailable."""
        waiting = await asyncio.to_thread(self._queue.waiting)
        chosen = sort_out([each for each in waiting if each.event_id not in self._busy], self._choice)
        self._status = replace(self._status, waiting=len(waiting))
        if any(each.flow for each in chosen):
            self._free.set()
        at_once = [each for each in chosen if not each.flow][:_AT_ONCE]
        for each in at_once:
            try:
                await self._respond(each.incident.event_id, PLAYBOOK, each.reason)
            except DatabaseUnavailable:
                # What the playbook demands does not wait for a lease to end.
                with suppress(DatabaseUnavailable):
                    await asyncio.to_thread(self._queue.release, each.incident.event_id)
                raise
        return len(at_once) == _AT_ONCE

    async def plan_by_models(self) -> bool:
        """Start flows, as many as may run. Raises DatabaseUnavailable."""
        if not self._options.models or len(self._busy) >= self._options.at_once:
            return False
        waiting = await asyncio.to_thread(self._queue.waiting)
        chosen = [each for each in sort_out(waiting, self._choice) if each.flow]
        while len(self._busy) < self._options.at_once and not self._loop.stopping:
            each = next_for_model([one for one in chosen if one.incident.event_id not in self._busy], self._served)
            if each is None:
                break
            incident = each.incident
            self._busy.add(incident.event_id)
            self._served[incident.camera_id] = self._clock.monotonic()
            self._loop.begin(self._respond_in_turn(incident.event_id, each.flow))
        return False

    async def _respond_in_turn(self, event_id: UUID, flow: str) -> None:
        try:
            await self._respond(event_id, flow, "")
        except DatabaseUnavailable as error:
            # The lease ends by itself, and the finished steps are kept.
            _log.warning("responding waits for the database", error=error.message)
        except Exception as error:
            _log.error("responding failed", event_id=str(event_id), exc_info=error)
            self._status = replace(self._status, failed=self._status.failed + 1)
        finally:
            self._busy.discard(event_id)
            self._free.set()

    async def _respond(self, event_id: UUID, flow: str, fallback: str) -> None:
        """One plan, from the claim to what is written down. Raises DatabaseUnavailable."""
        job = await asyncio.to_thread(self._queue.claim, event_id, lease_s=self._options.deadline_s + _LEASE_MARGIN_S)
        if job is None:
            return
        journal = _StoredJournal(self._queue, job)
        toolbox = await asyncio.to_thread(self._context.toolbox, job.event, job.analysis, journal=journal)
        inputs = inputs_of(toolbox, job.analysis, flow)
        if job.planned and job.planned[-1].inputs.get("judged") == inputs["judged"]:
            await asyncio.to_thread(self._queue.finish, job, None)
            return
        plan = await self._plan(job, toolbox, journal, flow, fallback)
        await self._write(job, toolbox, added(plan, job.planned), flow, inputs)

    async def _plan(self, job: IncidentJob, toolbox: Toolbox, journal: "_StoredJournal", flow: str, fallback: str) -> ResponsePlan:
        """The plan; where an earlier attempt had one already, that one."""
        kept = journal.plan()
        if kept is not None:
            return kept
        if flow == PLAYBOOK or job.attempts > _MOST_ATTEMPTS:
            reason = fallback or (f"planning was interrupted {job.attempts - 1} times" if flow != PLAYBOOK else "")
            began = self._clock.monotonic()
            plan = playbook_plan(toolbox, fallback=reason)
            return replace(plan, elapsed_s=self._clock.monotonic() - began)
        try:
            made = await asyncio.to_thread(self._flow, flow)
        except HaetaeError as error:
            return playbook_plan(toolbox, fallback=error.message)
        plan = await made.respond(job.event, job.analysis, toolbox, self._clock.monotonic() + self._options.deadline_s)
        # From here on the same plan comes of it, whatever ends the process.
        await journal.keep(Step(_PLAN_STEP, _PLAN.dump_python(plan, mode="json")))
        return plan

    async def _write(self, job: IncidentJob, toolbox: Toolbox, plan: ResponsePlan, flow: str, inputs: Mapping[str, Any]) -> None:
        event = job.event
        nothing_new = not (plan.actions or plan.disputed or plan.review)
        if job.planned and flow == PLAYBOOK and nothing_new:
            await asyncio.to_thread(self._queue.finish, job, None)
            return
        steps = tuple(step for name, step in toolbox.journal.done().items() if name != _PLAN_STEP)
        if self._desk is not None:
            evidence = evidence_of(steps, inputs)
            await asyncio.to_thread(self._desk.record, event.id, event.camera_id, plan, evidence=evidence)
        words = tuple(dict.fromkeys(_words(action, toolbox.catalogue) for action in plan.actions))
        number = len(job.planned) + 1
        record = PlanRecord(new_id(), event.id, event.camera_id, number, self._clock.now(), flow, plan, words, steps, inputs)
        every = dict.fromkeys([word for earlier in job.planned for word in earlier.words] + list(words))
        await asyncio.to_thread(self._queue.finish, job, record, words=tuple(every))
        self._tell(job, plan)

    def _tell(self, job: IncidentJob, plan: ResponsePlan) -> None:
        status = self._status
        by_model = plan.planned_by not in (PlannedBy.PLAYBOOK, PlannedBy.PERSON)
        self._status = replace(
            status,
            planned=status.planned + 1,
            by_model=status.by_model + by_model,
            fell_back=status.fell_back + bool(plan.fallback),
            calls=status.calls + plan.calls,
            tokens=status.tokens + plan.tokens,
        )
        if plan.fallback and plan.calls:
            _log.warning("an agent flow fell back on the playbook", event_id=str(job.event.id), reason=plan.fallback)
        self._took(job.event.camera_id, plan.elapsed_s)
        self._changed(job.event.camera_id, job.event.id)

    async def _end(self) -> None:
        if self._disconnect is not None:
            await self._disconnect()


def added(plan: ResponsePlan, earlier: Sequence[PlanRecord]) -> ResponsePlan:
    """What a plan adds to those before it: no action twice, neither done nor asked for."""
    done = {action.key for record in earlier for action in record.plan.actions}
    asked = done | {action.key for record in earlier for action in record.plan.disputed}
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action.key not in done),
        disputed=tuple(action for action in plan.disputed if action.key not in asked),
    )


def _words(action: PlannedAction, catalogue: Catalogue) -> str:
    """As it stands on the event. Who sees the event need not see the cameras that it is linked with, so they are not named."""
    return action.kind.value if action.kind is ActionKind.LINK_CAMERAS else catalogue.words(action)


class _StoredJournal:
    """The steps of one planning, in the queue's row. A step counts only once it is there."""

    def __init__(self, queue: IncidentQueue, job: IncidentJob) -> None:
        self._queue = queue
        self._event_id = job.event.id
        self._steps = {step.name: step for step in job.steps}
        self._order = asyncio.Lock()

    def done(self) -> Mapping[str, Step]:
        return self._steps

    async def keep(self, step: Step) -> None:
        async with self._order:
            steps = self._steps | {step.name: step}
            await asyncio.to_thread(self._queue.keep_steps, self._event_id, tuple(steps.values()))
            self._steps = steps

    def plan(self) -> ResponsePlan | None:
        step = self._steps.get(_PLAN_STEP)
        if step is None:
            return None
        try:
            return _PLAN.validate_python(step.output)
        except ValidationError:
            return None
