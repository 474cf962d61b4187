"""Windows of many cameras judged in few calls of one model."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from numpy.typing import NDArray

from haetae.clock import Clock
from haetae.errors import ModelBusy, ModelError
from haetae.pipeline.lease import STALE, closed
from haetae.pipeline.window_queue import Call, Item, WindowQueue
from haetae.settings import PoolSettings
from haetae.vad.base import HeldOut, ModelState, RawScore, VADModel, Window

T = TypeVar("T")

_log = structlog.get_logger()

_LEAST_WAIT_S = 1e-3


class _Job:
    """Work for the model's thread besides scoring."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: Exception | None = None


class BatchedModel:
    """A VADModel whose `score` blocks the calling camera's thread until a thread of this model has judged its windows, with others'.

    A batch starts when it is full, when each of the `users()` has a window waiting so that nothing more can come, or `max_wait_ms` after
    the oldest window came: a camera that pauses holds nobody up. It takes windows round robin over cameras, at most one of each, in their
    order. A window that waited longer than `stale_after_ms` is dropped: its call raises ModelBusy(reason="stale"). When the model raises,
    each window of the batch is judged once more alone, so the fault stays with its camera.

    `learn` and `finish_learning` run between two batches on the model's thread; where the model has a true `learns_alongside` they run on
    the caller's, beside a batch. The queue is bounded by its callers, for each is blocked.
    """

    def __init__(self, model: VADModel, settings: PoolSettings, *, clock: Clock, users: Callable[[], int], drain_s: float = 5.0) -> None:
        self.name = model.name
        self.version = model.version
        self.max_batch = min(settings.max_batch, model.max_batch)
        self.batches = 0
        self._model = model
        self._learns_alongside = bool(getattr(model, "learns_alongside", False))
        self._clock = clock
        self._users = users
        self._drain_s = drain_s
        self._max_wait_s = settings.max_wait_ms / 1000
        self._stale_after_s = settings.stale_after_ms / 1000
        self._changed = threading.Condition()
        self._queue = WindowQueue()
        self._running: list[Item] = []
        self._jobs: deque[_Job] = deque()
        self._job: _Job | None = None
        self._closing = False
        self._warned = False
        self._thread = threading.Thread(target=self._run, name=f"vad-{model.name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Windows in the queue now."""
        with self._changed:
            return len(self._queue)

    def new_state(self) -> ModelState:
        return self._model.new_state()

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> ModelState:
        return self._model.load_state(arrays)

    def learn(self, batch: Sequence[Window]) -> None:
        self._between_batches(lambda: self._model.learn(batch))

    def finish_learning(self, state: ModelState) -> HeldOut:
        return self._between_batches(lambda: self._model.finish_learning(state))

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Judge each window, with those of other cameras. Several windows of one state are judged one after the other.

        Raises ModelBusy when one waited too long or when this is closed, and what the model raised for a window of this call.
        """
        call = Call(batch, self._clock.monotonic())
        with self._changed:
            self._refuse_if_closing()
            was_empty = not self._queue.cameras
            self._queue.add(call)
            call.settle()
            # The thread is woken to begin or to begin waiting, not for each window that it would only count.
            if was_empty or self._ready():
                self._changed.notify()
        self._wait_for(call)
        if call.error is not None:
            raise call.error
        return [score for score in call.scores if score is not None]

    def close(self) -> None:
        """Judge what waits, then close the model. What is not done after `drain_s` (the model hangs) is told that it is closed; the model,
        still in use, is then left as it is. Safe to call twice.
        """
        with self._changed:
            again, self._closing = self._closing, True
            self._changed.notify()
        self._thread.join(self._drain_s)
        if self._thread.is_alive():
            self._abandon()
            _log.error("a model hangs and is left behind", model=self.name, after_s=self._drain_s)
            return
        close = getattr(self._model, "close", None)
        if close is not None and not again:
            close()

    # The callers' side.

    def _refuse_if_closing(self) -> None:
        if self._closing:
            raise closed(self.name)

    def _wait_for(self, call: Call) -> None:
        """A model that hangs with other cameras' windows does not keep this one: its own, once stale, are taken back."""
        while not call.done.wait(max(_LEAST_WAIT_S, call.arrived_s + self._stale_after_s - self._clock.monotonic())):
            with self._changed:
                if self._is_stale(call):
                    self._fail(call, self._stale())
                if not call.queued:
                    break
        # A window that is being judged uses its camera's state, so the camera must wait for it.
        call.done.wait()

    def _between_batches(self, work: Callable[[], T]) -> T:
        if self._learns_alongside:
            return work()
        job = _Job(work)
        with self._changed:
            self._refuse_if_closing()
            self._jobs.append(job)
            self._changed.notify()
        job.done.wait()
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    # The model's thread.

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._run_job()
                self._run_batch()
        finally:
            self._abandon()

    def _wait_for_work(self) -> bool:
        """Return once a job waits or a batch should start; false when this is closed and nothing waits any more."""
        with self._changed:
            while not self._jobs and not self._ready():
                if self._closing:
                    return False
                self._changed.wait(self._time_left_s() if self._queue.cameras else None)
            return True

    def _ready(self) -> bool:
        cameras = self._queue.cameras
        if not cameras:
            return False
        return self._closing or cameras >= self.max_batch or cameras + len(self._jobs) >= self._users() or self._time_left_s() <= 0.0

    def _time_left_s(self) -> float:
        return self._queue.oldest_s + self._max_wait_s - self._clock.monotonic()

    def _run_job(self) -> None:
        with self._changed:
            if not self._jobs:
                return
            job = self._job = self._jobs.popleft()
        try:
            job.result = job.work()
        except Exception as error:
            job.error = error
        with self._changed:
            self._job = None
        job.done.set()

    def _run_batch(self) -> None:
        with self._changed:
            if not self._ready():
                return
            for call in self._queue.calls():
                if self._is_stale(call):
                    self._fail(call, self._stale())
            items = self._running = self._queue.take(self.max_batch)
        if not items:
            return
        outcomes = self._judge([item.window for item in items])
        with self._changed:
            self._running = []
            for item, outcome in zip(items, outcomes, strict=True):
                self._deliver(item, outcome)

    def _judge(self, windows: list[Window]) -> list[RawScore | Exception]:
        """Scores in the order of the windows, or what the model raised for each when it was judged alone."""
        self.batches += 1
        try:
            scores = self._model.score(windows)
            if len(scores) == len(windows):
                return list(scores)
            raise ModelError(f"the model {self.name!r} gave {len(scores)} scores for {len(windows)} windows", hint="It is faulty")
        except Exception as error:
            if len(windows) == 1:
                return [error]
            outcomes = [outcome for window in windows for outcome in self._judge([window])]
            if not self._warned and not any(isinstance(outcome, Exception) for outcome in outcomes):
                self._warned = True
                _log.warning("a model fails on batches and not on single frames", model=self.name, batch=len(windows), error=str(error))
            return outcomes

    def _deliver(self, item: Item, outcome: RawScore | Exception) -> None:
        call = item.call
        call.running -= 1
        if isinstance(outcome, Exception):
            self._fail(call, outcome)
        else:
            call.scores[item.place] = outcome
        call.settle()

    # Both sides, under the lock.

    def _is_stale(self, call: Call) -> bool:
        return self._clock.monotonic() - call.arrived_s > self._stale_after_s

    def _stale(self) -> ModelBusy:
        message = f"the model {self.name!r} had no time for a frame within {self._stale_after_s:g} s"
        return ModelBusy(message, reason=STALE, hint="Analyse fewer frames per second, or use a faster model")

    def _fail(self, call: Call, error: Exception) -> None:
        """Take back what is queued of a call; its caller goes on as soon as nothing of it is being judged. The first error stands."""
        if call.error is None:
            call.error = error
        self._queue.withdraw(call)
        call.settle()

    def _abandon(self) -> None:
        """Nothing more is judged: whoever still waits is told."""
        with self._changed:
            self._closing = True
            for call in (*self._queue.calls(), *(item.call for item in self._running)):
                call.running = 0
                self._fail(call, closed(self.name))
            jobs = [*self._jobs, *([self._job] if self._job else [])]
            self._jobs.clear()
        for job in jobs:
            job.error = closed(self.name)
            job.done.set()
