"""Says that a camera is down: one system event from the time it was last seen until it is back."""

from datetime import datetime, timedelta
from uuid import UUID

from haetae.clock import Clock
from haetae.domain.event import CAMERA_OFFLINE, AnomalyEvent
from haetae.pipeline.system_events import SystemEvents


class OfflineAlarm:
    """One camera's; one thread at a time."""

    def __init__(self, camera_id: UUID, events: SystemEvents, clock: Clock) -> None:
        self._camera_id = camera_id
        self._events = events
        self._clock = clock
        self._since: float | None = None
        self._open: AnomalyEvent | None = None

    def check(self, *, expected: bool, seen_at: float | None, alert_s: float, cause: str) -> None:
        """Called again and again. `expected` is false while nobody wants pictures of the camera; `seen_at` is the monotonic time of its
        newest packet, None before the first one."""
        now = self._clock.monotonic()
        if not expected:
            self._since = None
            self._close()
            return
        if self._since is None or (seen_at is not None and seen_at > self._since):
            self._since = now if seen_at is None else seen_at
        away_s = now - self._since
        if away_s < alert_s:
            self._close()
        elif self._open is None:
            self._open = self._events.open(self._camera_id, CAMERA_OFFLINE, at=self._wall(away_s), detail=cause)

    def _close(self) -> None:
        if self._open is not None:
            self._events.close(self._open, at=self._clock.now())
            self._open = None

    def _wall(self, ago_s: float) -> datetime:
        return self._clock.now() - timedelta(seconds=ago_s)
