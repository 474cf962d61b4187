from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.detector_network import LABELS, write_scene_detector
from tests.support.moving_scene import Mover, MovingScene
from tests.support.onnx_file import node, tensor, value, write_graph

from haetae.clock import SystemClock
from haetae.errors import ConfigError, ModelError
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.vad.detector import open_detector
from haetae.vad.detector.boxes import iou
from haetae.vad.detector.network import pieces
from haetae.vad.pinning import sha256_of

DATA = Path("/work/shared/data")
needs_models = pytest.mark.skipif(not (DATA / "models").is_dir(), reason="the networks of ../shared/data/models are not here")
SCENE = MovingScene((Mover(100, 80, 0.0),))
THERE = np.array([[100, 80, 124, 120]], np.float32)


@pytest.fixture
def path(tmp_path) -> Path:
    return write_scene_detector(tmp_path / "net.onnx")


def card(path: Path, text: str) -> None:
    path.with_suffix(".toml").write_text(text)


def best(detector, picture):
    found = detector.detect(picture, least_confidence=0.3)
    return found, float(iou(found.boxes, THERE).max(initial=0.0))


def test_it_is_recognised_with_its_card_and_its_labels(path):
    detector = open_detector(path)
    assert (detector.head.name, detector.head.classes, detector.labels) == ("yolo8", 2, LABELS)
    assert (detector.name_of(1), detector.name_of(7)) == ("cart", "class 7")


def test_boxes_lie_where_the_object_is(path):
    found, overlap = best(open_detector(path), SCENE.picture(0.0))
    assert overlap > 0.6
    assert set(found.kind[iou(found.boxes, THERE)[:, 0] > 0.3].tolist()) == {0}


@pytest.mark.parametrize("fit", ["stretch", "letterbox", "corner"])
def test_boxes_come_back_from_every_way_to_fill_the_input(path, fit):
    """The picture is made larger and of another aspect ratio so that the fit puts it back where the network expects it."""
    card(path, f'labels = "labels.txt"\nfit = "{fit}"\n')
    detector = open_detector(path)
    picture = SCENE.picture(0.0)
    if fit == "stretch":
        found = detector.detect(cv2.resize(picture, (480, 480)), least_confidence=0.3)
        wanted = THERE * np.array([1.5, 2.0, 1.5, 2.0], np.float32)
    else:
        # Of half the height: the rest of the input is filled.
        half = picture[60:180]
        found = detector.detect(half, least_confidence=0.3)
        wanted = THERE - np.array([0, 60, 0, 60], np.float32)
        if fit == "corner":
            assert found.boxes[:, 3].max() <= 120
    assert float(iou(found.boxes, wanted).max()) > 0.5


def test_grey_and_colour_pictures_of_the_same_thing_give_the_same(path):
    detector, picture = open_detector(path), SCENE.picture(0.0)
    colour = np.repeat(picture[..., None], 3, axis=2)
    assert detector.detect(picture, least_confidence=0.3).boxes.tolist() == detector.detect(colour, least_confidence=0.3).boxes.tolist()


def test_pieces_cover_the_picture_and_overlap():
    for tiles in (1, 2, 3, 4):
        covered = np.zeros((90, 160), int)
        for left, top, right, bottom in pieces(160, 90, tiles):
            assert 0 <= left < right <= 160
            assert 0 <= top < bottom <= 90
            covered[top:bottom, left:right] += 1
        assert covered.min() >= 1
        assert tiles == 1 or covered.max() >= 2


def test_small_objects_are_found_in_pieces(path):
    """At half the size that the network knows; a piece of 2 x 2 brings it back to 0.875 of it."""
    card(path, 'labels = "labels.txt"\nfit = "stretch"\n')
    detector = open_detector(path)
    picture = cv2.resize(SCENE.picture(0.0), (160, 120), interpolation=cv2.INTER_AREA)
    large = cv2.copyMakeBorder(picture, 60, 60, 80, 80, cv2.BORDER_REFLECT)
    wanted = THERE / 2 + np.array([80, 60, 80, 60], np.float32)
    alone = detector.detect(large, least_confidence=0.3)
    tiled = detector.detect_tiled(large, least_confidence=0.3, tiles=2)
    assert float(iou(tiled.boxes, wanted).max()) > max(0.5, float(iou(alone.boxes, wanted).max(initial=0.0)))


def test_another_card_is_another_detector(path):
    before = open_detector(path).id
    assert open_detector(path).id == before
    card(path, 'labels = "labels.txt"\nfit = "stretch"\n')
    assert open_detector(path).id != before


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('head = "yolo99"', "head"),
        ('fit = "squeeze"', "fit"),
        ("mean = [0.5]", "mean"),
        ("std = [1.0, 0.0, 1.0]", "std"),
        ("scale = 0", "scale"),
        ("size = [320]", "size"),
        ("classes = 0", "classes"),
        ('colour = "blue"', "colour"),
        ("strides = [8]", "strides"),
        ('lables = "labels.txt"', "Did you mean 'labels'"),
        ('labels = "../outside.txt"', "labels"),
        ('labels = "missing.txt"', "missing.txt"),
        ('kind = "clip"', "kind"),
        ('sha256 = "abc"', "sha256"),
        ("size = ", "no TOML"),
    ],
)
def test_a_card_that_is_wrong_is_refused_by_its_key_with_the_fix(path, text, key):
    card(path, text + "\n")
    with pytest.raises(ConfigError) as caught:
        open_detector(path)
    assert key in str(caught.value)
    assert caught.value.hint


def test_labels_that_are_none_are_refused(path, tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(ConfigError, match="no list of labels"):
        open_detector(path)
    (tmp_path / "labels.txt").write_text("one\ntwo\nthree\n")
    with pytest.raises(ModelError, match="2 classes, not 3"):
        open_detector(path)


def test_a_pin_in_the_card_holds(path):
    card(path, f'sha256 = "{sha256_of(path)}"\n')
    open_detector(path)
    card(path, f'sha256 = "{"0" * 64}"\n')
    with pytest.raises(ModelError, match="not the network that was pinned"):
        open_detector(path)


def test_paddles_inputs_beside_the_picture_are_fed(tmp_path):
    """A detector with suppression built in: no batch axis, class first, and boxes divided by a scale factor."""
    found = np.array([[3, 0.9, 10, 20, 30, 60], [1, 0.8, 50, 20, 70, 60]], np.float32)
    inputs = [value("image", [1, 3, 64, 96]), value("scale_factor", [1, 2])]
    nodes = [
        node("ReduceMean", ["image"], "mean", keepdims=0),
        node("Mul", ["mean", "zero"], "nothing"),
        node("ReduceMax", ["scale_factor"], "factor", keepdims=0),
        node("Mul", ["rows", "factor"], "scaled"),
        node("Add", ["scaled", "nothing"], "found"),
    ]
    weights = [tensor("rows", found), tensor("zero", np.array(0.0, np.float32))]
    detector = open_detector(write_graph(tmp_path / "net.onnx", inputs, value("found", ["n", 6]), nodes, weights))
    got = detector.detect(np.zeros((64, 96), np.uint8), least_confidence=0.3)
    assert (detector.head.name, got.kind.tolist()) == ("end2end", [3, 1])
    assert got.boxes == pytest.approx(found[:, 2:])


def test_boxes_that_are_no_numbers_are_an_error_not_an_object(tmp_path):
    rows = np.full((1, 6, 40), np.nan, np.float32)
    rows[0, 4:] = 0.9
    nodes = [
        node("ReduceMean", ["picture"], "mean", keepdims=0),
        node("Add", ["rows", "mean"], "summed"),
        node("Sub", ["summed", "mean"], "found"),
    ]
    path = write_graph(tmp_path / "net.onnx", [value("picture", [1, 3, 24, 32])], value("found", [1, 6, 40]), nodes, [tensor("rows", rows)])
    with pytest.raises(ModelError, match="no numbers"):
        open_detector(path).detect(np.zeros((24, 32), np.uint8), least_confidence=0.3)


@pytest.mark.parametrize("shape", [[4, 3, 64, 96], [1, 5, 64, 96], [1, 3, 64]])
def test_inputs_that_are_no_picture_are_refused(tmp_path, shape):
    path = write_graph(
        tmp_path / "net.onnx", [value("picture", shape)], value("row", ["a", "b"]), [node("Flatten", ["picture"], "row", axis=1)]
    )
    with pytest.raises(ModelError, match="picture"):
        open_detector(path)


def frame_of(clip: str, number: int):
    source = open_source(str(DATA / "clips" / "street" / clip), SourceOptions(analysed_fps=1000.0), clock=SystemClock())
    source.open()
    try:
        for frame in source.frames():
            if frame.number == number:
                return frame.rgb()
    finally:
        source.close()
    raise AssertionError(f"{clip} has no frame {number}")


@needs_models
@pytest.mark.parametrize("name", ["yolox_nano", "picodet_s_320_coco"])
def test_real_detectors_find_the_people_of_a_real_clip(name):
    """Two people from behind; the boxes were drawn by hand."""
    detector = open_detector(DATA / "models" / f"{name}.onnx")
    found = detector.detect(frame_of("people-detection.mp4", 200), least_confidence=0.4)
    people = found.boxes[found.kind == 0]
    wanted = np.array([[183, 120, 297, 388], [300, 122, 386, 380]], np.float32)
    assert detector.name_of(0) == "person"
    assert (iou(people, wanted).max(axis=0) > 0.75).all()
