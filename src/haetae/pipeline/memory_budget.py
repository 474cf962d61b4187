"""What models may hold, what they do hold, and whether one more fits."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass

from haetae.pipeline.memory_probe import MemoryProbe


@dataclass(slots=True)
class _Loading:
    """A model that is being made: what it was thought to need, what was in use before, and whether another was made meanwhile."""

    estimate_mb: float
    before_mb: float
    alone: bool


class MemoryBudget:
    """Admits models before they are made and measures them afterwards. Called on any thread; all figures in MB.

    A model is admitted by what is in use as measured, and by what the models that are being made at that moment will still take. What it
    held is measured as the growth while it was made; where two were made at once the growth cannot be told apart and the estimate stands.
    """

    def __init__(self, probe: MemoryProbe, limit_mb: float | None = None) -> None:
        self._probe = probe
        self.limit_mb = probe.default_limit_mb() if limit_mb is None else limit_mb
        self._lock = threading.Lock()
        self._loading: dict[Hashable, _Loading] = {}
        self._held: dict[Hashable, float] = {}
        self._promised_mb = 0.0
        self._highest_mb = 0.0

    def free_mb(self) -> float:
        """What another model may take now: the rest of the budget, or of the device where that is less; never below 0."""
        with self._lock:
            return max(0.0, self._room_mb())

    def shortage_mb(self, estimate_mb: float) -> float:
        """How much must be freed before `estimate_mb` fits; 0 where it fits."""
        with self._lock:
            return max(0.0, estimate_mb - self._room_mb())

    def reserve(self, key: Hashable, estimate_mb: float) -> bool:
        """Keep room for the model `key` until `loaded` or `failed` says how it went; false where there is none."""
        with self._lock:
            if estimate_mb > self._room_mb():
                return False
            used = self._used_mb()
            for other in self._loading.values():
                other.alone = False
            self._promised_mb = (max(used, self._promised_mb) if self._loading else used) + estimate_mb
            self._loading[key] = _Loading(estimate_mb, used, alone=not self._loading)
            return True

    def loaded(self, key: Hashable) -> float:
        """The model was made: what it holds."""
        with self._lock:
            loading = self._loading.pop(key)
            growth_mb = max(0.0, self._used_mb() - loading.before_mb)
            held_mb = growth_mb if loading.alone or not loading.estimate_mb else loading.estimate_mb
            self._held[key] = held_mb
            return held_mb

    def failed(self, key: Hashable) -> None:
        """The model was not made: its room is free again."""
        with self._lock:
            self._promised_mb -= self._loading.pop(key).estimate_mb

    def freed(self, key: Hashable) -> None:
        """The model was unloaded."""
        with self._lock:
            self._held.pop(key, None)

    def check(self) -> dict[str, float]:
        """`allocated_mb`: what this process holds now. `reserved_mb`: what the models were measured to hold, with what those that are being
        made are thought to need. `max_allocated_mb`: the highest seen. `budget_mb`: what may be held.
        """
        with self._lock:
            return {
                "allocated_mb": self._used_mb(),
                "reserved_mb": sum(self._held.values()) + sum(loading.estimate_mb for loading in self._loading.values()),
                "max_allocated_mb": self._highest_mb,
                "budget_mb": self.limit_mb,
            }

    def _room_mb(self) -> float:
        used = self._used_mb()
        to_come = max(0.0, self._promised_mb - used) if self._loading else 0.0
        return min(self.limit_mb - used, self._probe.free_mb()) - to_come

    def _used_mb(self) -> float:
        used = self._probe.used_mb()
        self._highest_mb = max(self._highest_mb, used)
        return used
