"""What the cameras of a site share: each model once, made when first asked for, counted, unloaded when nobody uses it."""

import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import structlog

from haetae.agents.base import AgentFlow
from haetae.clock import Clock
from haetae.domain.site import ModelStatus
from haetae.errors import ConfigError, OutOfMemory
from haetae.pipeline.batching import BatchedModel
from haetae.pipeline.lease import Lease, ModelTally, closed
from haetae.pipeline.memory_budget import MemoryBudget
from haetae.pipeline.memory_probe import open_probe
from haetae.pipeline.shared import SharedAnalyzer, SharedFlow, SharedModel
from haetae.settings import PoolSettings
from haetae.vad.base import VAD_MODELS, VADModel, create_model
from haetae.vlm.base import VLMAnalyzer

L = TypeVar("L", bound=Lease[Any])

_log = structlog.get_logger()

_MARGIN_S = 1.0


def registered_estimate_mb(name: str, settings: Mapping[str, Any]) -> float:
    """What the class of the VAD model `name` says that one instance will need, in MB; 0 where it does not say."""
    estimate = getattr(VAD_MODELS.load(name), "estimate_mb", None)
    return 0.0 if estimate is None else float(estimate(**settings))


class _Shared:
    """One thing that is shared. Everything but `made` and `tally` is used under the pool's lock."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.made: Future[Any] = Future()
        self.users = 0
        self.idle_since_s = 0.0
        self.memory_mb = 0.0
        self.leases: set[Lease[Any]] = set()
        self.tally = ModelTally()

    @property
    def is_made(self) -> bool:
        return self.made.done() and self.made.exception() is None


class ResourcePool:
    """Gives out handles on shared models. All methods may be called from any thread.

    Who asks while an instance is being made waits for that one; others are not held up. When making fails, all who waited get the error
    and the next one to ask tries again. `uses_gpu` says that models run on a GPU here: then its memory is what the budget is about.
    """

    def __init__(
        self,
        settings: PoolSettings,
        *,
        clock: Clock,
        uses_gpu: bool = False,
        make_vad_model: Callable[..., VADModel] = create_model,
        estimate_mb: Callable[[str, Mapping[str, Any]], float] = registered_estimate_mb,
        make_analyzer: Callable[[], VLMAnalyzer] | None = None,
        make_flow: Callable[[str], AgentFlow] | None = None,
        budget: MemoryBudget | None = None,
        drain_s: float = 5.0,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._make_vad_model = make_vad_model
        self._estimate_mb = estimate_mb
        self._make_analyzer = make_analyzer
        self._make_flow = make_flow
        self._budget = budget or MemoryBudget(open_probe(uses_gpu=uses_gpu, gpu=settings.gpu), settings.memory_mb)
        self._drain_s = drain_s
        self._changed = threading.Condition()
        self._all: dict[Hashable, _Shared] = {}
        self._closed = False
        self._closing = threading.Lock()

    def get_vad_model(self, name: str, **settings: Any) -> SharedModel:
        """A handle on the one model of this name and these settings. Release it when done.

        Raises what making it raises (ConfigError, MissingExtra, ModelError), OutOfMemory when it does not fit, ModelBusy after `close`.
        """
        label = _label(name, settings)

        def make(shared: _Shared) -> VADModel:
            model = self._make_vad_model(name, **settings)
            if model.max_batch <= 1:
                return model
            return BatchedModel(model, self._settings, clock=self._clock, users=lambda: shared.users, drain_s=self._drain_s)

        key = ("vad", name, *((setting, repr(settings[setting])) for setting in sorted(settings)))
        shared = self._acquire(key, label, make, lambda: self._estimate_mb(name, settings))
        return self._lease(shared, lambda model, left: SharedModel(label, model, left, shared.tally))

    def get_vlm_analyzer(self) -> SharedAnalyzer:
        """A handle on the one VLM analyzer. Raises ConfigError where the pool has none, and as `get_vad_model`."""
        make = self._make_analyzer
        if make is None:
            raise ConfigError("no VLM analyzer is configured", hint="Configure one, or do without")
        shared = self._acquire(("analyzer",), "analyzer", lambda _shared: make(), lambda: 0.0)
        return self._lease(shared, lambda analyzer, left: SharedAnalyzer("analyzer", analyzer, left))

    def get_agent_flow(self, flow_type: str) -> SharedFlow:
        """A handle on the one agent flow of this type. Raises ConfigError where the pool has none, and as `get_vad_model`."""
        make = self._make_flow
        if make is None:
            raise ConfigError("no agent flows are configured", hint="Configure one, or do without")
        label = f"flow {flow_type}"
        shared = self._acquire(("flow", flow_type), label, lambda _shared: make(flow_type), lambda: 0.0)
        return self._lease(shared, lambda flow, left: SharedFlow(label, flow, left))

    def check_gpu_memory(self) -> dict[str, float]:
        """`allocated_mb`, `reserved_mb`, `max_allocated_mb` and `budget_mb` of the GPU where one is used, else of this process."""
        return self._budget.check()

    def status(self) -> tuple[ModelStatus, ...]:
        """Every model that is loaded, by name."""
        with self._changed:
            loaded = sorted((shared for shared in self._all.values() if shared.is_made), key=lambda shared: shared.label)
            return tuple(_status(shared) for shared in loaded)

    def check(self) -> None:
        """Unload what nobody has used for `idle_unload_s`. Called every second or so, on one thread; what will not close is left."""
        self._budget.check()
        now = self._clock.monotonic()
        with self._changed:
            due = [
                key for key, shared in self._all.items() if _is_idle(shared) and now - shared.idle_since_s >= self._settings.idle_unload_s
            ]
            idle = [self._all.pop(key) for key in due]
        self._unload(idle)

    def close(self) -> None:
        """Give nothing out any more, let every call that is inside finish, then close the models.

        From then on every handle raises ModelBusy(reason="closed"). A model that hangs is left behind after `drain_s`, twice that at most.
        Safe to call twice.
        """
        with self._closing:
            with self._changed:
                self._closed = True
                everything = list(self._all.values())
                self._all.clear()
                for shared in everything:
                    if not shared.made.done():
                        shared.made.set_exception(closed(shared.label))
                everything = [shared for shared in everything if shared.is_made]
                leases = [lease for shared in everything for lease in shared.leases]
            for lease in leases:
                lease.release()
            with self._changed:
                self._changed.wait_for(lambda: not any(shared.users for shared in everything), self._drain_s)
            self._unload(everything)

    # Making.

    def _acquire(self, key: Hashable, label: str, make: Callable[[_Shared], Any], estimate: Callable[[], float]) -> _Shared:
        """What `key` stands for, with the caller among its users: made by the first who asks."""
        with self._changed:
            if self._closed:
                raise closed(label)
            shared = self._all.get(key)
            first = shared is None
            if shared is None:
                shared = self._all[key] = _Shared(label)
            shared.users += 1
        if first:
            self._make(key, shared, make, estimate)
        shared.made.result()
        return shared

    def _make(self, key: Hashable, shared: _Shared, make: Callable[[_Shared], Any], estimate: Callable[[], float]) -> None:
        """Make it, without the lock, and tell everybody who waits how that went."""
        try:
            self._admit(shared, estimate())
            try:
                value = make(shared)
            except BaseException:
                self._budget.failed(shared)
                raise
        except BaseException as error:
            with self._changed:
                if not shared.made.done():
                    del self._all[key]
                    shared.made.set_exception(error)
            return
        memory_mb = self._budget.loaded(shared)
        with self._changed:
            if not shared.made.done():
                shared.memory_mb = memory_mb
                shared.made.set_result(value)
                _log.info("model loaded", model=shared.label, memory_mb=round(memory_mb, 1))
                return
        # The pool was closed meanwhile, and everybody has been told.
        self._close_value(shared, value)

    def _admit(self, shared: _Shared, estimate_mb: float) -> None:
        """Keep room for it, unloading what is idle where that makes enough. Raises OutOfMemory."""
        while not self._budget.reserve(shared, estimate_mb):
            idle = self._pop_idle(self._budget.shortage_mb(estimate_mb))
            if idle is None:
                raise self._out_of_memory(shared.label, estimate_mb)
            self._unload([idle])

    def _pop_idle(self, shortage_mb: float) -> _Shared | None:
        """The model that was idle longest, if all idle ones together would free enough."""
        with self._changed:
            idle = {key: shared for key, shared in self._all.items() if _is_idle(shared)}
            if not idle or sum(shared.memory_mb for shared in idle.values()) < shortage_mb:
                return None
            return self._all.pop(min(idle, key=lambda key: idle[key].idle_since_s))

    def _out_of_memory(self, label: str, estimate_mb: float) -> OutOfMemory:
        with self._changed:
            loaded = [f"{s.label} ({s.memory_mb:.0f} MB, cameras: {s.users})" for s in self._all.values() if s.is_made]
        figures = self._budget.check()
        message = (
            f"the model {label!r} needs {estimate_mb:.0f} MB, and {self._budget.free_mb():.0f} MB are free"
            f" ({figures['allocated_mb']:.0f} of {figures['budget_mb']:.0f} MB are in use)"
        )
        unload = f"Unload {' or '.join(sorted(loaded))}" if loaded else "No model is loaded: end what else takes memory"
        return OutOfMemory(message, hint=f"{unload}, or raise pool.memory_mb")

    # Giving out and taking back.

    def _lease(self, shared: _Shared, make: Callable[[Any, Callable[[], None]], L]) -> L:
        def left() -> None:
            with self._changed:
                shared.leases.discard(lease)
                self._leave(shared)

        with self._changed:
            if self._closed:
                self._leave(shared)
                raise closed(shared.label)
            lease = make(shared.made.result(), left)
            shared.leases.add(lease)
        return lease

    def _leave(self, shared: _Shared) -> None:
        """One user less. Under the lock."""
        shared.users -= 1
        shared.idle_since_s = self._clock.monotonic()
        self._changed.notify_all()

    # Unloading.

    def _unload(self, unused: Sequence[_Shared]) -> None:
        """Close what is in the table no more, at once and on threads of their own, for closing may hang like anything else."""
        threads = [threading.Thread(target=self._unload_one, args=(shared,), name="unload", daemon=True) for shared in unused]
        for thread in threads:
            thread.start()
        # A batched model takes up to `drain_s` to notice that it hangs, and must have the time to tell its callers.
        deadline_s = time.monotonic() + self._drain_s + _MARGIN_S
        for shared, thread in zip(unused, threads, strict=True):
            thread.join(max(0.0, deadline_s - time.monotonic()))
            if thread.is_alive():
                _log.error("a model does not close and is left behind", model=shared.label)

    def _unload_one(self, shared: _Shared) -> None:
        value = shared.made.result()
        if shared.users and not isinstance(value, BatchedModel):
            # A thread hangs inside: closing the model under it could crash the process.
            _log.error("a model hangs and is left behind", model=shared.label, cameras=shared.users)
            return
        # Handles that somebody still keeps refer to `shared`: it must not keep the model in memory.
        shared.made = Future()
        self._close_value(shared, value)

    def _close_value(self, shared: _Shared, value: Any) -> None:
        try:
            close = getattr(value, "close", None)
            if close is not None:
                close()
        except Exception as error:
            _log.exception("a model could not be closed", model=shared.label, error=str(error))
        self._budget.freed(shared)
        _log.info("model unloaded", model=shared.label)


def _is_idle(shared: _Shared) -> bool:
    return shared.is_made and not shared.users


def _label(name: str, settings: Mapping[str, Any]) -> str:
    """What a model is called in messages: its name, with the settings that tell it from others."""
    return f"{name}({', '.join(f'{key}={settings[key]}' for key in sorted(settings))})" if settings else name


def _status(shared: _Shared) -> ModelStatus:
    model = shared.made.result()
    batched = isinstance(model, BatchedModel)
    return ModelStatus(
        name=shared.label,
        cameras=shared.users,
        memory_mb=shared.memory_mb,
        scored=shared.tally.scored,
        batches=model.batches if batched else shared.tally.calls,
        waiting=model.waiting if batched else 0,
        dropped=shared.tally.dropped(),
    )
