"""`haetae bench log`: events per second into the database, and what `log_event` costs its caller.

Beside it, in the same run and into the same table, what a bare `executemany` in batches of 100 reaches: once as Haetae would write it
without a journal (events made rows, the columns' conversions, one transaction per batch), once with ready-made tuples through the driver
alone, which converts nothing and is the floor of the database itself. And beside the latencies, those of nothing but turning an event to
JSON and writing it to a file: what this machine does to any caller. Runs alternate, so that a busy machine slows all alike; medians count.
"""

import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from haetae.database.async_event_logger import AsyncEventLogger
from haetae.database.engine import make_engine, session_factory
from haetae.database.event_statement import insert_rows
from haetae.database.migrate import upgrade
from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.errors import StorageError
from haetae.ids import new_id

RATIO_GOAL = 0.5
P99_GOAL_US = 100.0
REPEATS = 3
BATCH = 100
LATENCY_EVENTS = 5000
PACED_EVENTS = 600
PACED_GAP_S = 0.005


def bench_log(*, events: int = 20000, database_url: str | None = None) -> dict[str, Any]:
    """Measure; returns JSON-able figures with their goals.

    `database_url` None makes an SQLite database in a temporary folder. In any other database the rows of this run are deleted again.
    Latencies are those of a caller that logs without a pause, which is the hardest case: while the database is `up` (and the rate is
    measured), `locked` or `unreachable`. `up_paced` is one event every 5 ms, far more than a site of 64 cameras has; its caller sleeps in
    between, so that the processor's waking counts, as it does in `floor_paced`.
    Raises StorageError when an event did not arrive.
    """
    with tempfile.TemporaryDirectory(prefix="haetae-bench-log-") as name:
        folder = Path(name)
        url = database_url or f"sqlite:///{folder / 'haetae.db'}"
        engine = make_engine(url)
        try:
            upgrade(engine)
            runs = [_round(engine, folder / f"log-{index}", events) for index in range(REPEATS)]
            floor = _latencies_floor(folder / "floor.jsonl", LATENCY_EVENTS)
            floor_paced = _latencies_floor(folder / "floor.jsonl", PACED_EVENTS, PACED_GAP_S)
            paced = _latencies_paced(engine, folder / "paced")
            away = _latencies_away(engine, url, folder)
        finally:
            engine.dispose()
    logged, bare, driver = (statistics.median(rates[index] for rates, _ in runs) for index in range(3))
    up = _middle([latencies for _, latencies in runs])
    return {
        "bench": "log",
        "database": engine.dialect.name,
        "events": events,
        "logger_events_per_s": round(logged),
        "bare_executemany_events_per_s": round(bare),
        "driver_executemany_events_per_s": round(driver),
        "ratio": round(logged / bare, 3),
        "ratio_to_driver": round(logged / driver, 3),
        "ratio_goal": RATIO_GOAL,
        "ratio_met": logged / bare >= RATIO_GOAL,
        "log_event_us": {"up": up, **away, "floor": floor, "up_paced": paced, "floor_paced": floor_paced},
        "p99_goal_us": P99_GOAL_US,
        "p99_met": {name: figures["p99"] < P99_GOAL_US for name, figures in {"up": up, **away}.items()},
    }


def _round(engine: Any, log_dir: Path, count: int) -> tuple[tuple[float, float, float], dict[str, float]]:
    """Events per second of the logger, of a bare executemany, of the driver alone; latencies of the logger."""
    driver, bare = _driver_rate(engine, count), _bare_rate(engine, count)
    rate, latencies = _logger_run(engine, log_dir, count)
    return (rate, bare, driver), latencies


def _event(camera: UUID, number: int) -> AnomalyEvent:
    facts = (
        Fact("f1", FactKind.SPEED, 2.5, "m/s", 0.0, 1.5, usual=1.2, rarity=0.0001),
        Fact("f2", FactKind.SIZE, 1.8, "m", 0.0, 1.5, usual=1.9, rarity=0.2),
    )
    return AnomalyEvent(
        id=new_id(),
        camera_id=camera,
        timestamp=datetime.now(UTC),
        frame_number=number,
        vad_score=0.75,
        threshold=0.5,
        box=Box(0.1, 0.2, 0.3, 0.4),
        facts=facts,
        clip_path="clips/2026/03/01/event.mp4",
        thumbnail_path="clips/2026/03/01/event.jpg",
    )


def _events(camera: UUID, count: int) -> list[AnomalyEvent]:
    events = [_event(camera, number) for number in range(count)]
    # The bench's own heap is no cost of the logger: keep the collector out of it.
    gc.collect()
    gc.freeze()
    return events


def _logger_run(engine: Any, log_dir: Path, count: int) -> tuple[float, dict[str, float]]:
    """Accepted -> stored, as fast as one caller can."""
    camera = new_id()
    events = _events(camera, count)
    with AsyncEventLogger(log_dir, session_factory(engine)) as logger:
        start = time.perf_counter()
        latencies = _log_all(logger.log_event, events)
        finished = logger.flush(600.0)
        elapsed = time.perf_counter() - start
    stored = _count(engine, camera)
    _remove(engine, camera)
    gc.unfreeze()
    if not finished or stored != count:
        raise StorageError(f"only {stored} of {count} events arrived in the database")
    return count / elapsed, _percentiles(latencies)


def _log_all(log_event: Callable[[AnomalyEvent], object], events: Sequence[AnomalyEvent], gap_s: float = 0.0) -> list[float]:
    latencies = []
    for event in events:
        start = time.perf_counter()
        log_event(event)
        latencies.append(time.perf_counter() - start)
        if gap_s:
            time.sleep(gap_s)
    return latencies


def _latencies_floor(path: Path, count: int, gap_s: float = 0.0) -> dict[str, float]:
    """No logger at all: JSON and a write."""
    with path.open("ab", buffering=0) as file:
        latencies = _log_all(lambda event: file.write(orjson.dumps(event) + b"\n"), _events(new_id(), count), gap_s)
    gc.unfreeze()
    return _percentiles(latencies)


def _latencies_paced(engine: Any, log_dir: Path) -> dict[str, float]:
    camera = new_id()
    with AsyncEventLogger(log_dir, session_factory(engine)) as logger:
        latencies = _log_all(logger.log_event, _events(camera, PACED_EVENTS), PACED_GAP_S)
        logger.flush(60.0)
    _remove(engine, camera)
    gc.unfreeze()
    return _percentiles(latencies)


def _latencies_away(engine: Any, url: str, folder: Path) -> dict[str, dict[str, float]]:
    """The database locked by someone else (SQLite), and nowhere to be found."""
    figures: dict[str, dict[str, float]] = {}
    if engine.dialect.name == "sqlite":
        away = make_engine(f"sqlite:///{folder / 'nowhere' / 'haetae.db'}")
        with _locked(engine):
            figures["locked"] = _latencies_without(make_engine(url, busy_timeout_s=0.5), folder, "locked")
    else:
        away = make_engine("postgresql://127.0.0.1:1/nowhere", connect_timeout_s=1.0)
    figures["unreachable"] = _latencies_without(away, folder, "unreachable")
    return figures


def _latencies_without(engine: Any, folder: Path, name: str) -> dict[str, float]:
    figures = []
    for index in range(REPEATS):
        logger = AsyncEventLogger(folder / f"{name}-{index}", session_factory(engine))
        try:
            figures.append(_percentiles(_log_all(logger.log_event, _events(new_id(), LATENCY_EVENTS))))
        finally:
            logger.close(timeout=0.0)
            gc.unfreeze()
    engine.dispose()
    return _middle(figures)


def _middle(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    """The run with the median p99."""
    return sorted(figures, key=lambda run: run["p99"])[len(figures) // 2]


def _bare_rate(engine: Any, count: int) -> float:
    """Events per second of `executemany` with typed rows, as anyone would write it with SQLAlchemy."""
    camera = new_id()
    events = _events(camera, count)
    start = time.perf_counter()
    for first in range(0, count, BATCH):
        insert_rows(engine, events[first : first + BATCH], stored_at=datetime.now(UTC))
    elapsed = time.perf_counter() - start
    _remove(engine, camera)
    gc.unfreeze()
    return count / elapsed


def _driver_rate(engine: Any, count: int) -> float:
    """Events per second of the driver's `executemany` with values that need no conversion any more."""
    camera = new_id()
    template = _event(camera, 0)
    with tempfile.TemporaryDirectory(prefix="haetae-bench-row-") as name, AsyncEventLogger(Path(name), session_factory(engine)) as logger:
        logger.log_event(replace(template, id=new_id()))
        logger.flush(60.0)
    with _driver(engine) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"SELECT * FROM events WHERE camera_id = '{_key(engine, camera)}'")  # noqa: S608 (an id made here)
        columns = [column[0] for column in cursor.description]
        row = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in cursor.fetchone()]
        connection.rollback()
        place = columns.index("id")
        rows = [(*row[:place], _key(engine, new_id()), *row[place + 1 :]) for _ in range(count)]
        mark = "?" if engine.dialect.name == "sqlite" else "%s"
        statement = f"INSERT INTO events ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608 (the table's own names)
        start = time.perf_counter()
        for first in range(0, count, BATCH):
            if engine.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(statement, rows[first : first + BATCH])
            connection.commit()
        elapsed = time.perf_counter() - start
    _remove(engine, camera)
    return count / elapsed


@contextmanager
def _driver(engine: Any) -> Iterator[Any]:
    """The driver's own connection, as Haetae sets it up (write-ahead log, an fsync per commit)."""
    connection = engine.raw_connection()
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _locked(engine: Any) -> Iterator[None]:
    with _driver(engine) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _count(engine: Any, camera: UUID) -> int:
    return int(_run(engine, f"SELECT count(*) FROM events WHERE camera_id = '{_key(engine, camera)}'", lambda cursor: cursor.fetchone()[0]))  # noqa: S608


def _remove(engine: Any, camera: UUID) -> None:
    _run(engine, f"DELETE FROM events WHERE camera_id = '{_key(engine, camera)}'", lambda _cursor: None)  # noqa: S608


def _run(engine: Any, statement: str, result: Callable[[Any], Any]) -> Any:
    with _driver(engine) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        value = result(cursor)
        connection.commit()
        return value


def _key(engine: Any, identifier: UUID) -> str:
    return identifier.hex if engine.dialect.name == "sqlite" else str(identifier)


def _percentiles(latencies_s: Sequence[float]) -> dict[str, float]:
    """Microseconds."""
    ordered = sorted(latencies_s)
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e6, 1) for name, share in at.items()}
