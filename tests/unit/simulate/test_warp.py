from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from haetae.cli.main import app
from haetae.errors import ConfigError, SourceUnavailable
from haetae.simulate.spec import SceneSpec
from haetae.simulate.video import write_video
from haetae.simulate.warp import WarpKind, WarpSpec, parse_warps, warp
from haetae.training.datasets import every_frame, load_dataset

FPS = 8.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "plaza.mp4"
    write_video(SceneSpec("plaza", seed=3, seconds=40.0, fps=FPS, size=(160, 96), incidents=()), path)
    return path


@pytest.fixture(scope="module")
def made(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "plaza"
    warp(WarpSpec(str(clip), seed=5), folder)
    return folder


def lumas(path: Path) -> np.ndarray:
    return np.stack([frame.luma.astype(np.float32) for frame in every_frame(str(path))])


def runs(labels: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[0, labels.astype(np.int8), 0]))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def test_it_is_a_data_set_whose_labels_fit_its_clips(made: Path):
    dataset = load_dataset(made)
    assert [path.name for path in dataset.training] == ["normal.mp4"]
    assert {clip.name for clip in dataset.testing} == {kind.value for kind in WarpKind}
    for clip in dataset.testing:
        assert len(list(every_frame(str(clip.path)))) == len(clip.labels)
        assert 0 < clip.labels.sum() < len(clip.labels)


def test_the_first_half_is_as_it_was(made: Path, clip: Path):
    original, normal = lumas(clip), lumas(made / "training" / "normal.mp4")
    assert len(normal) == len(original) // 2
    assert np.abs(normal - original[: len(normal)]).mean() < 3.0


def test_a_reversed_stretch_shows_what_was_just_seen_backwards(made: Path):
    dataset = load_dataset(made)
    labels = next(each.labels for each in dataset.testing if each.name == "reversed")
    pictures = lumas(made / "testing" / "reversed.mp4")
    for first, last in runs(labels):
        back = pictures[first:last]
        before = pictures[first - 1 - len(back) : first - 1]
        assert np.abs(back[::-1] - before).mean() < 3.0


def test_a_fast_stretch_skips_pictures_and_shortens_the_clip(made: Path, clip: Path):
    labels = next(each.labels for each in load_dataset(made).testing if each.name == "fast")
    half = len(lumas(clip)) - len(lumas(clip)) // 2
    assert len(labels) == half - 2 * int(labels.sum())


def test_the_mask_is_where_the_foreign_thing_changes_the_picture(made: Path, clip: Path):
    foreign = next(each for each in load_dataset(made).testing if each.name == "foreign")
    pictures, original = lumas(foreign.path), lumas(clip)
    original = original[len(original) // 2 :]
    assert foreign.masks is not None
    change = np.abs(pictures - original)
    assert (foreign.masks.any(axis=(1, 2)) == (foreign.labels > 0)).all()
    assert change[foreign.masks].mean() > 4 * change[~foreign.masks].mean()


def test_stretches_join_what_is_round_them_without_a_cut(made: Path):
    for kind in (WarpKind.FAST, WarpKind.REVERSED):
        labels = next(each.labels for each in load_dataset(made).testing if each.name == kind.value)
        steps = np.abs(np.diff(lumas(made / "testing" / f"{kind.value}.mp4"), axis=0)).mean(axis=(1, 2))
        joints = np.flatnonzero(np.diff(labels.astype(int)))
        assert steps[joints].max() < 2.5 * np.quantile(steps, 0.99)


def test_equal_specs_give_equal_sets_and_other_seeds_others(clip: Path, made: Path, tmp_path: Path):
    spec = WarpSpec(str(clip), (WarpKind.FOREIGN,), seed=5)
    warp(spec, tmp_path / "same")
    warp(WarpSpec(str(clip), (WarpKind.FOREIGN,), seed=6), tmp_path / "other")
    name = Path("testing") / "foreign.mp4"
    assert (tmp_path / "same" / name).read_bytes() == (made / name).read_bytes()
    assert (tmp_path / "other" / name).read_bytes() != (made / name).read_bytes()


def test_a_clip_that_is_too_short_is_refused_and_nothing_is_left(tmp_path: Path):
    clip = tmp_path / "short.mp4"
    write_video(SceneSpec("plaza", seconds=4.0, fps=FPS, size=(96, 64), incidents=()), clip)
    with pytest.raises(ConfigError, match="too short"):
        warp(WarpSpec(str(clip)), tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".json"] == ["short.mp4"]


def test_a_folder_that_holds_something_is_left_alone(clip: Path, tmp_path: Path):
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(ConfigError, match="not empty"):
        warp(WarpSpec(str(clip)), tmp_path)


def test_what_makes_no_sense_is_said(tmp_path: Path):
    for make in (
        lambda: parse_warps("slow"),
        lambda: parse_warps(" "),
        lambda: WarpSpec("a.mp4", stretch_s=0.0),
        lambda: WarpSpec("a.mp4", fps=0.0),
    ):
        with pytest.raises(ConfigError) as error:
            make()
        assert error.value.hint
    with pytest.raises(SourceUnavailable):
        warp(WarpSpec(str(tmp_path / "none.mp4")), tmp_path / "set")


def test_the_command_makes_a_set_and_rendering_still_works(clip: Path, tmp_path: Path):
    done = CliRunner().invoke(app, ["simulate", "warp", str(clip), "-o", str(tmp_path / "set"), "--kinds", "foreign", "--json"])
    assert done.exit_code == 0, done.output
    assert '"foreign"' in done.stdout
    video = tmp_path / "gate.mp4"
    rendered = CliRunner().invoke(app, ["simulate", "--scene", "gate", "--minutes", "0.05", "--size", "96x64", "-o", str(video)])
    assert rendered.exit_code == 0, rendered.output
    assert video.exists()
