"""Puts events' words into embeddings, a batch at a time, on a thread of its own. Nothing waits for it."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from haetae.database.embedding_store import Wording
from haetae.database.event_vectors import Vector
from haetae.domain.search import EmbeddingStatus
from haetae.errors import EmbeddingFailed
from haetae.loop_thread import LoopThread
from haetae.vlm.breaker import Breaker

MOST_REFUSALS = 3
"""Words that the server refused so often, alone, are left without an embedding."""

_PRUNED_AT_ONCE, _PRUNED_TIMES = 500, 20

_log = structlog.get_logger()


class WordQueue(Protocol):
    """What it needs of the database. Each method is one transaction and raises DatabaseUnavailable."""

    def fill(self, model: str) -> int: ...
    def due(self, limit: int) -> list[Wording]: ...
    def write(self, model: str, done: Sequence[tuple[Wording, Vector | None]]) -> None: ...
    def refused(self, event_id: UUID) -> int: ...
    def waiting(self) -> int: ...
    def prune(self, limit: int = 500) -> list[UUID]: ...
    def width(self, model: str) -> int: ...
    def copy(self, model: str, before: UUID | None = None) -> UUID | None: ...


class Embeds(Protocol):
    """A server. Raises EmbeddingFailed."""

    async def embed(self, texts: Sequence[str], timeout_s: float) -> NDArray[np.float32]: ...

    def expect(self, width: int) -> None: ...


class EmbeddingWorker:
    """`start` and `close` once each; the rest from any thread. A server that fails is left alone for a while, and its events wait."""

    def __init__(
        self,
        queue: WordQueue,
        server: Embeds,
        breaker: Breaker,
        *,
        model: str,
        batch: int,
        deadline_s: float,
        forget: Callable[[Sequence[UUID]], None] = lambda _gone: None,
    ) -> None:
        """`forget` hears which events' embeddings were removed."""
        self._queue = queue
        self._forget = forget
        self._server = server
        self._breaker = breaker
        self._model = model
        self._batch = batch
        self._deadline_s = deadline_s
        self._filled = False
        self._alone = 0
        self._lock = threading.Lock()
        self._status = EmbeddingStatus(model=model, state="ready")
        self._loop = LoopThread("embedding", ending=_nothing)
        self._loop.repeat(self.run_once)

    def start(self) -> None:
        self._loop.start()

    def close(self) -> None:
        self._loop.close()

    def wake(self) -> None:
        """Something is new. Returns at once."""
        self._loop.wake()

    def status(self) -> EmbeddingStatus:
        with self._lock:
            return replace(self._status, database_error=self._loop.database_error)

    async def run_once(self) -> bool:
        """Embed one batch; true where there may be more. Raises DatabaseUnavailable."""
        if not self._filled:
            await asyncio.to_thread(self._begin)
        # After a refusal one by one, for as many as were refused together: one text must not keep the others from being found.
        due = await asyncio.to_thread(self._queue.due, 1 if self._alone else self._batch)
        if not due:
            self._count(waiting=0)
            return False
        if not self._breaker.allows():
            self._count(waiting=await asyncio.to_thread(self._queue.waiting))
            return False
        return await self._embed(due)

    def _begin(self) -> None:
        self._server.expect(self._queue.width(self._model))
        self._queue.fill(self._model)
        self.prune()
        self._filled = True

    def prune(self) -> None:
        """Forget embeddings of events that retention or people removed, and of those that are too old to be found by meaning; the rest of
        many at the next time. What another server embedded, one that knew of no extension, is copied for the database to compare. Any
        thread; raises DatabaseUnavailable."""
        copied = None
        while (copied := self._queue.copy(self._model, copied)) is not None:
            pass
        for _ in range(_PRUNED_TIMES):
            gone = self._queue.prune(_PRUNED_AT_ONCE)
            self._forget(gone)
            if len(gone) < _PRUNED_AT_ONCE:
                return

    async def _embed(self, due: list[Wording]) -> bool:
        try:
            async with asyncio.timeout(self._deadline_s):
                vectors = await self._server.embed([each.text for each in due], self._deadline_s)
        except TimeoutError:
            return self._failed("the server does not answer in time")
        except EmbeddingFailed as error:
            if error.of_text:
                return await self._refused(due, error.message)
            return self._failed(error.message)
        except BaseException:
            self._breaker.untried()
            raise
        self._breaker.succeeded()
        done = list(zip(due, vectors.astype(np.float16), strict=True))
        await asyncio.to_thread(self._queue.write, self._model, done)
        self._alone = max(0, self._alone - 1)
        waiting = await asyncio.to_thread(self._queue.waiting)
        with self._lock:
            self._status = replace(self._status, state="ready", cause="", embedded=self._status.embedded + len(done), waiting=waiting)
        return True

    def _failed(self, cause: str) -> bool:
        self._breaker.failed()
        with self._lock:
            if self._status.cause != cause:
                _log.warning("words are not embedded", cause=cause)
            self._status = replace(self._status, state="away", cause=cause, failed=self._status.failed + 1)
        return False

    async def _refused(self, due: list[Wording], cause: str) -> bool:
        if len(due) > 1:
            self._breaker.untried()
            self._alone = len(due)
            return True
        self._alone = max(0, self._alone - 1)
        times = await asyncio.to_thread(self._queue.refused, due[0].event_id)
        # A server that takes no text at all is no reason to give up on this one.
        if times >= MOST_REFUSALS and self.status().embedded:
            await asyncio.to_thread(self._queue.write, self._model, [(due[0], None)])
            with self._lock:
                self._status = replace(self._status, refused=self._status.refused + 1)
        self._failed(cause)
        return False

    def _count(self, *, waiting: int) -> None:
        with self._lock:
            self._status = replace(self._status, waiting=waiting)


async def _nothing() -> None:
    """Every request has a connection of its own."""
