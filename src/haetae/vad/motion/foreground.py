"""What is new in the picture: a background that follows the light, and what differs from it."""

from dataclasses import dataclass
from math import exp
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma

FOLLOW_S = 2.0
"""Time constant with which background pixels follow the light."""

ABSORB_S = 60.0
"""Time constant with which what stays becomes background, applied in steps of ABSORB_EVERY_S."""

ABSORB_EVERY_S = 3.0

LEAST_DIFFERENCE = 15.0
"""Grey levels; below it lie sensor noise and compression on any camera."""

NOISY = 4.0
"""Standard deviation, in grey levels, from which on pictures are compared blurred: at night and in rain. By day that costs detail (2 points
of AUC on Ped2)."""

BLUR, BLUR_GAIN = 3, 2.2
"""Side of the mean in pixels, and by how much it lowers the noise: neighbours are not independent after compression."""

LEAST_BLURRED = 10.0

WARM_SAMPLES = 15
WARM_EVERY_S = 0.5
SETTLED_SAMPLES = 5
"""A new background is the median of up to WARM_SAMPLES pictures, one each WARM_EVERY_S; it counts from SETTLED_SAMPLES on."""

CHANGED_SHARE = 0.5
"""A larger share of foreground is a change of the scene, not something in it."""

LIGHT_FROM = 0.02
"""Share of foreground from which on it may be the light that changed, all over the picture: a cloud that passes, an exposure that is
corrected. It is taken for that where as much brightness more or less makes LIGHT_KEPT of the foreground of it at the most."""

LIGHT_KEPT = 0.7
LIGHT_EVERY = 12
"""Every so many pixels in both directions one is asked how bright the picture is."""

DAZZLED_PER_S, DAZZLED_S = 0.25, 1.0
"""While the light changes by more than that share in a second, as where an exposure is corrected, and for so many seconds after it
nothing is judged: no factor is right everywhere then. Clouds take longer."""

LEAST_LIGHT, MOST_LIGHT = 0.004, 1.5
"""Factors by which the light can change at once: less than the smallest difference from 1 is one grey level at most."""

WHITE, ROUNDED = 255.0, 2.0
"""The brightest grey level, and by how much rounding two scenes and their blurred pictures can take them apart."""

DARK = 16.0
"""Grey levels; darker pixels do not tell how the light changed."""

REMEMBER_S = 60.0
"""For so long the background before a change is kept: when what covered it leaves, it is taken back at once."""


@dataclass(slots=True)
class Seen:
    """One frame against the background. `mask` is 255 where it differs, in `count` pixels; `settled` is false while the background is
    being made. `share` of the picture, in [0, 1], differed before the light was evened out, where `changed`."""

    mask: Luma
    count: int
    changed: bool
    settled: bool
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class _Compared:
    """A picture beside an empty scene, pixel by pixel: the `difference` in grey levels; that which is `compared` with `level`, of blurred
    pictures where there is noise; and the `mask` of what is beyond it, `count` pixels."""

    difference: Luma
    compared: Luma
    level: float
    mask: Luma
    count: int


class Background:
    """The empty scene of one camera, in working pixels. Fed with frames in time order."""

    def __init__(self, background: NDArray[np.float32] | None = None, noise: float = 2.0) -> None:
        self.mean = background
        self.noise = noise
        self._shown: Luma | None = None if background is None else _bytes(background)
        self._samples: list[Luma] = []
        self._warm = background is None
        self._sampled_s = -np.inf
        self._absorbed_s = -np.inf
        self._jumped_s = -np.inf
        self._sparse: NDArray[np.uint8] | None = None
        self._former: tuple[NDArray[np.float32], float] | None = None

    def step(self, luma: Luma, t_s: float, elapsed_s: float) -> Seen:
        """Compare `luma` with the background, then let the background follow. `elapsed_s` is the time since the last frame."""
        if self.mean is None or self._shown is None or self._shown.shape != luma.shape:
            self._begin(luma, t_s)
            return _blank(luma, changed=False, settled=False)
        seen = self._compare(luma, self._shown)
        share = seen.count / luma.size
        if seen.count > LIGHT_FROM * luma.size:
            seen = self._light(luma, seen, t_s, elapsed_s)
        mask, count = seen.mask, seen.count
        self._sparse = _few(luma).copy()
        if count > CHANGED_SHARE * mask.size:
            if self._take_back(luma, t_s):
                return _blank(luma, changed=True, settled=True, share=share)
            if not self._warm:
                self._former = (self.mean, t_s)
            self._begin(luma, t_s)
            return _blank(luma, changed=True, settled=False, share=share)
        if not self._warm:
            self._follow(luma, seen, t_s, elapsed_s)
        elif t_s - self._sampled_s >= WARM_EVERY_S:
            if self._take_back(luma, t_s):
                return _blank(luma, changed=True, settled=True, share=share)
            self._sample(luma, t_s)
        dazzled = 0.0 <= t_s - self._jumped_s <= DAZZLED_S
        return Seen(mask, count, changed=dazzled, settled=not self._warm or len(self._samples) >= SETTLED_SAMPLES, share=share)

    def _begin(self, luma: Luma, t_s: float) -> None:
        self._samples.clear()
        self._samples.append(luma.copy())
        self._warm, self._sampled_s, self._absorbed_s = True, t_s, t_s
        self._show(luma.astype(np.float32))

    def _show(self, mean: NDArray[np.float32]) -> None:
        self.mean = mean
        self._shown = _bytes(mean)

    def _light(self, luma: Luma, seen: "_Compared", t_s: float, elapsed_s: float) -> "_Compared":
        """As `_compare`, after the light of the whole picture: the background is made as bright where that explains most of the foreground,
        else it is what was `seen`."""
        assert self.mean is not None
        gain = _brighter(_few(luma), _few(self.mean))
        if not 1.0 / MOST_LIGHT < gain < MOST_LIGHT or abs(gain - 1.0) < LEAST_LIGHT:
            return seen
        # The light changes no pixel of the background by more than it changes white. What differs by more than that would remain: in
        # nearly all pictures it shows at once that things stand there.
        certain = _beyond(seen.compared, seen.level + WHITE * abs(gain - 1.0) + ROUNDED)
        if cv2.countNonZero(certain) > LIGHT_KEPT * seen.count:
            return seen
        lit = self._compare(luma, _bytes(self.mean, gain))
        if lit.count > LIGHT_KEPT * seen.count:
            return seen
        self._show(np.minimum(self.mean * np.float32(gain), np.float32(WHITE)))
        for sample in self._samples:
            cv2.convertScaleAbs(sample, dst=sample, alpha=gain)
        if self._sparse is not None and abs(_brighter(_few(luma), self._sparse) - 1.0) > DAZZLED_PER_S * elapsed_s:
            self._jumped_s = t_s
        return lit

    def _compare(self, luma: Luma, shown: Luma) -> "_Compared":
        difference = compared = np.asarray(cv2.absdiff(luma, shown), np.uint8)
        level = max(LEAST_DIFFERENCE, 4.0 * self.noise)
        if self.noise > NOISY:
            # Noise of single pixels would hide what is there.
            compared = np.asarray(cv2.absdiff(cv2.blur(luma, (BLUR, BLUR)), cv2.blur(shown, (BLUR, BLUR))), np.uint8)
            level = max(LEAST_BLURRED, 4.0 * self.noise / BLUR_GAIN)
        mask = _beyond(compared, level)
        return _Compared(difference, compared, level, mask, cv2.countNonZero(mask))

    def _take_back(self, luma: Luma, t_s: float) -> bool:
        """True when the background before the last change fits again."""
        if self._former is None or t_s - self._former[1] > REMEMBER_S:
            self._former = None
            return False
        former = self._former[0]
        if self._compare(luma, _bytes(former)).count > 0.5 * CHANGED_SHARE * luma.size:
            return False
        self._former, self._warm = None, False
        self._samples.clear()
        self._show(former)
        return True

    def _sample(self, luma: Luma, t_s: float) -> None:
        self._sampled_s = t_s
        # They are kept in order, pixel by pixel: the new one finds its place, at a thirtieth of what sorting all of them takes.
        higher = luma.copy()
        for number, sample in enumerate(self._samples):
            self._samples[number], higher = np.asarray(cv2.min(sample, higher), np.uint8), np.asarray(cv2.max(sample, higher), np.uint8)
        self._samples.append(higher)
        middle = (self._samples[(len(self._samples) - 1) // 2], self._samples[len(self._samples) // 2])
        self._show(np.add(*middle, dtype=np.float32) * np.float32(0.5))
        if len(self._samples) == WARM_SAMPLES:
            self._warm = False
            self._samples.clear()

    def _follow(self, luma: Luma, seen: "_Compared", t_s: float, elapsed_s: float) -> None:
        assert self.mean is not None
        mask, count = seen.mask, seen.count
        # Nearly all frames of a quiet place have no foreground at all; and without a mask it takes half of the time.
        still = cv2.bitwise_not(mask) if count else None
        step = 1.0 - exp(-elapsed_s / FOLLOW_S)
        cv2.accumulateWeighted(luma, self.mean, step, still)
        # The mean absolute deviation of a normal distribution is 0.8 sigma.
        deviation = cv2.norm(seen.difference, cv2.NORM_L1, still) / (mask.size - count)
        self.noise += 0.1 * step * (deviation / 0.8 - self.noise)
        if t_s - self._absorbed_s >= ABSORB_EVERY_S:
            if np.isfinite(self._absorbed_s):
                cv2.accumulateWeighted(luma, self.mean, ABSORB_EVERY_S / ABSORB_S, mask)
            self._absorbed_s = t_s
        self._shown = _bytes(self.mean)


def _beyond(compared: Luma, level: float) -> Luma:
    return np.asarray(cv2.threshold(compared, level, WHITE, cv2.THRESH_BINARY)[1], np.uint8)


def _few(picture: NDArray[Any]) -> NDArray[Any]:
    """Enough of its pixels to tell its light from."""
    return picture[::LIGHT_EVERY, ::LIGHT_EVERY]


def _brighter(now: NDArray[Any], before: NDArray[Any]) -> float:
    """How many times as bright: the median over pixels, which what moves does not reach as long as it covers less than half of them."""
    told = before > DARK
    ratios = now[told] / before[told]
    return middle(ratios) if ratios.size else 1.0


def middle(values: NDArray[Any]) -> float:
    """The median of some hundred values, the upper one of an even number: a fifth of what NumPy's own takes. It puts them in another
    order, so that no copy is made."""
    half = values.size // 2
    values.partition(half)
    return float(values[half])


def _bytes(mean: NDArray[np.float32], gain: float = 1.0) -> Luma:
    """Rounded, `gain` times as bright, at most white."""
    return np.asarray(cv2.convertScaleAbs(mean, alpha=gain), np.uint8)


def _blank(luma: Luma, *, changed: bool, settled: bool, share: float = 0.0) -> Seen:
    return Seen(np.zeros_like(luma), 0, changed, settled, share)
