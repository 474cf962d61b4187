"""What the trained model says, slowed down before it is joined with what `motion` says."""

from math import exp

import numpy as np

from haetae.vad.base import HeldOut
from haetae.vad.trained.look import GAP_S

SLOW_S = 0.2
"""Time constant. A network's error jumps with each step and each arm that swings, while `motion` measures over half a second: the jumps
would spoil its order. (Measured with `predictor`: 0.1 points more AUC on Ped2 and as good on its training clips with stretches too fast or
something foreign in them; 0.4 gains another half of that on Ped2 and costs 0.3 points there.)"""


class Slowing:
    """An exponential mean over time, for one camera."""

    def __init__(self) -> None:
        self._value = 0.0
        self._t_s = -np.inf

    def step(self, value: float, t_s: float) -> float:
        """The mean after `value` at `t_s`; a first one, or one after more than GAP_S, starts anew."""
        elapsed_s = t_s - self._t_s
        self._t_s = t_s
        if not 0.0 <= elapsed_s <= GAP_S:
            self._value = value
        else:
            self._value += (1.0 - exp(-elapsed_s / SLOW_S)) * (value - self._value)
        return self._value

    def clear(self) -> None:
        """What comes next does not follow from what came before."""
        self._t_s = -np.inf


def slowed(held_out: HeldOut) -> HeldOut:
    """The raw scores of learned footage as `Slowing` would have given them."""
    slowing = Slowing()
    raw = [slowing.step(float(value), float(t_s)) for value, t_s in zip(held_out.raw, held_out.t_s, strict=True)]
    return HeldOut(held_out.t_s, np.array(raw, np.float64))
