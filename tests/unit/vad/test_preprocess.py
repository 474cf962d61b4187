import numpy as np
import pytest

from haetae.vad.preprocess import BLOCK, TOLERANCE, WORK_PIXELS, WorkSize, to_work


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (360, 240, (360, 240)),
        (640, 480, (320, 240)),
        (640, 360, (320, 176)),
        (1280, 720, (320, 176)),
        (768, 432, (384, 216)),
        (320, 240, (320, 240)),
        (160, 120, (320, 240)),
        (180, 120, (360, 240)),
    ],
)
def test_usual_pictures_are_reduced_by_whole_halvings(width: int, height: int, expected: tuple[int, int]) -> None:
    size = WorkSize.of(np.zeros((height, width), np.uint8))
    assert (size.width, size.height) == expected


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (3840, 2160), (704, 576), (1000, 333), (101, 2000)])
def test_working_pictures_keep_area_aspect_and_whole_blocks(width: int, height: int) -> None:
    picture = np.full((height, width), 77, np.uint8)
    size = WorkSize.of(picture)
    assert size.width % BLOCK == size.height % BLOCK == 0
    assert size.width * size.height <= WORK_PIXELS * TOLERANCE
    assert size.width * size.height >= WORK_PIXELS / TOLERANCE / 1.15
    assert size.width / size.height == pytest.approx(width / height, rel=0.15)
    work = to_work(picture, size)
    assert work.shape == (size.height, size.width)
    assert work.dtype == np.uint8
    assert (work == 77).all()


def test_a_tiny_picture_still_has_four_blocks() -> None:
    size = WorkSize.of(np.zeros((10, 12), np.uint8))
    assert (size.columns, size.rows) == (4, 4)
    assert to_work(np.zeros((10, 12), np.uint8), size).shape == (32, 32)


def test_reduction_averages_noise_away() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640), dtype=np.uint8)
    assert to_work(noise, WorkSize.of(noise)).std() < 0.6 * noise.std()


def test_a_plane_with_padding_is_taken_as_it_comes() -> None:
    padded = np.zeros((240, 384), np.uint8)
    padded[:, 360:] = 255
    work = to_work(padded[:, :360], WorkSize.of(padded[:, :360]))
    assert work.flags.c_contiguous
    assert work.max() == 0


def test_less_than_a_block_is_cut_off_on_both_sides() -> None:
    rows = np.repeat(np.arange(180, dtype=np.uint8)[:, None], 320, axis=1)
    assert to_work(rows, WorkSize(320, 180, 320, 176))[:, 0].tolist() == list(range(2, 178))
