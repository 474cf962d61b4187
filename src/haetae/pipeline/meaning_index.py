"""The embeddings of the newest events in memory, for databases that cannot compare them themselves."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import numpy as np

from haetae.clock import Clock
from haetae.database.embedding_store import MOST_EVENTS, Meaning
from haetae.database.event_vectors import Vector

MOST_BYTES = 256 * 1024 * 1024
"""What the vectors take in memory at most: 174,762 events at 768 numbers each."""

_BYTES_OF_IDS = 160
"""An event's UUID with its number, its camera's, and their places in two lists; measured by `haetae bench search`."""

_REFRESH_S = 2.0
_ROWS_AT_ONCE = 512
_PAGE = 10_000


class Meanings(Protocol):
    """Where embeddings are kept. Raises DatabaseUnavailable."""

    def read(self, model: str, since: datetime | None, limit: int, before: UUID | None = None) -> tuple[list[Meaning], datetime]: ...


@dataclass(frozen=True, slots=True)
class _Page:
    """Embeddings of one width: `vectors` (n, width) of the events `ids` of `cameras`, the oldest first."""

    ids: list[UUID]
    cameras: list[UUID]
    vectors: Vector


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
        self._vectors: Vector = np.zeros((0, 0), dtype=np.float16)

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

    def nearest(self, vector: Vector, cameras: Collection[UUID] | None, *, least: float) -> list[UUID]:
        """Events of these cameras (None: of all) with a cosine of at least `least`, the nearest first. Raises DatabaseUnavailable."""
        meant = vector.astype(np.float32)
        with self._lock:
            self._refresh()
            ids, owners, vectors = self._ids, self._cameras, self._vectors
        if not ids or vectors.shape[1] != len(vector):
            return []
        # In pieces that stay in the cache: a float32 copy of everything would take twice the memory once more, and twice the time.
        pieces = [vectors[at : at + _ROWS_AT_ONCE].astype(np.float32) @ meant for at in range(0, len(ids), _ROWS_AT_ONCE)]
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
