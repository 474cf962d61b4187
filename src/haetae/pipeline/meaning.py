"""Search by meaning: lists that words and meaning order together."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

import numpy as np

from haetae.clock import Clock
from haetae.database.event_vectors import EventVectors, Vector
from haetae.database.scoped.event_filter import EventFilter
from haetae.database.scoped.event_rows import EventRow
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.search import SearchStatus
from haetae.domain.viewer import Viewer
from haetae.errors import EmbeddingFailed
from haetae.pipeline.embedding import Embeds
from haetae.pipeline.meaning_index import MeaningIndex
from haetae.vlm.breaker import Breaker

MOST_FOUND = 200
"""Events in a list by relevance."""

_RANK = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114)."""

_READ_AT_ONCE = 500
_MOST_READ = 10


@dataclass(frozen=True, slots=True)
class Relevant:
    """Events that were looked for, the most relevant first. `by_meaning`: embeddings had their say; else `cause` says why not."""

    items: list[EventRow]
    total: int
    by_meaning: bool
    cause: str


@dataclass(frozen=True, slots=True)
class MeaningTable:
    """Embeddings by `model` that the database compares itself."""

    vectors: EventVectors
    model: str


MeaningPlace: TypeAlias = MeaningIndex | MeaningTable
"""Where embeddings are compared: here, or in a database that can."""


@dataclass(frozen=True, slots=True)
class MeaningParts:
    """What is needed to look by meaning. `breaker` is the worker's: a server that is away is not waited for. `least` is a cosine."""

    server: Embeds
    breaker: Breaker
    place: MeaningPlace
    query_s: float
    least: float


class SearchTally:
    """What was looked for since the start. Any thread."""

    def __init__(self, clock: Clock, index: MeaningIndex | None = None) -> None:
        self.clock = clock
        self._index = index
        self._lock = threading.Lock()
        self._found = SearchStatus()

    def count(self, *, by_meaning: bool, seconds: float) -> None:
        with self._lock:
            now = self._found
            words, meaning = now.by_words + (not by_meaning), now.by_meaning + by_meaning
            self._found = replace(now, by_words=words, by_meaning=meaning, seconds=now.seconds + seconds)

    def status(self) -> SearchStatus:
        indexed, size = (0, 0) if self._index is None else self._index.size
        with self._lock:
            return replace(self._found, indexed=indexed, index_bytes=size)


class SearchDesk:
    """Lists by relevance, for whoever asks. Threads of requests; waits for the server for `query_s` at most."""

    def __init__(self, events: ScopedEvents, parts: MeaningParts | None, tally: SearchTally | None = None) -> None:
        """Without parts there is no model: lists are by words alone. `tally` counts them."""
        self._events = events
        self._parts = parts
        self._tally = tally

    @property
    def has_model(self) -> bool:
        """Whether lists may go by meaning; whether the server answers just now is another matter."""
        return self._parts is not None

    def relevant(self, viewer: Viewer, wanted: EventFilter, limit: int) -> Relevant:
        """At most MOST_FOUND events are put in order, `limit` of them are given. Raises DatabaseUnavailable."""
        if self._tally is None:
            return self._relevant(viewer, wanted, limit)
        before = self._tally.clock.monotonic()
        found = self._relevant(viewer, wanted, limit)
        self._tally.count(by_meaning=found.by_meaning, seconds=self._tally.clock.monotonic() - before)
        return found

    def _relevant(self, viewer: Viewer, wanted: EventFilter, limit: int) -> Relevant:
        by_words = self._events.newest_ids(viewer, wanted, MOST_FOUND)
        by_meaning, cause = self._by_meaning(viewer, wanted)
        ranked = fused(by_words, by_meaning)[:MOST_FOUND]
        # Once more under the filter without words, for rights and events change meanwhile.
        items = self._events.among(viewer, replace(wanted, text=None), ranked[:limit]) if ranked else []
        return Relevant(items, len(ranked), not cause, cause)

    def _by_meaning(self, viewer: Viewer, wanted: EventFilter) -> tuple[list[UUID], str]:
        """The MOST_FOUND nearest by meaning that match everything else, or why there are none."""
        parts, text = self._parts, (wanted.text or "").strip()
        if parts is None:
            return [], "no embedding model is configured (search.model)"
        if not text:
            return [], "nothing is looked for"
        if parts.breaker.is_open:
            return [], "the embedding server is away"
        try:
            vector = asyncio.run(_embedded(parts, text))
        except TimeoutError:
            return [], "the embedding server does not answer in time"
        except EmbeddingFailed as error:
            return [], f"the embedding server: {error.message}"
        return nearest(self._events, viewer, replace(wanted, text=None), vector, parts.place, least=parts.least), ""


def nearest(events: ScopedEvents, viewer: Viewer, wanted: EventFilter, meant: Vector, place: MeaningPlace, *, least: float) -> list[UUID]:
    """The MOST_FOUND events nearest to what is meant, with a cosine of at least `least`, that match. Raises DatabaseUnavailable."""
    if isinstance(place, MeaningTable):
        return events.nearest_ids(viewer, wanted, place.vectors.cosines(place.model, meant), least=least, limit=MOST_FOUND)
    near = place.nearest(meant, _cameras(viewer, wanted), least=least)
    found: list[UUID] = []
    for at in range(0, min(len(near), _READ_AT_ONCE * _MOST_READ), _READ_AT_ONCE):
        found += [row.id for row in events.among(viewer, wanted, near[at : at + _READ_AT_ONCE])]
        if len(found) >= MOST_FOUND:
            break
    return found[:MOST_FOUND]


def fused(*lists: Sequence[UUID]) -> list[UUID]:
    """Several orders as one, by reciprocal rank fusion; equals in the order in which they first come."""
    weights: dict[UUID, float] = {}
    for ranked in lists:
        for rank, each in enumerate(ranked, start=1):
            weights[each] = weights.get(each, 0.0) + 1.0 / (_RANK + rank)
    return sorted(weights, key=lambda each: -weights[each])


async def _embedded(parts: MeaningParts, text: str) -> Vector:
    """As embeddings are kept: two places must not find two orders."""
    async with asyncio.timeout(parts.query_s):
        vectors = await parts.server.embed([text], parts.query_s)
    vector: Vector = vectors[0].astype(np.float16)
    return vector


def _cameras(viewer: Viewer, wanted: EventFilter) -> set[UUID] | None:
    """Where to look at all, so that what others may see does not crowd out what this viewer may."""
    seen = viewer.cameras()
    if wanted.camera_ids is None:
        return None if seen is None else set(seen)
    return set(wanted.camera_ids) if seen is None else set(seen) & set(wanted.camera_ids)
