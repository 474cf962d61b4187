"""Who looks on while a camera is watched: a terminal, a report, a console. None of them can slow or break the camera."""

from typing import Protocol

from haetae.domain.camera import CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.score import Score


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
