import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from haetae.vad.detector.boxes import Detections, iou, shared_area, suppress

SIDES = arrays(np.float32, (6, 4), elements=st.floats(0, 100, width=32))


def boxes_of(raw: np.ndarray) -> np.ndarray:
    return np.concatenate([np.minimum(raw[:, :2], raw[:, 2:]), np.maximum(raw[:, :2], raw[:, 2:]) + 1.0], axis=1).astype(np.float32)


@given(SIDES)
def test_a_box_overlaps_itself_whole_and_others_by_what_they_share(raw):
    boxes = boxes_of(raw)
    overlap = iou(boxes, boxes)
    assert np.allclose(np.diag(overlap), 1.0, atol=1e-5)
    assert np.allclose(overlap, overlap.T, atol=1e-5)
    one, two = boxes[0], boxes[1]
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    assert shared_area(boxes[:1], boxes[1:2])[0, 0] == pytest.approx(max(width, 0) * max(height, 0), rel=1e-4, abs=1e-3)


@given(SIDES, arrays(np.float32, 6, elements=st.floats(0, 1, width=32)), arrays(np.int64, 6, elements=st.integers(0, 1)))
def test_what_is_left_does_not_overlap_within_a_class_and_explains_what_is_gone(raw, confidence, kind):
    found = Detections(boxes_of(raw), confidence, kind.astype(np.intp))
    left = suppress(found, 0.5, 100)
    overlap = iou(left.boxes, left.boxes) * (left.kind[:, None] == left.kind[None, :])
    np.fill_diagonal(overlap, 0.0)
    assert (overlap <= 0.5).all()
    for box, sure, sort in zip(found.boxes, found.confidence, found.kind, strict=True):
        near = (iou(box[None], left.boxes)[0] > 0.5) & (left.kind == sort) & (left.confidence >= sure)
        assert near.any() or any((box == other).all() for other in left.boxes)


def test_halves_of_an_object_end_where_pieces_are_joined():
    boxes = np.array([[0, 0, 20, 40], [0, 0, 20, 22], [0, 0, 20, 22]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.array([0, 0, 1]))
    assert len(suppress(found, 0.6, 10)) == 3
    assert suppress(found, 0.6, 10, most_within=0.85).kind.tolist() == [0, 1]


def test_objects_of_other_classes_and_more_than_wanted():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.array([0, 1, 0]))
    assert len(suppress(found, 0.5, 10)) == 3
    assert suppress(found, 0.5, 2).confidence.tolist() == pytest.approx([0.9, 0.8])
    assert len(suppress(Detections.none(), 0.5, 10)) == 0
