"""Who looks on while a camera is watched: a terminal, a report, a console. None of them can slow or break the camera."""

from collections.abc import Callable
from typing import Protocol

import structlog

from haetae.domain.camera import CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.score import Score

_log = structlog.get_logger()


class Observer(Protocol):
    """Told what happens to one camera. Must return at once; what it raises is logged and changes nothing."""

    def state_changed(self, status: CameraStatus) -> None:
        """The camera's state became `status.state`. Called on the camera's thread."""
        ...

    def scored(self, score: Score) -> None:
        """One frame was judged. Called on the camera's thread."""
        ...

    def event_recorded(self, event: AnomalyEvent, *, final: bool) -> None:
        """A revision of an event was logged; `final` says that clip and pictures are done. Called on any thread."""
        ...


class NoObserver:
    """Looks away; also the base of observers that care for some of it."""

    def state_changed(self, status: CameraStatus) -> None:
        pass

    def scored(self, score: Score) -> None:
        pass

    def event_recorded(self, event: AnomalyEvent, *, final: bool) -> None:
        pass


class GuardedObserver:
    """Passes everything on; what the other observer raises is logged, once per method, and goes no further."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._failed: set[str] = set()

    def state_changed(self, status: CameraStatus) -> None:
        self._guard("state_changed", lambda: self._observer.state_changed(status))

    def scored(self, score: Score) -> None:
        self._guard("scored", lambda: self._observer.scored(score))

    def event_recorded(self, event: AnomalyEvent, *, final: bool) -> None:
        self._guard("event_recorded", lambda: self._observer.event_recorded(event, final=final))

    def _guard(self, method: str, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:
            if method not in self._failed:
                self._failed.add(method)
                _log.error("observer failed", method=method, exc_info=error)
