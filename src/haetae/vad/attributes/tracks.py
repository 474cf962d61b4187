"""The same object from one look to the next: its measurements are averaged, so that one bad box or one bad match is no anomaly."""

from dataclasses import replace
from math import exp

import numpy as np
from numpy.typing import NDArray

from haetae.vad.attributes.objects import Objects
from haetae.vad.detector.boxes import Boxes, iou

SAME_IOU = 0.3
MEAN_S = 0.35
"""Time constant of the averages."""

FORGET_S = 1.5
"""What was not seen for so long is not looked for any more."""


class Tracks:
    """The last objects of one camera, with the number of looks that they were followed for."""

    def __init__(self) -> None:
        self._last: Objects | None = None
        self._looks: NDArray[np.intp] = np.empty(0, np.intp)
        self._last_s = -np.inf

    def reset(self) -> None:
        self._last = None

    def step(self, objects: Objects, t_s: float) -> Objects:
        """`objects`, seen at `t_s`, with averages over their past; the boxes stay those of now."""
        looks = np.ones(len(objects), np.intp)
        elapsed_s = t_s - self._last_s
        if self._last is not None and len(self._last) and len(objects) and 0.0 < elapsed_s <= FORGET_S:
            now, before = matched(objects.box, moved(self._last, elapsed_s))
            looks[now] = self._looks[before] + 1
            # The mean of all looks at first, an exponential one later.
            step = np.maximum(1.0 - exp(-elapsed_s / MEAN_S), 1.0 / looks[now]).astype(np.float32)
            objects = _averaged(objects, self._last, now, before, step)
        self._last, self._looks, self._last_s = objects, looks, t_s
        return objects


def moved(objects: Objects, seconds: float) -> Boxes:
    """Where the boxes will be when nothing changes its velocity."""
    shift = objects.velocity * np.float32(seconds)
    return np.asarray(objects.box + np.concatenate([shift, shift], axis=1), np.float32)


def matched(now: Boxes, before: Boxes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of boxes that are the same object, the best first: their numbers in `now` and in `before`, each at most once."""
    overlap = iou(now, before)
    pairs: list[tuple[int, int]] = []
    while overlap.size:
        at = divmod(int(overlap.argmax()), overlap.shape[1])
        if overlap[at] < SAME_IOU:
            break
        pairs.append(at)
        overlap[at[0], :] = overlap[:, at[1]] = -1.0
    rows = np.array(pairs, np.intp).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _averaged(objects: Objects, last: Objects, now: NDArray[np.intp], before: NDArray[np.intp], step: NDArray[np.float32]) -> Objects:
    def mean(name: str, former: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        values = getattr(objects, name).copy()
        old = getattr(last, name)[before] if former is None else former
        values[now] = old + step.reshape(-1, *[1] * (values.ndim - 1)) * (values[now] - old)
        return np.asarray(values, np.float32)

    # Of another class than before: what was believed of the former one is no evidence of the new one.
    believed = np.where(last.kind[before] == objects.kind[now], last.confidence[before], 0.0).astype(np.float32)
    vector = mean("vector")
    length = np.linalg.norm(vector, axis=1, keepdims=True)
    return replace(
        objects,
        confidence=mean("confidence", believed),
        sides=mean("sides"),
        velocity=mean("velocity"),
        points=mean("points"),
        vector=np.divide(vector, length, out=np.zeros_like(vector), where=length > 1e-6),
    )
