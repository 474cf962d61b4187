"""System events about the site as a whole, and about cameras that have learned enough: what people should hear of before it hurts."""

from collections.abc import Callable
from uuid import UUID

from haetae.clock import Clock
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import DATABASE_AWAY, LEARNING_FINISHED, SITE, STORAGE_LOW, VLM_AWAY, AnomalyEvent, Severity
from haetae.domain.site import StorageStatus
from haetae.pipeline.observer import NoObserver
from haetae.pipeline.system_events import SystemEvents

AWAY_S = 30.0
"""A database that is back sooner was restarted, and is no news."""

LOW_DAYS, ENOUGH_DAYS = 3.0, 4.0


class SiteAlarms:
    """Looks at the disk and the event log; `check` and `close` belong to the housekeeping thread. Each alarm is one event, open for as long
    as the trouble lasts.

    `storage_low`: clips will be deleted before their time, within LOW_DAYS. `database_away`: events wait in the journal for AWAY_S.
    `vlm_away`: the model that looks at events cannot be asked.
    """

    def __init__(
        self,
        system_events: SystemEvents,
        clock: Clock,
        *,
        storage: Callable[[], StorageStatus],
        database_error: Callable[[], str | None],
        model_away: Callable[[], str] = lambda: "",
    ) -> None:
        """`model_away` says why the model that looks at events cannot be asked, or nothing."""
        self._events = system_events
        self._clock = clock
        self._storage = storage
        self._database_error = database_error
        self._low: AnomalyEvent | None = None
        self._away: AnomalyEvent | None = None
        self._failing_since: float | None = None
        self._model_away = model_away
        self._vlm_away: AnomalyEvent | None = None

    def check(self) -> None:
        """Open what is new, close what is over."""
        self._check_storage()
        self._check_database()
        self._check_model()

    def _check_storage(self) -> None:
        days = self._storage().days_left
        if self._low is None and days is not None and days < LOW_DAYS:
            detail = f"clips will be deleted before their time in {days:.1f} days" if days > 0 else "clips are deleted before their time"
            self._low = self._events.open(SITE, STORAGE_LOW, at=self._clock.now(), detail=detail, severity=Severity.MEDIUM)
        elif self._low is not None and (days is None or days > ENOUGH_DAYS):
            self._events.close(self._low, at=self._clock.now())
            self._low = None

    def _check_database(self) -> None:
        error = self._database_error()
        if error is None:
            self._failing_since = None
            if self._away is not None:
                self._events.close(self._away, at=self._clock.now())
                self._away = None
            return
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if self._away is None and now - self._failing_since >= AWAY_S:
            self._away = self._events.open(SITE, DATABASE_AWAY, at=self._clock.now(), detail=error, severity=Severity.HIGH)

    def _check_model(self) -> None:
        """Told as soon as the analyzer gives the model up for a while; over when it answers again."""
        cause = self._model_away()
        if self._vlm_away is None and cause:
            detail = f"events are described by measurements alone: {cause}"
            self._vlm_away = self._events.open(SITE, VLM_AWAY, at=self._clock.now(), detail=detail, severity=Severity.MEDIUM)
        elif self._vlm_away is not None and not cause:
            self._events.close(self._vlm_away, at=self._clock.now())
            self._vlm_away = None


class LearningNotice(NoObserver):
    """One camera's: says once that it has learned what is normal, when it begins to watch."""

    def __init__(self, camera_id: UUID, system_events: SystemEvents) -> None:
        self._camera_id = camera_id
        self._events = system_events
        self._learning = False

    def state_changed(self, status: CameraStatus) -> None:
        if status.state is CameraState.LEARNING:
            self._learning = True
        elif status.state is CameraState.WATCHING and self._learning:
            self._learning = False
            self._events.close(self._events.open(self._camera_id, LEARNING_FINISHED, severity=Severity.LOW))
