from pathlib import Path

import numpy as np
import pytest
from tests.support.moving_scene import MovingScene
from tests.support.vad_dataset import encode_scene

from haetae.errors import ConfigError, SourceUnavailable
from haetae.training.datasets import every_frame, load_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("training", "testing"):
        (tmp_path / part).mkdir()
        encode_scene(tmp_path / part / "01.mp4", MovingScene(width=100, height=80), 0.4)
    np.savez(tmp_path / "labels.npz", **{"01": np.array([0, 0, 1, 1], np.uint8)})
    return tmp_path


def test_clips_and_labels_are_found(folder: Path) -> None:
    dataset = load_dataset(folder)
    assert dataset.name == folder.name
    assert [path.name for path in dataset.training] == ["01.mp4"]
    [clip] = dataset.testing
    assert clip.name == "01"
    assert clip.labels.tolist() == [0, 0, 1, 1]
    assert clip.masks is None


def test_every_frame_is_read(folder: Path) -> None:
    frames = list(every_frame(str(folder / "testing" / "01.mp4")))
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert [frame.t_s for frame in frames] == pytest.approx([0.0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize("axis", [2, None])
def test_masks_may_be_packed_by_rows_or_by_frames(folder: Path, axis: int | None) -> None:
    masks = np.random.default_rng(0).random((4, 80, 100)) > 0.5
    packed = np.packbits(masks, axis=2) if axis else np.packbits(masks.reshape(4, -1), axis=1)
    np.savez(folder / "masks_packbits.npz", **{"01": packed})
    found = load_dataset(folder).testing[0].masks
    assert found is not None
    assert (found == masks).all()


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [({"02": [0, 1]}, "no usable labels for 01"), ({"01": [0, 2]}, "no usable labels"), ({"01": [[0, 1]]}, "no usable labels")],
)
def test_unusable_labels_are_named(folder: Path, labels: dict[str, list[int]], complaint: str) -> None:
    np.savez(folder / "labels.npz", **{name: np.array(values) for name, values in labels.items()})
    with pytest.raises(ConfigError, match=complaint):
        load_dataset(folder)


def test_what_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        load_dataset(folder / "nowhere")
    (folder / "labels.npz").write_bytes(b"no zip")
    with pytest.raises(ConfigError, match=r"labels\.npz cannot be read"):
        load_dataset(folder)
    (folder / "labels.npz").unlink()
    with pytest.raises(ConfigError, match=r"labels\.npz cannot be read"):
        load_dataset(folder)
    (folder / "training" / "01.mp4").unlink()
    with pytest.raises(ConfigError, match="no clips in"):
        load_dataset(folder)


def test_masks_of_another_size_are_refused(folder: Path) -> None:
    np.savez(folder / "masks_packbits.npz", **{"01": np.zeros((4, 10, 2), np.uint8)})
    with pytest.raises(ConfigError, match="masks of 01"):
        load_dataset(folder)


def test_a_clip_that_is_no_video_is_an_error(folder: Path) -> None:
    (folder / "training" / "01.mp4").write_bytes(b"not a video")
    with pytest.raises(SourceUnavailable):
        list(every_frame(str(folder / "training" / "01.mp4")))
