"""Cameras take turns where they would wake each other all the time.

A frame of a model like `motion` is about a hundred short calls into OpenCV. Each lets go of the interpreter and asks for it again, and
where many threads do so at once, each call ends in a sleep: 32 cameras fell seconds behind with a third of both cores idle (20,000
context switches a second), and kept up once only few of them were at it at a time.
"""

import threading
from types import TracebackType

AT_ONCE = 2
"""One in OpenCV while the other is in Python."""

PATIENCE_S = 0.25
"""Going without a turn is slow and not wrong, so nobody waits longer: a thread that hangs while it has one must not hold up the others."""


class Turn:
    """One camera's place in the queue for `turns`, which all cameras share. `with turn:` on the camera's thread; `give_up` on any."""

    def __init__(self, turns: threading.Semaphore) -> None:
        self._turns = turns
        self._lock = threading.Lock()
        self._held = False

    def __enter__(self) -> None:
        self._held = self._turns.acquire(timeout=PATIENCE_S)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.give_up()

    def give_up(self) -> None:
        """Let the next one go, also when the thread that has the turn hangs."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._turns.release()
