"""Search by meaning: the embeddings of the newest events in memory, and lists that words and meaning order together."""

import asyncio
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from haetae.clock import Clock
from haetae.database.embedding_store import MOST_EVENTS, Meaning
from haetae.database.scoped.event_filter import EventFilter
from haetae.database.scoped.event_rows import EventRow
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.search import SearchStatus
from haetae.domain.viewer import Viewer
from haetae.errors import EmbeddingFailed
from haetae.pipeline.embedding import Embeds
from haetae.vlm.breaker import Breaker

MOST_FOUND = 200
"""Events in a list by relevance."""

MOST_BYTES = 256 * 1024 * 1024
"""What the vectors take in memory at most: 174,762 events at 768 numbers each."""

_RANK = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114)."""

_BYTES_OF_IDS = 160
"""An event's UUID with its number, its camera's, and their places in two lists; measured by `haetae bench search`."""

_REFRESH_S = 2.0
_ROWS_AT_ONCE = 512
_PAGE = 10_000
_READ_AT_ONCE = 500
_MOST_READ = 10


class Meanings(Protocol):
    """Where embeddings are kept. Raises DatabaseUnavailable."""

    def read(self, model: str, since: datetime | None, limit: int, before: UUID | None = None) -> tuple[list[Meaning], datetime]: ...


@dataclass(frozen=True, slots=True)
class _Page:
    """Embeddings of one width: `vectors` (n, width) of the events `ids` of `cameras`, the oldest first."""

    ids: list[UUID]
    cameras: list[UUID]
    vectors: NDArray[np.float16]


class MeaningIndex:
    """Embeddings in memory as float16, read on first use, then what is new every two seconds at most. Any thread.

    At most MOST_EVENTS and MOST_BYTES: the events that were born first go first. Of embeddings of several widths the last counts.
    """

    def __init__(self, kept: Meanings, clock: Clock, *, model: str, most_bytes: int = MOST_BYTES, page: int = _PAGE) -> None:
        """`page` embeddings are read at a time: rows and their base64 of everything would take several times what is kept."""
        self._kept = kept
        self._clock = clock
        self._model = model
        self._most_bytes = most_bytes
        self._at_once = page
        self._lock = threading.Lock()
        self._since: datetime | None = None
        self._read_at: float | None = None
        self._ids: list[UUID] = []
        self._cameras: list[UUID] = []
        self._owners: dict[UUID, UUID] = {}
        self._vectors: NDArray[np.float16] = np.zeros((0, 0), dtype=np.float16)

    @property
    def size(self) -> tuple[int, int]:
        """Embeddings in memory, and the bytes that they take with the ids of their events and cameras."""
        with self._lock:
            return len(self._ids), self._vectors.nbytes + len(self._ids) * _BYTES_OF_IDS

    def forget(self, gone: Collection[UUID]) -> None:
        """Drop the embeddings of these events, which are there no more."""
        with self._lock:
            away = set(gone)
            left = [at for at, each in enumerate(self._ids) if each not in away]
            if len(left) < len(self._ids):
                self._keep(left)

    def nearest(self, vector: NDArray[np.float32], cameras: Collection[UUID] | None, *, least: float) -> list[UUID]:
        """Events of these cameras (None: of all) with a cosine of at least `least`, the nearest first. Raises DatabaseUnavailable."""
        with self._lock:
            self._refresh()
            ids, owners, vectors = self._ids, self._cameras, self._vectors
        if not ids or vectors.shape[1] != len(vector):
            return []
        # In pieces that stay in the cache: a float32 copy of everything would take twice the memory once more, and twice the time.
        pieces = [vectors[at : at + _ROWS_AT_ONCE].astype(np.float32) @ vector for at in range(0, len(ids), _ROWS_AT_ONCE)]
        cosines = np.concatenate(pieces)
        allowed = None if cameras is None else set(cameras)
        near = np.flatnonzero(cosines >= least)
        order = near[np.argsort(-cosines[near], kind="stable")]
        return [ids[at] for at in order if allowed is None or owners[at] in allowed]

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if self._read_at is not None and now - self._read_at < _REFRESH_S:
            return
        since, before, pages = None, None, list[_Page]()
        while sum(len(page.ids) for page in pages) < MOST_EVENTS:
            found, asked_at = self._kept.read(self._model, self._since, self._at_once, before)
            since = since or asked_at
            if found:
                before = found[0].event_id
                pages.insert(0, self._page(found, pages[-1].vectors.shape[1] if pages else len(found[-1].vector)))
            if len(found) < self._at_once:
                break
        self._since, self._read_at = since, now
        if pages:
            self._take(pages)

    def _page(self, found: Sequence[Meaning], width: int) -> "_Page":
        """Those of this width; of a camera there is one id, whoever has how many events."""
        fitting = [each for each in found if len(each.vector) == width]
        cameras = [self._owners.setdefault(each.camera_id, each.camera_id) for each in fitting]
        vectors = np.stack([each.vector for each in fitting]) if fitting else np.zeros((0, width), np.float16)
        return _Page([each.event_id for each in fitting], cameras, vectors)

    def _take(self, pages: Sequence["_Page"]) -> None:
        width = pages[-1].vectors.shape[1]
        if self._vectors.shape[1] != width:
            self._ids, self._cameras, self._vectors = [], [], np.zeros((0, width), np.float16)
        places = {each: at for at, each in enumerate(self._ids)}
        fresh: list[_Page] = []
        for page in pages:
            again = [row for row, each in enumerate(page.ids) if each in places]
            new = [row for row, each in enumerate(page.ids) if each not in places]
            # In place: whoever is searching meanwhile finds an event by the one or the other.
            self._vectors[[places[page.ids[row]] for row in again]] = page.vectors[again]
            if new:
                vectors = page.vectors[new] if again else page.vectors
                fresh.append(_Page([page.ids[row] for row in new], [page.cameras[row] for row in new], vectors))
        if not fresh:
            return
        self._ids = [*self._ids, *(each for page in fresh for each in page.ids)]
        self._cameras = [*self._cameras, *(each for page in fresh for each in page.cameras)]
        self._vectors = np.concatenate([self._vectors, *(page.vectors for page in fresh)])
        most = min(MOST_EVENTS, max(1, self._most_bytes // (2 * width)))
        if len(self._ids) > most:
            # Ids tell when an event was born.
            self._keep(sorted(range(len(self._ids)), key=lambda at: self._ids[at].int)[-most:])

    def _keep(self, which: Sequence[int]) -> None:
        self._ids, self._cameras = [self._ids[at] for at in which], [self._cameras[at] for at in which]
        self._vectors = self._vectors[list(which)]


@dataclass(frozen=True, slots=True)
class Relevant:
    """Events that were looked for, the most relevant first. `by_meaning`: embeddings had their say; else `cause` says why not."""

    items: list[EventRow]
    total: int
    by_meaning: bool
    cause: str


@dataclass(frozen=True, slots=True)
class MeaningParts:
    """What is needed to look by meaning. `breaker` is the worker's: a server that is away is not waited for. `least` is a cosine."""

    server: Embeds
    breaker: Breaker
    index: MeaningIndex
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
        near, cause = self._near(viewer, wanted)
        by_meaning = self._allowed(viewer, replace(wanted, text=None), near)
        ranked = fused(by_words, by_meaning)[:MOST_FOUND]
        # Once more under the filter without words, for rights and events change meanwhile.
        items = self._events.among(viewer, replace(wanted, text=None), ranked[:limit]) if ranked else []
        return Relevant(items, len(ranked), not cause, cause)

    def _near(self, viewer: Viewer, wanted: EventFilter) -> tuple[list[UUID], str]:
        """Candidates by meaning, or why there are none."""
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
        return parts.index.nearest(vector, _cameras(viewer, wanted), least=parts.least), ""

    def _allowed(self, viewer: Viewer, wanted: EventFilter, near: list[UUID]) -> list[UUID]:
        """The first MOST_FOUND candidates that match everything else."""
        found: list[UUID] = []
        for at in range(0, min(len(near), _READ_AT_ONCE * _MOST_READ), _READ_AT_ONCE):
            found += [row.id for row in self._events.among(viewer, wanted, near[at : at + _READ_AT_ONCE])]
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


async def _embedded(parts: MeaningParts, text: str) -> NDArray[np.float32]:
    async with asyncio.timeout(parts.query_s):
        vectors = await parts.server.embed([text], parts.query_s)
    vector: NDArray[np.float32] = vectors[0]
    return vector


def _cameras(viewer: Viewer, wanted: EventFilter) -> set[UUID] | None:
    """Where to look at all, so that what others may see does not crowd out what this viewer may."""
    seen = viewer.cameras()
    if wanted.camera_ids is None:
        return None if seen is None else set(seen)
    return set(wanted.camera_ids) if seen is None else set(seen) & set(wanted.camera_ids)
