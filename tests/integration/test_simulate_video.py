"""Scenes as files, and the command that writes them."""

from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from haetae.cli.main import app
from haetae.errors import ConfigError, MediaError
from haetae.simulate.labelling import ground_truth
from haetae.simulate.labels import load_labels
from haetae.simulate.render import render
from haetae.simulate.spec import IncidentKind, SceneSpec
from haetae.simulate.video import write_video

SPEC = SceneSpec("plaza", seconds=9.0, fps=10.0, size=(320, 180), incidents=(IncidentKind.DEFOCUS,), normal_s=0.5, seed=4)
SHORT = SceneSpec("corridor", seconds=0.4, fps=10.0, size=(160, 90), incidents=())


def test_a_video_has_every_frame_a_keyframe_every_two_seconds_and_its_labels_beside_it(tmp_path: Path) -> None:
    spec = SceneSpec("plaza", seconds=12.0, fps=5.0, size=(320, 180), incidents=(IncidentKind.DEFOCUS,), normal_s=0.5, seed=4)
    labels = write_video(spec, tmp_path / "plaza.mp4")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["plaza.json", "plaza.mp4"]
    assert load_labels(labels).incidents[0].start_frame == ground_truth(spec).incidents[0].start_frame
    with av.open(str(tmp_path / "plaza.mp4")) as container:
        stream = container.streams.video[0]
        pictures = list(container.decode(stream))
    assert stream.codec_context.name == "h264"
    assert stream.codec_context.pix_fmt == "yuv420p"
    assert [round(picture.time * 5) for picture in pictures] == list(range(60))
    assert [i for i, picture in enumerate(pictures) if picture.key_frame] == [0, 10, 20, 30, 40, 50]


def test_the_encoded_picture_is_the_rendered_one_up_to_compression(tmp_path: Path) -> None:
    write_video(SHORT, tmp_path / "corridor.mp4")
    with av.open(str(tmp_path / "corridor.mp4")) as container:
        decoded = [picture.to_ndarray(format="rgb24").astype(int) for picture in container.decode(video=0)]
    rendered = [frame.rgb.astype(int) for frame in render(SHORT)]
    assert len(decoded) == len(rendered) == 4
    for one, other in zip(decoded, rendered, strict=True):
        assert np.abs(one - other).mean() < 8


def test_an_error_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(SHORT, tmp_path / "scene.mp4", stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_media_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match="cannot write"):
        write_video(SHORT, tmp_path / "file" / "scene.mp4")


def test_an_endless_scene_and_an_unknown_ending_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="endless"):
        write_video(SceneSpec("plaza", seconds=None), tmp_path / "scene.mp4")
    with pytest.raises(ConfigError, match=r"\.mkv"):
        write_video(SHORT, tmp_path / "scene.avi")


def test_the_command_writes_the_video_and_says_where(tmp_path: Path) -> None:
    video = tmp_path / "deep" / "scene.mp4"
    arguments = ["--scene", "carpark", "--minutes", "0.01", "--incidents", "none", "--size", "160x90", "--fps", "10", "-o", str(video)]
    result = CliRunner().invoke(app, ["simulate", *arguments])
    assert result.exit_code == 0, result.output
    assert str(video) in result.stdout.replace("\n", "")
    assert load_labels(video.with_suffix(".json")).frames == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scene", "moon"], "plaza"),
        (["--incidents", "flying"], "crowd_running"),
        (["--incidents", "fall,fight", "--minutes", "0.2"], "do not fit"),
        (["--size", "big"], "640x360"),
        (["--fps", "0"], "fps"),
        (["--conditions", "hail"], "insects"),
        (["--scene", "corridor", "--conditions", "rain"], "roof"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_written(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["simulate", *arguments, "-o", str(tmp_path / "scene.mp4")])
    assert isinstance(result.exception, ConfigError)
    assert words in str(result.exception)
    assert list(tmp_path.iterdir()) == []
