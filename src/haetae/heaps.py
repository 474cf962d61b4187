"""How many heaps the C library keeps for the threads of this process.

glibc gives each thread a heap of its own, up to eight for each core, and keeps there what a thread freed: eight cameras with events took
470 MB and crept upwards, with two heaps 320 MB and flat. It must be said before threads and heavy libraries make their heaps.
"""

import contextlib
import ctypes

_M_ARENA_MAX = -8
"""`mallopt`'s name for it (glibc's malloc.h)."""

_HEAPS = 2


def limit_heaps() -> None:
    """Keep to few heaps from now on. Other C libraries than glibc have no such limit; there it does nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)
