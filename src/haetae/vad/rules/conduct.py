"""How odd the manners of things are for one camera: what it learned of them, and the level that its false alarms per day pay for."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.score import ALARM_LEVEL
from haetae.vad.rules.learned import USUAL, Learned
from haetae.vad.rules.levels import Levels
from haetae.vad.tracks.follow import Track
from haetae.vad.tracks.ground import Ground
from haetae.vad.tracks.manners import MEASURES, View, going
from haetae.vad.tracks.repeats import Repeats
from haetae.vad.tracks.ways import Ways

FEWEST_S = 240.0
FEWEST_THINGS = 12
"""After so little normal time, or so few things that could be measured, nothing is odd yet."""

EVERY_S = 1.0
SHOWN_FROM = 0.8 * ALARM_LEVEL
PREFIX = "conduct_"
REMEMBERED = 64
NEAR_S = 10.0


@dataclass(frozen=True, slots=True)
class _Measured:
    """What measure `number` says of a track at (x, y) in [0, 1], and that in units of what is usual there."""

    number: int
    track: Track
    x: float
    y: float
    raw: float
    beyond: float


class Conduct:
    """One camera's, on that camera's thread: `learn` while the camera learns, then `finish`, then `judge`, with the tracks of each look.

    Without a ground, before it is known how tall people are, nothing can be told.
    """

    def __init__(self, false_alarms_per_day: float) -> None:
        self._usual = Repeats(len(MEASURES))
        self._levels = Levels(len(MEASURES), false_alarms_per_day)
        self._ways = Ways()
        self._counted_s = -np.inf
        self._judges = False
        self._learned = Learned()
        self._raised: deque[tuple[float, _Measured]] = deque(maxlen=REMEMBERED)

    @property
    def levels(self) -> Levels:
        """Of its measures."""
        return self._levels

    def finish(self) -> None:
        """Learning is over, if there was enough of it; else it goes on while judging.

        Everything is then held against what is usual without it, for of what was seen first nothing was usual yet.
        """
        if self._levels.seconds < FEWEST_S or self._learned.things < FEWEST_THINGS:
            return
        self._levels.begin(self._learned.blocks(self._usual))
        self._learned = Learned()
        self._judges = True

    def forget(self) -> None:
        """Begin anew but for the ways: lengths mean something else from now on."""
        self._usual = Repeats(len(MEASURES))
        self._levels.forget()
        self._learned, self._judges = Learned(), False
        self._raised.clear()

    def learn(self, tracks: Sequence[Track], ground: Ground | None, t_s: float) -> None:
        """Take all of them as normal."""
        if ground is not None:
            view = self._view(ground)
            self._take(self._measured(tracks, view), tracks, view, t_s)

    def judge(self, tracks: Sequence[Track], ground: Ground | None, t_s: float, *, normal: bool) -> tuple[float, Track | None]:
        """The strength in [0, 1] of the oddest of `tracks`, 0.5 being the alarm level, and which; 0 and None where too little is known.

        Where the moment is `normal`, what is below SHOWN_FROM is learned from, and levels follow what does not alarm.
        """
        self._levels.watch(t_s)
        if ground is None:
            return 0.0, None
        view = self._view(ground)
        found, best, oddest = self._measured(tracks, view), 0.0, None
        for each in found if self._judges else ():
            strength = self._levels.apply(each.number, each.beyond)
            if strength >= SHOWN_FROM:
                self._raised.append((t_s, each))
            if strength > best:
                best, oddest = strength, each.track
        if normal and best < SHOWN_FROM:
            self._take(found, tracks, view, t_s)
            if not self._judges:
                self.finish()
        elif normal and best < ALARM_LEVEL:
            self._note(found, t_s)
        return best, oddest

    def _view(self, ground: Ground) -> View:
        if self._ways.width != int(ground.width):
            self._ways = Ways(int(ground.width), int(ground.height))
        return View(ground, self._ways)

    def _measured(self, tracks: Sequence[Track], view: View) -> list[_Measured]:
        ground, found = view.ground, []
        for track in tracks:
            x, y = track.blob.x / ground.width, 0.5 * (track.blob.top + track.blob.bottom) / ground.height
            for number, measure in enumerate(MEASURES):
                raw = measure(track, view)
                if raw > 0.0:
                    found.append(_Measured(number, track, x, y, raw, self._usual.beyond(USUAL[number], x, y, raw, track.id)))
        return found

    def _take(self, found: Sequence[_Measured], tracks: Sequence[Track], view: View, t_s: float) -> None:
        """Learn a normal moment."""
        self._usual.look()
        for each in found:
            self._usual.learn(each.number, each.x, each.y, each.raw, each.track.id)
            if not self._judges:
                self._learned.take(each.number, each.track.id, each.x, each.y, each.raw, t_s, self._usual)
        self._note(found, t_s)
        if t_s - self._counted_s < EVERY_S:
            return
        self._counted_s = t_s
        for track in tracks:
            way = going(track, view)
            if way is not None:
                self._ways.learn(track.blob.x, track.blob.bottom, *way)

    def _note(self, found: Sequence[_Measured], t_s: float) -> None:
        values = [0.0] * len(MEASURES)
        for each in found:
            values[each.number] = max(values[each.number], each.beyond)
        self._levels.note(values, t_s)

    def accept(self, t_s: float) -> bool:
        """Take what was odd around `t_s` for usual where it was; false where nothing is remembered of that time."""
        near = [each for at_s, each in self._raised if abs(at_s - t_s) <= NEAR_S]
        for each in near:
            self._usual.accept(each.number, each.x, each.y, each.raw)
        return bool(near)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was learned, about 15 KB; `of_arrays` reads it back."""
        saved = {**self._usual.arrays(), **self._levels.arrays(), **self._ways.arrays(), "judges": np.array([self._judges], np.bool_)}
        return {PREFIX + name: array for name, array in saved.items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Conduct":
        """The one whose `arrays()` these were; a new one, which learns while it judges, where there are none. Raises StateError for what is
        damaged."""
        own = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
        conduct = cls(1.0)
        if not own:
            return conduct
        conduct._usual, conduct._ways = Repeats.of_arrays(own, len(MEASURES)), Ways.of_arrays(own)
        conduct._levels = Levels.of_arrays(len(MEASURES), own)
        conduct._judges = bool(own["judges"].any()) if "judges" in own else False
        return conduct
