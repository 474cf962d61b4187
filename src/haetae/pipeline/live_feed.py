"""The newest of each camera, for whoever looks: picture, score and heat map, coded video. It costs next to nothing while nobody does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from haetae.clock import Clock
from haetae.domain.frame import Frame, Packet, StreamInfo
from haetae.domain.score import Score
from haetae.errors import CameraOffline, TooManyRequests
from haetae.media.broadcast import Broadcast
from haetae.media.live_viewer import LiveViewer, Wake
from haetae.media.snapshot import jpeg

STALE_S = 5.0
"""A picture that is older is not live."""

_STALE_FRAMES = 2.5
"""A camera that is looked at rarely (analysed_fps down to 0.2) is given this many of its intervals."""

_CACHED_WIDTHS = 4


class Feed(Protocol):
    """What a camera lets others see. Called on the camera's thread, `conceal` on any; returns at once and never raises."""

    def stream(self, info: StreamInfo) -> None:
        """A connection was made."""
        ...

    def packet(self, packet: Packet) -> None:
        """A coded picture came in."""
        ...

    def frame(self, frame: Frame, score: Score | None) -> None:
        """A picture was looked at, its private zones black already; `score` is None while the camera learns."""
        ...

    def lost(self) -> None:
        """The connection is over."""
        ...

    def conceal(self, concealed: bool) -> None:
        """Whether something of the picture is private, so that the coded video goes to nobody."""
        ...


class NoFeed:
    """Nobody can look."""

    def stream(self, info: StreamInfo) -> None:
        pass

    def packet(self, packet: Packet) -> None:
        pass

    def frame(self, frame: Frame, score: Score | None) -> None:
        pass

    def lost(self) -> None:
        pass

    def conceal(self, concealed: bool) -> None:
        pass


@dataclass(frozen=True, slots=True)
class LivePicture:
    """JPEG `data` of `width` x `height` pixels, of frame `number`, captured at `captured_at` (UTC)."""

    data: bytes
    width: int
    height: int
    number: int
    captured_at: datetime


class _Shown:
    """One picture that was looked at, with the JPEGs that were made of it."""

    __slots__ = ("_encoding", "_pictures", "frame", "score")

    def __init__(self, frame: Frame, score: Score | None) -> None:
        self.frame = frame
        self.score = score
        # Held while a picture is encoded, so that each is encoded once for all who ask.
        self._encoding = threading.Lock()
        self._pictures: dict[int, LivePicture] = {}

    def picture(self, width: int | None) -> LivePicture:
        frame = self.frame
        wanted = frame.width if width is None else min(width, frame.width)
        with self._encoding:
            found = self._pictures.get(wanted)
            if found is None:
                data, height = jpeg(frame.rgb(), wanted)
                found = LivePicture(data, wanted, height, frame.number, frame.captured_at)
                if len(self._pictures) < _CACHED_WIDTHS:
                    self._pictures[wanted] = found
            return found


class CameraFeed:
    """One camera's. The methods of `Feed` are for the camera's thread, the others for any."""

    def __init__(self, camera_id: UUID, clock: Clock) -> None:
        self._clock = clock
        self._video = Broadcast(camera_id.hex[-8:])
        # Held to swap references.
        self._lock = threading.Lock()
        self._shown: _Shown | None = None
        self._seen_at: float | None = None
        self._stale_after_s = STALE_S
        self._watchers: tuple[Wake, ...] = ()

    # Feed

    def stream(self, info: StreamInfo) -> None:
        self._video.stream(info)

    def packet(self, packet: Packet) -> None:
        self._video.packet(packet)

    def frame(self, frame: Frame, score: Score | None) -> None:
        now = self._clock.monotonic()
        with self._lock:
            interval_s = 0.0 if self._shown is None or self._seen_at is None else now - self._seen_at
            self._stale_after_s = max(STALE_S, _STALE_FRAMES * min(interval_s, STALE_S))
            self._shown, self._seen_at = _Shown(frame, score), now
            watchers = self._watchers
        for wake in watchers:
            wake()

    def lost(self) -> None:
        self._video.lost()
        self._forget()

    def conceal(self, concealed: bool) -> None:
        self._video.conceal(concealed)
        if concealed:
            # The newest picture may be of before.
            self._forget()

    # Pictures

    @property
    def age_s(self) -> float | None:
        """Seconds since a picture was looked at, also where that is gone meanwhile; None before the first."""
        seen_at = self._seen_at
        return None if seen_at is None else self._clock.monotonic() - seen_at

    def newest(self) -> tuple[Frame, Score | None]:
        """The newest picture that was looked at, and what was found; the score is None while the camera learns. Raises CameraOffline."""
        shown = self._live()
        return shown.frame, shown.score

    def picture(self, width: int | None = None) -> LivePicture:
        """The newest picture as JPEG, at most `width` pixels wide; encoded once however many ask. Milliseconds. Raises CameraOffline."""
        return self._live().picture(width)

    def watch(self, wake: Wake) -> None:
        """Have `wake` called for each new picture, until `unwatch`."""
        with self._lock:
            self._watchers = (*self._watchers, wake)

    def unwatch(self, wake: Wake) -> None:
        with self._lock:
            self._watchers = tuple(watcher for watcher in self._watchers if watcher != wake)

    # Video

    @property
    def info(self) -> StreamInfo | None:
        """The coded stream, None while there is no connection."""
        return self._video.info

    def join(self, wake: Wake) -> LiveViewer:
        """A viewer of the coded video; `leave` follows, however it ends."""
        return self._video.join(wake)

    def leave(self, viewer: LiveViewer) -> None:
        self._video.leave(viewer)

    def close(self) -> None:
        """The camera is gone for good: viewers are sent away."""
        self._video.end()
        self._forget()

    def _live(self) -> "_Shown":
        with self._lock:
            shown, seen_at = self._shown, self._seen_at
        age_s = None if seen_at is None else self._clock.monotonic() - seen_at
        if shown is None or age_s is None or age_s > self._stale_after_s:
            when = "it has sent no picture yet" if age_s is None else f"its newest picture is {age_s:.0f} s old"
            raise CameraOffline(f"the camera is not live: {when}", hint="See its status; try again when it is back")
        return shown

    def _forget(self) -> None:
        with self._lock:
            self._shown = None
            watchers = self._watchers
        for wake in watchers:
            wake()


class LiveFeeds:
    """Those of a site, and a bound for all who look. Any thread."""

    def __init__(self, clock: Clock, *, max_viewers: int = 256) -> None:
        """One person is given at most half of `max_viewers`, so that nobody can lock out the others."""
        self._clock = clock
        self._max_viewers = max_viewers
        self._lock = threading.Lock()
        self._feeds: dict[UUID, CameraFeed] = {}
        self._viewing: dict[UUID, int] = {}

    def feed(self, camera_id: UUID) -> CameraFeed:
        """The camera's feed, made on demand: for who makes cameras, never for who asks for one."""
        with self._lock:
            found = self._feeds.get(camera_id)
            if found is None:
                found = self._feeds[camera_id] = CameraFeed(camera_id, self._clock)
            return found

    def find(self, camera_id: UUID) -> CameraFeed | None:
        """The camera's feed, None where no such camera has been made."""
        with self._lock:
            return self._feeds.get(camera_id)

    def forget(self, camera_id: UUID) -> None:
        """The camera has left the site."""
        with self._lock:
            feed = self._feeds.pop(camera_id, None)
        if feed is not None:
            feed.close()

    def close(self) -> None:
        """Send every viewer away."""
        with self._lock:
            feeds, self._feeds = list(self._feeds.values()), {}
        for feed in feeds:
            feed.close()

    @contextmanager
    def viewing(self, user_id: UUID) -> Iterator[None]:
        """A place among those who look at live video or pictures. Raises TooManyRequests when there is none."""
        with self._lock:
            own = self._viewing.get(user_id, 0)
            if own >= max(1, self._max_viewers // 2) or sum(self._viewing.values()) >= self._max_viewers:
                raise TooManyRequests(
                    "too many live views are open", retry_after_s=10.0, hint="Close some, or have an admin raise api.max_clients"
                )
            self._viewing[user_id] = own + 1
        try:
            yield
        finally:
            with self._lock:
                self._viewing[user_id] -= 1
                if not self._viewing[user_id]:
                    del self._viewing[user_id]
