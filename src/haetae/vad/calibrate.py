"""From a model's raw score to [0, 1], where 0.5 is the level that the allowed false alarms per day pay for.

The raw scores of normal footage are cut into blocks, the greatest of each block is a peak, and the excess of the top peaks over their
smallest is taken as exponential (peaks over threshold with shape 0; Coles 2001, ch. 4). What is extrapolated beyond the footage is charged:
with less than ENOUGH_S of it the aim is CAUTION times the budget, and a mean excess of k peaks is widened by 1 / k.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.score import ALARM_LEVEL
from haetae.errors import ConfigError, StateError
from haetae.vad.base import HeldOut

DAY_S = 86_400.0
DECLUSTER_S = 60.0
SHORTEST_DECLUSTER_S = 2.0
TOP_PEAKS = 20
"""The top 20 or so: 100 would take the bulk for the tail and be wrong 3 to 6 times."""

LEAST_BLOCKS = 120
"""Short footage is cut into this many blocks rather than into DECLUSTER_S, down to SHORTEST_DECLUSTER_S each."""

ENOUGH_S = 72 * 3600.0
CAUTION = 0.2
LEAST_SPREAD = 0.03
"""Least mean excess, as a share of the top peak: footage without variety is no proof that there is none."""

FEWEST_PEAKS = 5
OPEN_K, OPEN_N = 3, 5
"""The gate opens at OPEN_K of OPEN_N scores; a false alarm is an incident, so peaks are measured in the same way."""

SUSTAINED_S = 1.5
MOST_PER_EVENT = 1.5
"""How far one event that people call normal raises the alarm level at most, relative to the level that it had passed."""

MOST_IN_ALL = 3.0
"""How far all of them together do, relative to the learned level: who calls more than that normal should draw a zone or learn anew."""

_ACCEPTED_MARGIN = 1.02
"""The same again is never exactly the same: so much above its peak the level is put."""

LEAST_THETA = 0.6
"""Raw scores below alarm under no budget. Models scale their scores so that 1 is about what normal footage passes once a day."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Normal peaks of the raw score: a share of time beyond `base` happens `per_day` times a day, with mean excess `spread`."""

    base: float
    spread: float
    per_day: float
    footage_s: float

    def level(self, false_alarms_per_day: float) -> float:
        """The raw score that normal footage is expected to pass so often, with caution where there was little footage."""
        return self.at_rate(false_alarms_per_day * (1.0 if self.footage_s >= ENOUGH_S else CAUTION))

    def at_rate(self, per_day: float) -> float:
        """The raw score that the tail passes so often."""
        return self.base + self.spread * float(np.log(max(1.0, self.per_day / per_day)))

    @classmethod
    def of(cls, held_out: HeldOut) -> "Tail":
        """Of footage of any length, gaps in time not counted. No footage at all gives a tail of zeros."""
        raw, seconds = held_out.raw, _watched_s(held_out.t_s)
        if not raw.size:
            return cls(0.0, 0.0, DAY_S / DECLUSTER_S, 0.0)
        peaks = _peaks(held_out, seconds)
        top = np.sort(peaks)[::-1][: min(TOP_PEAKS, max(FEWEST_PEAKS, peaks.size // 2))]
        base = float(top[-1])
        number = max(1, top.size - 1)
        spread = float((top[:-1] - base).mean()) if top.size > 1 else 0.0
        spread = max(spread * (1.0 + 1.0 / number), LEAST_SPREAD * float(top[0]))
        return cls(base, spread, number / max(seconds, 1.0) * DAY_S, seconds)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Maps raw scores to [0, 1]: monotone, 0 at 0, exactly 0.5 at `theta`, towards 1 beyond.

    Below theta in proportion; above it 1 - 0.5 * theta / raw, so that twice theta is 0.75 and ten times theta 0.95.
    """

    theta: float
    false_alarms_per_day: float
    tail: Tail
    least_theta: float
    accepted: float = 0.0
    """The raw score up to which people called what they saw normal, 0 where they did not."""

    @classmethod
    def fit(cls, held_out: HeldOut, false_alarms_per_day: float, *, least_theta: float = LEAST_THETA) -> "Calibration":
        """`least_theta` is the raw score below which nothing alarms however calm the footage was, > 0.

        Raises ConfigError unless `false_alarms_per_day` is a positive number.
        """
        _check(false_alarms_per_day)
        tail = Tail.of(held_out)
        return cls(max(least_theta, tail.level(false_alarms_per_day)), false_alarms_per_day, tail, least_theta)

    def with_budget(self, false_alarms_per_day: float) -> "Calibration":
        """The same normality under another budget, without learning again. Raises ConfigError unless it is a positive number."""
        _check(false_alarms_per_day)
        return replace(self, false_alarms_per_day=false_alarms_per_day)._levelled()

    def accepting(self, value: float, threshold: float) -> "Calibration":
        """With an event as evidence of normality, whose calibrated peak was `value` while `threshold` was the raw alarm level.

        The alarm level rises just above the event's raw peak, so that the same again does not alarm, but to no more than MOST_PER_EVENT
        times `threshold` and MOST_IN_ALL times the level that was learned: what towers above normality goes on to alarm, and takes several
        such events. It never falls, and the same event again changes nothing. It holds for the whole picture, as scores do.
        """
        level = min(raw_of(value, threshold) * _ACCEPTED_MARGIN, threshold * MOST_PER_EVENT, self._learned_level() * MOST_IN_ALL)
        return replace(self, accepted=max(self.accepted, level))._levelled()

    def _levelled(self) -> "Calibration":
        # After a stricter budget what was accepted under another one stays within its bound.
        learned = self._learned_level()
        return replace(self, theta=max(learned, min(self.accepted, learned * MOST_IN_ALL)))

    def _learned_level(self) -> float:
        return max(self.least_theta, self.tail.level(self.false_alarms_per_day))

    def apply(self, raw: float) -> float:
        """The calibrated score of one raw score."""
        if raw <= 0.0:
            return 0.0
        return ALARM_LEVEL * raw / self.theta if raw <= self.theta else 1.0 - (1.0 - ALARM_LEVEL) * self.theta / raw

    def apply_map(self, raw: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The calibrated scores of an array of any shape."""
        raw = np.maximum(raw, 0.0)
        above = 1.0 - (1.0 - ALARM_LEVEL) * self.theta / np.maximum(raw, self.theta)
        return np.where(raw <= self.theta, ALARM_LEVEL * raw / self.theta, above).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As one named array, for saving without pickle."""
        tail = self.tail
        values = [self.theta, self.false_alarms_per_day, self.least_theta, tail.base, tail.spread, tail.per_day, tail.footage_s]
        return {"calibration": np.array(values, np.float64), "accepted": np.array([self.accepted], np.float64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Calibration":
        """The calibration whose `arrays()` these were. Raises StateError when they are not."""
        values = arrays.get("calibration")
        if values is None or values.shape != (7,) or not np.isfinite(values).all() or values[0] <= 0.0:
            raise StateError("the saved calibration cannot be read", hint="Learn this camera again")
        theta, budget, least, base, spread, per_day, footage_s = (float(value) for value in values)
        # States of before people could call an event normal have none.
        accepted = arrays.get("accepted", np.zeros(1))
        if accepted.shape != (1,) or not np.isfinite(accepted[0]) or accepted[0] < 0.0:
            raise StateError("the saved calibration cannot be read", hint="Learn this camera again")
        return cls(theta, budget, Tail(base, spread, per_day, footage_s), least, float(accepted[0]))


def raw_of(value: float, threshold: float) -> float:
    """The raw score that `Calibration.apply` maps to `value` where the alarm level is `threshold`; infinite for 1."""
    if value <= ALARM_LEVEL:
        return max(0.0, value) * threshold / ALARM_LEVEL
    return (1.0 - ALARM_LEVEL) * threshold / (1.0 - value) if value < 1.0 else math.inf


def _check(false_alarms_per_day: float) -> None:
    if not (np.isfinite(false_alarms_per_day) and false_alarms_per_day > 0.0):
        raise ConfigError(f"false alarms per day must be a positive number, not {false_alarms_per_day}", hint="1 is usual")


def _watched_s(t_s: NDArray[np.float64]) -> float:
    """Length of the footage; steps much longer than the usual one are gaps."""
    if t_s.size < 2:
        return float(t_s.size)
    steps = np.diff(t_s)
    usual = float(np.median(steps))
    return float(steps[steps <= 10 * usual].sum() + usual)


def _peaks(held_out: HeldOut, seconds: float) -> NDArray[np.float64]:
    """The greatest score of each block of time; blocks with no frame give none."""
    block_s = float(np.clip(seconds / LEAST_BLOCKS, SHORTEST_DECLUSTER_S, DECLUSTER_S))
    block = np.floor((held_out.t_s - held_out.t_s[0]) / block_s).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(block) != 0])
    return np.asarray(np.maximum.reduceat(_sustained(held_out), starts), np.float64)


def _sustained(held_out: HeldOut) -> NDArray[np.float64]:
    """What alarms is not one frame but OPEN_K of OPEN_N: for each frame the OPEN_K-th greatest score of the last OPEN_N.

    A frame with fewer of them within SUSTAINED_S has none. Footage thinned below that rate keeps its scores as they are.
    """
    raw, t_s = held_out.raw.astype(np.float64), held_out.t_s
    if raw.size < OPEN_N or float(np.median(np.diff(t_s))) * (OPEN_N - 1) > SUSTAINED_S:
        return raw
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(raw, OPEN_N), axis=1)[:, -OPEN_K]
    dense = t_s[OPEN_N - 1 :] - t_s[: -OPEN_N + 1] <= SUSTAINED_S
    return np.concatenate([np.zeros(OPEN_N - 1), np.where(dense, windows, 0.0)])
