"""Builds search by meaning."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from haetae.clock import Clock
from haetae.database.embedding_store import EmbeddingStore
from haetae.database.engine import Sessions
from haetae.database.event_vectors import open_vectors
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.search import EmbeddingStatus, SearchStatus
from haetae.pipeline.embedding import EmbeddingWorker
from haetae.pipeline.meaning import MeaningParts, MeaningTable, SearchDesk, SearchTally
from haetae.pipeline.meaning_index import MeaningIndex
from haetae.pipeline.model_server import search_reach
from haetae.pipeline.ticker import Ticker
from haetae.settings import SystemConfig
from haetae.vlm.breaker import Breaker

_PRUNE_EVERY_S = 3600.0
"""With the pace of retention: what it removed is found by nobody meanwhile, for each list asks the database."""


@dataclass(frozen=True, slots=True)
class Searching:
    """`parts` is None without a model."""

    parts: MeaningParts | None
    status: Callable[[], EmbeddingStatus]
    wake: Callable[[], None]
    tally: SearchTally

    def desk(self, events: ScopedEvents) -> SearchDesk:
        return SearchDesk(events, self.parts, self.tally)

    def searches(self) -> SearchStatus:
        return self.tally.status()


def start_searching(config: SystemConfig, clock: Clock, sessions: Sessions, opened: ExitStack) -> Searching:
    """Start to embed what waits, to be closed by `opened`; nothing without a model. Raises ConfigError for settings that mean nothing."""
    settings = config.search
    if not settings.model:
        return Searching(None, EmbeddingStatus, lambda: None, SearchTally(clock))
    # Only here: the libraries behind it are loaded where there is a server.
    from haetae.vlm.embedding import Embedder

    vectors = open_vectors(sessions)
    store, breaker = EmbeddingStore(sessions, clock, vectors), Breaker(clock)
    server = Embedder(settings, search_reach(settings))
    index = MeaningIndex(store, clock, model=settings.model)
    worker = EmbeddingWorker(
        store, server, breaker, model=settings.model, batch=settings.batch, deadline_s=settings.deadline_s, forget=index.forget
    )
    worker.start()
    opened.callback(worker.close)
    pruning = Ticker("prune embeddings", _PRUNE_EVERY_S, worker.prune, clock)
    pruning.start()
    opened.callback(pruning.close)
    place = index if vectors is None else MeaningTable(vectors, settings.model)
    parts = MeaningParts(server, breaker, place, query_s=settings.query_s, least=settings.min_similarity)
    return Searching(parts, worker.status, worker.wake, SearchTally(clock, index))
