"""Each head is fed numbers that are made, by its own formula turned round, of boxes that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haetae.errors import ModelError
from haetae.vad.detector.heads import FinalHead, GflHead, Grid, LabelledHead, PairHead, YoloHead, YoloxHead, count_places
from haetae.vad.detector.recognise import recognise

WIDTH, HEIGHT = 96, 64
STRIDES = (8, 16, 32)
PLACES = count_places(WIDTH, HEIGHT, STRIDES)
CLASSES = 5

box = st.tuples(st.floats(12, 80), st.floats(12, 50), st.floats(4, 30), st.floats(4, 30))
"""Centre and sides."""


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def corners(centred) -> np.ndarray:
    x, y, width, height = centred
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def same(found, centred, kind, confidence):
    assert len(found) == 1
    assert found.boxes[0] == pytest.approx(corners(centred), abs=0.02)
    assert found.kind.tolist() == [kind]
    assert found.confidence[0] == pytest.approx(confidence, abs=1e-4)


@given(box, st.integers(0, PLACES - 1), st.integers(0, CLASSES - 1))
def test_yolox(centred, place, kind):
    grid = Grid.of(WIDTH, HEIGHT, STRIDES)
    x, y, stride = (float(each[place]) for each in (grid.x, grid.y, grid.stride))
    rows = np.zeros((PLACES, 5 + CLASSES), np.float32)
    rows[place, :4] = centred[0] / stride - x, centred[1] / stride - y, np.log(centred[2] / stride), np.log(centred[3] / stride)
    rows[place, 4], rows[place, 5 + kind] = 0.9, 0.8
    same(YoloxHead(CLASSES).decode([rows], WIDTH, HEIGHT, 0.3), centred, kind, 0.72)


@given(box, st.integers(0, 40), st.integers(0, CLASSES - 1), st.booleans(), st.booleans())
def test_yolo_rows_and_columns(centred, place, kind, objectness, columns):
    first = 5 if objectness else 4
    rows = np.zeros((50, first + CLASSES), np.float32)
    rows[place, :4] = centred
    rows[place, first + kind] = 0.8
    if objectness:
        rows[place, 4] = 0.5
    head = YoloHead(CLASSES, objectness, columns)
    same(head.decode([rows.T if columns else rows], WIDTH, HEIGHT, 0.3), centred, kind, 0.4 if objectness else 0.8)


@given(box, st.integers(0, 2), st.integers(0, CLASSES - 1), st.booleans(), st.sampled_from([0.0, 0.5]))
@settings(max_examples=50)
def test_gfl(centred, level, kind, split, offset):
    """A distance between two whole numbers of strides is shared out between their two bins."""
    bins = 9
    left, top, right, bottom = corners(centred)
    stride = STRIDES[level]
    column, row = int(centred[0] / stride), int(centred[1] / stride)
    x, y = (column + offset) * stride, (row + offset) * stride
    distances = np.array([x - left, y - top, right - x, bottom - y]) / stride
    if (distances < 0).any() or (distances > bins - 1).any():
        return
    share = np.full((4, bins), 1e-9)
    for side, distance in enumerate(distances):
        low = min(int(distance), bins - 2)
        share[side, low], share[side, low + 1] = 1 - (distance - low), distance - low
    scores = [np.zeros((count_places(WIDTH, HEIGHT, (each,)), CLASSES), np.float32) for each in STRIDES]
    numbers = [np.zeros((len(each), 4 * bins), np.float32) for each in scores]
    place = row * -(-WIDTH // stride) + column
    scores[level][place, kind] = 0.8
    numbers[level][place] = np.log(np.maximum(share, 1e-9)).ravel()
    head = GflHead(CLASSES, bins, STRIDES, split=split, offset=offset)
    outputs = [*scores, *numbers] if split else [np.concatenate([np.concatenate(scores), np.concatenate(numbers)], axis=1)]
    same(head.decode(outputs, WIDTH, HEIGHT, 0.3), centred, kind, 0.8)


@given(box, st.integers(0, 9), st.sampled_from(["box-first", "class-first", "batch-first"]), st.booleans())
def test_final_rows(centred, kind, order, relative):
    given_box = corners(centred) / ([WIDTH, HEIGHT, WIDTH, HEIGHT] if relative else [1, 1, 1, 1])
    row = {
        "box-first": [*given_box, 0.8, kind],
        "class-first": [kind, 0.8, *given_box],
        "batch-first": [0, *given_box, kind, 0.8],
    }[order]
    empty = [0.0] * len(row)
    empty[{"box-first": 5, "class-first": 0, "batch-first": 5}[order]] = -1.0
    same(FinalHead(order, relative).decode([np.array([row, empty], np.float32)], WIDTH, HEIGHT, 0.0), centred, kind, 0.8)


@given(box, st.integers(0, 9))
def test_labelled(centred, kind):
    outputs = [
        np.array([2]),
        np.array([corners(centred)] * 5, np.float32),
        np.array([0.8, 0.1, 0.9, 0.9, 0.9], np.float32),
        np.full(5, kind),
    ]
    same(LabelledHead((1, 2, 3), counted=0).decode(outputs, WIDTH, HEIGHT, 0.3), centred, kind, 0.8)


@given(box, st.integers(0, CLASSES - 1), st.sampled_from(["sigmoid", "softmax"]))
def test_detr(centred, kind, activation):
    boxes = np.tile(np.array(centred) / [WIDTH, HEIGHT, WIDTH, HEIGHT], (7, 1)).astype(np.float32)
    numbers = np.full((7, CLASSES + (activation == "softmax")), -9.0, np.float32)
    if activation == "softmax":
        numbers[:, -1] = 9.0
        numbers[2, -1] = -9.0
        numbers[2, kind] = 9.0
        confidence = 1.0
    else:
        numbers[2, kind] = logit(0.8)
        confidence = 0.8
    head = PairHead(CLASSES, (1, 0), centred=True, relative=True, activation=activation, has_nms=True)
    same(head.decode([numbers, boxes], WIDTH, HEIGHT, 0.3), centred, kind, confidence)


# What networks give for a picture with nothing in it, made by their families' formulas.
random = np.random.default_rng(3)


def probabilities(*shape: int) -> np.ndarray:
    return random.uniform(0.0, 0.1, shape).astype(np.float32)


def offsets(*shape: int) -> np.ndarray:
    return random.normal(0.0, 1.5, shape).astype(np.float32)


def spread_boxes(count: int) -> np.ndarray:
    return np.stack([random.uniform(0, WIDTH, count), random.uniform(0, HEIGHT, count), *random.uniform(4, 30, (2, count))], axis=1).astype(
        np.float32
    )


def rows(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts, axis=1)


def recognised(*outputs: np.ndarray, names=None, **options):
    return recognise(list(outputs), names or [f"out{number}" for number in range(len(outputs))], WIDTH, HEIGHT, **options)


def test_yolox_is_told_from_decoded_rows_of_the_same_shape():
    raw = recognised(rows(offsets(PLACES, 4), probabilities(PLACES, 1 + CLASSES)))
    assert (raw.name, raw.classes, raw.strides) == ("yolox", CLASSES, STRIDES)
    decoded = recognised(rows(spread_boxes(PLACES), probabilities(PLACES, 1 + CLASSES)))
    assert (decoded.name, decoded.classes) == ("yolo5", CLASSES)


def test_yolox_of_one_class_is_no_final_head():
    assert recognised(rows(offsets(PLACES, 4), probabilities(PLACES, 2))).name == "yolox"


def test_yolo_heads():
    assert recognised(rows(spread_boxes(900), probabilities(900, 1 + CLASSES))) == YoloHead(CLASSES, objectness=True)
    assert recognised(rows(spread_boxes(900), probabilities(900, 80))) == YoloHead(80, objectness=False)
    assert recognised(rows(spread_boxes(900), probabilities(900, CLASSES)).T) == YoloHead(CLASSES, objectness=False, columns=True)
    assert recognised(rows(spread_boxes(900), probabilities(900, CLASSES)), classes=CLASSES).objectness is False
    masks = recognised(rows(spread_boxes(900), probabilities(900, CLASSES), offsets(900, 32)).T, offsets(32, 16, 24))
    assert (masks.name, masks.classes) == ("yolo8", CLASSES)


def test_gfl_heads():
    counts = [count_places(WIDTH, HEIGHT, (stride,)) for stride in STRIDES]
    pico = recognised(*(probabilities(count, CLASSES) for count in counts), *(offsets(count, 32) for count in counts))
    assert pico == GflHead(CLASSES, 8, STRIDES, split=True)
    nano = recognised(rows(probabilities(PLACES, CLASSES), offsets(PLACES, 32)))
    assert nano == GflHead(CLASSES, 8, STRIDES, split=False)
    four = count_places(WIDTH, HEIGHT, (8, 16, 32, 64))
    plus = recognised(rows(probabilities(four, CLASSES), offsets(four, 32)))
    assert plus == GflHead(CLASSES, 8, (8, 16, 32, 64), split=False, offset=0.0)


def test_final_heads():
    box_first = rows(spread_boxes(20), probabilities(20, 1), random.integers(0, 9, (20, 1)).astype(np.float32))
    assert recognised(box_first) == FinalHead("box-first")
    assert recognised(np.roll(box_first, 2, axis=1)[:, [1, 0, 2, 3, 4, 5]]).order == "class-first"
    assert recognised(box_first, paddle=True).order == "class-first"
    assert recognised(rows(np.zeros((20, 1), np.float32), box_first)).order == "batch-first"


def test_labelled_heads():
    head = recognised(np.array([3]), spread_boxes(9), probabilities(9, 1)[:, 0], random.integers(0, 9, 9))
    assert head == LabelledHead((1, 2, 3), 0)


def test_pairs_of_boxes_and_classes():
    share = (spread_boxes(300) / [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32)
    detr = recognised(offsets(300, CLASSES), share, names=["logits", "pred_boxes"])
    assert detr == PairHead(CLASSES, (1, 0), centred=True, relative=True, activation="sigmoid", has_nms=True)
    assert recognised(offsets(100, 92), share[:100]).activation == "softmax"
    low = spread_boxes(2000)[:, :2]
    decoded = recognised(rows(low, low + 9).astype(np.float32), probabilities(CLASSES, 2000))
    assert decoded == PairHead(CLASSES, (0, 1), centred=False, relative=False, columns=True)


@pytest.mark.parametrize("outputs", [[np.zeros((3, 4, 5), np.float32)], [np.zeros(7, np.float32)], [np.zeros((50, 3), np.float32)], []])
def test_what_is_no_detector_is_refused_with_what_to_write(outputs):
    with pytest.raises(ModelError, match="no detection head") as caught:
        recognised(*outputs)
    assert "head = " in caught.value.hint


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ModelError, match="5 classes, not 3"):
        recognised(rows(offsets(PLACES, 4), probabilities(PLACES, 1 + CLASSES)), classes=3)
