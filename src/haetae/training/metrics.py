"""Figures of merit for frame scores. All scores are on one scale unless a name says `legacy`."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Labels = Mapping[str, NDArray[np.uint8]]
Scores = Mapping[str, NDArray[np.float64]]
"""Clip name -> one value per frame."""

LEGACY_SIGMA = 10.0
BOOTSTRAP_ROUNDS = 1000


def auc(labels: NDArray[np.integer], scores: NDArray[np.floating]) -> float | None:
    """Area under the ROC curve as the rank statistic of Mann and Whitney, ties counted half; None where a class is missing."""
    positive = int(np.count_nonzero(labels))
    negative = labels.size - positive
    if not positive or not negative:
        return None
    _, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2
    above = rank[which][labels != 0].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def average_precision(labels: NDArray[np.integer], scores: NDArray[np.floating]) -> float | None:
    """Mean precision over the recall steps, equal scores taken together; None without a positive."""
    positive = int(np.count_nonzero(labels))
    if not positive:
        return None
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(labels[order] != 0)
    last = np.flatnonzero(np.r_[np.diff(scores[order]) != 0, True])
    precision = found[last] / (last + 1)
    recall = found[last] / positive
    return float((np.diff(np.r_[0.0, recall]) * precision).sum())


def micro_auc(labels: Labels, scores: Scores) -> float | None:
    """Over the frames of all clips together."""
    return auc(*_together(labels, scores))


def macro_auc(labels: Labels, scores: Scores) -> float | None:
    """Mean over the clips that have both kinds of frames; None when there is no such clip."""
    each = [value for name in labels if (value := auc(labels[name], scores[name])) is not None]
    return float(np.mean(each)) if each else None


def micro_average_precision(labels: Labels, scores: Scores) -> float | None:
    """Over the frames of all clips together."""
    return average_precision(*_together(labels, scores))


def micro_auc_interval(labels: Labels, scores: Scores, *, seed: int = 0) -> tuple[float, float] | None:
    """95 % bootstrap interval over clips: frames of a clip are no independent evidence."""
    names = sorted(labels)
    random = np.random.default_rng(seed)
    values = []
    for _ in range(BOOTSTRAP_ROUNDS):
        drawn = [names[index] for index in random.integers(len(names), size=len(names))]
        value = auc(np.concatenate([labels[name] for name in drawn]), np.concatenate([scores[name] for name in drawn]))
        if value is not None:
            values.append(value)
    if not values:
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def legacy_micro_auc(labels: Labels, scores: Scores) -> float | None:
    """As in many papers, for comparison only: each clip on its own scale and smoothed with future frames."""
    return micro_auc(labels, {name: _smoothed(_stretched(scores[name])) for name in labels})


def _together(labels: Labels, scores: Scores) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    return np.concatenate([labels[name] for name in labels]), np.concatenate([scores[name] for name in labels])


def _stretched(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)


def _smoothed(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    reach = int(4 * LEGACY_SIGMA)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / LEGACY_SIGMA) ** 2)
    return np.asarray(np.convolve(np.pad(scores, reach, mode="edge"), kernel / kernel.sum(), mode="valid"))
