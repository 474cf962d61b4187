"""Cameras take turns where they would wake each other all the time.

A frame of a model like `motion` is about a hundred short calls into OpenCV and NumPy. Each lets go of the interpreter and asks for it
again, and where many threads do so at once, each call ends in a sleep: 32 cameras fell seconds behind with a third of both cores idle
(20,000 context switches a second), and kept up once only few of them were at it at a time.
"""

import threading
from collections import deque
from types import TracebackType

from haetae.clock import Clock

AT_ONCE = 2
"""One in OpenCV while the other is in Python."""

STUCK_S = 1.0
"""A turn takes milliseconds. Who has one for so long hangs, and must not hold up the others."""


class Turns:
    """The turns that all cameras share, given in the order in which they are asked for. Safe to call from any thread."""

    def __init__(self, clock: Clock, at_once: int = AT_ONCE) -> None:
        self._clock = clock
        self._at_once = at_once
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Turn, threading.Lock]] = deque()
        self._since: dict[Turn, float] = {}

    @property
    def taken(self) -> int:
        """How many have a turn now."""
        return len(self._since)

    @property
    def waiting(self) -> int:
        """How many wait for one now."""
        return len(self._waiting)

    def take(self, turn: "Turn") -> None:
        """Wait for a turn, or until somebody turns out to hang with one."""
        with self._lock:
            if len(self._since) < self._at_once:
                self._since[turn] = self._clock.monotonic()
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append((turn, gate))
        while not gate.acquire(timeout=STUCK_S):
            self._relieve()

    def give_back(self, turn: "Turn") -> None:
        """The next one's turn. Nothing happens for who has none, or was relieved of it."""
        with self._lock:
            if self._since.pop(turn, None) is not None:
                self._admit()

    def _relieve(self) -> None:
        with self._lock:
            stuck = [turn for turn, since in self._since.items() if self._clock.monotonic() - since >= STUCK_S]
            for turn in stuck:
                del self._since[turn]
                self._admit()

    def _admit(self) -> None:
        if self._waiting:
            turn, gate = self._waiting.popleft()
            self._since[turn] = self._clock.monotonic()
            gate.release()


class Turn:
    """One camera's place. `with turn:` on the camera's thread; `give_up` on any."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        self._turns.take(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.give_up()

    def give_up(self) -> None:
        """Let the next one go, also when the thread that has the turn hangs."""
        self._turns.give_back(self)
