import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.errors import ModelError
from haetae.vad.network_picture import PAD, Levels, PictureInput, picture_input
from haetae.vad.onnx_runtime import Tensor

FLOAT = np.dtype(np.float32)


def made(width: int = 40, height: int = 20, *, last: bool = False, dtype: np.dtype = FLOAT, **levels) -> PictureInput:
    return PictureInput("picture", width, height, last, dtype, Levels(**levels))


def tensor(*shape, dtype=FLOAT) -> Tensor:
    return Tensor("picture", shape, dtype, "tensor(float)")


def test_where_the_picture_lies():
    picture = np.full((30, 30), 250, np.uint8)
    in_the_middle, _ = made(fit="letterbox").place(picture)
    at_the_corner, _ = made(fit="corner").place(picture)
    stretched, _ = made(fit="stretch").place(picture)
    assert np.flatnonzero(in_the_middle[0] == 250).tolist() == list(range(10, 30))
    assert np.flatnonzero(at_the_corner[0] == 250).tolist() == list(range(20))
    assert set(in_the_middle[0].tolist()) == {PAD, 250}
    assert (stretched == 250).all()


@given(
    st.integers(8, 200),
    st.integers(8, 200),
    st.sampled_from(["stretch", "letterbox", "corner"]),
    st.floats(0.0, 0.9),
    st.floats(0.0, 0.9),
    st.floats(0.05, 0.1),
)
def test_boxes_find_their_way_back(width, height, fit, x, y, side):
    """A point of the picture, times the scale and plus the shift, is that of the input; `to_picture` turns it round."""
    _, where = made(fit=fit).place(np.zeros((height, width), np.uint8))
    box = np.array([[x * width, y * height, (x + side) * width, (y + side) * height]], np.float32)
    there = box * np.array(where.scale * 2) + np.array(where.shift * 2)
    assert there.min() >= -1e-3
    assert there[0, 2] <= 40.001
    assert there[0, 3] <= 20.001
    assert where.to_picture(there.astype(np.float32), width, height) == pytest.approx(box, abs=0.02)


def test_boxes_are_cut_at_the_edges_of_the_picture():
    _, where = made(fit="letterbox").place(np.zeros((30, 30), np.uint8))
    assert where.to_picture(np.array([[-50, -50, 500, 500]], np.float32), 30, 30).tolist() == [[0, 0, 30, 30]]


def test_colours_come_in_the_order_that_is_asked_for():
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[..., 0], picture[..., 1], picture[..., 2] = 10, 20, 30
    assert made(colour="rgb", scale=1.0).feed(picture)[0, :, 0, 0].tolist() == [10, 20, 30]
    assert made(colour="bgr", scale=1.0).feed(picture)[0, :, 0, 0].tolist() == [30, 20, 10]
    grey = made(colour="grey", scale=1.0, mean=(0.0,), std=(1.0,)).feed(picture)
    assert grey.shape == (1, 1, 20, 40)
    assert grey[0, 0, 0, 0] == pytest.approx(0.299 * 10 + 0.587 * 20 + 0.114 * 30, abs=1.0)


def test_numbers_are_those_of_the_formula():
    fed = made(scale=1 / 255, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0)).feed(np.full((20, 40), 204, np.uint8))
    assert fed[0, :, 3, 3] == pytest.approx([(0.8 - 0.1) / 0.5, (0.8 - 0.2) / 0.25, (0.8 - 0.3) / 2.0], rel=1e-5)
    assert fed.dtype == np.float32


def test_channels_may_come_last_and_be_bytes_or_half_floats():
    fed = made(last=True, dtype=np.dtype(np.uint8), scale=1.0).feed(np.full((20, 40), 77, np.uint8))
    assert (fed.shape, fed.dtype, int(fed.max())) == ((1, 20, 40, 3), np.dtype(np.uint8), 77)
    assert made(dtype=np.dtype(np.float16)).feed(np.zeros((20, 40), np.uint8)).dtype == np.float16


def test_what_a_network_takes_is_read_off_its_input():
    first = picture_input(tensor(None, 3, 24, 32), size=None, levels=Levels(), what="net")
    assert (first.width, first.height, first.channels_last) == (32, 24, False)
    last = picture_input(tensor(1, 24, 32, 3), size=None, levels=Levels(), what="net")
    assert (last.width, last.height, last.channels_last) == (32, 24, True)
    free = picture_input(tensor(1, 3, None, None), size=(64, 48), levels=Levels(), what="net")
    assert (free.width, free.height) == (64, 48)
    assert picture_input(tensor(1, 3, None, None), size=None, levels=Levels(), what="net", default_side=640).width == 640


@pytest.mark.parametrize(
    ("given_tensor", "size", "match"),
    [
        (tensor(1, 3, None, None), None, "any size"),
        (tensor(1, 3, 24, 32), (64, 24), "width of 32"),
        (tensor(8, 3, 24, 32), None, "8 pictures"),
        (tensor(1, 7, 24, 32), None, "takes"),
        (tensor(1, 3, 24, 32, dtype=np.dtype(np.int64)), None, "takes"),
        (tensor(1, 3, 24, 32, dtype=None), None, "takes"),
        (tensor(1, 3, 4, 4), None, "4x4"),
        (tensor(1, 3, 1 << 20, 1 << 20), None, "1048576"),
    ],
)
def test_what_takes_no_picture_is_refused(given_tensor, size, match):
    with pytest.raises(ModelError, match=match) as caught:
        picture_input(given_tensor, size=size, levels=Levels(), what="net")
    assert caught.value.hint
