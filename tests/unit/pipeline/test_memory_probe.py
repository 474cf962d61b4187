"""How much memory there is."""

# NVML's own names.
# ruff: noqa: N802

import os
import sys
from math import inf
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from haetae.pipeline.memory_probe import MB, GpuProbe, ProcessProbe, cgroup_limit_mb, open_gpu, open_probe

UNLIMITED = f"{2**63 - 4096}\n"


class Nvml:
    """What NVML says of one GPU of 6000 MB; `fails` makes it say nothing."""

    def __init__(self, *processes, used=500):
        self.processes = [SimpleNamespace(pid=pid, usedGpuMemory=mb if mb is None else mb * MB) for pid, mb in processes]
        self.used = used
        self.fails = False

    def nvmlInit(self):
        self._answer()

    def nvmlDeviceGetHandleByIndex(self, index):
        if index:
            raise RuntimeError("no such GPU")
        return "gpu"

    def nvmlDeviceGetMemoryInfo(self, device):
        self._answer()
        return SimpleNamespace(total=6000 * MB, used=self.used * MB)

    def nvmlDeviceGetComputeRunningProcesses(self, device):
        self._answer()
        return self.processes

    def _answer(self):
        if self.fails:
            raise RuntimeError("driver not loaded")


@pytest.fixture
def install(monkeypatch):
    def put(nvml):
        monkeypatch.setitem(sys.modules, "pynvml", nvml)

    return put


def test_the_memory_of_this_process_is_seen_to_grow():
    probe = ProcessProbe()
    before = probe.used_mb()
    block = np.ones(64 * MB, np.uint8)
    assert probe.used_mb() - before == pytest.approx(64, abs=24)
    assert block.nbytes == 64 * MB
    assert 0 < probe.free_mb() <= psutil.virtual_memory().total / MB
    assert 0 < probe.default_limit_mb() <= 0.8 * psutil.virtual_memory().total / MB


def test_a_gpu_says_what_this_process_holds():
    probe = GpuProbe(Nvml((1, 900), (os.getpid(), 300)), "gpu")
    assert (probe.used_mb(), probe.free_mb(), probe.default_limit_mb()) == (300, 5500, 5400)


@pytest.mark.parametrize("processes", [[], [(1, 900)], [(os.getpid(), None)]])
def test_a_gpu_that_does_not_know_this_process_says_what_was_taken_since(processes):
    nvml = Nvml(*processes)
    probe = GpuProbe(nvml, "gpu")
    assert probe.used_mb() == 0
    nvml.used = 800
    assert probe.used_mb() == 300
    nvml.used = 400
    assert probe.used_mb() == 0


def test_a_driver_that_fails_later_leaves_the_last_figures():
    nvml = Nvml((os.getpid(), 300))
    probe = GpuProbe(nvml, "gpu")
    assert probe.used_mb() == 300
    nvml.fails = True
    assert (probe.used_mb(), probe.free_mb()) == (300, 5500)


def test_the_gpu_counts_only_where_models_run_on_one(install):
    install(Nvml())
    assert isinstance(open_probe(uses_gpu=True, gpu=0), GpuProbe)
    assert isinstance(open_probe(uses_gpu=False, gpu=0), ProcessProbe)


def test_without_a_gpu_the_process_counts(install):
    install(Nvml())
    assert open_gpu(1) is None
    broken = Nvml()
    broken.fails = True
    install(broken)
    assert isinstance(open_probe(uses_gpu=True, gpu=0), ProcessProbe)
    install(None)
    assert open_gpu(0) is None, "the package is absent"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        (["0::/a/b"], {"a/memory.max": "1073741824\n", "a/b/memory.max": "max\n"}, 1024),
        (["0::/a/b"], {"a/memory.max": "1073741824\n", "a/b/memory.max": "536870912\n"}, 512),
        (["0::/host/path"], {"memory.max": "536870912\n"}, 512),
        (["0::/a"], {"a/memory.max": "max\n"}, inf),
        (["8:memory:/a"], {"memory/a/memory.limit_in_bytes": "268435456\n", "memory/memory.limit_in_bytes": UNLIMITED}, 256),
        (["8:memory:/a"], {"memory/a/memory.limit_in_bytes": UNLIMITED}, inf),
        (["9:cpu:/a"], {"cpu/a/memory.max": "1048576\n"}, inf),
    ],
)
def test_the_containers_limit_is_found(tmp_path, groups, files, expected):
    own, root = tmp_path / "cgroup", tmp_path / "fs"
    own.write_text("".join(f"{line}\n" for line in groups))
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    assert cgroup_limit_mb(own, root) == expected


def test_a_system_without_control_groups_has_no_limit(tmp_path):
    assert cgroup_limit_mb(tmp_path / "absent", tmp_path) == inf
