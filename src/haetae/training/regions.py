"""Region-based and track-based detection criteria: whether the anomaly was found where it is.

RBDC and TBDC of Ramachandra and Jones, "Street Scene: a new dataset and evaluation protocol for video anomaly detection" (WACV 2020):
a labelled region counts as found when a detected region of the same frame overlaps it with IoU >= 0.1, a track when 10 % of its regions
are found; a detected region that overlaps no labelled one is a false positive. The figure is the area under the rate of found regions
(tracks) over false positives per frame, from 0 to 1.

Where only pixel masks are known, regions are their connected parts, and tracks are parts that overlap from frame to frame. Regions are
compared by their bounding boxes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

OVERLAP = 0.1
TRACK_SHARE = 0.1
THRESHOLDS = 40
LEAST_PIXELS = 10
"""Smaller specks of a mask are slips of the annotation."""

Boxes = NDArray[np.float64]
"""Shape (n, 4): left, top, right, bottom, relative to the picture."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The labelled regions of one clip: for each frame boxes and the track number of each box, unique over all clips."""

    boxes: tuple[Boxes, ...]
    tracks: tuple[NDArray[np.int64], ...]


@dataclass(frozen=True, slots=True)
class RegionFigures:
    rbdc: float
    tbdc: float


def truth_of_masks(masks: NDArray[np.bool_], first_track: int = 0) -> Truth:
    """Regions and tracks of masks of shape (frames, height, width)."""
    boxes: list[Boxes] = []
    tracks: list[NDArray[np.int64]] = []
    former_labels = np.zeros(masks.shape[1:], np.int32)
    former_tracks = np.zeros(1, np.int64)
    following = first_track
    for mask in masks:
        found, labels = _parts(mask)
        numbers = np.full(len(found), -1, np.int64)
        for index in range(len(found)):
            under = former_labels[labels == index + 1]
            under = under[under > 0]
            if under.size:
                numbers[index] = former_tracks[np.bincount(under).argmax()]
            else:
                numbers[index], following = following, following + 1
        boxes.append(found)
        tracks.append(numbers)
        former_labels, former_tracks = labels, np.r_[-1, numbers]
    return Truth(tuple(boxes), tuple(tracks))


def judge_regions(truth: Mapping[str, Truth], heats: Mapping[str, NDArray[np.float32]]) -> RegionFigures | None:
    """`heats` are raw anomaly maps (frames, rows, columns), on one scale for all clips. None where nothing is labelled."""
    tracks = [number for clip in truth.values() for frame in clip.tracks for number in frame.tolist()]
    if not tracks:
        return None
    sizes = np.bincount(np.array(tracks))
    frames = sum(len(clip.boxes) for clip in truth.values())
    peaks = np.concatenate([heats[name].max(axis=(1, 2)) for name in truth])
    peaks = peaks[peaks > 0]
    if not peaks.size:
        return RegionFigures(0.0, 0.0)
    curve = []
    for threshold in np.unique(np.quantile(peaks, np.linspace(1.0, 0.0, THRESHOLDS)))[::-1]:
        hits, false = np.zeros(len(sizes), np.int64), 0
        for name, clip in truth.items():
            false += _judge_clip(clip, heats[name], float(threshold), hits)
        found_tracks = np.count_nonzero(hits[sizes > 0] >= TRACK_SHARE * sizes[sizes > 0])
        curve.append((false / frames, hits.sum() / len(tracks), found_tracks / np.count_nonzero(sizes)))
    rates = np.array(curve)
    return RegionFigures(_area(rates[:, 0], rates[:, 1]), _area(rates[:, 0], rates[:, 2]))


def _judge_clip(clip: Truth, heat: NDArray[np.float32], threshold: float, hits: NDArray[np.int64]) -> int:
    """Adds the found regions to their tracks' `hits`; returns the false positives."""
    false = 0
    rows, columns = heat.shape[1:]
    for map_, boxes, tracks in zip(heat, clip.boxes, clip.tracks, strict=True):
        if map_.max() < threshold:
            continue
        _, _, stats, _ = cv2.connectedComponentsWithStats((map_ >= threshold).astype(np.uint8), connectivity=8)
        left, top, width, height = stats[1:, :4].astype(np.float64).T
        found = np.stack([left / columns, top / rows, (left + width) / columns, (top + height) / rows], axis=1)
        overlap = iou(boxes, found) >= OVERLAP
        np.add.at(hits, tracks[overlap.any(axis=1)], 1)
        false += int(np.count_nonzero(~overlap.any(axis=0)))
    return false


def iou(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of every pair, shape (len(first), len(second))."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    return np.asarray(common / np.maximum(areas[0][:, None] + areas[1][None, :] - common, 1e-12))


def _parts(mask: NDArray[np.bool_]) -> tuple[Boxes, NDArray[np.int32]]:
    """Boxes of the connected parts and a map of their numbers from 1."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= LEAST_PIXELS) + 1
    number = np.zeros(len(stats), np.int32)
    number[kept] = np.arange(1, len(kept) + 1)
    left, top, width, height = stats[kept, :4].astype(np.float64).T
    rows, columns = mask.shape
    boxes = np.stack([left / columns, top / rows, (left + width) / columns, (top + height) / rows], axis=1)
    return boxes, number[labels]


def _area(false: NDArray[np.float64], rate: NDArray[np.float64]) -> float:
    """Area under `rate` over `false` in [0, 1]; points where more regions merge again than appear are left out."""
    rising = false >= np.maximum.accumulate(false)
    x, y = np.r_[0.0, false[rising]], np.r_[0.0, rate[rising]]
    if x[-1] < 1.0:
        x, y = np.r_[x, 1.0], np.r_[y, y[-1]]
    inside = x <= 1.0
    end = float(np.interp(1.0, x, y))
    return float(np.trapezoid(np.r_[y[inside], end], np.r_[x[inside], 1.0]))
