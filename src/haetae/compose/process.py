"""How a process that watches many cameras treats its cores and its memory."""

import contextlib
import ctypes

import cv2

_M_ARENA_MAX = -8
"""`mallopt`'s name for it (glibc's malloc.h)."""

_ARENAS = 2


def share_the_machine() -> None:
    """One thread for each OpenCV call, and few heaps; to be called before threads are started. Calling it again changes nothing.

    OpenCV's own threads made a frame dearer, not faster. glibc gives each thread a heap of its own, up to eight per core, and keeps what a
    thread freed there: eight cameras with events took 470 MB and crept upwards, with two heaps 320 MB and flat. Other C libraries have no
    such limit to set.
    """
    cv2.setNumThreads(1)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
