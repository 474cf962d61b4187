"""Events that no camera's pictures raise: a camera is away, the disk is full."""

import threading
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.event import AnomalyEvent, EventKind, EventStatus, Severity
from haetae.errors import StorageError
from haetae.ids import new_id
from haetae.pipeline.incident_recorder import EventLog

_log = structlog.get_logger()


class SystemEvents:
    """Opens and closes them. Any thread may call it; no call waits for a disk or a database, or raises what the log does.

    A revision that the log refuses (its own disk is full: just when there is something to say) is kept and offered again by `check`; of an
    event's revisions only the highest is, for it says all that the others did.
    """

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._event_log = log
        self._clock = clock
        # Held only to look into the two dicts: never while the log is written.
        self._lock = threading.Lock()
        self._open: dict[UUID, AnomalyEvent] = {}
        self._refused: dict[UUID, AnomalyEvent] = {}

    def open(
        self, camera_id: UUID, subtype: str, *, at: datetime | None = None, detail: str = "", severity: Severity = Severity.HIGH
    ) -> AnomalyEvent:
        """Log the first revision of a system event that began `at` (now); give it to `close` when it is over."""
        event = AnomalyEvent(
            id=new_id(),
            camera_id=camera_id,
            timestamp=at or self._clock.now(),
            frame_number=0,
            vad_score=0.0,
            threshold=0.0,
            kind=EventKind.SYSTEM,
            subtype=subtype,
            severity=severity,
            detail=detail,
            media_bytes=0,
        )
        with self._lock:
            self._open[event.id] = event
        self._store(event)
        return event

    def close(self, event: AnomalyEvent, *, at: datetime | None = None) -> AnomalyEvent:
        """Log that it ended `at` (now); returns the closed event. Closing twice changes nothing."""
        with self._lock:
            current = self._open.pop(event.id, None)
        if current is None:
            return event
        closed = replace(current, revision=current.revision + 1, status=EventStatus.CLOSED, ended_at=at or self._clock.now())
        self._store(closed)
        return closed

    def close_all(self) -> None:
        """Close what is open, for the end of the process: from then on nobody knows."""
        with self._lock:
            left = list(self._open.values())
        for event in left:
            self.close(event)

    def check(self) -> None:
        """Offer again what was refused. Called now and then."""
        with self._lock:
            left = list(self._refused.values())
        for event in left:
            self._store(event)

    def _store(self, event: AnomalyEvent) -> None:
        try:
            self._event_log.log_event(event)
        except StorageError as error:
            self._keep(event, error)
            return
        with self._lock:
            refused = self._refused.get(event.id)
            if refused is not None and refused.revision <= event.revision:
                del self._refused[event.id]

    def _keep(self, event: AnomalyEvent, error: StorageError) -> None:
        with self._lock:
            refused = self._refused.get(event.id)
            if refused is not None and refused.revision >= event.revision:
                return
            self._refused[event.id] = event
        _log.critical("system event refused", event_id=str(event.id), subtype=event.subtype, detail=event.detail, error=str(error))
