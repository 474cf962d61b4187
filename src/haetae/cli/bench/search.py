"""`haetae bench search`: what the index of embeddings takes in memory and in time, read from a real database."""

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from haetae import __version__
from haetae.cli.bench.api_clients import percentile_ms
from haetae.cli.bench.vad import machine
from haetae.clock import SystemClock
from haetae.database.embedding_store import EmbeddingStore, Wording
from haetae.database.engine import make_engine, session_factory
from haetae.database.migrate import upgrade
from haetae.ids import new_id
from haetae.pipeline.meaning_index import MeaningIndex

MODEL = "benchmark"
CAMERAS = 16
AT_ONCE = 2000
LEAST = 0.2
_MB = 2**20

Told = Callable[[str], None]


def bench_search(*, events: int, width: int, queries: int, told: Told) -> dict[str, Any]:
    """`events` embeddings of `width` numbers are stored, read into memory as the first search does, and searched `queries` times. Memory is
    resident memory of this process; the peak includes reading."""
    with tempfile.TemporaryDirectory(prefix="haetae-search-") as scratch:
        engine = make_engine(f"sqlite:///{Path(scratch) / 'search.db'}")
        try:
            upgrade(engine)
            store = EmbeddingStore(session_factory(engine), SystemClock())
            random = np.random.default_rng(1)
            _fill(store, events, width, random, told)
            stored_mb = (Path(scratch) / "search.db").stat().st_size / _MB
            return {
                "haetae": __version__,
                "machine": machine(),
                "events": events,
                "width": width,
                "database_mb": round(stored_mb, 1),
                **_searched(store, width, queries, random),
            }
        finally:
            engine.dispose()


def _fill(store: EmbeddingStore, events: int, width: int, random: np.random.Generator, told: Told) -> None:
    cameras = [new_id() for _ in range(CAMERAS)]
    now = datetime.now(UTC)
    for first in range(0, events, AT_ONCE):
        count = min(AT_ONCE, events - first)
        vectors = _unit(random, count, width).astype(np.float16)
        words = [Wording(new_id(), cameras[number % CAMERAS], now, "") for number in range(count)]
        store.write(MODEL, list(zip(words, vectors, strict=True)))
        told(f"{first + count} embeddings stored")


def _searched(store: EmbeddingStore, width: int, queries: int, random: np.random.Generator) -> dict[str, Any]:
    index = MeaningIndex(store, SystemClock(), model=MODEL)
    gc.collect()
    before, process = _resident_mb(), psutil.Process()
    began = time.perf_counter()
    index.nearest(_unit(random, 1, width)[0], None, least=LEAST)
    read_s = time.perf_counter() - began
    gc.collect()
    took: list[float] = []
    for _ in range(queries):
        began = time.perf_counter()
        index.nearest(_unit(random, 1, width)[0], None, least=LEAST)
        took.append(time.perf_counter() - began)
    indexed, counted = index.size
    return {
        "indexed": indexed,
        "index_mb": round(counted / _MB, 1),
        "resident_mb": round(process.memory_info().rss / _MB - before, 1),
        "peak_mb": round(_peak_mb() - before, 1),
        "first_search_s": round(read_s, 2),
        "search_p50_ms": percentile_ms(took, 50),
        "search_p95_ms": percentile_ms(took, 95),
    }


def _unit(random: np.random.Generator, count: int, width: int) -> NDArray[np.float32]:
    vectors = random.normal(0.0, 1.0, (count, width)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss / _MB)


def _peak_mb() -> float:
    """The most that this process has ever held; the kernel counts in KB, that of macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / _MB if sys.platform == "darwin" else peak / 1024)
