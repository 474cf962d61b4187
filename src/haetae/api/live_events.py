"""The hub between camera threads and WebSocket clients."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from haetae.api.live_messages import camera_changed_message, event_changed_message, event_message, score_member, status_message
from haetae.api.mailbox import Mailbox, Message, Topic
from haetae.clock import Clock
from haetae.domain.camera import CameraConfig, CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.score import Score
from haetae.domain.viewer import Viewer
from haetae.errors import TooManyRequests
from haetae.pipeline.observer import NoObserver, Observer

SCORES_EVERY_S = 0.2
"""Scores are told together, so that many cameras and many clients stay cheap."""

_MOST_PENDING = 2000


class LiveEvents:
    """Camera threads and routes tell it what happens, from any thread, at once and without ever failing; while nobody is connected that
    costs next to nothing. Everything about clients happens on the event loop, inside `running`."""

    def __init__(self, clock: Clock, *, max_clients: int = 256) -> None:
        self._clock = clock
        self._max_clients = max_clients
        self._loop: asyncio.AbstractEventLoop | None = None
        self._boxes: dict[Mailbox, None] = {}
        # Guards what camera threads leave for the loop.
        self._lock = threading.Lock()
        self._pending: deque[Message] = deque(maxlen=_MOST_PENDING)
        self._scores: dict[UUID, str] = {}
        self._scheduled = False
        self._scores_scheduled = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """For as long as the application runs."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None

    # Any thread

    def for_camera(self, camera: CameraConfig) -> Observer:
        """Tells of one camera."""
        return _Teller(self, camera.id)

    def publish_event(self, event: AnomalyEvent) -> None:
        """A revision of an event, which can be read by now."""
        if self._boxes:
            self._tell(Message(Topic.EVENTS, event.camera_id, event_message(event)))

    def event_changed(self, camera_id: UUID, event_id: UUID) -> None:
        """Somebody acknowledged an event, or the like: who shows it reads it again."""
        if self._boxes:
            self._tell(Message(Topic.EVENTS, camera_id, event_changed_message(camera_id, event_id)))

    def camera_changed(self, camera_id: UUID) -> None:
        """A camera was added, changed or removed."""
        if self._boxes:
            self._tell(Message(Topic.STATUSES, camera_id, camera_changed_message(camera_id)))

    def status_changed(self, status: CameraStatus) -> None:
        if self._boxes:
            self._tell(self.status_of(status))

    @staticmethod
    def status_of(status: CameraStatus) -> Message:
        return Message(Topic.STATUSES, status.camera_id, status_message(status))

    def scored(self, camera_id: UUID, score: Score) -> None:
        if not self._boxes:
            return
        text = score_member(camera_id, score)
        with self._lock:
            self._scores[camera_id] = text
            scheduled, self._scores_scheduled = self._scores_scheduled, True
        if not scheduled:
            self._on_loop(lambda loop: loop.call_later(SCORES_EVERY_S, self._pass_on_scores))

    def access_changed(self, user_id: UUID | None) -> None:
        """What a person (None: anybody) may do was changed: these sockets are asked again at once."""

        def recheck() -> None:
            for box in self._boxes:
                if user_id in (None, box.viewer.user_id):
                    box.recheck.set()

        self._on_loop(lambda loop: loop.call_soon(recheck))

    # The event loop

    def connect(self, viewer: Viewer) -> Mailbox:
        """A new client. Raises TooManyRequests; one person is given at most half of the places."""
        mine = sum(box.viewer.user_id == viewer.user_id for box in self._boxes)
        if len(self._boxes) >= self._max_clients or mine >= max(1, self._max_clients // 2):
            raise TooManyRequests("too many connections are open", retry_after_s=10.0, hint="Close one, or raise api.max_clients")
        box = Mailbox(viewer)
        self._boxes[box] = None
        return box

    def disconnect(self, box: Mailbox) -> None:
        self._boxes.pop(box, None)

    def _tell(self, message: Message) -> None:
        with self._lock:
            self._pending.append(message)
            scheduled, self._scheduled = self._scheduled, True
        if not scheduled:
            self._on_loop(lambda loop: loop.call_soon(self._pass_on))

    def _on_loop(self, work: Callable[[asyncio.AbstractEventLoop], object]) -> None:
        loop = self._loop
        if loop is not None:
            # The loop may be closing right now.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(work, loop)

    def _pass_on(self) -> None:
        with self._lock:
            messages = list(self._pending)
            self._pending.clear()
            self._scheduled = False
        for message in messages:
            for box in self._boxes:
                box.offer(message)

    def _pass_on_scores(self) -> None:
        with self._lock:
            scores, self._scores = self._scores, {}
            self._scores_scheduled = False
        for camera_id, text in scores.items():
            message = Message(Topic.SCORES, camera_id, text)
            for box in self._boxes:
                box.offer(message)


class _Teller(NoObserver):
    """One camera's observer. Called on that camera's thread. Events are told once they are stored, by whoever stores them."""

    def __init__(self, hub: LiveEvents, camera_id: UUID) -> None:
        self._hub = hub
        self._camera_id = camera_id

    def state_changed(self, status: CameraStatus) -> None:
        self._hub.status_changed(status)

    def scored(self, score: Score) -> None:
        self._hub.scored(self._camera_id, score)
