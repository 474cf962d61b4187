"""From a model's raw score to [0, 1], where 0.5 is the level that the allowed false alarms per day pay for.

The raw scores of normal footage are cut into blocks, the greatest of each block is a peak, and the excess of the top peaks over their
smallest is taken as exponential (peaks over threshold with shape 0; Coles 2001, ch. 4). A mean excess of k peaks is widened by 1 / k, and
nothing is extrapolated beyond REACH times the footage: a camera that has learned for ten minutes cannot know what happens once a day.
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
from haetae.vad.peaks import DECLUSTER_S, Peaks

DAY_S = 86_400.0
TOP_PEAKS = 20
"""The top 20 or so: 100 would take the bulk for the tail and be wrong 3 to 6 times."""

REACH = 8.0
"""Levels are aimed at what happens once in this many times the footage at the rarest. The footage grows while a camera is watched: from ten
minutes on, one alarm in 8 times the footage known so far is ln(144) / 8 = 0.6 of them more than allowed in the first day."""

TAIL_INDEX = 16.0
MOST_CAUTION = 2.0
"""What is rarer than footage can tell is expected of a camera that is watched, too: levels go on as the power law of this index, up to so
many times."""

MODEL_SHARE = 0.5
"""Of the false alarms that a watched camera is allowed, the model's part; rules and manners share the rest."""

LEAST_SPREAD = 0.03
"""Least mean excess, as a share of the top peak: footage without variety is no proof that there is none."""

FEWEST_PEAKS = 5
MOST_PER_EVENT = 1.5
"""How far one event that people call normal raises the alarm level at most, relative to the level that it had passed."""

MOST_IN_ALL = 3.0
"""How far all of them together do, relative to the learned level: who calls more than that normal should draw a zone or learn anew."""

_ACCEPTED_MARGIN = 1.02
"""The same again is never exactly the same: so much above its peak the level is put."""

GAIN = 0.7
LEAST_HELD, MOST_HELD = -2.0, 12.0
"""Bounds of the controller in spreads of the tail: it may make alarms e^2 times more frequent than the tail says, or e^12 times rarer."""

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
        """The raw score that normal footage is expected to pass so often, or as often as so much footage can tell."""
        return self.at_rate(max(false_alarms_per_day, DAY_S / (REACH * max(self.footage_s, 1.0))))

    def at_rate(self, per_day: float) -> float:
        """The raw score that the tail passes so often."""
        return self.base + self.spread * float(np.log(max(1.0, self.per_day / per_day)))

    @classmethod
    def of(cls, normal: HeldOut | Peaks) -> "Tail":
        """Of footage of any length. No footage at all gives a tail of zeros."""
        peaks = normal if isinstance(normal, Peaks) else Peaks.of(normal)
        if not peaks.values.size:
            return cls(0.0, 0.0, DAY_S / DECLUSTER_S, 0.0)
        top = np.sort(peaks.values)[::-1][: min(TOP_PEAKS, max(FEWEST_PEAKS, peaks.values.size // 2))]
        base = float(top[-1])
        number = max(1, top.size - 1)
        spread = float((top[:-1] - base).mean()) if top.size > 1 else 0.0
        spread = max(spread * (1.0 + 1.0 / number), LEAST_SPREAD * float(top[0]))
        return cls(base, spread, number / max(peaks.seconds, 1.0) * DAY_S, peaks.seconds)


def caution(footage_s: float, per_day: float) -> float:
    """How many times higher than its footage says a level should stand for so few alarms a day, >= 1: it fades as the footage grows.

    Of a value that happens once in REACH times the footage at most nothing is known but that it is greater; ten minutes hold only those who
    happened to come by, by the ways that they took.
    """
    return float(np.clip((DAY_S / (REACH * max(footage_s, 1.0)) / per_day) ** (1.0 / TAIL_INDEX), 1.0, MOST_CAUTION))


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

    held: float = 0.0
    """By how many times the tail's spread the controller holds the level higher (or lower) than the tail asks for."""

    watched: bool = False
    """Of a camera that is watched: the model has MODEL_SHARE of its budget, and its level stands higher while little is known."""

    @classmethod
    def fit(
        cls, normal: HeldOut | Peaks, false_alarms_per_day: float, *, least_theta: float = LEAST_THETA, watched: bool = False
    ) -> "Calibration":
        """`least_theta` is the raw score below which nothing alarms however calm the footage was, > 0.

        Raises ConfigError unless `false_alarms_per_day` is a positive number.
        """
        _check(false_alarms_per_day)
        return cls(least_theta, false_alarms_per_day, Tail.of(normal), least_theta, watched=watched)._levelled()

    @property
    def allowance(self) -> float:
        """The model's own false alarms per day."""
        return self.false_alarms_per_day * (MODEL_SHARE if self.watched else 1.0)

    @property
    def caution(self) -> float:
        """How many times higher the level stands because little is known, >= 1."""
        return caution(self.tail.footage_s, self.allowance) if self.watched else 1.0

    def of_watched(self) -> "Calibration":
        """The same of a camera that is watched."""
        return self if self.watched else replace(self, watched=True)._levelled()

    def with_budget(self, false_alarms_per_day: float) -> "Calibration":
        """The same normality under another budget, without learning again. Raises ConfigError unless it is a positive number."""
        _check(false_alarms_per_day)
        return replace(self, false_alarms_per_day=false_alarms_per_day)._levelled()

    def renewed(self, normal: Peaks) -> "Calibration":
        """Under the same budget, by more footage."""
        return replace(self, tail=Tail.of(normal))._levelled()

    def corrected(self, log_ratio: float) -> "Calibration":
        """Where alarms that nobody confirmed were exp(`log_ratio`) times as many as the allowance.

        One step of Newton's method on an exponential tail, GAIN of it: to have alarms r times rarer the level rises by ln(r) spreads.
        """
        return replace(self, held=min(max(self.held + GAIN * log_ratio, LEAST_HELD), MOST_HELD))._levelled()

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
        level = self.tail.level(self.allowance) * self.caution
        return max(self.least_theta, min(level + self.held * self.tail.spread, level * MOST_IN_ALL))

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
        return {"calibration": np.array(values, np.float64), "accepted": np.array([self.accepted, self.held, self.watched], np.float64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Calibration":
        """The calibration whose `arrays()` these were. Raises StateError when they are not."""
        values = arrays.get("calibration")
        if values is None or values.shape != (7,) or not np.isfinite(values).all() or values[0] <= 0.0:
            raise StateError("the saved calibration cannot be read", hint="Learn this camera again")
        theta, budget, least, base, spread, per_day, footage_s = (float(value) for value in values)
        # States of before people could call an event normal have none, those of before the controller one value, those of before budgets
        # were shared two.
        accepted = np.resize(np.append(arrays.get("accepted", np.zeros(1)).ravel(), np.zeros(3)), 3).astype(np.float64)
        if not np.isfinite(accepted).all() or accepted[0] < 0.0 or not LEAST_HELD <= accepted[1] <= MOST_HELD:
            raise StateError("the saved calibration cannot be read", hint="Learn this camera again")
        tail = Tail(base, spread, per_day, footage_s)
        return cls(theta, budget, tail, least, float(accepted[0]), float(accepted[1]), watched=bool(accepted[2]))


def raw_of(value: float, threshold: float) -> float:
    """The raw score that `Calibration.apply` maps to `value` where the alarm level is `threshold`; infinite for 1."""
    if value <= ALARM_LEVEL:
        return max(0.0, value) * threshold / ALARM_LEVEL
    return (1.0 - ALARM_LEVEL) * threshold / (1.0 - value) if value < 1.0 else math.inf


def _check(false_alarms_per_day: float) -> None:
    if not (np.isfinite(false_alarms_per_day) and false_alarms_per_day > 0.0):
        raise ConfigError(f"false alarms per day must be a positive number, not {false_alarms_per_day}", hint="1 is usual")
