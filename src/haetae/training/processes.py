"""Long work on several things at a time, each in a process of its own that tells how far it is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from queue import Empty, Queue
from typing import TypeAlias, TypeVar

import cv2

from haetae.errors import ConfigError

Told: TypeAlias = Callable[[str, int], None]
"""Called with a name and a count so far."""

Item = TypeVar("Item")
_POLL_S = 0.2


def in_processes(items: Sequence[Item], work: Callable[[Item, Told], None], *, jobs: int, told: Told | None = None) -> None:
    """Call `work` with each item and somebody to tell. With one job, or one item, it happens here; otherwise items and `work` travel to new
    processes, where OpenCV has one core. The first error ends it all. Raises ConfigError for fewer than one job."""
    if jobs < 1:
        raise ConfigError(f"jobs must be 1 or more, not {jobs}")
    tell: Told = told or (lambda _name, _count: None)
    if jobs == 1 or len(items) <= 1:
        for item in items:
            work(item, tell)
        return
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(min(jobs, len(items)), mp_context=context) as pool:
        words: Queue[tuple[str, int]] = manager.Queue()
        pending = {pool.submit(_one, work, item, words) for item in items}
        try:
            while pending:
                with suppress(Empty):
                    tell(*words.get(timeout=_POLL_S))
                for future in [future for future in pending if future.done()]:
                    pending.remove(future)
                    future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one(work: Callable[[Item, Told], None], item: Item, words: "Queue[tuple[str, int]]") -> None:
    cv2.setNumThreads(1)
    work(item, lambda name, count: words.put((name, count)))
