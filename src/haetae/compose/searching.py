"""Builds search by meaning."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from haetae.clock import Clock
from haetae.database.embedding_store import EmbeddingStore
from haetae.database.engine import Sessions
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.search import EmbeddingStatus
from haetae.pipeline.embedding import EmbeddingWorker
from haetae.pipeline.meaning import MeaningIndex, MeaningParts, SearchDesk
from haetae.pipeline.model_server import search_reach
from haetae.settings import SystemConfig
from haetae.vlm.breaker import Breaker


@dataclass(frozen=True, slots=True)
class Searching:
    """`parts` is None without a model."""

    parts: MeaningParts | None
    status: Callable[[], EmbeddingStatus]
    wake: Callable[[], None]

    def desk(self, events: ScopedEvents) -> SearchDesk:
        return SearchDesk(events, self.parts)


def start_searching(config: SystemConfig, clock: Clock, sessions: Sessions, opened: ExitStack) -> Searching:
    """Start to embed what waits, to be closed by `opened`; nothing without a model. Raises ConfigError for settings that mean nothing."""
    settings = config.search
    if not settings.model:
        return Searching(None, EmbeddingStatus, lambda: None)
    # Only here: the libraries behind it are loaded where there is a server.
    from haetae.vlm.embedding import Embedder

    store, breaker = EmbeddingStore(sessions, clock), Breaker(clock)
    server = Embedder(settings, search_reach(settings))
    worker = EmbeddingWorker(store, server, breaker, model=settings.model, batch=settings.batch, deadline_s=settings.deadline_s)
    worker.start()
    opened.callback(worker.close)
    index = MeaningIndex(store, clock, model=settings.model)
    parts = MeaningParts(server, breaker, index, query_s=settings.query_s, least=settings.min_similarity)
    return Searching(parts, worker.status, worker.wake)
