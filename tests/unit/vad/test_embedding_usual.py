import numpy as np
import pytest

from haetae.vad.embedding.usual import UsualPicture
from haetae.vad.preprocess import WorkSize, to_work

WIDTH, HEIGHT = 32, 24


def scene(brighter: int = 0) -> np.ndarray:
    """A picture with structure everywhere."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (60 + 3 * rows + 2 * columns + brighter).astype(np.uint8)


def right_half(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    ignored = np.zeros((height, width), bool)
    ignored[:, width // 2 :] = True
    return ignored


def learned() -> UsualPicture:
    usual = UsualPicture()
    for brighter in (-10, 0, 10):
        usual.add(scene(brighter))
    return usual


def test_the_usual_picture_is_the_mean_of_what_was_learned():
    usual = learned()
    assert usual.mean is not None
    assert usual.mean == pytest.approx(scene().astype(np.float32), abs=0.01)


def test_what_is_hidden_looks_as_usual():
    picture = scene()
    picture[:, WIDTH // 2 :] = 255
    filled = learned().fill(picture, right_half())
    assert filled is not None
    assert np.abs(filled.astype(int) - scene()).max() <= 1


def test_what_is_hidden_is_as_bright_as_the_rest_is_now():
    picture = scene(brighter=30)
    picture[:, WIDTH // 2 :] = 0
    filled = learned().fill(picture, right_half())
    assert filled is not None
    assert np.abs(filled.astype(int) - scene(brighter=30)).max() <= 1


def test_what_is_not_hidden_stays_as_it_is():
    picture = scene(brighter=5)
    filled = learned().fill(picture, right_half())
    assert filled is not None
    # One column beside the zone may hold some of it, after the picture was made smaller.
    assert (filled[:, : WIDTH // 2 - 1] == picture[:, : WIDTH // 2 - 1]).all()


@pytest.mark.parametrize("size", [(640, 480), (333, 251), (40, 30)])
def test_a_mask_of_any_size_hides_every_pixel_that_it_touches(size):
    ignored = np.zeros((size[1], size[0]), bool)
    ignored[size[1] // 2, size[0] // 2] = True
    filled = learned().fill(scene(brighter=100), ignored)
    assert filled is not None
    hidden = np.argwhere(filled != scene(brighter=100))
    assert (np.abs(hidden - [HEIGHT / 2, WIDTH / 2]) <= 3).all()
    assert UsualPicture().fill(scene(), ignored) is not None


def test_nothing_is_left_of_a_picture_that_is_hidden_whole():
    assert learned().fill(scene(), np.ones((HEIGHT, WIDTH), bool)) is None


def test_without_zones_the_picture_is_used_as_it_is():
    picture = scene()
    assert learned().fill(picture, None) is picture


def test_no_pixel_that_an_ignored_one_has_the_least_share_in_is_left():
    """Making a picture smaller mixes neighbours: what the rounding of the mask loses could still tip the rounding of the picture."""
    for width, height in ((35, 27), (63, 47), (129, 97), (331, 249)):
        luma = np.random.default_rng(width).integers(0, 256, (height, width), np.uint8)
        for column in range(0, width, 1 + width // 40):
            ignored = np.zeros(luma.shape, bool)
            ignored[:, column] = True
            filled = [
                learned().fill(to_work(np.where(ignored, np.uint8(grey), luma), WorkSize(width, height, WIDTH, HEIGHT)), ignored)
                for grey in (0, 255)
            ]
            assert filled[0] is not None
            assert (filled[0] == filled[1]).all(), f"column {column} of {width}"
