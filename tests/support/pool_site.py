"""A pool whose models a test made, and threads that use it."""

import threading

import numpy as np
from tests.support.gated_model import GatedModel

from haetae.pipeline.memory_budget import MemoryBudget
from haetae.pipeline.resource_pool import ResourcePool
from haetae.settings import PoolSettings
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_analyzer import ScriptedAnalyzer
from haetae.testing.scripted_flow import ScriptedFlow
from haetae.vad.base import Window

LUMA = np.zeros((2, 2), np.uint8)


class FixedProbe:
    """A process of `used` MB."""

    def __init__(self, used: float = 100.0) -> None:
        self.used = used

    def used_mb(self) -> float:
        return self.used

    def free_mb(self) -> float:
        return 1e9

    def default_limit_mb(self) -> float:
        return 1000.0


class Site:
    """A pool whose models are made here, and which remembers them. `size_mb` is what each takes and says beforehand."""

    def __init__(self, *, make=None, limit_mb=None, idle_unload_s=300.0, stale_after_ms=60_000.0, drain_s=10.0):
        self.clock = FakeClock()
        self.probe = FixedProbe()
        self.sizes_mb = {}
        self.made = []
        self._make = make or (lambda name: GatedModel())
        self.pool = ResourcePool(
            PoolSettings(idle_unload_s=idle_unload_s, max_wait_ms=1.0, stale_after_ms=stale_after_ms),
            clock=self.clock,
            make_vad_model=self._make_model,
            estimate_mb=lambda name, _settings: self.sizes_mb.get(name, 0.0),
            make_analyzer=ScriptedAnalyzer,
            make_flow=ScriptedFlow,
            budget=MemoryBudget(self.probe, limit_mb),
            drain_s=drain_s,
        )

    def _make_model(self, name, **settings):
        model = self._make(name)
        size_mb = self.sizes_mb.get(name, 0.0)
        self.probe.used += size_mb

        def close():
            self.probe.used -= size_mb
            model.closed += 1

        model.close = close
        self.made.append((name, model))
        return model


def windows(state, *times_s):
    return [Window(state, LUMA, t_s) for t_s in times_s]


def values(scores):
    return [score.value for score in scores]


def together(threads, count, ask):
    """What `ask(number)` gave, or raised, to `count` threads that ask at once."""
    start = threading.Barrier(count)

    def run(number):
        start.wait(30)
        try:
            return ask(number)
        except Exception as error:
            return error

    return [future.result(30) for future in [threads.submit(run, number) for number in range(count)]]


def tick(clock, stop):
    """Let the fake clock run until told to stop."""
    while not stop.wait(0.001):
        clock.advance(0.001)
