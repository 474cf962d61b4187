"""Runs what was planned, a bounded number of actions at a time, and asks people where it must."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.database.action_store import ActionStore, Claimed, Effect
from haetae.domain.action import ENDED, Action, ActStatus, Outcome, RateLimit
from haetae.domain.plan import ActionKind, ActionState
from haetae.errors import DatabaseUnavailable, HaetaeError
from haetae.loop_thread import LoopThread
from haetae.pipeline.acting.base import Executor, Run, failed, unknown

_CLAIMED_AT_ONCE = 32
_RUN_S = 60.0
_PATIENCE_S = 10.0
_LEASE_S = 120.0
"""Longer than an action may take, so that nobody else runs it at the same time."""

_INTERRUPTED = "Haetae was stopped while it was done, and what it reaches does not know it again: look whether it took place"

_log = structlog.get_logger()


class Questions(Protocol):
    """What acting needs of approvals; each may wait for the database and raises DatabaseUnavailable."""

    def expire(self) -> list[Action]:
        """End what nobody decided in time."""
        ...

    def tell(self) -> list[Action]:
        """Write to those who may decide, where nobody has; returns the actions that are asked about."""
        ...

    def waiting(self) -> int:
        """How many nobody has decided yet."""
        ...


@dataclass(frozen=True, slots=True)
class ActingOptions:
    """`at_once`: actions that run at the same time. `limits` are those of kinds that are automatic and reach people or devices."""

    at_once: int = 8
    limits: Mapping[ActionKind, RateLimit] | None = None


class Acting:
    """`start` and `close` once each; `wake` from any thread. Everything else happens on a thread of its own with an event loop.

    Two tasks: one runs what is due, the other looks after approvals. Every fault is logged and tried again: the loops end only when told
    to. An action is claimed, run, and what came of it written down: killed between any two of these it is run again where its target knows
    it again by its key, else it ends as unknown and a person is told.
    """

    def __init__(
        self,
        store: ActionStore,
        executors: Mapping[ActionKind, Executor],
        effects: Mapping[ActionKind, Effect],
        questions: Questions,
        clock: Clock,
        *,
        options: ActingOptions | None = None,
        changed: Callable[[UUID, UUID], None] = lambda _camera_id, _event_id: None,
        alarm: Callable[[Action, str], None] = lambda _action, _reason: None,
    ) -> None:
        """`changed` (camera, event) is told of each event about which something was done, `alarm` (action, reason) of one that nobody
        knows to have taken place or not; both return at once."""
        self._store = store
        self._executors = executors
        self._effects = effects
        self._questions = questions
        self._clock = clock
        self._options = options or ActingOptions()
        self._changed = changed
        self._alarm = alarm
        self._busy: set[UUID] = set()
        self.ended: Counter[str] = Counter()
        """How many ended in which state since the start."""
        self._waiting = 0
        self._loop = LoopThread("acting", patience_s=_PATIENCE_S)
        self._due = self._loop.repeat(self.run_due)
        self._loop.repeat(self.look_after_questions)

    def start(self) -> None:
        self._loop.start()

    def close(self, timeout_s: float = 15.0) -> None:
        """Stop. An action under way is given up; what it does not write down now is looked at after the next start."""
        self._loop.close(timeout_s)

    def wake(self) -> None:
        """Something was planned or decided. Returns at once."""
        self._loop.wake()

    def status(self) -> ActStatus:
        """How it goes, from any thread."""
        return ActStatus(self._waiting, len(self._busy), dict(self.ended))

    async def look_after_questions(self) -> bool:
        """End what nobody decided in time, and write to those who may decide; false, for it is all of it. Raises DatabaseUnavailable."""
        for work in (self._questions.expire, self._questions.tell):
            for action in await asyncio.to_thread(work):
                self._note_end(action)
        self._waiting = await asyncio.to_thread(self._questions.waiting)
        return False

    async def run_due(self) -> bool:
        """Start what is due, as many as may run; false, for whatever ends makes room by itself. Raises DatabaseUnavailable."""
        if len(self._busy) >= self._options.at_once:
            return False
        for action_id in await asyncio.to_thread(self._store.due, _CLAIMED_AT_ONCE):
            if action_id in self._busy:
                continue
            if len(self._busy) >= self._options.at_once or self._loop.stopping:
                break
            self._busy.add(action_id)
            self._loop.begin(self._serve(action_id))
        return False

    async def _serve(self, action_id: UUID) -> None:
        try:
            await self.run_once(action_id)
        except DatabaseUnavailable as error:
            # The lease ends by itself.
            _log.warning("acting waits for the database", error=error.message)
        except Exception as error:
            _log.error("an action failed", action_id=str(action_id), exc_info=error)
        finally:
            self._busy.discard(action_id)
            self._due.set()

    async def run_once(self, action_id: UUID) -> None:
        """One action, from the claim to what is written down."""
        limits = self._options.limits
        claimed = await asyncio.to_thread(lambda: self._store.claim(action_id, lease_s=_LEASE_S, limits=limits))
        if claimed is None:
            ended = await asyncio.to_thread(self._store.get, action_id)
            if ended is not None and ended.state in ENDED:
                self._note_end(ended)
            return
        action = claimed.action
        effect = self._effects.get(action.kind)
        if effect is not None:
            finished = await asyncio.to_thread(self._store.carry_out, action, effect)
        else:
            outcome = await self._outcome(claimed)
            if outcome.state is ActionState.UNKNOWN:
                # Before it is written down: a person is told twice rather than never.
                self._alarm(action, str(outcome.result.get("reason", "")))
            finished = await asyncio.to_thread(self._store.finish, action, outcome)
        if finished is not None:
            self._note_end(finished)

    async def _outcome(self, claimed: Claimed) -> Outcome:
        action = claimed.action
        executor = self._executors.get(action.kind)
        if executor is None:
            return failed(f"nothing here can do {action.kind.value}")
        repeatable = False
        try:
            repeatable = await executor.repeatable(action)
            if claimed.interrupted and not repeatable:
                return unknown(_INTERRUPTED)
            async with asyncio.timeout(_RUN_S):
                return await executor.run(Run(action, again=claimed.interrupted or action.attempts > 1))
        except DatabaseUnavailable:
            raise
        except HaetaeError as error:
            return failed(str(error))
        except TimeoutError:
            reason = f"it took longer than {_RUN_S:.0f} s"
        except Exception as error:
            _log.error("an action failed in a way that it should not", action_id=str(action.id), exc_info=error)
            reason = f"internal error: {type(error).__name__}"
        return failed(reason) if repeatable else unknown(reason)

    def _note_end(self, action: Action) -> None:
        if action.state in ENDED:
            self.ended[action.state.value] += 1
            _log.info("action ended", action=action.kind.value, state=action.state.value, event_id=str(action.event_id))
        self._changed(action.camera_id, action.event_id)
