"""How a process that watches many cameras treats its cores and its memory."""

import cv2

from haetae.heaps import limit_heaps


def share_the_machine() -> None:
    """One thread for each OpenCV call (its own threads made a frame dearer, not faster), and few heaps. May be called again."""
    cv2.setNumThreads(1)
    limit_heaps()
