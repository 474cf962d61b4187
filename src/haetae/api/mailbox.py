"""What waits for one WebSocket client: bounded, whatever the client does."""

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from haetae.domain.event import SITE
from haetae.domain.viewer import Role, Viewer

MOST_EVENTS = 500
"""Messages about events that may wait; a client that is further behind reads the list anew."""

RESYNC = '{"type":"resync"}'


class Topic(StrEnum):
    EVENTS = "events"
    STATUSES = "statuses"
    SCORES = "scores"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, written once for all who get it. For scores `text` is this camera's member of the object."""

    topic: Topic
    camera_id: UUID
    text: str


class Mailbox:
    """Of events each message counts, in order; of statuses and scores only the newest of each camera. On the event loop only."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.topics: set[Topic] = set()
        self.cameras: frozenset[UUID] | None = None
        self.recheck = asyncio.Event()
        """Set when something about this viewer's access may have changed."""
        self._events: deque[str] = deque()
        self._newest: dict[Topic, dict[UUID, str]] = {Topic.STATUSES: {}, Topic.SCORES: {}}
        self._overflown = False
        self._wake = asyncio.Event()

    def wants(self, message: Message) -> bool:
        return message.topic in self.topics and (self.cameras is None or message.camera_id in self.cameras) and self.sees(message.camera_id)

    def sees(self, camera_id: UUID) -> bool:
        if camera_id == SITE:
            return self.viewer.is_at_least(Role.OPERATOR)
        return self.viewer.level(camera_id) is not None

    def offer(self, message: Message) -> None:
        """Put a message in, if this client wants it."""
        if not self.wants(message):
            return
        if message.topic is not Topic.EVENTS:
            self._newest[message.topic][message.camera_id] = message.text
        elif not self._overflown:
            self._events.append(message.text)
            if len(self._events) > MOST_EVENTS:
                self._events.clear()
                self._overflown = True
        self._wake.set()

    def put(self, text: str) -> None:
        """An answer to this client itself."""
        self._events.append(text)
        self._wake.set()

    async def take(self) -> list[str]:
        """All that waits, at least one message; waits for it."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            texts = [RESYNC] if self._overflown else []
            self._overflown = False
            texts += self._events
            self._events.clear()
            texts += self._visible(Topic.STATUSES)
            if scores := self._visible(Topic.SCORES):
                texts.append(f'{{"type":"scores","scores":{{{",".join(scores)}}}}}')
            if texts:
                return texts

    def _visible(self, topic: Topic) -> list[str]:
        # What came before a grant was taken away is not told after it.
        texts = [text for camera_id, text in self._newest[topic].items() if self.sees(camera_id)]
        self._newest[topic].clear()
        return texts
