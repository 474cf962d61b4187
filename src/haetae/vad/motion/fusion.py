"""From the surprises of all attributes to one raw score.

Each attribute is divided by its reference, the surprise that normal footage of this camera passes about once a day, so that none of
them can spend the alarm budget of the others; the score is the greatest quotient. Around 1 lies the alarm level of any camera.
"""

from collections.abc import Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from haetae.vad.base import HeldOut
from haetae.vad.calibrate import Tail
from haetae.vad.motion.learning import Judged
from haetae.vad.peaks import Peaks

REFERENCE_PER_DAY = 1.0
LEAST_REFERENCE = np.array([4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 2.0, 2.5, 2.5], np.float32)
"""By `Attribute`: what is rarer than this was hardly seen at all, so no footage makes an attribute more sensitive."""

GREATEST_REFERENCE = 30.0
"""A few seconds of footage extrapolate to anything; what is ten times the usual still has to count."""

QUIET = np.array([0.0, 0.3, 0.4, 0.4, 0.5, 0.4, 0.5, 0.2, 0.6, 0.4], np.float32)
"""By `Attribute`, the share of its reference up to which it adds nothing: the many small surprises of size, place and stay would only blur
the order that speed gives. Headings are rarely wrong, so little of them is quiet. (Measured: 0 for all costs 2 points of AUC on Ped2, 0.5
for all but the speeds 9 on the warped `road`.)"""

MOST = np.array([np.inf, np.inf, np.inf, np.inf, np.inf, np.inf, 1.5, np.inf, np.inf, np.inf], np.float32)
"""By `Attribute`, the most that it contributes: flicker accompanies whatever is fast, and must not outshine what says more."""

_LOUD = 1 - QUIET
_OFFSET, _MOST = (QUIET / _LOUD)[:, None], MOST[:, None]

SMOOTH_S = 0.09
"""Time constant of the last smoothing, about two frames at 10 fps."""


def references(peaks: Sequence[Peaks]) -> NDArray[np.float32]:
    """The reference of each attribute, shape (len(Attribute),), from the peaks of its surprise.

    As with the alarm level nothing is extrapolated beyond calibrate.REACH times the footage: one attribute's wild guess would silence it
    against the others. Measured: 4 to 16 times are alike on Ped2 (250 s of footage), 8 is best on 10 s of it.
    """
    levels = [Tail.of(each).level(REFERENCE_PER_DAY) for each in peaks]
    return np.clip(np.array(levels, np.float32), LEAST_REFERENCE, GREATEST_REFERENCE)


def quotients(surprise: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each attribute contributes, shape (len(Attribute), k) as that of `surprise`."""
    share = surprise * (1 / (reference * _LOUD))[:, None]
    share -= _OFFSET
    np.maximum(share, np.float32(0.0), out=share)
    return np.minimum(share, _MOST, out=share)


class Smoothing:
    """An exponential mean over time, for one camera."""

    def __init__(self) -> None:
        self._value = 0.0

    def step(self, value: float, elapsed_s: float) -> float:
        """`elapsed_s` 0 starts anew."""
        if elapsed_s <= 0.0:
            self._value = value
        else:
            self._value += (1.0 - exp(-elapsed_s / SMOOTH_S)) * (value - self._value)
        return self._value


def held_out(judged: Judged, reference: NDArray[np.float32]) -> HeldOut:
    """The raw scores of the learned footage."""
    value = quotients(np.ascontiguousarray(judged.surprise.T), reference).max(axis=0, initial=0.0)
    smoothing = Smoothing()
    raw = [smoothing.step(float(each), float(elapsed)) for each, elapsed in zip(value, judged.elapsed_s, strict=True)]
    return HeldOut(judged.t_s, np.array(raw, np.float64))
