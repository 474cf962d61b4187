"""All figures of one model on one site."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from haetae.training.metrics import auc
from haetae.training.site import BUDGETS, Camera, CameraRun
from haetae.training.site_figures import BudgetFigures, CurvePoint, Tally, curve, judge, recall_at
from haetae.training.site_operator import PATIENCE


@dataclass(frozen=True, slots=True)
class SiteReport:
    """`budgets` has the figures at each of BUDGETS, under the published keys; `curve` what other alarm levels would have given."""

    model: str
    site: str
    cameras: int
    events: int
    normal_h: float
    frames: int
    budgets: list[dict[str, Any]]
    curve: list[CurvePoint]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Every false alarm and missed incident at each level, one a line."""
        for figures in self.budgets:
            for alarm in figures["alarms"]:
                when = f"{alarm['t_s']:.1f} s ({alarm['hour']:.2f} h, {alarm['weather'] or 'day'}) for {alarm['lasts_s']:.1f} s"
                what = f"{alarm['peak']:.2f} x level, {alarm['cause']}, {alarm['box']}"
                yield f"{figures['allowed_per_day']:g} a day: false  {alarm['camera']} at {when}, {what}"
            for one in figures["missed"]:
                span = one["span"]
                yield (
                    f"{figures['allowed_per_day']:g} a day: missed {one['camera']} at {span['start_s']:.1f} s to {span['end_s']:.1f} s, "
                    f"{one['kind']} ({one['weather'] or 'day'})"
                )


def report_site(model: str, name: str, cameras: Sequence[Camera], runs: Sequence[CameraRun]) -> SiteReport:
    """Put the figures together."""
    points = curve(cameras, runs)
    judged = [judge(cameras, runs, budget) for budget in range(len(BUDGETS))]
    shared = {"frame_auc": _frame_auc(runs), "ms_per_frame": float(np.mean([run.score_ms for run in runs]))}
    budgets = [{**_budget(figures, points), **shared} for figures in judged]
    total = judged[0].total
    frames = sum(run.t_s.size for run in runs)
    return SiteReport(model, name, len(cameras), total.events, total.normal_s / 3600.0, frames, budgets, points)


def _budget(figures: BudgetFigures, points: Sequence[CurvePoint]) -> dict[str, Any]:
    return {
        "allowed_per_day": figures.allowed_per_day,
        **_tally(figures.total),
        "recall_ideal": recall_at(points, figures.allowed_per_day),
        "false_tampers": figures.false_tampers,
        "oddities": sum(len(turns) for turns in figures.oddities.values()),
        "odd_alarms": sum(sum(turns) for turns in figures.oddities.values()),
        "odd_alarms_later": sum(sum(turns[PATIENCE:]) for turns in figures.oddities.values()),
        "odd_turns": figures.oddities,
        **{
            group: {name: _tally(tally) for name, tally in sorted(tallies.items())}
            for group, tallies in (("weathers", figures.weathers), ("cameras", figures.cameras), ("kinds", figures.kinds))
        },
        "alarms": [asdict(alarm) for alarm in figures.alarms],
        "missed": [asdict(one) for one in figures.missed],
    }


def _tally(tally: Tally) -> dict[str, Any]:
    figures = tally.figures
    rate, interval = figures.false_alarms_per_hour, figures.false_alarms_per_hour_interval
    return {
        "events": figures.events,
        "found": figures.found,
        "recall": figures.recall,
        "false_alarms": figures.false_alarms,
        "normal_h": figures.normal_s / 3600.0,
        "false_alarms_per_day": None if rate is None else 24.0 * rate,
        "false_alarms_per_day_ci": None if interval is None else [24.0 * bound for bound in interval],
        "delay_s_median": figures.delay_s_median,
        "delay_s_p90": figures.delay_s_p90,
    }


def _frame_auc(runs: Sequence[CameraRun]) -> float | None:
    """Over the frames of all cameras, each score relative to its camera's alarm level; those of harmless oddities left out."""
    labels, scores = [], []
    for run in runs:
        kept = run.harmless < 0
        labels.append((run.incident[kept] >= 0).astype(np.uint8))
        scores.append(run.calibrated(len(BUDGETS) - 1)[kept])
    return auc(np.concatenate(labels), np.concatenate(scores))
