"""How much memory there is: of a GPU through NVML, of this process else. In MB of 2**20 bytes."""

import os
from math import inf
from pathlib import Path
from typing import Any, Protocol

import psutil

MB = 2**20

_GPU_SHARE = 0.9
_MACHINE_SHARE = 0.8
# Version 1 writes "no limit" as the largest multiple of a page.
_NO_LIMIT_MB = 2**43


class MemoryProbe(Protocol):
    """Where a MemoryBudget looks. Called on any thread; never raises."""

    def used_mb(self) -> float:
        """What this process holds now."""
        ...

    def free_mb(self) -> float:
        """What the device still has for anybody."""
        ...

    def default_limit_mb(self) -> float:
        """The budget where none is set."""
        ...


class ProcessProbe:
    """Resident memory of this process; the default budget is 80 % of the machine's, or of the container's limit."""

    def __init__(self) -> None:
        self._process = psutil.Process()

    def used_mb(self) -> float:
        return float(self._process.memory_info().rss) / MB

    def free_mb(self) -> float:
        return float(psutil.virtual_memory().available) / MB

    def default_limit_mb(self) -> float:
        return _MACHINE_SHARE * min(float(psutil.virtual_memory().total) / MB, cgroup_limit_mb())


class GpuProbe:
    """Memory of one GPU, through NVML. Use `open_gpu`; the default budget is 90 % of it.

    In a container NVML lists processes by the host's ids; what was taken of the GPU since this was made then stands for this process.
    """

    def __init__(self, nvml: Any, device: Any) -> None:
        self._nvml = nvml
        self._device = device
        info = nvml.nvmlDeviceGetMemoryInfo(device)
        self._total_mb = float(info.total) / MB
        self._taken_before_mb = float(info.used) / MB
        # A driver that is being reset answers again later; until then the last figures are the best there are.
        self._last_taken_mb = self._taken_before_mb
        self._last_own_mb = 0.0

    def used_mb(self) -> float:
        try:
            self._last_own_mb = self._own_mb()
        except Exception:
            return self._last_own_mb
        return self._last_own_mb

    def free_mb(self) -> float:
        return self._total_mb - self._taken_mb()

    def default_limit_mb(self) -> float:
        return _GPU_SHARE * self._total_mb

    def _own_mb(self) -> float:
        for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(self._device):
            if process.pid == os.getpid() and process.usedGpuMemory is not None:
                return float(process.usedGpuMemory) / MB
        return max(0.0, self._taken_mb() - self._taken_before_mb)

    def _taken_mb(self) -> float:
        """What all processes together hold of the GPU."""
        try:
            self._last_taken_mb = float(self._nvml.nvmlDeviceGetMemoryInfo(self._device).used) / MB
        except Exception:
            return self._last_taken_mb
        return self._last_taken_mb


def open_gpu(index: int) -> GpuProbe | None:
    """The GPU number `index`, or None where there is none that NVML can speak of (no driver, unified memory, no such number)."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return GpuProbe(pynvml, pynvml.nvmlDeviceGetHandleByIndex(index))
    except Exception:
        return None


def open_probe(*, uses_gpu: bool, gpu: int) -> MemoryProbe:
    """The GPU where models run on one and it can be asked, else this process."""
    return (open_gpu(gpu) if uses_gpu else None) or ProcessProbe()


def cgroup_limit_mb(own: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> float:
    """The smallest memory limit of the control groups, version 1 or 2, that this process is in; infinite where there is none."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return inf
    limit = inf
    for line in lines:
        _number, controllers, path = line.split(":", 2)
        if controllers == "":
            top, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        here = top / path.lstrip("/")
        # Inside a container the path may be the host's: then only the top exists, and it is the container's own group.
        for folder in (here, *here.parents):
            limit = min(limit, _read_limit_mb(folder / name))
            if folder == top:
                break
    return limit


def _read_limit_mb(file: Path) -> float:
    try:
        limit_mb = int(file.read_text(encoding="ascii")) / MB
    except (OSError, ValueError):
        # "max", or no such file.
        return inf
    return limit_mb if limit_mb < _NO_LIMIT_MB - 1 else inf
