"""Live video and pictures of a real RTSP camera, through the system that watches it."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests.support.rtsp_server import RtspServer
from tests.support.video import draw_picture, make_video
from tests.support.waiting import wait_until
from tests.support.watched_camera import WatchedCamera

from haetae.clock import SystemClock
from haetae.media.live import Fragment, Opening
from haetae.media.live_viewer import Ended, LiveViewer
from haetae.pipeline.live_feed import CameraFeed
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RtspServer]:
    with RtspServer(make_video(tmp_path / "camera.mp4", seconds=2), speed=2) as running:
        yield running


@pytest.fixture
def feed(tmp_path: Path, server: RtspServer) -> Iterator[CameraFeed]:
    clock = SystemClock()
    options = SourceOptions(analysed_fps=25.0, connect_timeout_s=5.0, read_timeout_s=5.0)
    camera = WatchedCamera(tmp_path / "site", lambda: open_source(server.url, options, clock=clock), clock=clock)
    thread = threading.Thread(target=camera.system.run)
    thread.start()
    wait_until(lambda: camera.feed.age_s is not None, "the first picture")
    yield camera.feed
    camera.system.stop()
    thread.join(30)
    assert not thread.is_alive()


class Screen:
    """Takes fragments until there are `count`, or the stream ends."""

    def __init__(self, feed: CameraFeed) -> None:
        self._changed = threading.Event()
        self.viewer: LiveViewer = feed.join(self._changed.set)
        self.opening: Opening | None = None
        self.data = b""
        self.ended: Ended | None = None

    def take(self, count: int) -> bytes:
        while count and self.ended is None:
            piece = self.viewer.take()
            if piece is None:
                assert self._changed.wait(20), "nothing more comes"
                self._changed.clear()
            elif isinstance(piece, Fragment):
                self.data += piece.data
                count -= 1
            elif isinstance(piece, Opening):
                self.opening, self.data = piece, piece.init
            else:
                self.ended = piece
        return self.data


def test_a_browser_plays_what_the_camera_sends(feed: CameraFeed) -> None:
    screen = Screen(feed)
    data = screen.take(15)
    feed.leave(screen.viewer)

    assert screen.opening is not None
    assert screen.opening.mime.startswith('video/mp4; codecs="avc1.')
    with av.open(io.BytesIO(data), options={"err_detect": "explode"}) as container:
        frames = list(container.decode(video=0))
    assert len(frames) >= 60
    assert frames[0].key_frame
    assert matches(frames[0].to_ndarray(format="rgb24"))


def test_a_connection_that_breaks_ends_the_stream_and_the_next_one_is_another(feed: CameraFeed, server: RtspServer) -> None:
    screen = Screen(feed)
    screen.take(3)
    server.drop_clients()
    screen.take(1000)
    assert screen.ended is Ended.OFFLINE
    feed.leave(screen.viewer)

    wait_until(lambda: feed.info is not None, "the camera is connected again")
    again = Screen(feed)
    with av.open(io.BytesIO(again.take(6)), options={"err_detect": "explode"}) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 20
    feed.leave(again.viewer)


def test_the_snapshot_is_what_the_camera_sees(feed: CameraFeed) -> None:
    picture = feed.picture()

    assert matches(cv2.cvtColor(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def matches(rgb: np.ndarray) -> bool:
    """Whether it is one of the pictures of the video, but for what coding does to them."""
    return min(float(np.abs(rgb.astype(int) - draw_picture(index)).mean()) for index in range(50)) < 6
