"""Which head a network has, from what it gave for one picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import ModelError
from haetae.vad.detector.heads import (
    Activation,
    FinalHead,
    GflHead,
    Head,
    LabelledHead,
    PairHead,
    YoloHead,
    YoloxHead,
    count_places,
)

STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32), (8, 16, 32, 64, 128))
"""Sets of strides that families of networks have; the first that gives the right number of places is taken."""

BINS = (8, 17, 16, 33)
"""Distances per side of a GFL head: 7 + 1 in PicoDet and NanoDet, 16 + 1 in GFLv1."""

NAMES = ("yolox", "yolo5", "yolo8", "gfl", "end2end", "labelled", "detr", "boxes")
HINT = 'Write head = "..." into its card: ' + ", ".join(NAMES) + "; see docs/reference/bring-your-network.md"

Outputs = Sequence[NDArray[Any]]


def recognise(
    outputs: Outputs,
    names: Sequence[str],
    width: int,
    height: int,
    *,
    head: str | None = None,
    classes: int | None = None,
    paddle: bool = False,
) -> Head:
    """The head that gave `outputs` (without the batch axis) under `names` for an input of `width` x `height`.

    `head` and `classes` are what the card says; `paddle` is true where the network has Paddle's inputs beside the picture. Raises
    ModelError that says what was found.
    """
    found = None
    if head in (None, "labelled"):
        found = _labelled(outputs)
    if found is None and head in (None, "gfl"):
        found = _split_gfl(outputs, width, height)
    if found is None and head in (None, "detr", "boxes"):
        found = _pair(outputs, names, head, classes)
    if found is None and outputs and outputs[0].ndim == 2:
        found = _rows(outputs, width, height, head, classes, paddle=paddle)
    if found is None:
        raise ModelError(f"no detection head that is known gives {_shapes(outputs, names)}", hint=HINT)
    if classes is not None and found.classes not in (None, classes):
        raise ModelError(
            f"the head {found.name!r} of this network has {found.classes} classes, not {classes}",
            hint=f"Give as many labels, or {HINT[0].lower()}{HINT[1:]}",
        )
    return found


def _rows(outputs: Outputs, width: int, height: int, head: str | None, classes: int | None, *, paddle: bool) -> Head | None:
    """One output of one row per candidate."""
    rows = outputs[0]
    masks = next((len(each) for each in outputs[1:] if each.ndim == 3), 0)
    strides = next((each for each in STRIDES if count_places(width, height, each) == len(rows)), None)
    if head == "end2end" or (head is None and strides is None and rows.shape[1] in (6, 7) and not masks):
        return _final(rows, paddle=paddle)
    if strides is not None and head in (None, "yolox", "gfl"):
        gfl = _joined_gfl(rows, strides, classes) if head != "yolox" else None
        if gfl is not None:
            return gfl
        if rows.shape[1] > 5 and head != "gfl" and (head == "yolox" or not _is_decoded(rows, width, height)):
            return YoloxHead(rows.shape[1] - 5, strides, _activation(rows[:, 4:]))
    return _yolo(rows, masks, head, classes)


def _yolo(rows: NDArray[Any], masks: int, head: str | None, classes: int | None) -> Head | None:
    """YOLO-type rows, or columns. The longer axis is that of the candidates."""
    columns = rows.shape[0] < rows.shape[1]
    if columns:
        rows = rows.T
    channels = rows.shape[1] - masks
    # v5 and v7 have rows and an object number, v8 and v11 columns and none; where the classes are known they tell.
    with_object = not columns
    if head is not None:
        with_object = head == "yolo5"
    elif classes is not None and channels - 4 in (classes, classes + 1):
        with_object = channels - 5 == classes
    elif channels - 4 == 80:
        with_object = False
    count = channels - (5 if with_object else 4)
    if count < 1 or head not in (None, "yolo5", "yolo8"):
        return None
    return YoloHead(
        count, with_object, columns, _is_relative(rows[:, :4]), _activation(rows[:, 4:channels]), has_nms=len(rows) <= 300 and not columns
    )


def _final(rows: NDArray[Any], *, paddle: bool) -> Head | None:
    if rows.shape[1] == 7:
        return FinalHead("batch-first", _is_relative(rows[:, 1:5]))
    if rows.shape[1] != 6:
        return None
    whole = [bool(len(rows)) and bool((rows[:, column] == np.rint(rows[:, column])).all()) for column in (0, 5)]
    class_first = paddle or (whole[0] and not whole[1])
    return FinalHead("class-first" if class_first else "box-first", _is_relative(rows[:, 2:6] if class_first else rows[:, :4]))


def _joined_gfl(rows: NDArray[Any], strides: tuple[int, ...], classes: int | None) -> Head | None:
    """NanoDet: probabilities of the classes, then distributions, which are any numbers."""
    for bins in BINS:
        count = rows.shape[1] - 4 * bins
        if count < 1 or classes not in (None, count):
            continue
        if _activation(rows[:, :count]) == "none" and _activation(rows[:, count:]) != "none":
            return GflHead(count, bins, strides, split=False, offset=0.0 if len(strides) == 4 else 0.5)
    return None


def _split_gfl(outputs: Outputs, width: int, height: int) -> Head | None:
    """PicoDet: one output of classes for each stride, then as many of distributions."""
    levels = len(outputs) // 2
    if len(outputs) < 4 or len(outputs) % 2 or len({each.ndim for each in outputs}) > 1 or outputs[0].ndim not in (2, 3):
        return None
    axis = 1 if outputs[0].ndim == 2 else 0
    sizes = [each.size // each.shape[axis] if each.shape[axis] else 0 for each in outputs]
    channels = [each.shape[axis] for each in outputs]
    strides = next((each for each in STRIDES if [count_places(width, height, (stride,)) for stride in each] == sizes[:levels]), None)
    if strides is None or sizes[levels:] != sizes[:levels] or len({*channels[:levels]}) > 1 or len({*channels[levels:]}) > 1:
        return None
    bins = channels[levels] // 4
    if bins < 2 or channels[levels] % 4:
        return None
    return GflHead(channels[0], bins, strides, split=True, activation="none" if _in_unit(outputs[0]) else "sigmoid")


def _labelled(outputs: Outputs) -> Head | None:
    """Boxes, confidences and whole-numbered classes, one per object."""
    whole = [place for place, each in enumerate(outputs) if each.dtype.kind in "iu"]
    boxes = [place for place, each in enumerate(outputs) if each.dtype.kind == "f" and each.ndim == 2 and each.shape[-1] == 4]
    if len(boxes) != 1:
        return None
    count = len(outputs[boxes[0]])
    confidence = [place for place, each in enumerate(outputs) if each.dtype.kind == "f" and each.ndim == 1 and each.size == count]
    kinds = [place for place in whole if outputs[place].ndim == 1 and outputs[place].size == count]
    counted = [place for place in whole if outputs[place].size == 1 and place not in kinds[-1:]]
    if not kinds or not confidence:
        return None
    return LabelledHead((boxes[0], confidence[0], kinds[-1]), counted[0] if counted else None, _is_relative(outputs[boxes[0]]))


def _pair(outputs: Outputs, names: Sequence[str], head: str | None, classes: int | None) -> Head | None:
    """Boxes in one output, classes in another."""
    flat = [place for place, each in enumerate(outputs) if each.ndim == 2]
    boxes = [place for place in flat if outputs[place].shape[1] == 4]
    if len(outputs) < 2 or not boxes:
        return None
    place = next((each for each in boxes if "box" in names[each].lower()), boxes[0])
    count = len(outputs[place])
    others = [each for each in flat if each != place and count in outputs[each].shape]
    if not others:
        return None
    numbers = outputs[others[0]]
    columns = numbers.shape[0] != count
    channels = numbers.shape[0] if columns else numbers.shape[1]
    relative = _is_relative(outputs[place])
    # A box whose far corner is nearer than its near one is none: then the numbers are centre and sides.
    centred = bool((outputs[place][:, 2:] < outputs[place][:, :2]).any())
    is_set = head == "detr" or (head is None and (relative or centred) and count <= 1000)
    activation: Activation = "none" if _in_unit(numbers) else "sigmoid"
    # DETR itself has `no object` as its last class; those that were trained with a focal loss do not.
    if is_set and activation != "none" and (channels - 1 == classes or (classes is None and channels == 92)):
        return PairHead(channels - 1, (place, others[0]), centred, relative, columns, "softmax", has_nms=True)
    return PairHead(channels, (place, others[0]), centred, relative, columns, activation, has_nms=is_set)


def _is_decoded(rows: NDArray[Any], width: int, height: int) -> bool:
    """Centres in px lie all over the input; offsets from places are a few places at most."""
    return bool(np.ptp(rows[:, 0]) > 0.5 * width and np.ptp(rows[:, 1]) > 0.5 * height)


def _is_relative(boxes: NDArray[Any]) -> bool:
    return bool(boxes.size) and float(np.abs(boxes.astype(np.float32)).max()) <= 2.0 and bool(np.any(boxes))


def _activation(numbers: NDArray[Any]) -> Activation:
    return "none" if _in_unit(numbers) else "sigmoid"


def _in_unit(numbers: NDArray[Any]) -> bool:
    return not numbers.size or bool(numbers.min() >= -1e-4 and numbers.max() <= 1.0 + 1e-4)


def _shapes(outputs: Outputs, names: Sequence[str]) -> str:
    return ", ".join(f"{name!r} {each.dtype} {list(each.shape)}" for name, each in zip(names, outputs)) or "nothing"
