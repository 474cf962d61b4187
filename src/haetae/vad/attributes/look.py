"""From boxes and a frame to objects: which of the foreground no box covers, and how each of them moves.

This is the only place that looks into the state of `motion`: at its working size and at its background.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.attributes.objects import UNKNOWN, Objects
from haetae.vad.detector.boxes import Boxes, Detections, area
from haetae.vad.motion.foreground import LEAST_DIFFERENCE
from haetae.vad.motion.state import MotionState
from haetae.vad.preprocess import WorkSize, to_work

CHANGED_SHARE = 0.5
"""With more foreground the scene itself has changed: there are no objects to tell apart."""

LEAST_PIXELS = 40
"""Foreground that no box covers and that has fewer pixels is noise, or the rim of something that a box does cover."""

STEPS = 8
FINEST_STEP, COARSEST_STEP = 2, 6
"""Points are followed on a grid of 1 / STEPS of the object's height, in whole px between these bounds."""

MOST_POINTS = 1500
WINDOW = 11
LEVELS_FROM_S = 0.15
"""Frames further apart than this get one pyramid level more."""

WORST_ERROR = 20.0
GAP_S = 1.0
"""After a longer silence nothing moved `since the last frame`."""

_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.1)


class Look:
    """One camera's last picture, and what its foreground is."""

    def __init__(self) -> None:
        self._former: Luma | None = None
        self._former_s = -np.inf

    def reset(self) -> None:
        self._former = None

    def remember(self, work: Luma, t_s: float) -> None:
        """The next movement is measured from here."""
        self._former, self._former_s = work, t_s

    def objects(self, work: Luma, mask: Luma, found: Detections, t_s: float, dimensions: int) -> Objects:
        """The objects of `found`, whose boxes are in working px, and those that it lacks; `mask` is the foreground, 255 or 0."""
        unseen = uncovered(mask, found.boxes)
        objects = Objects.of_boxes(
            np.concatenate([found.boxes, unseen]),
            np.concatenate([found.kind, np.full(len(unseen), UNKNOWN, np.intp)]),
            np.concatenate([found.confidence, np.zeros(len(unseen), np.float32)]),
            dimensions,
        )
        objects = replace(objects, area=own_foreground(mask, objects.box))
        return self._moving(objects, work, mask, t_s)

    def _moving(self, objects: Objects, work: Luma, mask: Luma, t_s: float) -> Objects:
        elapsed_s = t_s - self._former_s
        if self._former is None or self._former.shape != work.shape or not 0.0 < elapsed_s <= GAP_S or not len(objects):
            return objects
        points, owner = grid_points(objects.box, mask)
        if not len(points):
            return objects
        earlier, found, error = cv2.calcOpticalFlowPyrLK(
            work,
            self._former,
            points,
            np.empty_like(points),
            winSize=(WINDOW, WINDOW),
            maxLevel=1 if elapsed_s < LEVELS_FROM_S else 2,
            criteria=_CRITERIA,
        )
        good = (found.ravel() > 0) & (error.ravel() < WORST_ERROR)
        moved = (points - earlier)[good] / np.float32(elapsed_s)
        count = np.bincount(owner[good], minlength=len(objects))
        total = np.stack([np.bincount(owner[good], moved[:, axis], minlength=len(objects)) for axis in range(2)], axis=1)
        velocity = (total / np.maximum(count, 1)[:, None]).astype(np.float32)
        return replace(objects, velocity=velocity, points=count.astype(np.float32))


def working_picture(state: MotionState, luma: Luma) -> tuple[Luma, WorkSize] | None:
    """The working picture and its size; None where there is no background to compare it with."""
    observer = state.observer
    if observer is None or observer.background.mean is None:
        return None
    return to_work(luma, observer.size), observer.size


def foreground(state: MotionState, work: Luma) -> Luma | None:
    """255 where a working picture differs from the background; None where it is another scene now."""
    assert state.observer is not None
    background = state.observer.background
    if background.mean is None or background.mean.shape != work.shape:
        return None
    difference = cv2.absdiff(work, cv2.convertScaleAbs(background.mean))
    _, mask = cv2.threshold(difference, max(LEAST_DIFFERENCE, 4.0 * background.noise), 255, cv2.THRESH_BINARY)
    if cv2.countNonZero(mask) > CHANGED_SHARE * mask.size:
        return None
    return np.asarray(mask, np.uint8)


def uncovered(mask: Luma, boxes: Boxes) -> Boxes:
    """Boxes of connected foreground outside of `boxes`, so that what the detector has no name for is not invisible."""
    rest = mask.copy()
    for left, top, right, bottom in _corners(boxes, mask.shape):
        rest[top:bottom, left:right] = 0
    opened = cv2.morphologyEx(rest, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(closed, np.uint8))
    stats = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= LEAST_PIXELS]
    left, top, width, height = stats[:, :4].T
    return np.stack([left, top, left + width, top + height], axis=1).astype(np.float32)


def own_foreground(mask: Luma, boxes: Boxes) -> NDArray[np.float32]:
    """px of foreground in each box that lie in no smaller one: people on a floor are not what a box round the floor is made of."""
    rest, corners = mask.copy(), _corners(boxes, mask.shape)
    out = np.zeros(len(boxes), np.float32)
    for number in np.argsort(area(boxes), kind="stable"):
        left, top, right, bottom = corners[number]
        out[number] = np.count_nonzero(rest[top:bottom, left:right])
        rest[top:bottom, left:right] = 0
    return out


def grid_points(boxes: Boxes, mask: Luma) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Points (n, 2) of the foreground in each box, and the number of the box that each belongs to."""
    points, owner = [np.empty((0, 2), np.float32)], [np.empty(0, np.intp)]
    for number, (left, top, right, bottom) in enumerate(_corners(boxes, mask.shape)):
        step = int(np.clip((bottom - top) // STEPS, FINEST_STEP, COARSEST_STEP))
        rows, columns = np.nonzero(mask[top + step // 2 : bottom : step, left + step // 2 : right : step])
        points.append(np.stack([left + step // 2 + columns * step, top + step // 2 + rows * step], axis=1).astype(np.float32))
        owner.append(np.full(len(rows), number, np.intp))
    joined, owners = np.concatenate(points), np.concatenate(owner)
    every = -(-len(joined) // MOST_POINTS) or 1
    return joined[::every], owners[::every]


def _corners(boxes: Boxes, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Whole px, at least one in each direction, within the picture."""
    limit = np.array([shape[1], shape[0]])
    near = np.clip(np.floor(boxes[:, :2]), 0, limit - 1).astype(np.intp)
    far = np.clip(np.ceil(boxes[:, 2:]).astype(np.intp), near + 1, limit)
    return np.concatenate([near, far], axis=1)
