"""All cameras of a site: what the database wants is what runs."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.feedback import Evidence
from haetae.errors import UnknownCamera
from haetae.media.clip import OnExtended
from haetae.pipeline.camera_pipeline import CameraPipeline
from haetae.pipeline.feedback import Applied

_log = structlog.get_logger()

STAGGER_S = 0.15
"""Between the starts of two cameras, so that a site does not open all its connections in one moment."""


class Stored(Protocol):
    """A camera as the database holds it."""

    @property
    def config(self) -> CameraConfig: ...


class Broken(Protocol):
    """A camera whose row cannot be read."""

    @property
    def id(self) -> UUID: ...

    @property
    def error(self) -> str: ...


class Cameras(Protocol):
    """What the manager needs of the CameraStore: each call is one transaction and raises HaetaeErrors."""

    def read_all(self) -> tuple[Sequence[Stored], Sequence[Broken]]: ...

    def add(self, config: CameraConfig) -> object: ...

    def change(self, camera_id: UUID, change: Callable[[CameraConfig], CameraConfig]) -> object: ...

    def set_enabled(self, camera_id: UUID, enabled: bool) -> object: ...

    def remove(self, camera_id: UUID) -> object: ...


class MultiCameraManager:
    """Any thread, any number of times. What a method changes is in the database before it takes effect, so a restart finds the site as it
    was left; what another process changes there takes effect at the next `reconcile`.

    While the database is away the cameras go on as they are, and changes are refused with its error.
    """

    def __init__(
        self,
        store: Cameras,
        make_pipeline: Callable[[CameraConfig], CameraPipeline],
        *,
        max_cameras: int,
        clock: Clock,
        removed: Callable[[UUID], None] = lambda _id: None,
        stagger_s: float = STAGGER_S,
    ) -> None:
        """`removed` is told of each camera that has left the site, once its thread has ended."""
        self._store = store
        self._make_pipeline = make_pipeline
        self._max_cameras = max_cameras
        self._clock = clock
        self._removed = removed
        self._stagger_s = stagger_s
        self._lock = threading.Lock()
        self._reconciling = threading.Lock()
        self._pipelines: dict[UUID, CameraPipeline] = {}
        # Cameras that are to run, also those whose turn to start has not come yet.
        self.wanted = 0
        self._refused: dict[UUID, CameraStatus] = {}
        self._leaving: list[CameraPipeline] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def add_camera(self, config: CameraConfig) -> UUID:
        """Add a camera, and start it if it is enabled. Raises ConfigError, CameraLimit, DatabaseUnavailable."""
        self._store.add(config)
        self.reconcile()
        return config.id

    def update_camera(self, config: CameraConfig) -> None:
        """Give a camera other settings. Raises UnknownCamera and what `add_camera` raises."""
        self._store.change(config.id, lambda _before: config)
        self.reconcile()

    def remove_camera(self, camera_id: UUID) -> None:
        """Stop and remove a camera; its events, clips and statistics stay. Raises UnknownCamera."""
        self._store.remove(camera_id)
        self.reconcile()

    def start_camera(self, camera_id: UUID) -> None:
        """Enable a camera; a file that came to its end is played again. Raises UnknownCamera, CameraLimit."""
        self._store.set_enabled(camera_id, True)
        self.resume_camera(camera_id)

    def resume_camera(self, camera_id: UUID) -> None:
        """As `start_camera`, for a camera that is enabled in the database by now; one that is not stays stopped."""
        self.reconcile()
        with self._lock:
            pipeline = self._pipelines.get(camera_id)
        if pipeline is not None and pipeline.running and not self._closed:
            pipeline.start()

    def stop_camera(self, camera_id: UUID) -> None:
        """Disable a camera; it stays stopped over restarts. Raises UnknownCamera."""
        self._store.set_enabled(camera_id, False)
        self.reconcile()

    def relearn_camera(self, camera_id: UUID) -> None:
        """Have a camera forget what it learned and learn anew: at once, or when it is started. Raises UnknownCamera."""
        with self._lock:
            pipeline = self._pipelines.get(camera_id)
        if pipeline is None:
            raise UnknownCamera(f"no camera {camera_id}", hint="See `haetae camera list`")
        if not self._closed:
            pipeline.relearn()

    def get_camera_status(self, camera_id: UUID) -> CameraStatus:
        """How one camera is doing. Raises UnknownCamera."""
        with self._lock:
            pipeline, refused = self._pipelines.get(camera_id), self._refused.get(camera_id)
        if refused is not None:
            return refused
        if pipeline is not None:
            return pipeline.status
        raise UnknownCamera(f"no camera {camera_id}", hint="See `haetae camera list`")

    def statuses(self) -> tuple[CameraStatus, ...]:
        """How all cameras are doing, by name."""
        with self._lock:
            pipelines, refused = list(self._pipelines.values()), dict(self._refused)
        found = {pipeline.id: pipeline.status for pipeline in pipelines if pipeline.id not in refused} | refused
        return tuple(sorted(found.values(), key=lambda status: (status.name, status.camera_id)))

    def accept(self, evidence: Evidence, applied: Applied) -> None:
        """Let a camera take an event for normal; `applied` is told once it has. One that does not run, or is gone, does nothing."""
        with self._lock:
            pipeline = self._pipelines.get(evidence.camera_id)
        if pipeline is not None:
            pipeline.accept(evidence, applied)

    def extend(self, camera_id: UUID, event_id: UUID, longer_s: float, told: OnExtended) -> None:
        """Have an event's clip go on for longer; `told` hears whether that came in time. One that is gone does nothing."""
        with self._lock:
            pipeline = self._pipelines.get(camera_id)
        if pipeline is None:
            told(False)
        else:
            pipeline.extend(event_id, longer_s, told)

    def reconcile(self) -> None:
        """Make what runs what the database wants. Raises DatabaseUnavailable; then everything goes on as it is."""
        with self._reconciling:
            stored, broken = self._store.read_all()
            wanted = {row.config.id: row.config for row in stored}
            refused = {row.id: CameraStatus(row.id, CameraState.FAILED, cause=row.error, name=str(row.id)) for row in broken}
            with self._lock:
                if self._closed:
                    return
                gone = [pipeline for id, pipeline in self._pipelines.items() if id not in wanted and id not in refused]
                for pipeline in gone:
                    del self._pipelines[pipeline.id]
                self._leaving += gone
            for pipeline in gone:
                pipeline.stop()
                # Nobody looks at it again once its thread has ended, and an alarm that it is away would never end.
                self._check(pipeline)
            self._follow(wanted, refused)
            with self._lock:
                self._refused = refused
            self._see_off()

    def _follow(self, wanted: dict[UUID, CameraConfig], refused: dict[UUID, CameraStatus]) -> None:
        """Change, stop and start pipelines. Cameras that run come first, then older ones: a limit that was lowered stops the newest."""
        starting = 0
        running = 0
        self.wanted = min(self._max_cameras, sum(config.enabled for config in wanted.values()))
        for config in sorted(wanted.values(), key=lambda config: (config.id not in self._pipelines, config.id)):
            allowed = config.enabled and running < self._max_cameras
            if config.enabled and not allowed:
                cause = f"more than {self._max_cameras} cameras are enabled: disable one, or raise site.max_cameras"
                refused[config.id] = CameraStatus(config.id, CameraState.FAILED, cause=cause, name=config.name)
            running += allowed
            starting += self._follow_one(config, allowed, starting * self._stagger_s)

    def _follow_one(self, config: CameraConfig, run: bool, delay_s: float) -> bool:
        """True when the camera was started."""
        with self._lock:
            pipeline = self._pipelines.get(config.id)
        if pipeline is None:
            pipeline = self._make_pipeline(config)
            with self._lock:
                if self._closed:
                    return False
                self._pipelines[config.id] = pipeline
        elif pipeline.camera != config:
            pipeline.change(config)
        if pipeline.running == run:
            return False
        if run:
            pipeline.start(delay_s)
        else:
            pipeline.stop()
        return run

    def check(self) -> None:
        """The watchdog's turn for every camera; one that fails is logged and the others are looked at all the same."""
        with self._lock:
            pipelines = [*self._pipelines.values(), *self._leaving]
        for pipeline in pipelines:
            self._check(pipeline)

    @staticmethod
    def _check(pipeline: CameraPipeline) -> None:
        try:
            pipeline.check()
        except Exception:
            _log.exception("watchdog failed", camera_id=str(pipeline.id))

    def close(self, timeout_s: float = 30.0) -> bool:
        """Stop every camera and wait; false when some had not ended after `timeout_s`. Nothing is started after it."""
        with self._lock:
            self._closed = True
            pipelines = [*self._pipelines.values(), *self._leaving]
        for pipeline in pipelines:
            pipeline.stop()
        # What is stopped is not missed any longer: open alarms about cameras that are away end with the site.
        self.check()
        deadline = self._clock.monotonic() + timeout_s
        late = [pipeline for pipeline in pipelines if not pipeline.join(max(0.0, deadline - self._clock.monotonic()))]
        for pipeline in late:
            _log.error("a camera did not stop in time", camera_id=str(pipeline.id), camera=pipeline.camera.name)
        return not late

    def _see_off(self) -> None:
        """Tell of removed cameras whose threads have ended."""
        with self._lock:
            ended = [pipeline for pipeline in self._leaving if pipeline.join(0.0)]
            self._leaving = [pipeline for pipeline in self._leaving if pipeline not in ended]
        for pipeline in ended:
            self._removed(pipeline.id)
