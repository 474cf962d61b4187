from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.moving_scene import MovingScene
from tests.support.vad_dataset import encode_scene

from haetae.cli.bench.degraded import BITS_PER_PIXEL, Degradation, degraded
from haetae.training.datasets import Dataset, TestClip, every_frame

FRAMES = 20


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    clip = tmp_path / "01.mp4"
    encode_scene(clip, MovingScene(width=100, height=80), FRAMES / 10.0)
    masks = np.zeros((FRAMES, 80, 100), np.bool_)
    masks[:, 20:40, 40:80] = True
    return Dataset("yard", (clip,), (TestClip(clip, np.arange(FRAMES, dtype=np.uint8) % 4 // 2, masks),))


def lumas(path: Path) -> list[NDArray[np.uint8]]:
    return [frame.luma.copy() for frame in every_frame(str(path))]


def test_at_half_the_rate_every_other_frame_is_left_with_its_label(dataset: Dataset, tmp_path: Path) -> None:
    worse = degraded(dataset, Degradation.HALF_RATE, tmp_path / "worse")
    assert worse.name == "yard, half rate"
    [clip] = worse.testing
    frames = list(every_frame(str(clip.path)))
    assert [frame.t_s for frame in frames] == pytest.approx([0.2 * number for number in range(FRAMES // 2)])
    assert clip.labels.tolist() == [0, 1] * (FRAMES // 4)
    assert clip.masks is not None
    assert len(clip.masks) == len(frames) == len(lumas(worse.training[0]))
    for kept, original in zip(frames, lumas(dataset.training[0])[::2], strict=True):
        assert np.abs(kept.luma.astype(int) - original).mean() < 4.0


def test_at_half_the_size_masks_fit_the_pictures(dataset: Dataset, tmp_path: Path) -> None:
    [clip] = degraded(dataset, Degradation.HALF_SIZE, tmp_path / "worse").testing
    assert clip.masks is not None
    assert lumas(clip.path)[0].shape == clip.masks.shape[1:] == (40, 50)
    assert clip.masks[0, 10:20, 20:40].all()
    assert clip.masks.sum() == FRAMES * 10 * 20


def test_a_low_bit_rate_spends_few_bits_and_shows_it(dataset: Dataset, tmp_path: Path) -> None:
    [clip] = degraded(dataset, Degradation.LOW_BITRATE, tmp_path / "worse").testing
    # The head of a file and its first picture weigh most in one this short.
    assert clip.path.stat().st_size * 8 < 8 * BITS_PER_PIXEL * 100 * 80 * FRAMES
    pairs = list(zip(lumas(clip.path), lumas(dataset.training[0]), strict=True))
    assert np.mean([np.abs(one.astype(int) - other).mean() for one, other in pairs]) > 1.5
    assert clip.labels.tolist() == dataset.testing[0].labels.tolist()
