import numpy as np
import pytest
from numpy.typing import NDArray

from haetae.training.regions import iou, judge_regions, truth_of_masks


def block(frames: int, where: tuple[slice, slice], active: slice = slice(None)) -> NDArray[np.bool_]:
    masks = np.zeros((frames, 40, 60), bool)
    masks[(active, *where)] = True
    return masks


OBJECT = (slice(8, 24), slice(12, 24))
OTHER = (slice(28, 36), slice(40, 52))


def heat_of(masks: NDArray[np.bool_], value: float = 1.0) -> NDArray[np.float32]:
    """Blocks of 4 x 4 pixels."""
    return (value * masks[:, ::4, ::4]).astype(np.float32)


def test_tracks_follow_a_part_from_frame_to_frame() -> None:
    masks = block(10, OBJECT, slice(0, 4)) | block(10, OBJECT, slice(6, 10)) | block(10, OTHER)
    truth = truth_of_masks(masks)
    assert [len(boxes) for boxes in truth.boxes] == [2] * 4 + [1] * 2 + [2] * 4
    assert len({number for frame in truth.tracks for number in frame.tolist()}) == 3


def test_a_perfect_map_has_full_marks() -> None:
    masks = block(10, OBJECT)
    figures = judge_regions({"a": truth_of_masks(masks)}, {"a": heat_of(masks)})
    assert figures is not None
    assert (figures.rbdc, figures.tbdc) == (1.0, 1.0)


def test_a_map_that_is_hot_elsewhere_has_none() -> None:
    figures = judge_regions({"a": truth_of_masks(block(10, OBJECT))}, {"a": heat_of(block(10, OTHER))})
    assert figures is not None
    assert (figures.rbdc, figures.tbdc) == (0.0, 0.0)


def test_regions_and_tracks_are_counted_apart() -> None:
    masks = block(10, OBJECT) | block(10, OTHER, slice(0, 5))
    heat = heat_of(block(10, OBJECT, slice(0, 2)))
    figures = judge_regions({"a": truth_of_masks(masks)}, {"a": heat})
    assert figures is not None
    assert figures.rbdc == pytest.approx(2 / 15)
    assert figures.tbdc == pytest.approx(1 / 2)


def test_false_positives_cost_area() -> None:
    masks = block(10, OBJECT)
    heat = np.maximum(heat_of(masks, 1.0), heat_of(block(10, OTHER, slice(0, 5)), 2.0))
    figures = judge_regions({"a": truth_of_masks(masks)}, {"a": heat})
    assert figures is not None
    assert figures.rbdc < 0.8


def test_a_whole_frame_that_is_hot_finds_nothing() -> None:
    masks = block(10, (slice(8, 12), slice(12, 16)))
    figures = judge_regions({"a": truth_of_masks(masks)}, {"a": np.ones((10, 10, 15), np.float32)})
    assert figures is not None
    assert figures.rbdc == 0.0


def test_no_region_and_no_heat() -> None:
    assert judge_regions({"a": truth_of_masks(np.zeros((3, 40, 60), bool))}, {"a": np.zeros((3, 10, 15), np.float32)}) is None
    figures = judge_regions({"a": truth_of_masks(block(3, OBJECT))}, {"a": np.zeros((3, 10, 15), np.float32)})
    assert figures is not None
    assert figures.rbdc == 0.0


def test_iou_of_every_pair() -> None:
    boxes = np.array([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]])
    assert iou(boxes, boxes) == pytest.approx(np.eye(2))
    assert iou(boxes[:1], np.array([[0.25, 0.0, 0.75, 0.5]])) == pytest.approx(np.array([[1 / 3]]))
