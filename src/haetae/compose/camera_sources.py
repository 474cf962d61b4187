"""Where the sources of a site are read: in this process, or in others that decode for it."""

import os
from collections.abc import Callable
from math import ceil

from haetae.clock import Clock
from haetae.settings import SystemConfig
from haetae.sources.apart.processes import DecodingProcesses
from haetae.sources.apart.source import ApartSource
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source, source_name

FEW = 16
"""So many cameras are read by this process alone: another one costs 60 MB."""

EACH = 32
"""Cameras for each decoding process, while there are cores."""

_APART = frozenset({"file", "rtsp", "rtsps", "http", "https", "webcam"})
"""What FFmpeg reads. The others are made here."""


class CameraSources:
    """Opens the sources of a site's cameras. Safe to call from any thread. `cameras` says how many the site has now."""

    def __init__(self, config: SystemConfig, clock: Clock, cameras: Callable[[], int]) -> None:
        self._asked = config.source.decoding_processes
        self._clock = clock
        self._cameras = cameras
        self.processes = DecodingProcesses(self._wanted, level=config.log.level, style=config.log.style)

    def open(self, url: str, options: SourceOptions) -> Source:
        """The source, made but not yet opened; see `open_source`. Where it is read is decided for each connection."""
        source = open_source(url, options, clock=self._clock)
        if source_name(url) in _APART and self.processes.wanted:
            return ApartSource(url, options, self.processes)
        return source

    def close(self) -> None:
        """End the processes. Safe to call twice."""
        self.processes.close()

    def _wanted(self) -> int:
        return self._asked if self._asked is not None else processes_for(self._cameras(), os.cpu_count() or 1)


def processes_for(cameras: int, cores: int) -> int:
    """How many decoding processes a site of so many cameras has on a machine of so many cores, where nobody says."""
    return 0 if cameras <= FEW else min(ceil(cameras / EACH), cores)
