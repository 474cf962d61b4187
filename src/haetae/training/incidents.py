"""Figures of merit for incidents: what the gate makes of the scores, against the labelled ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from haetae.domain.score import Score
from haetae.vad.gate import Change, Gate, Incident

MERGE_S = 1.0
"""Labelled spans closer than this are one incident."""

GRACE_S = 2.0
"""An incident that ends this much after the labelled span still belongs to it."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def after_s(t_s: float) -> datetime:
    """The wall time of footage that began at EPOCH."""
    return EPOCH + timedelta(seconds=t_s)


@dataclass(frozen=True, slots=True)
class Span:
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Raised:
    """An incident that the gate opened: told at `opened_s`, abnormal over the span."""

    opened_s: float
    span: Span


@dataclass(frozen=True, slots=True)
class IncidentFigures:
    """`events` were labelled, `found` of them raised; `delays_s` from onset to the gate's opening, one for each found. `false_alarms` were
    raised outside of every labelled one, in `normal_s` seconds of normal footage."""

    events: int
    found: int
    delays_s: tuple[float, ...]
    false_alarms: int
    normal_s: float

    @property
    def recall(self) -> float | None:
        return self.found / self.events if self.events else None

    @property
    def false_alarms_per_hour(self) -> float | None:
        return self.false_alarms / self.normal_s * 3600.0 if self.normal_s > 0 else None

    @property
    def false_alarms_per_hour_interval(self) -> tuple[float, float] | None:
        """95 % interval of a Poisson rate, in Wilson and Hilferty's approximation of the chi-square quantiles (within 1 %)."""
        if self.normal_s <= 0:
            return None
        count, z, hour = self.false_alarms, 1.96, 3600.0 / self.normal_s
        low = count * (1 - 1 / (9 * count) - z / (3 * count**0.5)) ** 3 if count else 0.0
        more = count + 1
        high = more * (1 - 1 / (9 * more) + z / (3 * more**0.5)) ** 3
        return low * hour, high * hour

    @property
    def delay_s_median(self) -> float | None:
        return float(np.median(self.delays_s)) if self.delays_s else None

    @property
    def delay_s_p90(self) -> float | None:
        return float(np.quantile(self.delays_s, 0.9)) if self.delays_s else None


def labelled_spans(labels: NDArray[np.uint8], t_s: NDArray[np.float64]) -> list[Span]:
    """The labelled incidents of a clip, gaps under MERGE_S closed."""
    edges = np.flatnonzero(np.diff(np.r_[0, (labels != 0).astype(np.int8), 0]))
    spans: list[Span] = []
    for start, end in edges.reshape(-1, 2):
        span = Span(float(t_s[start]), float(t_s[end - 1]))
        if spans and span.start_s - spans[-1].end_s < MERGE_S:
            span = Span(spans.pop().start_s, span.end_s)
        spans.append(span)
    return spans


def raised_incidents(calibrated: NDArray[np.float64], t_s: NDArray[np.float64]) -> list[Raised]:
    """What the gate raises for calibrated scores."""
    gate = Gate()
    opened: list[float] = []
    raised: list[Raised] = []

    def close(incident: Incident) -> None:
        raised.append(Raised(opened[-1], Span(incident.onset_s, incident.end_s if incident.end_s is not None else float(t_s[-1]))))

    for number, (value, at_s) in enumerate(zip(calibrated.tolist(), t_s.tolist(), strict=True)):
        score = Score(value, value, 0.5, number, at_s, after_s(at_s))
        for transition in gate.push(score):
            if transition.change is Change.OPENED:
                opened.append(at_s)
            elif transition.change is Change.CLOSED:
                close(transition.incident)
    for transition in gate.flush():
        close(transition.incident)
    return raised


def judge_incidents(
    labels: Mapping[str, NDArray[np.uint8]], calibrated: Mapping[str, NDArray[np.float64]], t_s: Mapping[str, NDArray[np.float64]]
) -> IncidentFigures:
    """Over all clips. An incident belongs to every labelled span that it overlaps, allowing GRACE_S after the span's end."""
    events = found = false_alarms = 0
    normal_s = 0.0
    delays: list[float] = []
    for name, truth in labels.items():
        spans = labelled_spans(truth, t_s[name])
        raised = raised_incidents(calibrated[name], t_s[name])
        events += len(spans)
        for span in spans:
            hits = [each for each in raised if _overlap(each.span, span)]
            found += bool(hits)
            delays += [max(0.0, min(each.opened_s for each in hits) - span.start_s)] if hits else []
        false_alarms += sum(not any(_overlap(each.span, span) for span in spans) for each in raised)
        normal_s += float(np.count_nonzero(truth == 0)) * _frame_s(t_s[name])
    return IncidentFigures(events, found, tuple(delays), false_alarms, normal_s)


def _overlap(raised: Span, truth: Span) -> bool:
    return raised.start_s <= truth.end_s + GRACE_S and raised.end_s >= truth.start_s


def _frame_s(t_s: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(t_s))) if t_s.size > 1 else 0.0
