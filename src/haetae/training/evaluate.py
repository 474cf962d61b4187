"""`haetae vad eval`: learn from the training clips, score the test clips once, in order, on one scale, without looking ahead."""

import resource
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.clock import Clock
from haetae.domain.frame import Frame
from haetae.errors import ConfigError
from haetae.training.baselines import MeasuredBaselines, baseline_aucs
from haetae.training.curves import best_recall, operating_points
from haetae.training.datasets import Dataset, TestClip, every_frame
from haetae.training.incidents import IncidentFigures, judge_raised
from haetae.training.judged_clip import JudgedClip
from haetae.training.metrics import (
    legacy_micro_auc,
    macro_auc,
    micro_auc,
    micro_auc_interval,
    micro_average_precision,
)
from haetae.training.regions import RegionFigures, Truth, judge_regions, truth_of_masks
from haetae.vad.base import HeldOut, ModelState, VADModel, Window
from haetae.vad.calibrate import Calibration

CLIP_GAP_S = 3600.0
"""Clips of one camera are no continuous footage: each begins an hour after the last one ended."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the clip's number from 1 and the number of clips."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model's state after the training clips, with the time that learning took (decoding included) and where its time line ended."""

    state: ModelState
    held_out: HeldOut
    seconds: float
    end_s: float


@dataclass(slots=True)
class ScoredClip:
    """What the model said about one test clip; `judged` is false for the frames that it had too little before to judge them by. `heats` is
    None unless every frame had a map."""

    t_s: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    judged: list[bool] = field(default_factory=list)
    heats: list[NDArray[np.float32]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one evaluation; `as_json` gives the published keys. `clips` is what they were made from.

    All frames count, those too that the model could not judge, the first of each clip; `micro_auc_judged` is over the others alone, which
    papers give, and `unjudged_frames` says how many it leaves out.
    """

    dataset: str
    model: str
    micro_auc: float | None
    macro_auc: float | None
    ap: float | None
    micro_auc_ci: tuple[float, float] | None
    legacy_micro_auc: float | None
    regions: RegionFigures | None
    regions_missing: str | None
    incidents: IncidentFigures
    false_alarms_per_day: float
    threshold: float
    ms_per_frame: float
    fit_s: float
    peak_rss_mb: float
    frames: int
    baselines: dict[str, float | None]
    clips: tuple[JudgedClip, ...] = ()
    recall_at_one_false_alarm: float | None = None
    micro_auc_judged: float | None = None
    unjudged_frames: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "model": self.model,
            "micro_auc": self.micro_auc,
            "macro_auc": self.macro_auc,
            "ap": self.ap,
            "micro_auc_ci": self.micro_auc_ci,
            "legacy_micro_auc": self.legacy_micro_auc,
            "rbdc": None if self.regions is None else self.regions.rbdc,
            "tbdc": None if self.regions is None else self.regions.tbdc,
            "regions_missing": self.regions_missing,
            "events": self.incidents.events,
            "event_recall": self.incidents.recall,
            "event_recall_at_one_false_alarm": self.recall_at_one_false_alarm,
            "false_alarms": self.incidents.false_alarms,
            "false_alarms_per_hour": self.incidents.false_alarms_per_hour,
            "false_alarms_per_hour_ci": self.incidents.false_alarms_per_hour_interval,
            "normal_s": self.incidents.normal_s,
            "delay_s_median": self.incidents.delay_s_median,
            "delay_s_p90": self.incidents.delay_s_p90,
            "false_alarms_per_day_allowed": self.false_alarms_per_day,
            "threshold": self.threshold,
            "ms_per_frame": self.ms_per_frame,
            "fit_s": self.fit_s,
            "peak_rss_mb": self.peak_rss_mb,
            "frames": self.frames,
            "micro_auc_judged": self.micro_auc_judged,
            "unjudged_frames": self.unjudged_frames,
            "baselines": self.baselines,
        }


def fit_clips(
    model: VADModel,
    clips: Iterable[Path],
    clock: Clock,
    *,
    look: Callable[[Frame, float], None] | None = None,
    told: Progress | None = None,
    before_learning: Callable[[int, float], None] | None = None,
) -> Fitted:
    """Learn from normal clips of one camera, every frame. `look` sees each frame too, outside of the measured time; `before_learning` is
    told the clip's number, from 0, and the time in it of each."""
    state, end_s, spent_s = model.new_state(), -CLIP_GAP_S, 0.0
    paths = list(clips)
    for number, path in enumerate(paths, start=1):
        if told is not None:
            told("learning", number, len(paths))
        start_s = end_s + CLIP_GAP_S
        before = clock.monotonic()
        for frame in every_frame(str(path)):
            end_s = start_s + frame.t_s
            if before_learning is not None:
                before_learning(number - 1, frame.t_s)
            model.learn([Window(state, frame.luma, end_s)])
            if look is not None:
                paused = clock.monotonic()
                look(frame, end_s)
                before += clock.monotonic() - paused
        spent_s += clock.monotonic() - before
    before = clock.monotonic()
    held_out = model.finish_learning(state)
    return Fitted(state, held_out, spent_s + clock.monotonic() - before, end_s)


def evaluate(
    dataset: Dataset,
    model: VADModel,
    clock: Clock,
    *,
    false_alarms_per_day: float = 1.0,
    told: Progress | None = None,
    before_learning: Callable[[int, float], None] | None = None,
    trained_s: float = 0.0,
) -> Report:
    """Fit on the training clips, score the test clips once. Raises ConfigError where labels and frames do not fit together.

    `before_learning` as in `fit_clips`; `trained_s` is what the training of the model's network took, and counts as fitting.
    """
    baselines = MeasuredBaselines()
    fitted = fit_clips(
        model,
        dataset.training,
        clock,
        look=lambda frame, t_s: baselines.look(frame.luma, t_s),
        told=told,
        before_learning=before_learning,
    )
    fitted = replace(fitted, seconds=fitted.seconds + trained_s)
    calibration = Calibration.fit(fitted.held_out, false_alarms_per_day)
    scored: dict[str, ScoredClip] = {}
    end_s, spent_s = fitted.end_s, 0.0
    for number, clip in enumerate(dataset.testing, start=1):
        if told is not None:
            told("scoring", number, len(dataset.testing))
        result, seconds = _score_clip(model, fitted.state, clip, end_s + CLIP_GAP_S, baselines, clock)
        scored[clip.name] = result
        end_s, spent_s = result.t_s[-1], spent_s + seconds
    return _report(dataset, model, fitted, calibration, scored, spent_s, baselines)


def _score_clip(
    model: VADModel, state: ModelState, clip: TestClip, start_s: float, baselines: MeasuredBaselines, clock: Clock
) -> tuple[ScoredClip, float]:
    """The scores of one clip and the seconds that the model took, decoding not counted."""
    result, spent_s = ScoredClip(), 0.0
    for frame in every_frame(str(clip.path)):
        t_s = start_s + frame.t_s
        before = clock.monotonic()
        judged = model.score([Window(state, frame.luma, t_s)])[0]
        spent_s += clock.monotonic() - before
        baselines.look(frame.luma, t_s, clip.name)
        result.t_s.append(t_s)
        result.raw.append(judged.value)
        result.judged.append(not judged.unjudged)
        if clip.masks is not None:
            heat = judged.heat
            result.heats.append(np.zeros((1, 1), np.float32) if heat is None else heat)
    if len(result.raw) != len(clip.labels):
        raise ConfigError(
            f"{clip.path} has {len(result.raw)} frames, labels.npz {len(clip.labels)} labels for it", hint="Give one label per frame"
        )
    return result, spent_s


def _report(
    dataset: Dataset,
    model: VADModel,
    fitted: Fitted,
    calibration: Calibration,
    scored: dict[str, ScoredClip],
    spent_s: float,
    baselines: MeasuredBaselines,
) -> Report:
    labels = {clip.name: clip.labels for clip in dataset.testing}
    scores = {name: np.array(clip.raw) for name, clip in scored.items()}
    times = {name: np.array(clip.t_s) for name, clip in scored.items()}
    clips = tuple(JudgedClip.of(name, labels[name], times[name], scores[name], calibration) for name in labels)
    known = {name: np.array(clip.judged, np.bool_) for name, clip in scored.items()}
    regions, missing = _regions(dataset, scored)
    frames = sum(len(raw) for raw in scores.values())
    return Report(
        dataset=dataset.name,
        model=model.name,
        micro_auc=micro_auc(labels, scores),
        macro_auc=macro_auc(labels, scores),
        ap=micro_average_precision(labels, scores),
        micro_auc_ci=micro_auc_interval(labels, scores),
        legacy_micro_auc=legacy_micro_auc(labels, scores),
        regions=regions,
        regions_missing=missing,
        incidents=judge_raised(labels, {clip.name: clip.raised for clip in clips}, times),
        false_alarms_per_day=calibration.false_alarms_per_day,
        threshold=calibration.theta,
        ms_per_frame=1000.0 * spent_s / max(1, frames),
        fit_s=fitted.seconds,
        peak_rss_mb=peak_rss_mb(),
        frames=frames,
        baselines=baseline_aucs(labels, baselines),
        clips=clips,
        micro_auc_judged=micro_auc(
            {name: values[known[name]] for name, values in labels.items()}, {name: values[known[name]] for name, values in scores.items()}
        ),
        unjudged_frames=sum(int(np.count_nonzero(~each)) for each in known.values()),
        recall_at_one_false_alarm=best_recall(operating_points(clips, calibration.theta), false_alarms=1),
    )


def _regions(dataset: Dataset, scored: dict[str, ScoredClip]) -> tuple[RegionFigures | None, str | None]:
    """The region figures, or why there are none."""
    truth: dict[str, Truth] = {}
    heats: dict[str, NDArray[np.float32]] = {}
    following = 0
    for clip in dataset.testing:
        if clip.masks is None:
            return None, "the data set has no masks of every test clip"
        shape = max((heat.shape for heat in scored[clip.name].heats), key=lambda each: each[0] * each[1])
        if shape == (1, 1):
            return None, "the model gives no anomaly map"
        truth[clip.name] = truth_of_masks(clip.masks, following)
        following = max([following, *(int(frame.max(initial=-1)) + 1 for frame in truth[clip.name].tracks)])
        heats[clip.name] = np.stack([np.zeros(shape, np.float32) if heat.shape != shape else heat for heat in scored[clip.name].heats])
    figures = judge_regions(truth, heats)
    return figures, None if figures is not None else "the masks mark nothing"


def peak_rss_mb() -> float:
    """Greatest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
