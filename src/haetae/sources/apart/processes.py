"""The processes that decode for the site, and which of them takes the next source."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import structlog

from haetae.errors import SourceUnavailable
from haetae.sources.apart.wire import Wire

_log = structlog.get_logger()

_CLOSE_S = 5.0
_STARTING_S = 20.0


class DecodingProcess:
    """One process. It ends when `close` is called or when this one ends, however that comes about."""

    def __init__(self, level: str, style: str) -> None:
        """Raises OSError when it cannot be started."""
        self._control, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "haetae.sources.apart", str(theirs.fileno()), level, style]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        self.sources = 0
        self.heard = 0
        """Grows with what comes from it: not a count to rely on, for nobody waits for another to add to it."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def connect(self) -> Wire:
        """A wire to a reader of its own in that process. Raises OSError when the process is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Wire(ours)

    def kill(self) -> None:
        """At once: it does not answer. Its sources are lost with it."""
        self._process.kill()

    def close(self) -> None:
        """Let it end, and see to it."""
        self._control.close()
        try:
            self._process.wait(_CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class DecodingProcesses:
    """Up to `most()` processes, each started when it is first needed and anew when it died. Safe to call from any thread.

    `most` is asked for every source, so that a site may grow; 0 means that the source is to be read in this process. `starting_s` is how
    long a process that was just started on a busy machine may take until it hears, beyond the time-outs of the source itself.
    """

    def __init__(self, most: Callable[[], int], *, level: str = "info", style: str = "text", starting_s: float = _STARTING_S) -> None:
        self.starting_s = starting_s
        self._most = most
        self._level = level
        self._style = style
        self._lock = threading.Lock()
        self._processes: list[DecodingProcess] = []
        self._closed = False

    @property
    def wanted(self) -> bool:
        """Whether a source that is opened now is to be read apart."""
        return self._most() > 0

    @property
    def pids(self) -> list[int]:
        """Those that live."""
        with self._lock:
            return [process.pid for process in self._processes if process.alive]

    def take(self) -> tuple[DecodingProcess, Wire]:
        """The process with the fewest sources, and a wire into it; `give_back` it. Raises SourceUnavailable."""
        with self._lock:
            if self._closed:
                raise SourceUnavailable("the site is closing", hint="Nothing to do")
            try:
                process, wire = self._connected()
            except OSError as error:
                raise SourceUnavailable(
                    f"no decoding process can be started: {error}", hint="Free memory, or set source.decoding_processes = 0"
                ) from error
            process.sources += 1
            return process, wire

    def give_back(self, process: DecodingProcess) -> None:
        """One of its sources is closed."""
        with self._lock:
            process.sources -= 1

    def close(self) -> None:
        """End them all. Safe to call twice."""
        with self._lock:
            self._closed = True
            processes, self._processes = self._processes, []
        for process in processes:
            process.close()

    def _connected(self) -> tuple[DecodingProcess, Wire]:
        while True:
            for dead in [process for process in self._processes if not process.alive]:
                self._bury(dead)
            made = DecodingProcess(self._level, self._style) if len(self._processes) < max(1, self._most()) else None
            if made is not None:
                self._processes.append(made)
            process = min(self._processes, key=lambda process: process.sources)
            try:
                return process, process.connect()
            except OSError:
                if process is made:
                    raise
                # It is going at this moment.
                process.kill()
                self._bury(process)

    def _bury(self, process: DecodingProcess) -> None:
        _log.warning("a decoding process ended and is started anew", pid=process.pid)
        self._processes.remove(process)
        process.close()
