"""A camera that sends a short video again and again to a feed, on a thread of its own, as a camera's thread does."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Self

import numpy as np
from tests.support.packets import STARTED_AT, Recording

from haetae.domain.frame import RGB, Box, Frame
from haetae.domain.score import Score
from haetae.pipeline.live_feed import CameraFeed

FRAME_EVERY = 5


def picture_of(number: int) -> RGB:
    """A picture of 320x240 that tells its number by its grey."""
    return np.full((240, 320, 3), number % 200, np.uint8)


class LiveCamera:
    """Sends `recording` in a loop, `speed` times as fast as its time stamps say; every fifth picture is looked at."""

    def __init__(self, feed: CameraFeed, recording: Recording, *, speed: float = 1.0) -> None:
        self._feed = feed
        self._recording = recording
        self._speed = speed
        self._stop = threading.Event()
        self._stalled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-camera")

    def stall(self) -> None:
        """Keep the connection and send nothing more."""
        self._stalled.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(20)

    def _run(self) -> None:
        self._feed.stream(self._recording.info)
        length_s = 1 / 25 + max(packet.t_s for packet in self._recording.packets)
        ticks = round(length_s / self._recording.info.time_base)
        number = 0
        while not self._stop.is_set():
            turn = number // len(self._recording.packets)
            packet = self._recording.packets[number % len(self._recording.packets)]
            shift_s = turn * length_s
            at = packet.captured_at + timedelta(seconds=shift_s)
            if not self._stalled.is_set():
                self._feed.packet(
                    replace(packet, pts=packet.pts + turn * ticks, dts=packet.dts + turn * ticks, t_s=packet.t_s + shift_s, captured_at=at)
                )
                if number % FRAME_EVERY == 0:
                    self._feed.frame(*looked_at(number))
            number += 1
            self._stop.wait(1 / 25 / self._speed)
        self._feed.lost()


def looked_at(number: int, *, score: float | None = 0.75, rgb: Callable[[int], RGB] = picture_of) -> tuple[Frame, Score | None]:
    """Frame `number` of the camera and its score, with a heat map of 2 x 3; None: the camera learns."""
    at = STARTED_AT + timedelta(seconds=number / 25)
    picture = rgb(number)
    frame = Frame(number, number / 25, at, np.ascontiguousarray(picture[:, :, 0]), rgb=lambda: picture)
    heat = np.array([[0.0, 0.25, 1.5], [0.1234, 0.5, 0.0]], np.float32)
    box = Box(0.5, 0.0, 1.0, 0.5)
    found = None if score is None else Score(score, 3.0, 2.0, number, number / 25, at, drawing=heat, box=box)
    return frame, found
