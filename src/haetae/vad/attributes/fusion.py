"""From the surprises of objects to one raw score beside that of `motion`."""

from math import exp

import numpy as np
from numpy.typing import NDArray

from haetae.vad.attributes.objects import Attribute
from haetae.vad.base import HeldOut
from haetae.vad.calibrate import Tail

REFERENCE_PER_DAY = 1.0
LEAST_REFERENCE = np.array([4.0, 4.0, 3.0, 4.0], np.float32)
"""By `Attribute`: what is rarer than this was hardly seen at all, so no footage makes an attribute more sensitive."""

GREATEST_REFERENCE = 30.0
"""A few seconds of footage extrapolate to anything; what is ten times the usual still has to count."""

QUIET = 0.3
"""The share of its reference up to which an attribute adds nothing: the many small surprises would only blur the order of `motion`."""

WEIGHT = 0.75
"""What objects count beside `motion`. A sum and not the greater of the two: what both find odd is odder (measured in
docs/reference/bring-your-network.md; 0.5 to 1.5 are alike on Ped2)."""

TRUST_S = 120.0
"""Footage after which objects have half of their weight: a few seconds show a few objects, and the next one is always another."""

SMOOTH_S = 0.3
"""Time constant of the mean over looks: a class that flickers up in one frame is no event."""

FADE_S = 1.0
"""Time constant with which a judgement that no look renews fades."""


def references(t_s: NDArray[np.float64], greatest: NDArray[np.float32]) -> NDArray[np.float32]:
    """The reference of each attribute, from the greatest surprises of each look (looks, len(Attribute)).

    Extrapolated to a day however short the footage was: then objects add next to nothing to normal frames, and the alarm level stays near
    that of `motion`. Bounded to 8 times the footage, AUC on Ped2 is the same and a runner after 60 s of learning stands out half as far.
    """
    levels = [Tail.of(HeldOut(t_s, greatest[:, attribute].astype(np.float64))).level(REFERENCE_PER_DAY) for attribute in Attribute]
    return np.clip(np.array(levels, np.float32), LEAST_REFERENCE, GREATEST_REFERENCE)


def contributions(surprise: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each attribute of each object adds, (..., len(Attribute)): 1 at its reference, 0 up to QUIET of it."""
    return np.asarray(np.maximum(surprise / reference - QUIET, 0.0) / (1.0 - QUIET), np.float32)


class Judgement:
    """The last look's judgement of one camera, carried to the frames after it."""

    def __init__(self, hold_s: float) -> None:
        """`hold_s` is for how long a look is as good as new: the time to the next one."""
        self._hold_s = hold_s
        self._value = 0.0
        self._looked_s = -np.inf
        self._smooth = 0.0
        self._last_s = -np.inf

    def look(self, value: float, t_s: float) -> None:
        """The greatest contribution of the objects of a look."""
        self._value, self._looked_s = value, t_s

    def share(self, t_s: float) -> float:
        """What of the last look still counts, in [0, 1]."""
        late = t_s - self._looked_s - self._hold_s
        return 1.0 if late <= 0.0 else exp(-late / FADE_S)

    def at(self, t_s: float) -> float:
        """The value for the frame at `t_s`; called once per frame, in time order."""
        step = 1.0 - exp(-(t_s - self._last_s) / SMOOTH_S) if t_s > self._last_s else 0.0
        self._smooth += step * (self._value * self.share(t_s) - self._smooth)
        self._last_s = t_s
        return self._smooth


def weight_of(footage_s: float) -> float:
    """What objects count after so much footage."""
    return WEIGHT * footage_s / (footage_s + TRUST_S)


def replayed(
    motion: HeldOut, looked_s: NDArray[np.float64], values: NDArray[np.float32], hold_s: float, weight: float
) -> NDArray[np.float64]:
    """The raw scores with objects at the times of `motion`, with the looks at `looked_s` (ascending) that gave `values`."""
    judgement, following = Judgement(hold_s), 0
    out = np.empty(len(motion.t_s), np.float64)
    for at, (t_s, raw) in enumerate(zip(motion.t_s, motion.raw)):
        while following < len(looked_s) and looked_s[following] <= t_s:
            judgement.look(float(values[following]), float(looked_s[following]))
            following += 1
        out[at] = float(raw) + weight * judgement.at(float(t_s))
    return out
