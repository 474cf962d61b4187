"""One camera of a site: its state machine, its thread and the watchdog over it.

stopped --start--> connecting --first frame--> learning --enough seen--> watching
connecting, learning, watching --source lost--> offline --tried again--> connecting
connecting --cannot help trying--> failed --tried again, rarely--> connecting
any --crash, no model, no more threads--> failed;  any --stop, end of a file--> stopped
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.feedback import Evidence
from haetae.media.clip import OnExtended
from haetae.pipeline.camera_run import CameraRun, RunParts, needs_restart
from haetae.pipeline.feedback import Applied
from haetae.pipeline.offline_alarm import OfflineAlarm
from haetae.pipeline.system_events import SystemEvents

_log = structlog.get_logger()


class AbandonedThreads:
    """The threads of a site that hang in native code and were given up: they cannot be killed, so their number is bounded."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._runs: list[CameraRun] = []

    @property
    def count(self) -> int:
        """Those that still hang."""
        with self._lock:
            self._runs = [run for run in self._runs if run.alive]
            return len(self._runs)

    def add(self, run: CameraRun) -> bool:
        """Give `run` up; false, and nothing is done, when there are too many already."""
        if self.count >= self._limit:
            return False
        run.abandon()
        with self._lock:
            self._runs.append(run)
        return True


class CameraPipeline:
    """`start`, `stop`, `change`, `relearn`, `join` and `status` from any thread, any number of times; `check` from the watchdog's.

    None of them waits for the camera but `join`.
    """

    def __init__(
        self,
        camera: CameraConfig,
        parts: RunParts,
        *,
        system_events: SystemEvents,
        abandoned: AbandonedThreads,
        make_run: Callable[[CameraConfig, RunParts], CameraRun] = CameraRun,
    ) -> None:
        self._camera = camera
        self._parts = parts
        self._abandoned = abandoned
        self._make_run = make_run
        self._offline = OfflineAlarm(camera.id, system_events, parts.clock)
        # Held while it is seen whether the camera is away, which takes no waiting.
        self._missing = threading.Lock()
        # Held only to swap references and to start a thread.
        self._lock = threading.Lock()
        self._run: CameraRun | None = None
        self._ending: list[CameraRun] = []
        self._replaced = 0
        self._stuck = False
        self._stopped = CameraStatus(camera.id, CameraState.STOPPED)

    @property
    def id(self) -> UUID:
        return self._camera.id

    @property
    def camera(self) -> CameraConfig:
        """The settings in force."""
        return self._camera

    @property
    def running(self) -> bool:
        """True from `start` to `stop`, also where the source came to its end meanwhile."""
        return self._run is not None

    @property
    def clock(self) -> Clock:
        return self._parts.clock

    @property
    def status(self) -> CameraStatus:
        """How the camera is doing; its counters go on over restarts."""
        with self._lock:
            run, stuck = self._run, self._stuck
        if run is None:
            tally = self._parts.tally
            status = replace(self._stopped, frames=tally.frames, events=tally.events, reconnects=tally.reconnects)
        else:
            status = run.status
        if stuck:
            cause = "its thread hangs and too many others do: restart Haetae"
            status = replace(status, state=CameraState.FAILED, cause=cause)
        return replace(status, name=self._camera.name, replaced_threads=self._replaced)

    def start(self, delay_s: float = 0.0) -> None:
        """Begin to watch after `delay_s`. A camera that runs goes on as it is; one whose file came to its end begins again."""
        with self._lock:
            if self._run is not None and self._run.alive:
                return
            self._start(delay_s)

    def stop(self) -> None:
        """End soon: what is open is closed and stored first. A camera that is stopped stays so."""
        with self._lock:
            run, self._run = self._run, None
            self._stuck = False
            self._stopped = CameraStatus(self._camera.id, CameraState.STOPPED, since=self._parts.clock.now())
            if run is None:
                return
            self._ending.append(run)
        run.stop()

    def join(self, timeout_s: float) -> bool:
        """Wait until what was stopped has ended; false when something had not by then."""
        deadline = self.clock.monotonic() + timeout_s
        with self._lock:
            ending = list(self._ending)
        ended = [run.join(max(0.0, deadline - self.clock.monotonic())) for run in ending]
        with self._lock:
            self._ending = [run for run in self._ending if run.alive]
        return all(ended)

    def change(self, camera: CameraConfig) -> None:
        """Go by other settings, at once where the connection allows it, else with a new connection. What was learned is kept."""
        with self._lock:
            before, self._camera = self._camera, camera
            run = self._run
            if run is not None and not run.alive and needs_restart(before, camera):
                # The source came to its end; another one has not.
                self._start(0.0)
                return
        if run is not None:
            run.change(camera)

    def relearn(self) -> None:
        """Forget what was learned: a camera that runs learns anew at once, another one when it is started. What was learned is kept aside
        before this returns, so that a crash does not bring it back; that waits for the disk."""
        with self._lock:
            run, ending = self._run, list(self._ending)
        for each in [*ending, run]:
            if each is not None:
                each.relearn()
        self._parts.states.set_aside(self.id)
        with self._lock:
            if run is not None and self._run is run and not run.alive:
                # The source came to its end.
                self._start(0.0)

    def accept(self, evidence: Evidence, applied: Applied) -> None:
        """Take an event for normal; `applied` is told once that has been learned. A camera that is stopped does nothing."""
        with self._lock:
            run = self._run
        if run is not None:
            run.accept(evidence, applied)

    def extend(self, event_id: UUID, longer_s: float, told: OnExtended) -> None:
        """Have an event's clip go on for longer; `told` hears whether that came in time: it does not where the camera is stopped."""
        with self._lock:
            run = self._run
        if run is None:
            told(False)
        else:
            run.extend(event_id, longer_s, told)

    def check(self) -> None:
        """Replace a thread that hangs, and tell when the camera is down. Called every second, and once more when the camera is removed."""
        with self._lock:
            run = self._run
            # A thread that hangs while it ends must not be forgotten, nor keep what it holds open.
            overdue = [ending for ending in self._ending if ending.hangs]
            self._ending = [ending for ending in self._ending if ending.alive and ending not in overdue]
        for ending in overdue:
            self._abandoned.add(ending)
        if run is not None and run.hangs:
            self._replace(run)
        with self._missing:
            self._check_offline()

    def _replace(self, run: CameraRun) -> None:
        if not self._abandoned.add(run):
            if not self._stuck:
                _log.critical("a camera's thread hangs, and too many do: restart Haetae", camera=self._camera.name)
            self._stuck = True
            return
        _log.error("a camera's thread hung and is replaced", camera=self._camera.name, camera_id=str(self.id))
        with self._lock:
            if self._run is run:
                self._stuck = False
                self._replaced += 1
                self._start(0.0)

    def _check_offline(self) -> None:
        run, status = self._run, self.status
        self._offline.check(
            expected=run is not None and status.state is not CameraState.STOPPED,
            seen_at=None if run is None else run.seen_at,
            alert_s=self._camera.offline_alert_s,
            cause=status.cause,
        )

    def _start(self, delay_s: float) -> None:
        self._run = self._make_run(self._camera, self._parts)
        self._run.start(delay_s)
