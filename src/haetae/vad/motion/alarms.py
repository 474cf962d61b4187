"""What made a camera alarm, cell by cell, so that it can learn from people's answers hours later."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.motion.cells import DIRECTIONS, Observation, Value
from haetae.vad.motion.counts import COARSE, CODES, Counts

MOST_ALARMS = 64
MOST_ROWS = 600
"""Cells that one alarm remembers, over all its frames."""

EVERY_S = 0.5
JOIN_S = 5.0
SLACK_S = 5.0
"""Alarms are found again by their time, which the gate and the clock may see so much earlier or later."""

LEADING = 0.3
"""Of the cells of a frame those are remembered that reach this share of the greatest."""

ACCEPTED_FRAMES = 600
"""An accepted alarm counts for its cells as so many frames of normal footage, which is about as much as their row counts."""

ACCEPTED_VISITS = 10.0


@dataclass(slots=True)
class Alarm:
    """`rows` are (cell, direction, codes...) of the leading cells; times are seconds since the epoch, 0 where the wall time is unknown."""

    start_s: float
    end_s: float
    rows: list[NDArray[np.int16]] = field(default_factory=list)
    count: int = 0
    _kept_s: float = -np.inf


class Alarms:
    """The newest alarms of one camera."""

    def __init__(self) -> None:
        self._alarms: deque[Alarm] = deque(maxlen=MOST_ALARMS)

    def take(self, at_s: float, seen: Observation, codes: NDArray[np.float32], share: NDArray[np.float32]) -> None:
        """A frame at the alarm level: `share` (k,) is what each active cell contributes."""
        last = self._alarms[-1] if self._alarms else None
        if last is None or not 0.0 <= at_s - last.end_s <= JOIN_S:
            last = Alarm(at_s, at_s)
            self._alarms.append(last)
        last.end_s = at_s
        if not seen.cell.size or at_s - last._kept_s < EVERY_S or last.count >= MOST_ROWS:
            return
        last._kept_s = at_s
        chosen = np.flatnonzero(share >= LEADING * share.max())[: MOST_ROWS - last.count]
        last.rows.append(np.column_stack([seen.cell[chosen], seen.direction[chosen], codes[:, chosen].T]).astype(np.int16))
        last.count += chosen.size

    def at(self, at_s: float) -> Alarm | None:
        """The newest alarm that was under way at `at_s`."""
        for alarm in reversed(self._alarms):
            if alarm.start_s - SLACK_S <= at_s <= alarm.end_s + SLACK_S:
                return alarm
        return None

    def arrays(self) -> dict[str, NDArray[Any]]:
        spans = np.array([(each.start_s, each.end_s, each.count) for each in self._alarms], np.float64).reshape(-1, 3)
        rows = [row for each in self._alarms for row in each.rows]
        return {"alarms": spans, "alarm_cells": np.concatenate(rows) if rows else np.empty((0, 2 + len(Value)), np.int16)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], cells: int) -> "Alarms":
        """The alarms whose `arrays()` these were, of a picture of so many cells. Raises StateError when they are none."""
        spans, rows = arrays["alarms"], arrays["alarm_cells"]
        fits = spans.ndim == 2 and spans.shape[1:] == (3,) and rows.ndim == 2 and rows.shape[1:] == (2 + len(Value),)
        if not fits or not np.isfinite(spans).all() or int(spans[:, 2].sum()) != len(rows):
            raise StateError("the saved alarms cannot be read", hint="Learn this camera again")
        low, high = [0, -1, *[0] * len(Value)], [cells, DIRECTIONS, *[CODES] * len(Value)]
        if len(rows) and not ((rows >= low) & (rows < high)).all():
            raise StateError("the saved alarms do not fit the picture", hint="Learn this camera again")
        alarms, first = cls(), 0
        for start_s, end_s, count in spans:
            kept = rows[first : first + int(count)]
            alarms._alarms.append(Alarm(float(start_s), float(end_s), [kept] if len(kept) else [], int(count)))
            first += int(count)
        return alarms


def add_accepted(counts: Counts, alarm: Alarm, frame_s: float, visit_s: float) -> None:
    """Count what `alarm` saw as usual in its own cells, and only there: elsewhere the same goes on to alarm, and so does what is faster,
    larger or of another way in these cells. `frame_s` is the time between frames."""
    if not alarm.rows:
        return
    rows = np.concatenate(alarm.rows).astype(np.intp)
    cell, direction, codes = rows[:, 0], rows[:, 1], rows[:, 2:]
    _, index, times = np.unique(cell, return_inverse=True, return_counts=True)
    weight = np.maximum(1, ACCEPTED_FRAMES // times[index]).astype(np.int32)
    for kind in range(len(Value)):
        coarse = codes[:, kind] // COARSE
        # The same again is never exactly the same.
        for step, part in ((0, weight - weight // 3), (1, weight // 3)):
            np.add.at(counts.cells[kind], (cell, np.minimum(coarse + step, CODES // COARSE - 1)), part)
    visits = np.maximum(1, np.ceil(ACCEPTED_VISITS * visit_s / max(frame_s, 1e-3) / times[index])).astype(np.int32)
    np.add.at(counts.occupied, cell, visits)
    told = direction >= 0
    np.add.at(counts.turned, (cell[told], direction[told]), visits[told])
