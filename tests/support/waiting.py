"""Waiting for a condition, with a deadline far beyond what is needed; never a sleep for luck."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str, *, deadline_s: float = 30.0) -> None:
    """Return as soon as `condition()` is true; fail naming `what` when it never was."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never within {deadline_s:.0f} s: {what}")
        time.sleep(0.02)
