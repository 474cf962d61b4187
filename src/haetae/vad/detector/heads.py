"""From the numbers that a detection network gives to boxes in px of its input: one class per family of networks.

Every `decode` takes the outputs for one picture, without the batch axis, and the least confidence; what is below is not decoded at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from haetae.vad.detector.boxes import Boxes, Detections

Outputs = Sequence[NDArray[Any]]
Activation = Literal["none", "sigmoid", "softmax"]
"""What makes probabilities of the numbers of the classes. `softmax` has the class `nothing` last."""


class Head(Protocol):
    """`name` as cards have it; `classes` is the number of classes, None where only the results tell; `has_nms` says that the network itself
    leaves one box per object."""

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> int | None: ...
    @property
    def has_nms(self) -> bool: ...

    def decode(self, outputs: Outputs, width: int, height: int, least: float) -> Detections:
        """The objects of at least `least` confidence, in px of the `width` x `height` input. May raise IndexError or ValueError for outputs
        of another shape than was recognised."""
        ...


@dataclass(frozen=True, slots=True)
class Grid:
    """One anchor point per place of the feature maps: `x`, `y` (n,) in places, `stride` (n,) in px of the input."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    stride: NDArray[np.float32]

    @classmethod
    def of(cls, width: int, height: int, strides: Sequence[int]) -> "Grid":
        """Maps of `ceil(side / stride)`, row by row, the finest first."""
        xs, ys, each = [], [], []
        for stride in strides:
            columns, rows = places(width, stride), places(height, stride)
            y, x = np.mgrid[:rows, :columns]
            xs.append(x.ravel())
            ys.append(y.ravel())
            each.append(np.full(rows * columns, stride))
        return cls(*(np.concatenate(part).astype(np.float32) for part in (xs, ys, each)))


def places(side: int, stride: int) -> int:
    return -(-side // stride)


def count_places(width: int, height: int, strides: Sequence[int]) -> int:
    """Anchor points of a network with these strides."""
    return sum(places(width, stride) * places(height, stride) for stride in strides)


@dataclass(frozen=True, slots=True)
class YoloxHead:
    """YOLOX (Ge et al. 2021) before decoding: one row (dx, dy, log w, log h, object, classes...) for each place of the maps."""

    classes: int
    strides: tuple[int, ...] = (8, 16, 32)
    activation: Activation = "none"
    name: str = "yolox"
    has_nms: bool = False

    def decode(self, outputs: Outputs, width: int, height: int, least: float) -> Detections:
        rows = outputs[0]
        confidence, kind = best(activate(rows[:, 4:5], self.activation) * activate(rows[:, 5:], self.activation))
        chosen = np.flatnonzero(confidence >= least)
        grid, raw = Grid.of(width, height, self.strides), rows[chosen, :4].astype(np.float32)
        x, y, stride = grid.x[chosen], grid.y[chosen], grid.stride[chosen]
        # exp() of a number that no object has: clipped, it is a box as large as the picture.
        sides = np.exp(np.minimum(raw[:, 2:], 20.0)) * stride[:, None]
        centre = np.stack([(raw[:, 0] + x) * stride, (raw[:, 1] + y) * stride], axis=1)
        return Detections(from_centres(centre, sides), confidence[chosen], kind[chosen])


@dataclass(frozen=True, slots=True)
class YoloHead:
    """Rows of (centre x, centre y, width, height[, object], classes...), decoded: YOLOv5 and v7 with an `object` number, v8, v9 and v11
    (transposed: `columns`) without. `relative` says that boxes are in shares of the input; `extra` numbers (masks) follow the classes."""

    classes: int
    objectness: bool
    columns: bool = False
    relative: bool = False
    activation: Activation = "none"
    has_nms: bool = False

    @property
    def name(self) -> str:
        return "yolo5" if self.objectness else "yolo8"

    def decode(self, outputs: Outputs, width: int, height: int, least: float) -> Detections:
        rows = outputs[0].T if self.columns else outputs[0]
        first = 5 if self.objectness else 4
        scores = activate(rows[:, first : first + self.classes], self.activation)
        if self.objectness:
            scores = scores * activate(rows[:, 4:5], self.activation)
        confidence, kind = best(scores)
        chosen = np.flatnonzero(confidence >= least)
        boxes = from_centres(rows[chosen, :2].astype(np.float32), rows[chosen, 2:4].astype(np.float32))
        return Detections(in_pixels(boxes, width, height, relative=self.relative), confidence[chosen], kind[chosen])


@dataclass(frozen=True, slots=True)
class GflHead:
    """Generalised focal loss (Li et al. 2020), as in NanoDet and PicoDet: for each side of the box a distribution over `bins` distances in
    strides. `split` is one output of classes and one of distances per stride (PicoDet); else one row has both (NanoDet).

    `offset` is where in its place an anchor point lies: 0.5 in PicoDet and NanoDet, 0 in NanoDet-Plus.
    """

    classes: int
    bins: int
    strides: tuple[int, ...]
    split: bool
    offset: float = 0.5
    activation: Activation = "none"
    name: str = "gfl"
    has_nms: bool = False

    def decode(self, outputs: Outputs, width: int, height: int, least: float) -> Detections:
        if self.split:
            levels = len(self.strides)
            scores = np.concatenate([flat(each) for each in outputs[:levels]])
            distances = np.concatenate([flat(each) for each in outputs[levels:]])
        else:
            scores, distances = outputs[0][:, : self.classes], outputs[0][:, self.classes :]
        confidence, kind = best(activate(scores, self.activation))
        chosen = np.flatnonzero(confidence >= least)
        grid = Grid.of(width, height, self.strides)
        stride = grid.stride[chosen]
        share = softmax(distances[chosen].reshape(len(chosen), 4, self.bins).astype(np.float32))
        left, top, right, bottom = (share @ np.arange(self.bins, dtype=np.float32) * stride[:, None]).T
        x, y = (grid.x[chosen] + self.offset) * stride, (grid.y[chosen] + self.offset) * stride
        boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1)
        return Detections(boxes, confidence[chosen], kind[chosen])


@dataclass(frozen=True, slots=True)
class FinalHead:
    """One row per object, with nothing left to do: (left, top, right, bottom, confidence, class) as YOLOv10, YOLO26 and exports with
    suppression built in give it; `order` "class-first" is Paddle's (class, confidence, box), "batch-first" YOLOv7's
    (picture, box, class, confidence)."""

    order: Literal["box-first", "class-first", "batch-first"] = "box-first"
    relative: bool = False
    name: str = "end2end"
    classes: int | None = None
    has_nms: bool = True

    def decode(self, outputs: Outputs, width: int, height: int, least: float) -> Detections:
        rows = outputs[0].astype(np.float32)
        box, confidence, kind = {"box-first": (0, 4, 5), "class-first": (2, 1, 0), "batch-first": (1, 6, 5)}[self.order]
        # Rows that are filled up to a fixed number have a class of -1.
        rows = rows[(rows[:, confidence] >= least) & (rows[:, kind] >= 0)]
        boxes = in_pixels(rows[:, box : box + 4], width, height, relative=self.relative)
        return Detections(boxes, rows[:, confidence], rows[:, kind].astype(np.intp))


@dataclass(frozen=True, slots=True)
class LabelledHead:
    """Three outputs, one number or box per object: the boxes, the confidences and the classes (TensorRT's EfficientNMS, torchvision,
    RT-DETR with its own post-processing). `places` are their numbers among the outputs, `counted` that of the number of objects."""

    places: tuple[int, int, int]
    counted: int | None = None
    relative: bool = False
    name: str = "labelled"
    classes: int | None = None
    has_nms: bool = True

    def decode(self, outputs: Outputs, width: int, height: int, least: float) -> Detections:
        boxes, confidence, kind = (outputs[place] for place in self.places)
        count = len(boxes) if self.counted is None else int(np.asarray(outputs[self.counted]).ravel()[0])
        confidence = confidence.ravel()[:count].astype(np.float32)
        kind = kind.ravel()[:count].astype(np.intp)
        chosen = np.flatnonzero((confidence >= least) & (kind >= 0))
        found = in_pixels(boxes[:count][chosen].astype(np.float32), width, height, relative=self.relative)
        return Detections(found, confidence[chosen], kind[chosen])


@dataclass(frozen=True, slots=True)
class PairHead:
    """Boxes (n, 4) in one output, the numbers of the classes (n, classes) in another: DETR and its kin, and PicoDet exported with decoded
    boxes. `centred` boxes are (centre, sides); `columns` says that the classes are the first axis."""

    classes: int
    places: tuple[int, int]
    centred: bool
    relative: bool
    columns: bool = False
    activation: Activation = "none"
    has_nms: bool = False

    @property
    def name(self) -> str:
        return "detr" if self.has_nms else "boxes"

    def decode(self, outputs: Outputs, width: int, height: int, least: float) -> Detections:
        boxes, numbers = (outputs[place] for place in self.places)
        confidence, kind = best(activate(numbers.T if self.columns else numbers, self.activation))
        chosen = np.flatnonzero(confidence >= least)
        found = boxes[chosen].astype(np.float32)
        if self.centred:
            found = from_centres(found[:, :2], found[:, 2:])
        return Detections(in_pixels(found, width, height, relative=self.relative), confidence[chosen], kind[chosen])


def from_centres(centre: NDArray[np.float32], sides: NDArray[np.float32]) -> Boxes:
    """Boxes of their centres (n, 2) and sides (n, 2)."""
    half = sides * np.float32(0.5)
    return np.asarray(np.concatenate([centre - half, centre + half], axis=1), np.float32)


def in_pixels(boxes: Boxes, width: int, height: int, *, relative: bool) -> Boxes:
    """`boxes` of shares of the input, or as they are."""
    return np.asarray(boxes * np.array([width, height, width, height], np.float32) if relative else boxes, np.float32)


def activate(numbers: NDArray[Any], how: Activation) -> NDArray[np.float32]:
    """Probabilities, along the last axis."""
    numbers = numbers.astype(np.float32, copy=False)
    if how == "sigmoid":
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(numbers, -60.0, 60.0))), np.float32)
    return softmax(numbers)[..., :-1] if how == "softmax" else numbers


def softmax(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(numbers - numbers.max(axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def best(scores: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Of each row (n, classes) the greatest number and its place."""
    kind = scores.argmax(axis=1)
    return np.take_along_axis(scores, kind[:, None], axis=1)[:, 0], kind


def flat(output: NDArray[Any]) -> NDArray[Any]:
    """(places, channels) of (places, channels) or (channels, rows, columns)."""
    return output.reshape(output.shape[0], -1).T if output.ndim == 3 else output
