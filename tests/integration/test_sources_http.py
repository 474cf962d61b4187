"""Video over HTTP from a real web server."""

import time
from itertools import islice, pairwise
from pathlib import Path

import cv2
import pytest
from tests.support.http_video import HttpVideoServer
from tests.support.video import draw_picture, make_video

from haetae.clock import SystemClock
from haetae.errors import SourceUnavailable
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source

ALL = SourceOptions(analysed_fps=1000.0, connect_timeout_s=5.0, read_timeout_s=1.0)


def source(url: str, options: SourceOptions = ALL) -> Source:
    return open_source(url, options, clock=SystemClock())


def read(opened: Source) -> int:
    opened.open()
    return sum(1 for _ in opened.frames())


@pytest.fixture(scope="module")
def jpegs() -> list[bytes]:
    return [cv2.imencode(".jpg", draw_picture(index)[..., ::-1])[1].tobytes() for index in range(25)]


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
def test_a_file_on_a_web_server_ends_like_a_file(tmp_path: Path, name: str) -> None:
    with HttpVideoServer(make_video(tmp_path / name, seconds=2).read_bytes()) as server:
        opened = source(server.url)
        assert read(opened) == 50
        assert not opened.live
        assert opened.duration_s == pytest.approx(2, abs=0.1)
        assert opened.counts.adds_up()


def test_a_stream_without_length_is_live_and_was_lost_when_it_ends(tmp_path: Path) -> None:
    with HttpVideoServer(make_video(tmp_path / "a.ts", seconds=2).read_bytes(), say_length=False) as server:
        opened = source(server.url)
        with pytest.raises(SourceUnavailable, match="ended the stream|broke off") as lost:
            read(opened)
        assert opened.live
        assert not lost.value.permanent
        assert opened.counts.adds_up()
        assert opened.counts.analysed > 40


def test_a_file_whose_connection_breaks_was_lost(tmp_path: Path) -> None:
    content = make_video(tmp_path / "a.ts", seconds=4).read_bytes()
    with HttpVideoServer(content, cut_after=len(content) // 2) as server:
        opened = source(server.url)
        with pytest.raises(SourceUnavailable) as lost:
            read(opened)
        assert not lost.value.permanent
        assert opened.counts.adds_up()


def test_an_mjpeg_stream_is_live(jpegs: list[bytes]) -> None:
    with HttpVideoServer(jpegs, fps=200) as server:
        opened = source(server.url)
        info = opened.open()
        frames = list(islice(opened.frames(), 30))
        opened.close()
    assert (info.codec, info.width, info.height, info.init_segment) == ("mjpeg", 320, 240, None)
    assert opened.live
    assert opened.duration_s is None
    assert all(later.captured_at >= earlier.captured_at for earlier, later in pairwise(frames))
    assert opened.counts.adds_up()


def test_mjpeg_has_the_times_of_its_arrival_not_made_up_ones(jpegs: list[bytes]) -> None:
    with HttpVideoServer(jpegs, fps=10) as server:
        opened = source(server.url)
        info = opened.open()
        started = time.monotonic()
        frames = list(islice(opened.frames(), 12))
        elapsed_s = time.monotonic() - started
        opened.close()
    assert info.fps is None
    assert frames[-1].t_s == pytest.approx(elapsed_s, abs=0.3)
    assert frames[-1].t_s > 0.6


def test_a_stalled_stream_is_lost_after_the_read_timeout(jpegs: list[bytes]) -> None:
    with HttpVideoServer(jpegs, fps=200) as server:
        opened = source(server.url)
        opened.open()
        frames = opened.frames()
        next(frames)
        server.stall()
        with pytest.raises(SourceUnavailable) as lost:
            list(frames)
    assert not lost.value.permanent
    assert opened.counts.adds_up()


def test_a_wrong_password_is_permanent(jpegs: list[bytes]) -> None:
    with HttpVideoServer(jpegs, login="user:right") as server:
        good = source(server.url)
        good.open()
        good.close()
        with pytest.raises(SourceUnavailable, match="password") as refused:
            source(server.url.replace("right", "wrong-one")).open()
    assert refused.value.permanent
    assert "wrong-one" not in str(refused.value)


def test_a_page_is_no_video(tmp_path: Path) -> None:
    with HttpVideoServer(b"<html>log in first</html>" * 100) as server, pytest.raises(SourceUnavailable, match="no video"):
        source(server.url).open()


def test_a_playlist_on_a_web_server_is_not_followed(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.ts", seconds=1)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://{video}\n#EXT-X-ENDLIST\n".encode()
    with HttpVideoServer(playlist) as server, pytest.raises(SourceUnavailable):
        source(server.url).open()
