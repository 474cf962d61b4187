"""From calibrated scores to incidents: exactly one event per incident, never one per frame.

Two levels with memory (hysteresis, as in a Schmitt trigger): an incident opens when enough recent scores reach the
alarm level, stays open above a lower level, and closes after a quiet time. Pure logic: no I/O, no threads, no clock;
time is what the scores carry.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil
from uuid import UUID

from haetae.domain.event import EventKind
from haetae.domain.fact import Fact, FactKind
from haetae.domain.score import ALARM_LEVEL, Score, TamperKind
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.vad.rules.naming import named, suspicion_of

FACTS_KEPT = 16
"""Facts that one incident carries at most: one of each kind and source, the most surprising ones."""

GUESSES_KEPT = 3
"""Of them, guesses of rules: the strongest."""

_EPSILON_S = 1e-6
"""Time stamps are sums of frame durations: 0.3 s may read 0.29999999."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When an incident opens and closes.

    It opens when `open_k` of the last `open_n` scores reach the alarm level and the abnormal ones span
    `min_duration_s`. That is meant for 5 to 10 analysed frames per second; outside, the same share is asked of the
    scores of a span of time instead: at least `min_duration_s * open_n / open_k` (so that 30 fps is not jumpy) and
    at most `window_s` (so that 2 fps is not deaf), never fewer than two scores.

    It stays open while scores reach `off_ratio` times the alarm level, and closes once `merge_gap_s` passed without.
    After `max_duration_s` it is closed as `continued` and the next one carries on. Scores further apart than
    `merge_gap_s` belong to different incidents, so the analysed rate must stay above 1 / merge_gap_s.

    Delay of the opening after the first abnormal frame, where all frames are abnormal: 0.5 s at 2 fps, 0.4 s at
    5 fps, 0.3 s from 10 fps on. The closing is told `merge_gap_s` after the end.
    """

    open_k: int = 3
    open_n: int = 5
    off_ratio: float = 0.8
    min_duration_s: float = 0.3
    window_s: float = 1.0
    merge_gap_s: float = 2.0
    max_duration_s: float = 120.0

    def __post_init__(self) -> None:
        """Raises ConfigError for values that contradict each other."""
        if not 1 <= self.open_k <= self.open_n:
            raise ConfigError(f"gate.open_k is {self.open_k} of gate.open_n {self.open_n}", hint="Use 1 <= open_k <= open_n.")
        if not 0.0 < self.off_ratio <= 1.0:
            raise ConfigError(f"gate.off_ratio is {self.off_ratio}", hint="Use a value in (0, 1].")
        if not 0.0 <= self.min_duration_s <= self.window_s <= self.merge_gap_s < self.max_duration_s:
            raise ConfigError(
                f"gate times contradict each other: {self.min_duration_s}, {self.window_s}, {self.merge_gap_s}, {self.max_duration_s} s",
                hint="Use 0 <= min_duration_s <= window_s <= merge_gap_s < max_duration_s.",
            )


class Change(StrEnum):
    OPENED = "opened"
    PEAKED = "peaked"
    NAMED = "named"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as far as it is known.

    `onset_*` is the first abnormal frame, `end_*` the last one (None while open), both in the stream's time and as UTC.
    `peak` is the highest score so far; of a tamper incident, whose scores mean nothing, the one at which it was noticed.
    `facts` are the most surprising of all abnormal frames, ranked. `continued` says that it was cut at the maximum
    length while it went on; `continues` is the id of the one that was cut before this. A `continued` incident has no
    successor where the alarm level was not reached again within the merge gap.
    """

    id: UUID
    kind: EventKind
    subtype: TamperKind | None
    onset_s: float
    onset_at: datetime
    onset_frame: int
    peak: Score
    facts: tuple[Fact, ...] = ()
    end_s: float | None = None
    end_at: datetime | None = None
    continues: UUID | None = None
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """What just happened to an incident. `peaked`: it has a new highest score, so this frame makes the better picture. `named`: a rule's
    guess names it that did not when it opened, or another one does."""

    change: Change
    incident: Incident


def merge_facts(facts: Iterable[Fact], keep: int = FACTS_KEPT) -> tuple[Fact, ...]:
    """The most surprising fact of each kind and source, ranked: what rules guess (first those that may name the event, then the strongest),
    then the rarest, then larger values; the first seen wins a tie."""
    best: dict[tuple[FactKind, str], Fact] = {}
    for fact in facts:
        key = (fact.kind, fact.source)
        if key not in best or _surprise(fact) < _surprise(best[key]):
            best[key] = fact
    guesses = sorted((fact for fact in best.values() if fact.kind is FactKind.HYPOTHESIS), key=_doubt)[:GUESSES_KEPT]
    measured = [fact for fact in best.values() if fact.kind is not FactKind.HYPOTHESIS]
    ranked = sorted(measured, key=lambda fact: (1.0 if fact.rarity is None else fact.rarity, -fact.quality))
    return (*guesses, *ranked)[:keep]


def _doubt(guess: Fact) -> tuple[bool, float]:
    return (suspicion_of(guess) is None, -guess.value)


def _surprise(fact: Fact) -> tuple[float, float]:
    return (1.0 if fact.rarity is None else fact.rarity, -fact.value)


class _Running:
    """The incident that is open: grows with each abnormal score."""

    def __init__(self, id: UUID, run: list[Score], subtype: TamperKind | None = None, continues: UUID | None = None) -> None:
        self.id = id
        self.onset = run[0]
        self.last = run[-1]
        self.peak = max(run, key=lambda score: score.value)
        self.facts = merge_facts(fact for score in run for fact in score.facts)
        self.subtype = subtype
        self.continues = continues
        self._name = named(self.facts)

    def grow(self, score: Score) -> list[Change]:
        """Take one more abnormal score; what it changes."""
        self.last = score
        changes = []
        if score.value > self.peak.value:
            self.peak = score
            changes.append(Change.PEAKED)
        if score.facts:
            self.facts = merge_facts((*self.facts, *score.facts))
            name = named(self.facts)
            if name is not self._name:
                self._name = name
                changes.append(Change.NAMED)
        return changes

    def told(self, change: Change, *, continued: bool = False) -> Transition:
        closed = change is Change.CLOSED
        incident = Incident(
            id=self.id,
            kind=EventKind.ANOMALY if self.subtype is None else EventKind.TAMPER,
            subtype=self.subtype,
            onset_s=self.onset.t_s,
            onset_at=self.onset.captured_at,
            onset_frame=self.onset.frame_number,
            peak=self.peak,
            facts=self.facts,
            end_s=self.last.t_s if closed else None,
            end_at=self.last.captured_at if closed else None,
            continues=self.continues,
            continued=continued,
        )
        return Transition(change, incident)


@dataclass(slots=True)
class _Cut:
    """An incident that was closed at the maximum length, and when it was last seen to go on."""

    id: UUID
    last_s: float


class Gate:
    """One camera's gate. Called on that camera's thread only; no method raises or blocks.

    Tampering is an incident of its own kind and may overlap an anomaly incident that was open before it. While a camera
    is tampered with, its scores count as quiet: no anomaly incident opens, an open one ends. A tamper incident lasts as
    long as the tampering (no maximum length: a camera that stays covered overnight is one incident); another kind of
    tampering is another incident.

    Time that goes back, or a gap longer than `merge_gap_s`, means a reconnect or another clip: what is open is closed first.
    """

    def __init__(self, settings: GateSettings | None = None, *, make_id: Callable[[], UUID] = new_id) -> None:
        self._settings = settings or GateSettings()
        self._make_id = make_id
        self._off_level = ALARM_LEVEL * self._settings.off_ratio
        self._recent: deque[Score] = deque()
        self._anomaly: _Running | None = None
        self._tamper: _Running | None = None
        self._cut: _Cut | None = None
        self._last_s: float | None = None

    def push(self, score: Score) -> list[Transition]:
        """Take the next analysed frame's score; the transitions that follow from it, in the order in which they happened."""
        told: list[Transition] = []
        if self._last_s is not None:
            step_s = score.t_s - self._last_s
            if not 0.0 <= step_s <= self._settings.merge_gap_s + _EPSILON_S:
                told += self.flush()
        self._last_s = score.t_s
        told += self._push_tamper(score)
        told += self._push_anomaly(score)
        return told

    def flush(self) -> list[Transition]:
        """Close what is open, at its last abnormal frame, and forget the recent scores: end of the stream, or a break in it."""
        told = [running.told(Change.CLOSED) for running in (self._tamper, self._anomaly) if running is not None]
        self._anomaly = self._tamper = self._cut = self._last_s = None
        self._recent.clear()
        return told

    def _push_tamper(self, score: Score) -> list[Transition]:
        running, kind = self._tamper, score.tamper
        told: list[Transition] = []
        if running is not None and kind is running.subtype:
            running.last = score
            # The monitor remembers the worst: its newest word is the whole one.
            running.facts = merge_facts(score.facts) or running.facts
        elif running is not None and (kind is not None or self._quiet_for(running.last, score)):
            told.append(running.told(Change.CLOSED))
            self._tamper = None
        if kind is not None and self._tamper is None:
            self._tamper = _Running(self._make_id(), [score], subtype=kind)
            told.append(self._tamper.told(Change.OPENED))
        return told

    def _push_anomaly(self, score: Score) -> list[Transition]:
        value = 0.0 if score.tamper is not None else score.value
        if self._anomaly is not None:
            return self._push_open(self._anomaly, score, value)
        if self._cut is not None:
            return self._push_cut(self._cut, score, value)
        return self._push_closed(score, value)

    def _push_open(self, running: _Running, score: Score, value: float) -> list[Transition]:
        abnormal = value >= self._off_level
        if self._quiet_for(running.last, score) and not (abnormal and self._merges(running.last.t_s, score)):
            self._anomaly = None
            return [running.told(Change.CLOSED), *self._push_closed(score, value)]
        if not abnormal:
            return []
        if score.t_s - running.onset.t_s > self._settings.max_duration_s:
            self._anomaly = None
            self._cut = _Cut(running.id, running.last.t_s)
            return [running.told(Change.CLOSED, continued=True), *self._push_cut(self._cut, score, value)]
        return [running.told(change) for change in running.grow(score)]

    def _push_cut(self, cut: _Cut, score: Score, value: float) -> list[Transition]:
        """After a cut: one score at the alarm level carries on, for the incident was proved before."""
        if not self._merges(cut.last_s, score):
            self._cut = None
            return self._push_closed(score, value)
        if value >= ALARM_LEVEL:
            self._cut = None
            return self._open([score], continues=cut.id)
        if value >= self._off_level:
            cut.last_s = score.t_s
        return []

    def _push_closed(self, score: Score, value: float) -> list[Transition]:
        if score.tamper is not None:
            self._recent.clear()
            return []
        self._recent.append(score)
        self._forget_old(score.t_s)
        run = [recent for recent in self._recent if recent.value >= ALARM_LEVEL]
        settings = self._settings
        needed = max(min(2, settings.open_k), ceil(len(self._recent) * settings.open_k / settings.open_n - _EPSILON_S))
        if value < ALARM_LEVEL or len(run) < needed or run[-1].t_s - run[0].t_s < settings.min_duration_s - _EPSILON_S:
            return []
        return self._open(run)

    def _open(self, run: list[Score], continues: UUID | None = None) -> list[Transition]:
        self._recent.clear()
        self._anomaly = _Running(self._make_id(), run, continues=continues)
        return [self._anomaly.told(Change.OPENED)]

    def _forget_old(self, now_s: float) -> None:
        """Keep the scores that the decision to open is made from: see GateSettings."""
        settings = self._settings
        shortest_s = settings.min_duration_s * settings.open_n / settings.open_k
        recent = self._recent
        while len(recent) > 2:
            age_s = now_s - recent[0].t_s
            crowded = len(recent) > settings.open_n and age_s >= shortest_s - _EPSILON_S
            if not crowded and age_s < settings.window_s - _EPSILON_S:
                return
            recent.popleft()

    def _quiet_for(self, last: Score, score: Score) -> bool:
        return score.t_s - last.t_s >= self._settings.merge_gap_s - _EPSILON_S

    def _merges(self, last_s: float, score: Score) -> bool:
        return score.t_s - last_s <= self._settings.merge_gap_s + _EPSILON_S
