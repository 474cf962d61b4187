from pathlib import Path

import pytest
from tests.support.video import make_video

from haetae.errors import ConfigError, SourceUnavailable
from haetae.sources.base import SOURCES, SourceOptions
from haetae.sources.factory import open_source, source_name
from haetae.sources.location import local_path
from haetae.testing.clock import FakeClock


def made(url: str, options: SourceOptions | None = None) -> str:
    return type(open_source(url, options or SourceOptions(), clock=FakeClock())).__name__


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("clip.mp4", "FileSource"),
        ("/no/such/clip.mp4", "FileSource"),
        ("file:///no/such/clip.mp4", "FileSource"),
        ("/dev/video0", "WebcamSource"),
        ("file:///dev/video1?fps=15", "WebcamSource"),
        ("rtsp://host/1", "RtspSource"),
        ("RTSPS://host/1", "RtspSource"),
        ("http://host/1.mjpg", "HttpSource"),
        ("https://host/1.mp4", "HttpSource"),
    ],
)
def test_the_address_chooses_the_source(url: str, kind: str) -> None:
    assert made(url) == kind


def test_a_folder_is_a_folder_of_images(tmp_path: Path) -> None:
    assert made(str(tmp_path)) == made(f"{tmp_path}?fps=5") == made(f"file://{tmp_path}?fps=5") == "ImageFolderSource"


def test_simulated_scenes_are_found_by_their_scheme() -> None:
    assert source_name("sim://plaza?seed=1") in SOURCES.names()


@pytest.mark.parametrize("scheme", ["concat", "tee", "pipe", "udp", "rtmp", "hls", "data", "subfile", "gopher", "ftp", "crypto+file"])
def test_an_unknown_scheme_is_refused_with_the_list_of_known_ones(scheme: str) -> None:
    with pytest.raises(ConfigError) as refused:
        made(f"{scheme}://user:secret@a.mp4")
    assert scheme in refused.value.message
    assert "rtsp" in refused.value.hint
    assert "sim" in refused.value.hint
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("trick", ["concat:{0}|{0}", "subfile,,start,0,end,0,,:{0}", "pipe:0", "async:{0}", "cache:{0}", "crypto:{0}"])
def test_ffmpeg_s_own_protocols_are_mere_file_names(tmp_path: Path, trick: str) -> None:
    video = make_video(tmp_path / "a.mp4", seconds=0.2)
    source = open_source(trick.format(video), SourceOptions(), clock=FakeClock())
    with pytest.raises(SourceUnavailable, match="no such file|folder"):
        source.open()


@pytest.mark.parametrize("url", ["", "  ", "file://server/share/a.mp4", "/a\0b"])
def test_an_address_without_sense_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        made(url)


@pytest.mark.parametrize("options", [SourceOptions(analysed_fps=0), SourceOptions(analysed_fps=-1), SourceOptions(read_timeout_s=0)])
def test_options_without_sense_are_refused_by_name(options: SourceOptions) -> None:
    with pytest.raises(ConfigError, match="analysed_fps|read_timeout_s"):
        made("a.mp4", options)


def test_a_path_is_taken_as_it_is_written(tmp_path: Path) -> None:
    odd = tmp_path / "50% of?fps=3 a:b.mp4"
    odd.touch()
    assert local_path(str(odd)) == (odd, {})
    assert local_path(f"file://{tmp_path}/50%25%20x.mp4") == (tmp_path / "50% x.mp4", {})
    assert local_path("/no/such?fps=3") == (Path("/no/such"), {"fps": "3"})
