"""Who looks on while a camera is watched: a terminal, a report, a console. None of them can slow or break the camera."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import structlog

from haetae.domain.camera import CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.score import Score

_log = structlog.get_logger()


class Stage(StrEnum):
    """Parts of the way whose duration is watched."""

    VAD = "vad"
    """One call of the model for one frame, waiting for its batch included."""
    CAPTURE_TO_SCORE = "capture_to_score"
    SCORE_TO_EVENT = "score_to_event"
    """From the first abnormal frame's capture to the accepted event."""
    EVENT_TO_STORED = "event_to_stored"
    """From the accepted event to its commit in the database."""


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

    def timed(self, stage: Stage, seconds: float) -> None:
        """A part of the way took `seconds`. Called on the thread that went it."""
        ...


class NoObserver:
    """Looks away; also the base of observers that care for some of it."""

    def state_changed(self, status: CameraStatus) -> None:
        pass

    def scored(self, score: Score) -> None:
        pass

    def event_recorded(self, event: AnomalyEvent, *, final: bool) -> None:
        pass

    def timed(self, stage: Stage, seconds: float) -> None:
        pass


class Observers:
    """Tells several observers, each guarded, so that none is kept from hearing by another's failure."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = tuple(GuardedObserver(observer) for observer in observers)

    def state_changed(self, status: CameraStatus) -> None:
        for observer in self._observers:
            observer.state_changed(status)

    def scored(self, score: Score) -> None:
        for observer in self._observers:
            observer.scored(score)

    def event_recorded(self, event: AnomalyEvent, *, final: bool) -> None:
        for observer in self._observers:
            observer.event_recorded(event, final=final)

    def timed(self, stage: Stage, seconds: float) -> None:
        for observer in self._observers:
            observer.timed(stage, seconds)


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

    def timed(self, stage: Stage, seconds: float) -> None:
        self._guard("timed", lambda: self._observer.timed(stage, seconds))

    def _guard(self, method: str, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:
            if method not in self._failed:
                self._failed.add(method)
                _log.error("observer failed", method=method, exc_info=error)
