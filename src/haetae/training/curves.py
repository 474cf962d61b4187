"""Curves behind the figures of an evaluation: what another alarm level would have given."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haetae.training.incidents import IncidentFigures, Raised, judge_raised, raised_incidents
from haetae.training.judged_clip import JudgedClip
from haetae.vad.calibrate import Calibration, Tail

MOST_LEVELS, FEWEST_LEVELS = 48, 10
SCORES_AT_MOST = 3_000_000
"""Scores that all levels together push through the gate, about half a minute of work; a long data set gets fewer levels."""


@dataclass(frozen=True, slots=True)
class Operating:
    """What the gate makes of all clips where raw `level` is the alarm level. `share` of the normal frames, in [0, 1], lies within an
    incident; 0 where there are none."""

    level: float
    figures: IncidentFigures
    share: float


def roc_curve(clips: Sequence[JudgedClip]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """False and true positive rate over the frames of all clips on one scale, from (0, 0) to (1, 1), equal scores taken together; the area
    under it is the micro AUC. None where a class is missing."""
    labels, raw = _together(clips)
    positive = np.count_nonzero(labels)
    if not positive or positive == labels.size:
        return None
    order = np.argsort(-raw, kind="stable")
    found = np.cumsum(labels[order] != 0)
    last = np.flatnonzero(np.r_[np.diff(raw[order]) != 0, True])
    false = last + 1 - found[last]
    x, y = np.r_[0, false], np.r_[0, found[last]]
    # Within a straight run only its ends are needed; told in whole frames, so that nothing is lost to rounding.
    bend = np.r_[True, np.diff(x[:-1]) * np.diff(y[1:]) != np.diff(y[:-1]) * np.diff(x[1:]), True]
    return x[bend] / (labels.size - positive), y[bend] / positive


def roc_point(clips: Sequence[JudgedClip], level: float) -> tuple[float, float]:
    """False and true positive rate of the frames with raw scores from `level` on. Both kinds of frames must be there."""
    labels, raw = _together(clips)
    above = raw >= level
    return float(above[labels == 0].mean()), float(above[labels != 0].mean())


def operating_points(clips: Sequence[JudgedClip], threshold: float) -> list[Operating]:
    """From the highest level to the lowest, `threshold` (> 0) among them."""
    raw = np.concatenate([clip.raw for clip in clips]) if clips else np.zeros(0)
    raw = raw[raw > 0]
    if not raw.size:
        return [operating_point(clips, threshold)]
    count = int(np.clip(SCORES_AT_MOST // raw.size, FEWEST_LEVELS, MOST_LEVELS)) // 2
    # Quantiles go where the frames are, the even steps into the thin tail above normality, where the decision falls.
    low, high = float(np.quantile(raw, 0.05)), float(raw.max())
    levels = np.unique(np.r_[np.quantile(raw, np.linspace(0.05, 1.0, count)), np.geomspace(low, high, count), threshold])
    return [operating_point(clips, float(level)) for level in levels[::-1]]


def best_recall(points: Sequence[Operating], *, false_alarms: int) -> float | None:
    """The greatest share of events found at any level that raises no more than so many false alarms; None where no event is labelled."""
    recalls = [point.figures.recall for point in points if point.figures.false_alarms <= false_alarms]
    known = [recall for recall in recalls if recall is not None]
    return max(known) if known else None


def operating_point(clips: Sequence[JudgedClip], level: float) -> Operating:
    """Of raw alarm level `level`, > 0."""
    calibration = Calibration(level, 1.0, Tail(0.0, 0.0, 0.0, 0.0), level)
    raised = {clip.name: raised_incidents(calibration.apply_map(clip.raw).astype(np.float64), clip.t_s) for clip in clips}
    figures = judge_raised({clip.name: clip.labels for clip in clips}, raised, {clip.name: clip.t_s for clip in clips})
    alarmed = sum(int(np.count_nonzero(_within(clip, raised[clip.name]) & (clip.labels == 0))) for clip in clips)
    normal = sum(int(np.count_nonzero(clip.labels == 0)) for clip in clips)
    return Operating(level, figures, alarmed / normal if normal else 0.0)


def _within(clip: JudgedClip, raised: Sequence[Raised]) -> NDArray[np.bool_]:
    inside = np.zeros(clip.t_s.shape, np.bool_)
    for each in raised:
        inside |= (clip.t_s >= each.span.start_s) & (clip.t_s <= each.span.end_s)
    return inside


def _together(clips: Sequence[JudgedClip]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    if not clips:
        return np.zeros(0, np.uint8), np.zeros(0)
    return np.concatenate([clip.labels for clip in clips]), np.concatenate([clip.raw for clip in clips])
