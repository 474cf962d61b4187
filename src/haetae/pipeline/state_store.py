"""The learned states of all cameras: loaded when a camera starts, written by a thread of its own so that no camera waits for a disk."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.camera import CameraConfig
from haetae.errors import StateError
from haetae.media.blobs import StorageLayout
from haetae.vad.base import VADModel
from haetae.vad.normality import Normality

_log = structlog.get_logger()


class Snapshot(Protocol):
    """What `Normality.snapshot` gives."""

    def write(self, path: Path) -> None:
        """Put it at `path`, whole or not at all. Raises StateError."""
        ...


class StateStore:
    """One for a site; any thread. Per camera only the newest snapshot waits, so memory is bounded however slow the disk is."""

    def __init__(self, layout: StorageLayout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[Path, Snapshot] = {}
        self._last: Future[None] | None = None
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="states")

    def load(self, camera: CameraConfig, model: VADModel) -> Normality | None:
        """What this camera learned with this model, None where it has yet to learn.

        A file that cannot be used is moved aside, said loudly, and the camera learns anew: a damaged file must not keep a camera blind.
        """
        path = self._path(camera.id, camera.vad_model)
        self.flush()
        if not path.exists():
            return None
        try:
            normality = Normality.load(path, model)
            normality.set_budget(camera.false_alarms_per_day)
        except StateError as error:
            aside = path.with_name(f"{path.name}.unusable-{self._clock.now():%Y%m%dT%H%M%SZ}")
            path.replace(aside)
            _log.error("the learned state cannot be used: the camera learns anew", camera=camera.name, error=str(error), kept_as=str(aside))
            return None
        return normality

    def save(self, camera: CameraConfig, normality: Normality) -> None:
        """Have it written soon. Called on the camera's thread; takes as long as copying 0.5 MB."""
        path = self._path(camera.id, camera.vad_model)
        snapshot = normality.snapshot()
        with self._lock:
            begin = path not in self._waiting
            self._waiting[path] = snapshot
            if begin:
                self._last = self._writer.submit(self._write, path)

    def set_aside(self, camera_id: UUID) -> None:
        """Have a camera begin anew: what it learned is kept as `.previous`, in the place of what was kept so before.

        A disk that refuses is logged, never raised: what is learned from now on replaces the file in the end.
        """
        folder = self._layout.root / "states" / str(camera_id)
        self.flush()
        try:
            for path in folder.glob("*.state"):
                path.replace(path.with_name(f"{path.name}.previous"))
        except OSError as error:
            _log.error("the learned state could not be set aside", folder=str(folder), error=str(error))

    def forget(self, camera_id: UUID) -> None:
        """Delete what a removed camera has learned."""
        self.flush()
        for path in self._layout.root.glob(f"states/{camera_id}/*"):
            path.unlink(missing_ok=True)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all that was handed in is written; false after `timeout_s`."""
        with self._lock:
            last = self._last
        return last is None or not wait([last], timeout_s).not_done

    def close(self, timeout_s: float = 10.0) -> bool:
        """Write what waits and stop; false when the disk did not answer in time."""
        done = self.flush(timeout_s)
        self._writer.shutdown(wait=done, cancel_futures=not done)
        return done

    def _write(self, path: Path) -> None:
        with self._lock:
            snapshot = self._waiting.pop(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            snapshot.write(path)
        except (StateError, OSError) as error:
            _log.error("the learned state could not be saved", path=str(path), error=str(error))

    def _path(self, camera_id: UUID, model: str) -> Path:
        return self._layout.path(self._layout.state(camera_id, model))
