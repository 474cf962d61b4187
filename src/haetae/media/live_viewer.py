"""What one viewer of a live stream has yet to take: never more than the newest group of pictures, however slow the viewer is."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeAlias

from haetae.media.live import Fragment, Opening, Piece

Wake: TypeAlias = Callable[[], None]
"""Told that there is something to take. Called on any thread; returns at once and never raises."""

MAX_PENDING_BYTES = 32 * 1024 * 1024


class Ended(StrEnum):
    """Why there is nothing more."""

    OFFLINE = "offline"
    """The connection to the camera is gone, or there never was one."""
    UNPLAYABLE = "unplayable"
    """MP4 does not take the stream as it is."""
    CONCEALED = "concealed"
    """Something of the picture is private, and a copy of the stream would show it."""
    CLOSED = "closed"
    """The site stops, or the camera was removed."""


class LiveViewer:
    """`take` from the viewer's thread; the rest from the stream's.

    A viewer that falls behind skips: as soon as a keyframe comes while an earlier one was not taken yet, everything before the newer one is
    dropped. What is kept is shared with the other viewers of the stream.
    """

    def __init__(self, wake: Wake, max_bytes: int = MAX_PENDING_BYTES) -> None:
        """`wake` is called once for everything that comes until the next `take`."""
        self.skipped = 0
        """Fragments that this viewer was too slow for."""
        self._wake = wake
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._opening: Opening | None = None
        self._pending: deque[Fragment] = deque()
        self._bytes = 0
        self._keyframes = 0
        self._needs_keyframe = True
        self._ended: Ended | None = None
        self._woken = False

    def take(self) -> Piece | Ended | None:
        """The next piece: the opening first, then fragments from a keyframe on, at last why it ended. None: nothing now."""
        with self._lock:
            self._woken = False
            if self._ended is not None:
                return self._ended
            if self._opening is not None:
                opening, self._opening = self._opening, None
                return opening
            if not self._pending:
                return None
            fragment = self._pending.popleft()
            self._bytes -= len(fragment.data)
            self._keyframes -= fragment.is_keyframe
            return fragment

    def open(self, opening: Opening, fragments: Iterable[Fragment] = ()) -> None:
        """Begin; `fragments` is the group of pictures so far."""
        with self._lock:
            self._opening = opening
            for fragment in fragments:
                self._add(fragment)
        self._tell()

    def offer(self, fragment: Fragment) -> None:
        with self._lock:
            self._add(fragment)
        self._tell()

    def end(self, why: Ended) -> None:
        """Nothing more comes, and what is pending is not worth showing. The first reason stays."""
        with self._lock:
            self._drop()
            self._ended = self._ended or why
        self._tell()

    def _add(self, fragment: Fragment) -> None:
        if fragment.is_keyframe:
            if self._keyframes:
                self._drop()
            self._needs_keyframe = False
        if self._needs_keyframe:
            self.skipped += 1
            return
        self._pending.append(fragment)
        self._bytes += len(fragment.data)
        self._keyframes += fragment.is_keyframe
        if self._bytes > self._max_bytes:
            self._drop()
            self._needs_keyframe = True

    def _drop(self) -> None:
        self.skipped += len(self._pending)
        self._pending.clear()
        self._bytes = self._keyframes = 0

    def _tell(self) -> None:
        with self._lock:
            if self._woken:
                return
            self._woken = True
        self._wake()
