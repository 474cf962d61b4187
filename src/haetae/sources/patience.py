"""Waiting for what cannot be interrupted: on a thread of its own, for so long and no longer."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Overloaded(TimeoutError):
    """As many tasks of this kind hang as may."""


def in_time(task: Callable[[], T], *, name: str, timeout_s: float, most: int) -> T:
    """What `task` returns or raises. TimeoutError after `timeout_s`; the thread is then left to itself until its task ends.

    Threads are called `name`, and no more than `most` of that name are alive at once: with as many hanging, Overloaded comes at once.
    """
    if sum(thread.name == name for thread in threading.enumerate()) >= most:
        raise Overloaded(f"{most} threads {name!r} hang already")
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(task())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done.result(timeout_s)
