"""What was seen lately, kept apart until it is clear that it was no incident."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haetae.vad.motion.cells import Observation

SAMPLE_S = 1.0
"""One frame a second stands for the others: neighbours see the same."""

QUARANTINE_S = 900.0
"""How long something waits before it is learned: a quarter of an hour, in which a person may confirm an alarm."""

MARGIN_S = 10.0
"""What is this near to an alarm is not learned: an incident begins before it is noticed."""

CONFIRMED_MARGIN_S = 60.0
"""Nor this near to one that a person confirmed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The active cells of one frame, in the smallest types: `cell` (k,), `codes` (len(Value), k) whole, `direction` (k,).

    It stands for `frames` frames of `seconds` altogether.
    """

    t_s: float
    seconds: float
    frames: int
    cell: NDArray[np.uint16]
    codes: NDArray[np.uint8]
    direction: NDArray[np.int8]

    def observation(self) -> Observation:
        """As it was observed, without the values, for which the codes stand."""
        none = np.empty((0, self.cell.size), np.float32)
        return Observation(self.t_s, self.seconds, self.cell.astype(np.intp), none, self.direction.astype(np.intp))


class Quarantine:
    """One camera's. Holds about 1 kB for each second, one MB in all."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self._spoiled: deque[tuple[float, float]] = deque()
        self._frames = 0
        self._seconds = 0.0
        self._sampled_s = -np.inf

    def take(self, seen: Observation, codes: NDArray[np.float32]) -> None:
        """Take one judged frame, in time order."""
        self._frames += 1
        self._seconds += seen.elapsed_s
        if seen.t_s - self._sampled_s < SAMPLE_S:
            return
        small = (seen.cell.astype(np.uint16), codes.astype(np.uint8), seen.direction.astype(np.int8))
        self._samples.append(Sample(seen.t_s, self._seconds, self._frames, *small))
        self._sampled_s, self._frames, self._seconds = seen.t_s, 0, 0.0

    def spoil(self, from_s: float, to_s: float) -> None:
        """Nothing of this time is ever learned."""
        if self._spoiled and from_s <= self._spoiled[-1][1] and to_s >= self._spoiled[-1][0]:
            last = self._spoiled.pop()
            from_s, to_s = min(from_s, last[0]), max(to_s, last[1])
        self._spoiled.append((from_s, to_s))

    def release(self, now_s: float) -> list[Sample]:
        """What has waited long enough and was not spoiled, in time order; each is given once."""
        released = []
        while self._samples and self._samples[0].t_s <= now_s - QUARANTINE_S:
            sample = self._samples.popleft()
            if not any(from_s <= sample.t_s <= to_s for from_s, to_s in self._spoiled):
                released.append(sample)
        # Answers of people come late, so these are in no order.
        self._spoiled = deque(span for span in self._spoiled if span[1] >= now_s - 2 * QUARANTINE_S)
        return released
