"""`haetae bench search`: what search by meaning takes in memory and in time, with the events and embeddings of a large site."""

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
import psutil
from numpy.typing import NDArray

from haetae import __version__
from haetae.cli.bench.api_clients import percentile_ms
from haetae.cli.bench.api_fill import fill
from haetae.cli.bench.vad import machine
from haetae.clock import SystemClock
from haetae.database.embedding_store import EmbeddingStore, Wording
from haetae.database.engine import Sessions
from haetae.database.event_vectors import Vector, open_vectors
from haetae.database.opening import writing
from haetae.database.scoped.event_filter import EventFilter
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.event import Severity
from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.ids import new_id
from haetae.pipeline.meaning import MeaningPlace, MeaningTable, nearest
from haetae.pipeline.meaning_index import MeaningIndex

MODEL = "benchmark"
CAMERAS = 16
SEEN = 2
AT_ONCE = 2000
LEAST = 0.35
ALIKE = 0.4
"""The cosine of two texts about the same subject, on average: most of what a site writes down is a candidate, as with real models."""
_MB = 2**20

Told = Callable[[str], None]
Asked: TypeAlias = dict[str, tuple[Viewer, EventFilter]]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Makes embeddings of texts about one subject."""

    random: np.random.Generator
    subject: NDArray[np.float32]

    def embed(self, count: int) -> NDArray[np.float16]:
        own = _unit(self.random.normal(0.0, 1.0, (count, len(self.subject))))
        return _unit(np.sqrt(ALIKE) * self.subject + np.sqrt(1.0 - ALIKE) * own).astype(np.float16)


def bench_search(*, events: int, width: int, queries: int, postgres: str | None, told: Told) -> dict[str, Any]:
    """`events` with embeddings of `width` numbers are stored, and looked through `queries` times for each kind of viewer and filter: in
    memory, and where the database at `postgres` (an empty one) has pgvector also by that. The time of the embedding server is not in it."""
    found: dict[str, Any] = {"haetae": __version__, "machine": machine(), "events": events, "width": width}
    with tempfile.TemporaryDirectory(prefix="haetae-search-") as scratch:
        folder = Path(scratch)
        for name, url in {"sqlite": f"sqlite:///{folder / 'search.db'}", "postgresql": postgres}.items():
            if url is not None:
                told(f"{name}: writing")
                found[name] = _of_database(url, folder, events, width, queries, told)
    return found


def _of_database(url: str, folder: Path, events: int, width: int, queries: int, told: Told) -> dict[str, Any]:
    random = np.random.default_rng(1)
    texts = _Texts(random, _unit(random.normal(0.0, 1.0, (1, width)))[0])
    fill(url, folder, cameras=CAMERAS, events=events, sources=[], told=told)
    with writing(url) as sessions:
        seen = ScopedEvents(sessions, SystemClock())
        store = EmbeddingStore(sessions, SystemClock())
        cameras = sorted(_embed(store, seen, texts, told))
        asked = _asked(cameras)
        places: dict[str, Any] = {"memory": _measured(MeaningIndex(store, SystemClock(), model=MODEL), seen, asked, texts, queries)}
        copied = _copied(sessions, told)
        if copied is not None:
            table, copy_s = copied
            places["pgvector"] = {"copy_s": round(copy_s, 1), **_measured(table, seen, asked, texts, queries)}
        return places


def _embed(store: EmbeddingStore, seen: ScopedEvents, texts: _Texts, told: Told) -> set[UUID]:
    admin, cameras, count = Viewer(new_id(), "admin", Role.ADMIN), set[UUID](), 0
    for page in filter(None, seen.pages(admin, EventFilter())):
        words = [Wording(row.id, row.camera_id, row.timestamp, "") for row in page]
        cameras |= {row.camera_id for row in page}
        store.write(MODEL, list(zip(words, texts.embed(len(words)), strict=True)))
        count += len(words)
        if count % 20_000 == 0:
            told(f"{count} embeddings stored")
    return cameras


def _asked(cameras: list[UUID]) -> Asked:
    """Who looks for what."""
    admin = Viewer(new_id(), "admin", Role.ADMIN)
    guard = Viewer(new_id(), "guard", Role.VIEWER, dict.fromkeys(cameras[:SEEN], AccessLevel.VIEW))
    rare = EventFilter(severities=(Severity.CRITICAL,))
    return {"all": (admin, EventFilter()), "two_cameras": (guard, EventFilter()), "critical": (admin, rare)}


def _copied(sessions: Sessions, told: Told) -> tuple[MeaningTable, float] | None:
    vectors = open_vectors(sessions)
    if vectors is None:
        return None
    told("copying for pgvector")
    store = EmbeddingStore(sessions, SystemClock(), vectors)
    began = time.perf_counter()
    copied = None
    while (copied := store.copy(MODEL, copied)) is not None:
        pass
    return MeaningTable(vectors, MODEL), time.perf_counter() - began


def _measured(place: MeaningPlace, seen: ScopedEvents, asked: Asked, texts: _Texts, queries: int) -> dict[str, Any]:
    """Memory is resident memory of this process; the peak includes reading."""
    gc.collect()
    before, most_before = _resident_mb(), _peak_mb()

    def took(viewer: Viewer, wanted: EventFilter) -> float:
        meant: Vector = texts.embed(1)[0]
        began = time.perf_counter()
        nearest(seen, viewer, wanted, meant, place, least=LEAST)
        return time.perf_counter() - began

    first_s = took(*asked["all"])
    gc.collect()
    found: dict[str, float | None] = {"first_search_s": round(first_s, 2)}
    for name, (viewer, wanted) in asked.items():
        times = [took(viewer, wanted) for _ in range(queries)]
        found |= {f"{name}_p50_ms": percentile_ms(times, 50), f"{name}_p95_ms": percentile_ms(times, 95)}
    gc.collect()
    resident = _resident_mb() - before
    indexed, counted = place.size if isinstance(place, MeaningIndex) else (0, 0)
    return {
        "indexed": indexed,
        "index_mb": round(counted / _MB, 1),
        "resident_mb": round(resident, 1),
        # Where an earlier peak was higher nothing is known of this one.
        "peak_mb": round(_peak_mb() - before, 1) if _peak_mb() > most_before else None,
        **found,
    }


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss / _MB)


def _peak_mb() -> float:
    """The most that this process has ever held; the kernel counts in KB, that of macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / _MB if sys.platform == "darwin" else peak / 1024)
