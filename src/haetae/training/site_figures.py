"""Figures of merit of a benchmark site: what the gate makes of the scores, against the incidents, by kind and by weather.

Time near an incident, in which its people come and go, is neither normal nor abnormal: alarms there count for nothing unless they reach
into the incident. Time of a harmless oddity is counted by itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from haetae.domain.event import EventKind
from haetae.domain.score import ALARM_LEVEL, Score
from haetae.training.incidents import GRACE_S, IncidentFigures, Span, after_s
from haetae.training.site import BUDGETS, TAMPERS, WEATHERS, Camera, CameraRun
from haetae.vad.gate import Change, Gate, GateSettings, Incident

MARGIN_S = 40.0
"""So long before and after an incident its people may be about: at walking pace they are in sight from up to 50 m away."""

HARMLESS_GRACE_S = 10.0
QUIET_S = 3.0
"""Frames further than this from any that could matter are not put through the gate, which forgets after less."""

CURVE_FACTORS = tuple(float(factor) for factor in np.geomspace(0.5, 4.0, 25))


@dataclass(frozen=True, slots=True)
class Alarm:
    """One event that the gate raised, cuts at its maximum length joined: `tampering` says of which kind."""

    opened_s: float
    span: Span
    tampering: bool
    peak: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled incident of a camera's test time."""

    camera: str
    number: int
    kind: str
    weather: str
    span: Span


@dataclass(slots=True)
class Tally:
    """Counts of one group of incidents or one sort of time."""

    events: int = 0
    found: int = 0
    delays_s: list[float] = field(default_factory=list)
    false_alarms: int = 0
    normal_s: float = 0.0

    @property
    def figures(self) -> IncidentFigures:
        return IncidentFigures(self.events, self.found, tuple(self.delays_s), self.false_alarms, self.normal_s)


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """When it began (seconds of the camera's footage), in which weather, how far it rose (1 is the alarm level) and what led to it."""

    camera: str
    t_s: float
    hour: float
    weather: str
    peak: float
    lasts_s: float
    cause: str
    box: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """All that one alarm level gives. `false_tampers` are among the false alarms; `oddities` tells of each camera's harmless oddities,
    by kind, which of their occasions alarmed, in order."""

    allowed_per_day: float
    total: Tally
    kinds: dict[str, Tally]
    weathers: dict[str, Tally]
    cameras: dict[str, Tally]
    false_tampers: int
    oddities: dict[str, list[bool]]
    alarms: list[FalseAlarm]
    missed: list[Labelled]


def alarms_of(run: CameraRun, calibrated: NDArray[np.float64]) -> list[Alarm]:
    """What the gate raises for one camera."""
    gate, settings = Gate(), GateSettings()
    opened: list[Alarm] = []
    began: dict[object, float] = {}
    ends: dict[object, Alarm] = {}

    def close(incident: Incident) -> None:
        end_s = incident.end_s if incident.end_s is not None else float(run.t_s[-1])
        before = ends.pop(incident.continues, None) if incident.continues is not None else None
        peak = _over(incident.peak.value)
        alarm = Alarm(began.pop(incident.id), Span(incident.onset_s, end_s), incident.kind is EventKind.TAMPER, peak)
        if before is not None:
            opened.remove(before)
            alarm = Alarm(before.opened_s, Span(before.span.start_s, end_s), before.tampering, max(peak, before.peak))
        opened.append(alarm)
        if incident.continued:
            ends[incident.id] = alarm

    for i in _that_matter(run, calibrated, settings.off_ratio * ALARM_LEVEL):
        t_s, value = float(run.t_s[i]), float(calibrated[i])
        for transition in gate.push(Score(value, value, ALARM_LEVEL, int(i), t_s, after_s(t_s), tamper=TAMPERS[run.tamper[i]])):
            if transition.change is Change.OPENED:
                began[transition.incident.id] = t_s
            elif transition.change is Change.CLOSED:
                close(transition.incident)
    for transition in gate.flush():
        close(transition.incident)
    return sorted(opened, key=lambda alarm: alarm.opened_s)


def _over(value: float) -> float:
    """A calibrated score as a multiple of the alarm level's raw score."""
    return value / ALARM_LEVEL if value <= ALARM_LEVEL else (1.0 - ALARM_LEVEL) / max(1e-6, 1.0 - value)


def _that_matter(run: CameraRun, calibrated: NDArray[np.float64], off_level: float) -> NDArray[np.int64]:
    """Frames within QUIET_S of one that may open, hold or tamper: the gate is empty at all others."""
    active = run.t_s[(calibrated >= off_level) | (run.tamper != 0)]
    if not active.size:
        return np.zeros(0, np.int64)
    after = np.searchsorted(active, run.t_s)
    gap = np.minimum(np.abs(run.t_s - active[np.minimum(after, active.size - 1)]), np.abs(run.t_s - active[np.maximum(after - 1, 0)]))
    return np.flatnonzero(gap <= QUIET_S)


def labelled(camera: Camera, run: CameraRun) -> list[Labelled]:
    """The incidents that were to be seen."""
    found = []
    for number, kind in enumerate(camera.kinds):
        frames = np.flatnonzero(run.incident == number)
        if frames.size:
            weather = Counter(WEATHERS[code] for code in run.weather[frames].tolist()).most_common(1)[0][0]
            found.append(Labelled(camera.name, number, kind, weather, Span(float(run.t_s[frames[0]]), float(run.t_s[frames[-1]]))))
    return found


def judge(cameras: Sequence[Camera], runs: Sequence[CameraRun], budget: int, factor: float = 1.0) -> BudgetFigures:
    """Over all cameras, at the alarm level of BUDGETS[budget] times `factor`."""
    figures = BudgetFigures(BUDGETS[budget], Tally(), {}, {}, {}, 0, {}, [], [])
    tampers = 0
    for camera, run in zip(cameras, runs, strict=True):
        alarms = alarms_of(run, run.calibrated(budget, factor))
        truth = labelled(camera, run)
        odd = _occasions(run)
        for one in truth:
            _judge_incident(one, alarms, one.kind in camera.tampering, figures)
        normal = _normal(run, truth, odd.values())
        frame_s = 1.0 / camera.fps
        for code, weather in enumerate(WEATHERS):
            seconds = float(np.count_nonzero(normal & (run.weather == code))) * frame_s
            for tally in _groups(figures, weather, camera.name) if seconds else ():
                tally.normal_s += seconds
        for number, span in sorted(odd.items()):
            alarmed = any(_meets(alarm.span, span, HARMLESS_GRACE_S) for alarm in alarms)
            figures.oddities.setdefault(f"{camera.name}/{number % 2}", []).append(alarmed)
        for alarm in alarms:
            if _is_false(alarm, run, normal, truth):
                tampers += alarm.tampering
                _add_false(alarm, camera, run, figures)
    return BudgetFigures(
        figures.allowed_per_day, figures.total, figures.kinds, figures.weathers, figures.cameras,
        tampers, figures.oddities, figures.alarms, figures.missed,
    )  # fmt: skip


def _judge_incident(one: Labelled, alarms: Sequence[Alarm], tampering: bool, figures: BudgetFigures) -> None:
    """An incident of the scene is found by an anomaly; one of the camera itself by an anomaly or as tampering."""
    hits = [alarm for alarm in alarms if (tampering or not alarm.tampering) and _meets(alarm.span, one.span, GRACE_S)]
    kind = figures.kinds.setdefault(one.kind, Tally())
    for tally in (*_groups(figures, one.weather, one.camera), kind):
        tally.events += 1
        if hits:
            tally.found += 1
            tally.delays_s.append(max(0.0, min(alarm.opened_s for alarm in hits) - one.span.start_s))
    if not hits:
        figures.missed.append(one)


def _groups(figures: BudgetFigures, weather: str, camera: str) -> tuple[Tally, ...]:
    by_weather = figures.weathers.setdefault(weather or "day", Tally())
    return figures.total, by_weather, figures.cameras.setdefault(camera, Tally())


def _normal(run: CameraRun, truth: Sequence[Labelled], odd: Iterable[Span]) -> NDArray[np.bool_]:
    normal = np.ones(run.t_s.size, np.bool_)
    for one in truth:
        normal &= ~((run.t_s >= one.span.start_s - MARGIN_S) & (run.t_s <= one.span.end_s + MARGIN_S))
    for span in odd:
        normal &= ~((run.t_s >= span.start_s - GRACE_S) & (run.t_s <= span.end_s + HARMLESS_GRACE_S))
    return normal


def _is_false(alarm: Alarm, run: CameraRun, normal: NDArray[np.bool_], truth: Sequence[Labelled]) -> bool:
    """Whether it began in normal time and reaches into no incident."""
    at = min(int(np.searchsorted(run.t_s, alarm.span.start_s)), run.t_s.size - 1)
    return bool(normal[at]) and not any(_meets(alarm.span, one.span, GRACE_S) for one in truth)


def _add_false(alarm: Alarm, camera: Camera, run: CameraRun, figures: BudgetFigures) -> None:
    first = int(np.searchsorted(run.t_s, alarm.span.start_s))
    last = max(first, int(np.searchsorted(run.t_s, alarm.span.end_s, side="right")) - 1)
    peak = first + int(np.argmax(run.raw[first : last + 1]))
    weather = WEATHERS[run.weather[first]]
    for tally in _groups(figures, weather, camera.name):
        tally.false_alarms += 1
    cause = "tampering" if alarm.tampering else str(run.facts[run.fact[peak]]) if run.fact[peak] >= 0 else "unknown"
    box = tuple(round(float(value), 3) for value in run.box[peak])
    hour = camera.hour(alarm.span.start_s)
    lasts_s = alarm.span.end_s - alarm.span.start_s
    figures.alarms.append(
        FalseAlarm(camera.name, alarm.span.start_s, hour, weather, alarm.peak, lasts_s, cause, box if np.isfinite(box).all() else None)
    )


def _occasions(run: CameraRun) -> dict[int, Span]:
    """When harmless oddities were under way, by their numbers."""
    numbers = np.unique(run.harmless[run.harmless >= 0]).tolist()
    frames = {number: np.flatnonzero(run.harmless == number) for number in numbers}
    return {number: Span(float(run.t_s[at[0]]), float(run.t_s[at[-1]])) for number, at in frames.items()}


def _meets(raised: Span, truth: Span, grace_s: float) -> bool:
    return raised.start_s <= truth.end_s + grace_s and raised.end_s >= truth.start_s


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What another alarm level would have given: `factor` times the learned one."""

    factor: float
    false_alarms_per_day: float
    recall: float


def curve(cameras: Sequence[Camera], runs: Sequence[CameraRun]) -> list[CurvePoint]:
    """Recall over the false alarms that a level realises, levels from low to high, all cameras moved alike."""
    points = []
    for factor in CURVE_FACTORS:
        total = judge(cameras, runs, len(BUDGETS) - 1, factor).total.figures
        points.append(CurvePoint(factor, 24.0 * (total.false_alarms_per_hour or 0.0), total.recall or 0.0))
    return points


def recall_at(points: Sequence[CurvePoint], per_day: float) -> float | None:
    """The greatest recall of a level that realises at most so many false alarms; None where no level is strict enough."""
    return max((point.recall for point in points if point.false_alarms_per_day <= per_day), default=None)
