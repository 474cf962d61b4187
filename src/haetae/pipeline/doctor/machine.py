"""The machine: Python, processor, memory, open files, and the clock."""

import ctypes
import os
import platform
import resource
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psutil

from haetae import __version__
from haetae.pipeline.doctor.finding import Finding, Site, ok, problem, warning
from haetae.pipeline.memory_probe import cgroup_limit_mb
from haetae.time_zone import local_time_zone

FILES_ALONE, FILES_PER_CAMERA = 128, 16
"""Open files of a site without cameras, and of one camera with its connection, clip and pictures, with room to spare."""

_OLDEST_YEAR = 2024
_UNSYNCHRONISED = 5
"""`TIME_ERROR` of adjtimex(2)."""

_TIGHT_MB = 512
_TIMEX_BYTES = 256
"""More than any platform's `struct timex` takes."""


def check_python(_site: Site) -> Iterator[Finding]:
    found = f"Haetae {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()} ({platform.machine()})"
    if sys.platform == "linux" and sys.maxsize > 2**32:
        yield ok("python", found)
    else:
        yield warning("python", found, "Haetae is made for 64-bit Linux, and tested there")


def check_processor(_site: Site) -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[1]
    found = f"{cores} of {psutil.cpu_count() or cores} cores, load {load:.1f} in the last 5 minutes"
    if load > 1.5 * cores:
        yield warning(
            "processor", found, "The machine has more to do than it can: fewer cameras, a lower analysed_fps, or fewer other programs"
        )
    else:
        yield ok("processor", found)


def check_memory(_site: Site) -> Iterator[Finding]:
    memory = psutil.virtual_memory()
    limit = cgroup_limit_mb()
    total = min(memory.total / 2**20, limit)
    free = memory.available / 2**20
    found = f"{free:.0f} MB free of {memory.total / 2**20:.0f} MB" + (f", {limit:.0f} MB for this container" if limit == total else "")
    if min(free, total) < _TIGHT_MB:
        yield warning("memory", found, f"Less than {_TIGHT_MB} MB: give the machine or the container more, or run fewer cameras")
    else:
        yield ok("memory", found)


def check_open_files(site: Site) -> Iterator[Finding]:
    yield judge_open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0], site.config.site.max_cameras)


def judge_open_files(limit: int, cameras: int) -> Finding:
    """`limit` as `getrlimit` gives it: -1 is none."""
    needed = FILES_ALONE + FILES_PER_CAMERA * cameras
    if limit == resource.RLIM_INFINITY:
        return ok("open files", "no limit")
    found = f"{limit} allowed, {needed} are enough for {cameras} cameras"
    if limit >= needed:
        return ok("open files", found)
    return problem("open files", found, f"Raise it: ulimit -n {needed}, or LimitNOFILE={needed} in the service's unit")


def check_clock(site: Site) -> Iterator[Finding]:
    yield judge_clock(site.clock.now(), _synchronised())
    if site.config.site.time_zone or "TZ" in os.environ or Path("/etc/localtime").exists():
        # Raises ConfigError for a zone that is not known.
        yield ok("time zone", local_time_zone(site.config.site.time_zone))
    else:
        yield warning("time zone", "the machine has none, so days are counted in UTC", "Set site.time_zone, for example Asia/Seoul")


def judge_clock(now: datetime, synchronised: bool | None) -> Finding:
    """`synchronised` None: the system does not tell."""
    found = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year < _OLDEST_YEAR:
        return problem(
            "clock", found, "The clock is wrong, and events would bear its times: set it, and switch NTP on (timedatectl set-ntp true)"
        )
    if synchronised is None:
        return ok("clock", f"{found}; whether NTP keeps it right cannot be told here")
    if not synchronised:
        fix = "Switch NTP on (timedatectl set-ntp true), or events will bear times that drift; in a container see to the host"
        return warning("clock", f"{found}, not synchronised", fix)
    return ok("clock", f"{found}, synchronised")


def _synchronised() -> bool | None:
    """What the kernel knows of NTP (chrony, ntpd, systemd-timesyncd all tell it); None where it does not say."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        # `modes` is 0: nothing is set.
        state = ctypes.CDLL(None).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    return None if state < 0 else bool(state != _UNSYNCHRONISED)
