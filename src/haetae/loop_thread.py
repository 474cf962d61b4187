"""A thread with an event loop that does the same few things over and over: what telling, looking, responding and acting share."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from haetae.errors import DatabaseUnavailable

_POLL_S = 1.0

_log = structlog.get_logger()

Work = Callable[[], Coroutine[Any, Any, bool]]
"""Does what is due and returns true where there may be more. May raise anything: it is logged, and tried again."""


class LoopSignal:
    """An asyncio.Event that any thread may set, before its loop runs too."""

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        if self._is_set.is_set():
            self._event.set()

    def set(self) -> None:
        self._is_set.set()
        loop = self._loop
        if loop is not None:
            # The loop may be closing right now.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._event.set)

    def clear(self) -> None:
        self._is_set.clear()
        self._event.clear()

    async def wait(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), timeout_s)


class LoopThread:
    """`start` and `close` once each; `wake` from any thread. `repeat` what there is to do before the start. `loop` is None while it
    does not run."""

    def __init__(
        self, name: str, *, ending: Callable[[], Awaitable[None]] | None = None, patience_s: float = 0.0, grace_s: float = 2.0
    ) -> None:
        """`ending` is awaited on the loop when all is over. Tasks that are under way have `patience_s` to end by themselves, then `grace_s`
        to notice that they were cancelled."""
        self._name = name
        self._ending = ending
        self._patience_s = patience_s
        self._grace_s = grace_s
        self._works: list[tuple[Work, LoopSignal]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.database_error = ""
        self.loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), name=name, daemon=True)

    def repeat(self, work: Work) -> LoopSignal:
        """Do this again and again, at once when the signal that is returned is set, else every second."""
        signal = LoopSignal()
        self._works.append((work, signal))
        return signal

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside everything else. On the loop."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def start(self) -> None:
        self.thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop. What is under way is given up."""
        self._stop.set()
        self.wake()
        if self.thread.ident is not None:
            self.thread.join(timeout_s)

    def wake(self) -> None:
        """Something is new. Returns at once."""
        for _, signal in self._works:
            signal.set()

    async def run(self) -> None:
        """Until closed."""
        self.loop = asyncio.get_running_loop()
        for _, signal in self._works:
            signal.bind(self.loop)
        try:
            await asyncio.gather(*(self._repeat(work, signal) for work, signal in self._works))
            if self.tasks and self._patience_s:
                await asyncio.wait(self.tasks, timeout=self._patience_s)
        finally:
            for task in self.tasks:
                task.cancel()
            if self.tasks:
                await asyncio.wait(self.tasks, timeout=self._grace_s)
            if self._ending is not None:
                await self._ending()
            self.loop = None

    async def _repeat(self, work: Work, signal: LoopSignal) -> None:
        while not self.stopping:
            signal.clear()
            more = False
            try:
                more = await work()
                self.database_error = ""
            except DatabaseUnavailable as error:
                if not self.database_error:
                    _log.warning(f"{self._name} waits for the database", error=error.message)
                self.database_error = error.message
            except Exception as error:
                _log.error(f"{self._name} failed", exc_info=error)
            if not more:
                await signal.wait(_POLL_S)
