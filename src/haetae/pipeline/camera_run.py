"""One thread that watches one camera, until it is told to stop or is given up because it hangs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.feedback import Evidence
from haetae.errors import HaetaeError
from haetae.media.clip import OnExtended
from haetae.pipeline.e2e_system import E2ESystem
from haetae.pipeline.feedback import Applied
from haetae.pipeline.heartbeat import Heartbeat
from haetae.pipeline.observer import Observer
from haetae.pipeline.tally import Tally
from haetae.sources.reconnect import ReconnectPolicy
from haetae.telemetry import log_context
from haetae.vad.base import VADModel
from haetae.vad.normality import Normality

_log = structlog.get_logger()

RESTARTING = ("source", "vad_model", "vad_settings", "analysed_fps")
"""What of a camera's settings cannot be changed within a connection."""


def needs_restart(before: CameraConfig, after: CameraConfig) -> bool:
    """Whether a change takes a new connection."""
    return any(getattr(before, name) != getattr(after, name) for name in RESTARTING)


class Lease(VADModel, Protocol):
    """A shared model, held until it is released."""

    def release(self) -> None: ...


class Models(Protocol):
    """What a camera needs of the ResourcePool."""

    def get_vad_model(self, name: str, **settings: str | float | bool) -> Lease:
        """The shared model of this name and settings. Raises HaetaeError where it cannot be made or does not fit."""
        ...


class States(Protocol):
    """What a camera needs of the StateStore."""

    def load(self, camera: CameraConfig, model: VADModel) -> Normality | None: ...

    def save(self, camera: CameraConfig, normality: Normality) -> None: ...

    def set_aside(self, camera_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class SystemParts:
    """What a camera's thread adds to an E2ESystem."""

    model: VADModel
    normality: Normality | None
    observer: Observer
    tally: Tally
    heartbeat: Heartbeat
    learned: Callable[[Normality], None]


@dataclass(frozen=True, slots=True)
class RunParts:
    """What the threads of one camera are made of; made once per camera by the composition root."""

    models: Models
    states: States
    build_system: Callable[[CameraConfig, SystemParts], E2ESystem]
    observer: Observer
    tally: Tally
    clock: Clock
    crash_backoff: ReconnectPolicy
    hang_s: float = 60.0


class CameraRun:
    """`start` once; `stop`, `change`, `relearn`, `accept`, `abandon` and the properties from any thread."""

    def __init__(self, camera: CameraConfig, parts: RunParts) -> None:
        self._camera = camera
        self._parts = parts
        self._heart = Heartbeat(parts.clock, parts.hang_s)
        self._system: E2ESystem | None = None
        self._normality: Normality | None = None
        self._stop = threading.Event()
        self._forget = False
        # Held to swap `_camera`, `_system` and `_forget`, never while anything is waited for.
        self._lock = threading.Lock()
        self._abandoned = False
        self._status = CameraStatus(camera.id, CameraState.CONNECTING, name=camera.name, since=parts.clock.now())
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.name[:32]}", daemon=True)
        self._delay_s = 0.0

    def start(self, delay_s: float = 0.0) -> None:
        """Connect after `delay_s`, so that cameras do not all connect in one moment."""
        self._delay_s = delay_s
        self._heart.expect(delay_s)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def hangs(self) -> bool:
        """True when the thread is in native code for far too long."""
        return self.alive and self._heart.overdue

    @property
    def seen_at(self) -> float | None:
        """Monotonic time of the newest packet, None before the first one."""
        system = self._system
        return None if system is None else system.seen_at

    @property
    def status(self) -> CameraStatus:
        system = self._system
        if system is not None and self._status.state is CameraState.CONNECTING:
            return replace(system.status, name=self._camera.name)
        tally = self._parts.tally
        return replace(self._status, name=self._camera.name, frames=tally.frames, events=tally.events, reconnects=tally.reconnects)

    def stop(self) -> None:
        """End soon: what is open is closed and stored first. Returns at once."""
        with self._lock:
            self._stop.set()
            system = self._system
        if system is not None:
            system.stop()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; false when it did not come in time."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def change(self, camera: CameraConfig) -> None:
        """Go by other settings; what was learned is kept unless the model is another one. Returns at once."""
        with self._lock:
            before, self._camera = self._camera, camera
            system = self._system
        if system is None:
            return
        if needs_restart(before, camera):
            system.stop()
        else:
            system.change(camera)

    def relearn(self) -> None:
        """Forget what was learned and learn anew, with a new connection so that a file is learned from its start. Returns at once."""
        with self._lock:
            self._forget = True
            system = self._system
        if system is not None:
            system.stop()

    def accept(self, evidence: Evidence, applied: Applied) -> None:
        """Take an event for normal soon; nothing happens, and nobody is told, before the camera is connected. Returns at once."""
        system = self._system
        if system is not None:
            system.accept(evidence, applied)

    def extend(self, event_id: UUID, longer_s: float, told: OnExtended) -> None:
        """Have an event's clip go on for longer; `told` hears whether that came in time. Returns at once."""
        system = self._system
        if system is None:
            told(False)
        else:
            system.extend(event_id, longer_s, told)

    def abandon(self) -> None:
        """Give the thread up. Should it ever come back, it finds that nothing it does counts, and ends."""
        self._abandoned = True
        self._stop.set()
        system = self._system
        if system is not None:
            system.abandon()

    def _run(self) -> None:
        with log_context(camera_id=str(self._camera.id), camera=self._camera.name):
            self._parts.clock.wait(self._delay_s, self._stop)
            while not self._stop.is_set():
                try:
                    if self.run_once():
                        break
                except HaetaeError as error:
                    _log.error("camera cannot run", error=str(error))
                    self._fail(str(error))
                except Exception as error:
                    _log.exception("camera crashed")
                    # What it had learned may be what crashed it: begin again from what was saved.
                    self._normality = None
                    self._fail(f"internal error: {type(error).__name__}: {error}")
            if self._forget:
                # What was being saved in that moment.
                self._parts.states.set_aside(self._camera.id)
            self._heart.rest()

    def run_once(self) -> bool:
        """Watch with the settings of now; true when the source came to its end, false when it was stopped or is to go by other settings, or
        to learn anew."""
        with self._lock:
            camera = self._camera
            anew, self._forget = self._forget, False
        self._heart.expect(self._parts.hang_s)
        if anew:
            self._parts.states.set_aside(camera.id)
            self._normality = None
        model = self._parts.models.get_vad_model(camera.vad_model, **dict(camera.vad_settings))
        try:
            if self._normality is None and not anew:
                self._normality = self._parts.states.load(camera, model)
            system = self._build(camera, model)
            with self._lock:
                if self._stop.is_set():
                    return False
                self._system = system
                self._status = CameraStatus(camera.id, CameraState.CONNECTING)
                changed = self._camera is not camera or self._forget
            if changed:
                return False
            try:
                system.run()
            finally:
                self._keep(camera, system.normality)
            return self._ended(camera)
        finally:
            model.release()

    def _build(self, camera: CameraConfig, model: VADModel) -> E2ESystem:
        parts = self._parts
        return parts.build_system(
            camera,
            SystemParts(
                model=model,
                normality=self._normality,
                observer=parts.observer,
                tally=parts.tally,
                heartbeat=self._heart,
                learned=lambda normality: self._save(camera, normality),
            ),
        )

    def _save(self, camera: CameraConfig, normality: Normality) -> None:
        if not self._forget:
            self._parts.states.save(camera, normality)

    def _keep(self, camera: CameraConfig, normality: Normality | None) -> None:
        """Carry what was learned over to the next system, unless that has another model."""
        now = self._camera
        same = (now.vad_model, now.vad_settings) == (camera.vad_model, camera.vad_settings)
        self._normality = normality if same else None

    def _ended(self, camera: CameraConfig) -> bool:
        """Whether the source itself came to its end."""
        with self._lock:
            if self._stop.is_set() or self._forget or needs_restart(camera, self._camera):
                return False
        self._say(CameraState.STOPPED, "the source came to its end")
        return True

    def _fail(self, cause: str) -> None:
        self._say(CameraState.FAILED, cause)
        self._heart.expect(delay_s := self._parts.crash_backoff.lost())
        self._parts.clock.wait(delay_s, self._stop)

    def _say(self, state: CameraState, cause: str) -> None:
        if self._abandoned:
            return
        self._status = CameraStatus(self._camera.id, state, cause=cause, since=self._parts.clock.now())
        self._parts.observer.state_changed(self.status)
