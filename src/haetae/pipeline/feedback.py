"""Brings what people call normal to the cameras that alarmed about it."""

import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.feedback import Evidence
from haetae.errors import HaetaeError

EVERY_S = 3.0

_log = structlog.get_logger()

Applied = Callable[[UUID], None]
"""Told the id of feedback that a camera has taken in; called on the camera's thread, returns at once."""


class Store(Protocol):
    """What is needed of the FeedbackStore; raises HaetaeErrors."""

    def pending(self, camera_ids: Collection[UUID]) -> list[Evidence]: ...

    def mark_applied(self, feedback_ids: Collection[UUID], *, at: datetime) -> None: ...


class Cameras(Protocol):
    """What is needed of the MultiCameraManager."""

    def statuses(self) -> Iterable[CameraStatus]: ...

    def accept(self, evidence: Evidence, applied: Applied) -> None: ...


class FeedbackCourier:
    """`check` belongs to the housekeeping thread. Only cameras that watch are told; for the others it waits in the database.

    Offered again until it is noted as applied: cameras take the same evidence twice without another effect.
    """

    def __init__(self, store: Store, cameras: Cameras, clock: Clock, *, saved: Callable[[], bool]) -> None:
        """`saved` waits a moment until what cameras handed in to be saved is on disk, and says whether it is: only then is feedback noted
        as applied, so that no crash can lose it."""
        self._store = store
        self._cameras = cameras
        self._clock = clock
        self._saved = saved
        self._due = clock.monotonic()
        self._lock = threading.Lock()
        self._applied: set[UUID] = set()
        self._failing = False

    def check(self) -> None:
        """Note what cameras have taken in, and bring them what is new, every few seconds. Never raises for the database."""
        if self._clock.monotonic() < self._due:
            return
        self._due = self._clock.monotonic() + EVERY_S
        try:
            self._note()
            self._bring()
        except HaetaeError as error:
            if not self._failing:
                _log.warning("feedback waits for the database", error=str(error))
            self._failing = True
        else:
            self._failing = False

    def applied(self, feedback_id: UUID) -> None:
        """A camera has taken it in. Called on the camera's thread."""
        with self._lock:
            self._applied.add(feedback_id)

    def _note(self) -> None:
        with self._lock:
            applied = frozenset(self._applied)
        if applied and self._saved():
            self._store.mark_applied(applied, at=self._clock.now())
            with self._lock:
                self._applied -= applied

    def _bring(self) -> None:
        watching = [status.camera_id for status in self._cameras.statuses() if status.state is CameraState.WATCHING]
        if not watching:
            return
        for evidence in self._store.pending(watching):
            if evidence.feedback_id not in self._applied:
                self._cameras.accept(evidence, self.applied)
