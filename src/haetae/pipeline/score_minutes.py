"""The greatest score of each minute of the last day, for every camera: what its strip in the console is drawn from."""

import io
import threading
import zipfile
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import structlog

from haetae.clock import Clock
from haetae.domain.score import Score
from haetae.errors import MediaError
from haetae.media.blobs import StorageLayout, write_atomically
from haetae.pipeline.observer import NoObserver

MINUTES = 1440
SAVE_EVERY_S = 300.0
_MINUTE_S = 60

_log = structlog.get_logger()


class CameraMinutes(NoObserver):
    """An observer of one camera. `scored` is called on the camera's thread, the rest on any; none of them waits for a disk."""

    def __init__(self, saved: bytes | None = None) -> None:
        """`saved` is what `as_bytes` gave. Raises ValueError where it is anything else."""
        self._lock = threading.Lock()
        self._number = np.zeros(MINUTES, np.int64)
        self._peak = np.zeros(MINUTES, np.float32)
        self.changed = False
        if saved is not None:
            self._number, self._peak = _read(saved)

    def scored(self, score: Score) -> None:
        minute = int(score.captured_at.timestamp()) // _MINUTE_S
        at = minute % MINUTES
        with self._lock:
            if self._number[at] != minute:
                self._number[at], self._peak[at] = minute, score.value
            else:
                self._peak[at] = max(self._peak[at], score.value)
            self.changed = True

    def until(self, now: datetime) -> tuple[datetime, list[float | None]]:
        """When the first of the last MINUTES minutes began, and the greatest score in [0, 1] of each, the running one last; None where
        nothing was judged."""
        last = int(now.timestamp()) // _MINUTE_S
        wanted = np.arange(last - MINUTES + 1, last + 1)
        at = wanted % MINUTES
        with self._lock:
            known, peaks = self._number[at] == wanted, self._peak[at]
        begun = datetime.fromtimestamp(int(wanted[0]) * _MINUTE_S, UTC)
        return begun, [round(float(peak), 3) if there else None for there, peak in zip(known, peaks, strict=True)]

    def as_bytes(self) -> bytes:
        """What is known, to be kept over a restart."""
        with self._lock:
            number, peak = self._number.copy(), self._peak.copy()
            self.changed = False
        file = io.BytesIO()
        np.savez_compressed(file, number=number, peak=peak)
        return file.getvalue()


class ScoreMinutes:
    """Those of all cameras of a site. A file that cannot be read or written is logged: the strip begins later, and nothing else suffers."""

    def __init__(self, layout: StorageLayout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        self._lock = threading.Lock()
        self._cameras: dict[UUID, CameraMinutes] = {}
        self._saved_at = clock.monotonic()

    def for_camera(self, camera_id: UUID) -> CameraMinutes:
        """The one of this camera, with what was saved of it."""
        with self._lock:
            if camera_id not in self._cameras:
                self._cameras[camera_id] = self._load(camera_id)
            return self._cameras[camera_id]

    def last_day(self, camera_id: UUID) -> tuple[datetime, list[float | None]]:
        """See `CameraMinutes.until`; of a camera that never ran nothing is known."""
        with self._lock:
            found = self._cameras.get(camera_id)
        return (found or CameraMinutes()).until(self._clock.now())

    def check(self) -> None:
        """Save what is new now and then. Called every second; waits for the disk when it saves."""
        if self._clock.monotonic() - self._saved_at >= SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        self._saved_at = self._clock.monotonic()
        with self._lock:
            changed = [(camera_id, minutes) for camera_id, minutes in self._cameras.items() if minutes.changed]
        for camera_id, minutes in changed:
            try:
                write_atomically(self._layout.path(self._layout.score_minutes(camera_id)), minutes.as_bytes())
            except MediaError as error:
                _log.error("the scores of the last day could not be saved", camera_id=str(camera_id), error=str(error))

    def forget(self, camera_id: UUID) -> None:
        """Of a removed camera. Its file goes with all that it learned."""
        with self._lock:
            self._cameras.pop(camera_id, None)

    def _load(self, camera_id: UUID) -> CameraMinutes:
        path = self._layout.path(self._layout.score_minutes(camera_id))
        try:
            return CameraMinutes(path.read_bytes())
        except FileNotFoundError:
            return CameraMinutes()
        except (OSError, ValueError) as error:
            _log.error("the scores of the last day cannot be read", path=str(path), error=str(error))
            return CameraMinutes()


def _read(saved: bytes) -> tuple[np.ndarray, np.ndarray]:
    try:
        with np.load(io.BytesIO(saved), allow_pickle=False) as file:
            number, peak = file["number"], file["peak"]
    except (OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"these are no minutes: {error}") from error
    if (number.shape, number.dtype, peak.shape, peak.dtype) != ((MINUTES,), np.int64, (MINUTES,), np.float32):
        raise ValueError("these are no minutes of one day")
    if not np.all((peak >= 0.0) & (peak <= 1.0)):
        raise ValueError("these are no scores")
    return number, peak
