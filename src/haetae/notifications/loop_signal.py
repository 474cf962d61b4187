"""An event of asyncio that other threads may set."""

import asyncio
import threading
from contextlib import suppress


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
