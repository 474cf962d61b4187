"""Holds on shared objects: who uses one, what it did, and when nobody is inside any more."""

import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from haetae.errors import ModelBusy

T = TypeVar("T")

CLOSED = "closed"
STALE = "stale"
FAILED = "failed"
"""Reasons under which a window that got no score is counted."""


def closed(label: str) -> ModelBusy:
    """What whoever uses, or asks for, a model that is closed is told."""
    return ModelBusy(f"the model {label!r} is closed", reason=CLOSED, hint="The camera released it, or the site is shutting down")


class ModelTally:
    """What one shared model did, over all its users: windows scored, calls of the model, windows dropped by reason. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.scored = 0
        self.calls = 0
        self._dropped: Counter[str] = Counter()

    def score(self, windows: int) -> None:
        with self._lock:
            self.scored += windows
            self.calls += 1

    def drop(self, reason: str, windows: int) -> None:
        with self._lock:
            self._dropped[reason] += windows

    def dropped(self) -> dict[str, int]:
        with self._lock:
            return dict(self._dropped)


class Lease(Generic[T]):
    """One user's hold on `value`, which others share. Base of the handles that the pool gives out.

    `release` may be called from any thread and more than once. A call that is inside then finishes, every later one raises
    ModelBusy(reason="closed"); `left` is called once, without a lock, as soon as nobody is inside any more.
    """

    def __init__(self, label: str, value: T, left: Callable[[], None]) -> None:
        self._label = label
        self._value: T | None = value
        self._left = left
        self._gate = threading.Lock()
        self._inside = 0
        self._released = False

    def release(self) -> None:
        """Let go of it. Returns at once."""
        with self._gate:
            if self._released:
                return
            self._released = True
            last = not self._inside
        if last:
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def _enter(self) -> T:
        """Go inside, and get what is shared: `_leave` must follow. Raises ModelBusy once released."""
        with self._gate:
            if self._released or self._value is None:
                raise closed(self._label)
            self._inside += 1
            return self._value

    def _leave(self) -> None:
        with self._gate:
            self._inside -= 1
            last = self._released and not self._inside
        if last:
            self._let_go()

    def _let_go(self) -> None:
        # A handle that somebody still keeps must not keep an unloaded model in memory.
        self._value = None
        self._left()
