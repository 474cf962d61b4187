"""From how far rules are met to [0, 1], where 0.5 is the alarm level that this camera's false alarms per day pay for."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.calibrate import Calibration
from haetae.vad.controller import AlarmCount
from haetae.vad.peaks import Peaks

BLOCK_S = 60.0
MOST_BLOCKS = 3000
"""Two days of normal time."""

LEAST_LEVEL = 1.0
"""A rule that is not met does not alarm, however quiet the place."""

MARGIN = 1.15
"""How far above the greatest value of normal footage a level is put at most, whatever the tail says: a rule's definition is worth something
by itself. More of it, as the model's level has while a camera is young, costs every tenth incident and saves one false alarm in four."""

HARDER = 0.25
"""With more unconfirmed alarms than were asked for, and after every day, all levels move by the ratio to this power."""

MOST_HELD = 4.0

RENEW_S = 3600.0


class Levels:
    """One camera's levels of all rules: the peaks of normal time, and what they come to. Not more than one level per rule."""

    def __init__(self, rules: int, false_alarms_per_day: float) -> None:
        """`false_alarms_per_day` of all of them together."""
        self._rules = rules
        self._budget = false_alarms_per_day
        self._blocks: deque[NDArray[np.float32]] = deque(maxlen=MOST_BLOCKS)
        self._block = np.zeros(rules, np.float32)
        self._block_s: float | None = None
        self._watched_s = 0.0
        self._last_s: float | None = None
        self._held = 1.0
        self._count = AlarmCount()
        self._thetas = np.full(rules, LEAST_LEVEL, np.float64)
        self._renewed_s: float | None = None

    @property
    def thetas(self) -> NDArray[np.float64]:
        """The raw value of each rule at its alarm level, shape (rules,), >= LEAST_LEVEL."""
        return self._thetas

    @property
    def seconds(self) -> float:
        """Of normal time that they are fitted to."""
        return self._watched_s

    def set_budget(self, false_alarms_per_day: float) -> None:
        self._budget = false_alarms_per_day
        self.renew()

    def note(self, values: Sequence[float], t_s: float) -> None:
        """Take the values of one moment of normal time."""
        if self._last_s is not None and 0.0 < t_s - self._last_s < BLOCK_S:
            self._watched_s += t_s - self._last_s
        self._last_s = t_s
        if self._block_s is None or t_s - self._block_s >= BLOCK_S:
            if self._block_s is not None:
                self._blocks.append(self._block)
            self._block, self._block_s = np.zeros(self._rules, np.float32), t_s
        np.maximum(self._block, np.asarray(values, np.float32), out=self._block)
        if self._renewed_s is None or t_s - self._renewed_s >= RENEW_S:
            if self._renewed_s is not None:
                self.renew()
            self._renewed_s = t_s

    def renew(self) -> None:
        """Fit the levels to all peaks that are remembered."""
        blocks = np.array([*self._blocks, self._block], np.float64)
        seconds = max(self._watched_s, len(blocks) * 1.0)
        budget = self._budget / self._rules
        for rule in range(self._rules):
            fitted = Calibration.fit(Peaks(blocks[:, rule], seconds), budget, least_theta=LEAST_LEVEL).theta
            bound = MARGIN * float(blocks[:, rule].max(initial=0.0))
            self._thetas[rule] = max(min(fitted, bound), LEAST_LEVEL) * self._held

    def forget_first_half(self) -> None:
        """Of what was noted so far; then fit."""
        for _ in range(len(self._blocks) // 2):
            self._blocks.popleft()
        self._watched_s *= 0.5
        self.renew()

    def begin(self, blocks: NDArray[np.float32]) -> None:
        """Have these peaks (blocks, rules) instead of those that were noted, as normal time is judged once all of it is known; then fit."""
        self._blocks.clear()
        self._blocks.extend(blocks.astype(np.float32))
        self._watched_s = min(self._watched_s, BLOCK_S * len(blocks))
        self._block, self._block_s = np.zeros(self._rules, np.float32), None
        self.renew()

    def forget(self) -> None:
        """Begin anew: values mean something else from now on."""
        self._blocks.clear()
        self._block, self._block_s, self._watched_s = np.zeros(self._rules, np.float32), None, 0.0
        self.renew()

    def raised(self, t_s: float) -> None:
        """An alarm that nobody has confirmed."""
        self._count.raised(t_s)

    def confirmed(self) -> None:
        self._count.confirmed()

    def watch(self, t_s: float) -> None:
        """Keep the camera to its false alarms per day where scenes are not what the tails say; at each look."""
        counted = self._count.step(t_s, self._budget)
        if counted is None:
            return
        self._held = float(np.clip(self._held * np.exp(HARDER * counted.log_ratio(self._budget)), 1.0, MOST_HELD))
        self.renew()

    def apply(self, rule: int, raw: float) -> float:
        """As `Calibration.apply`: in proportion up to the level, towards 1 beyond."""
        theta = float(self._thetas[rule])
        return max(0.0, 0.5 * raw / theta) if raw <= theta else 1.0 - 0.5 * theta / raw

    def arrays(self) -> dict[str, NDArray[Any]]:
        """At most MOST_BLOCKS * rules values."""
        blocks = np.array(self._blocks, np.float32).reshape(-1, self._rules)
        return {"levels_blocks": blocks, "levels": np.array([self._budget, self._watched_s, self._held], np.float64)}

    @classmethod
    def of_arrays(cls, rules: int, arrays: Mapping[str, NDArray[Any]]) -> "Levels":
        """Raises StateError where they are no levels of so many rules."""
        blocks, figures = arrays.get("levels_blocks"), arrays.get("levels")
        fits = blocks is not None and blocks.ndim == 2 and blocks.shape[1] == rules and len(blocks) <= MOST_BLOCKS
        if not fits or figures is None or figures.shape != (3,) or not np.isfinite(figures).all() or not figures[0] > 0.0:
            raise StateError("the saved levels of rules cannot be read", hint="Learn this camera again")
        assert blocks is not None
        if not np.isfinite(blocks).all() or (blocks < 0).any() or figures[1] < 0.0 or not 1.0 <= figures[2] <= MOST_HELD:
            raise StateError("the saved levels of rules make no sense", hint="Learn this camera again")
        levels = cls(rules, float(figures[0]))
        levels._blocks.extend(blocks.astype(np.float32))
        levels._watched_s, levels._held = float(figures[1]), float(figures[2])
        levels.renew()
        return levels
