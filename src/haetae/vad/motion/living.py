"""Learning goes on while the camera is watched, without learning the anomaly.

What is seen waits in quarantine and is dropped round alarms. What remains is counted, but nothing counts as more unusual than the limits
allow, which move by one step of the codes (7 %) a day at most: so no tail grows faster than that, however often something is repeated.
Values beyond the limit are counted at the limit rather than left out, for a tail that is cut off shrinks with every round of learning.
Old footage fades with HALF_LIFE_S.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.history import History
from haetae.vad.motion.alarms import Alarms, add_accepted
from haetae.vad.motion.cells import Observation
from haetae.vad.motion.counts import Counts
from haetae.vad.motion.fusion import quotients, references
from haetae.vad.motion.hours import Hours
from haetae.vad.motion.learning import Judged
from haetae.vad.motion.modes import Modes
from haetae.vad.motion.quarantine import CONFIRMED_MARGIN_S, MARGIN_S, Quarantine
from haetae.vad.motion.shift import moved_counts
from haetae.vad.motion.tables import VISIT_S, Attribute, Tables
from haetae.vad.peaks import Peaks
from haetae.vad.preprocess import BLOCK

RENEW_S = 3600.0
SOONEST_RENEW_S = 600.0
"""Tables are made anew when the footage has doubled, but not sooner than after this time and at the latest after RENEW_S."""

DAY_S = 86_400.0
HALF_LIFE_S = 5 * DAY_S

YOUNG_LIMIT_S = 3600.0
"""In its first day of footage a camera's limits may move once in this time: it has seen one hour of the day only."""

INHERITED = 0.25
"""Of what the present mode knows, a new mode begins with this share: night is more like this camera's day than like nothing, and its own
footage soon outweighs it."""

LEAST_HISTORY = 0.5
"""The alarm level is not fitted to a history of less than this share of the footage that was learned from: one that has just begun, for a
state of before there was one, knows less than the level that it would replace."""

REFERENCES_AT = 4.0
"""References are fitted anew each time the footage has grown by this factor: they set the scale of the score, which should rest."""


@dataclass(slots=True)
class Judgement:
    """One frame as it was judged: `codes` (len(Value), k), `surprise` (len(Attribute), k), `share` (k,) what each cell contributed."""

    seen: Observation
    codes: NDArray[np.float32]
    surprise: NDArray[np.float32]
    share: NDArray[np.float32]


class Living:
    """What one camera learns after its learning time; `counts`, `tables` and `reference` are what it judges by."""

    def __init__(self, counts: Counts, reference: NDArray[np.float32], history: History, silent: Sequence[Attribute] = ()) -> None:
        """`silent` are attributes that are not judged."""
        self.counts = counts
        self._silent = list(silent)
        self.reference = self._silenced(reference)
        self.history = history
        self.alarms = Alarms()
        self.accepted: Counts | None = None
        self.tables = Tables.of(counts)
        self._limits = self.tables.limits
        self._fresh = self._none()
        self._quarantine = Quarantine()
        self.hours = Hours(counts.rows.shape[1], self.tables.columns)
        self.modes = Modes()
        self._others: dict[int, dict[str, NDArray[Any]]] = {}
        self._mode = 0
        self._moved_px = np.zeros(2)
        # Seconds since the epoch at model time zero.
        self._ahead_s = 0.0
        self._hour = -1
        self._renewed_s: float | None = None
        self._limited_s: float | None = None
        # A state of before there was a history is told by its counts how much there was to learn from.
        self._referred_s = max(history.seconds, counts.seconds)
        self._alarm_s = -np.inf

    @classmethod
    def begun(cls, counts: Counts, judged: Judged, silent: Sequence[Attribute] = ()) -> "Living":
        """After the learning time: `counts` of all footage, and how tables that had not seen them judge its parts."""
        history = History(len(Attribute))
        history.begin(judged.t_s, judged.surprise)
        living = cls(counts, np.ones(len(Attribute), np.float32), history, silent)
        living._refer()
        return living

    def note(self, judged: Judgement, *, alarm: bool, at_s: float) -> None:
        """After each frame: whether its score was at the alarm level; `at_s` is seconds since the epoch, 0 where that is not known."""
        seen = judged.seen
        self._ahead_s = at_s - seen.t_s
        self._tell_hour(at_s)
        if alarm:
            self._alarm_s = seen.t_s
            self._quarantine.spoil(seen.t_s - MARGIN_S, seen.t_s + MARGIN_S)
            self.alarms.take(at_s, seen, judged.codes, judged.share)
        if not seen.valid or seen.t_s - self._alarm_s <= MARGIN_S:
            self.history.interrupt()
        else:
            self.history.take(seen.t_s, judged.surprise.max(axis=1, initial=0.0))
        if seen.valid:
            self._quarantine.take(seen, judged.codes)

    def renew(self, t_s: float) -> Peaks | None:
        """Learn what has left the quarantine, when it is time to; what the alarm level should then be fitted to."""
        if self._renewed_s is None:
            self._renewed_s = self._limited_s = t_s
        since_s = t_s - self._renewed_s
        if since_s < min(RENEW_S, max(SOONEST_RENEW_S, self.counts.seconds)):
            return None
        self._renewed_s = t_s
        self._absorb(t_s)
        share = 0.5 ** (since_s / HALF_LIFE_S)
        self.counts = self.counts.faded(share, seed=int(t_s)) + self._fresh
        self.hours.fade(share)
        self._fresh = self._none()
        self._make_tables()
        self._move_limits(t_s)
        if self.history.seconds >= REFERENCES_AT * self._referred_s:
            self._refer()
        return self.peaks() if self.history.seconds >= LEAST_HISTORY * self._referred_s else None

    def _refer(self) -> None:
        """Fit the references to all normal footage that is remembered."""
        self._referred_s = self.history.seconds
        blocks = self.history.by_block()
        self.reference = self._silenced(references([self.history.peaks(blocks[:, attribute]) for attribute in Attribute]))

    def enter(self, mode: int, t_s: float) -> None:
        """Judge by the tables of that mode from now on. A new one begins with a part of what the present one knows."""
        if mode == self._mode:
            return
        self._others[self._mode] = {**self.counts.arrays(), "limits": self._limits}
        self._quarantine.spoil(-np.inf, t_s)
        known = self._others.pop(mode, None)
        rows = self.counts.rows.shape[1]
        if known is None:
            self.counts = self.counts.faded(INHERITED, seed=mode)
        else:
            self.counts = Counts.of_arrays(known, rows, self.counts.occupied.size // rows)
        self._mode, self._fresh = mode, self._none()
        self._make_tables()
        self._limits = self.tables.limits if known is None else known["limits"]

    def move(self, right_px: float, down_px: float, t_s: float) -> None:
        """The scene has moved by so many working pixels: what was learned moves by whole blocks, the rest is kept for the next time."""
        self._moved_px += (right_px, down_px)
        blocks = np.rint(self._moved_px / BLOCK).astype(int)
        self._moved_px -= blocks * BLOCK
        self._quarantine.spoil(-np.inf, t_s)
        if blocks.any():
            rows, columns = self.counts.rows.shape[1], self.tables.columns
            self.counts = moved_counts(self.counts, rows, columns, int(blocks[0]), int(blocks[1]))
            if self.accepted is not None:
                self.accepted = moved_counts(self.accepted, rows, columns, int(blocks[0]), int(blocks[1]))
            # Other modes learn the place anew, and alarms of before were elsewhere.
            self.alarms = Alarms()
            self._others.clear()
            self.modes.only_current()
            self._mode = self.modes.current
            self._make_tables()

    def peaks(self) -> Peaks:
        """The peaks of the raw score over all normal footage that is remembered, as they would be now."""
        share = quotients(np.ascontiguousarray(self.history.by_block().T), self.reference)
        return self.history.peaks(share.max(axis=0, initial=0.0))

    def accept(self, at_s: float) -> bool:
        """Learn the alarm of that time as usual in its own cells, at once; false where none is remembered."""
        alarm = self.alarms.at(at_s)
        if alarm is None or not alarm.rows:
            return False
        self.accepted = self.accepted or self._none()
        add_accepted(self.accepted, alarm, self.counts.seconds / max(1, self.counts.frames), VISIT_S)
        self._make_tables()
        return True

    def confirm(self, at_s: float) -> bool:
        """Somebody confirmed the alarm of that time: learn nothing of what is near it; false where it is not remembered."""
        alarm = self.alarms.at(at_s)
        if alarm is None:
            return False
        start_s, end_s = alarm.start_s - self._ahead_s, alarm.end_s - self._ahead_s
        self._quarantine.spoil(start_s - CONFIRMED_MARGIN_S, end_s + CONFIRMED_MARGIN_S)
        return True

    def _silenced(self, reference: NDArray[np.float32]) -> NDArray[np.float32]:
        reference[self._silent] = np.inf
        return reference

    def _none(self) -> Counts:
        rows = self.counts.rows.shape[1]
        return Counts.empty(rows, self.counts.occupied.size // rows)

    def _make_tables(self) -> None:
        self.tables = Tables.of(self.counts if self.accepted is None else self.counts + self.accepted)
        self._hour = -1

    def _tell_hour(self, at_s: float) -> None:
        """Have the tables know the hour of the day, where the time is known at all."""
        hour = int(at_s) // 3600
        if at_s > 0.0 and hour != self._hour:
            self._hour = hour
            self.tables.hour = self.hours.surprise(at_s, VISIT_S)

    def _absorb(self, t_s: float) -> None:
        columns = self.tables.columns
        for sample in self._quarantine.release(t_s):
            limit = self._limits[:, sample.cell // columns]
            self._fresh.take(sample.observation(), np.minimum(sample.codes, limit), sample.frames)
            self.hours.take(sample, sample.t_s + self._ahead_s)

    def _move_limits(self, t_s: float) -> None:
        """Let the limits follow the tables, one step at a time."""
        assert self._limited_s is not None
        if t_s - self._limited_s < (DAY_S if self.counts.seconds >= DAY_S else YOUNG_LIMIT_S):
            return
        self._limited_s = t_s
        self._limits = np.minimum(self.tables.limits, self._limits + 1).astype(np.uint8)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned since; what is in quarantine is not saved."""
        saved = {**self.history.arrays(), **self.alarms.arrays(), **self.hours.arrays(), **self.modes.arrays(), "limits": self._limits}
        for mode, arrays in self._others.items():
            saved |= {f"mode{mode}_{name}": array for name, array in arrays.items()}
        saved["referred"] = np.array([self._referred_s], np.float64)
        if self.accepted is not None:
            saved |= {f"accepted_{name}": array for name, array in self.accepted.arrays().items()}
        return saved

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], counts: Counts, reference: NDArray[np.float32], silent: Sequence[Attribute] = ()
    ) -> "Living":
        """What was saved with these counts; a state of before learning went on has no more than them. Raises StateError."""
        if "history" not in arrays:
            return cls(counts, reference, History(len(Attribute)), silent)
        living = cls(counts, reference, History.of_arrays(arrays, len(Attribute)), silent)
        living.alarms = Alarms.of_arrays(arrays, counts.occupied.size)
        rows = counts.rows.shape[1]
        columns = counts.occupied.size // rows
        living.hours, living.modes = Hours.of_arrays(arrays, rows, columns), Modes.of_arrays(arrays)
        living._mode = living.modes.current
        limits, (referred,) = arrays["limits"], arrays["referred"].tolist()
        if limits.shape != living._limits.shape or limits.dtype != np.uint8 or not referred >= 0:
            raise StateError("the saved limits cannot be read", hint="Learn this camera again")
        living._limits, living._referred_s = limits, referred
        accepted = _under("accepted_", arrays)
        if accepted:
            living.accepted = Counts.of_arrays(accepted, rows, columns)
            living._make_tables()
        for mode in range(len(living.modes.described)):
            other = _under(f"mode{mode}_", arrays)
            if other:
                Counts.of_arrays(other, rows, columns)
                if other["limits"].shape != limits.shape or other["limits"].dtype != np.uint8:
                    raise StateError("the saved limits cannot be read", hint="Learn this camera again")
                living._others[mode] = other
        return living


def _under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
