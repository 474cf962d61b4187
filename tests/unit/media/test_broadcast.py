import io
import threading
from dataclasses import replace
from pathlib import Path

import av
import pytest
from tests.support.packets import Recording, read_packets
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.media import broadcast
from haetae.media.broadcast import Broadcast
from haetae.media.live import Fragment, LiveMux, Opening, Piece
from haetae.media.live_viewer import Ended, LiveViewer


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return read_packets(make_video(tmp_path_factory.mktemp("live") / "in.mp4", seconds=4, gop=25))


class Screen:
    """A viewer that takes everything as it comes."""

    def __init__(self, video: Broadcast) -> None:
        self.pieces: list[Piece] = []
        self.ended: Ended | None = None
        self._video = video
        self._lock = threading.Lock()
        self.viewer: LiveViewer | None = None
        self.viewer = video.join(self._take)
        self._take()

    def _take(self) -> None:
        with self._lock:
            while self.viewer is not None and (piece := self.viewer.take()) is not None:
                if isinstance(piece, Ended):
                    self.ended = piece
                    return
                self.pieces.append(piece)

    def leave(self) -> None:
        assert self.viewer is not None
        self._video.leave(self.viewer)

    @property
    def fragments(self) -> list[Fragment]:
        return [piece for piece in self.pieces if isinstance(piece, Fragment)]

    def wait_for(self, count: int) -> None:
        wait_until(lambda: len(self.fragments) >= count, f"{count} fragments")

    def pictures(self) -> int:
        [opening] = [piece for piece in self.pieces if isinstance(piece, Opening)]
        assert self.pieces[0] is opening
        assert self.fragments[0].is_keyframe
        data = opening.init + b"".join(fragment.data for fragment in self.fragments)
        with av.open(io.BytesIO(data), options={"err_detect": "explode"}) as container:
            return sum(1 for _ in container.decode(video=0))


def live_threads(name: str) -> int:
    return sum(thread.name == f"live-{name}" for thread in threading.enumerate())


def send(video: Broadcast, recording: Recording, start_s: float, end_s: float) -> None:
    for packet in recording.packets:
        if start_s <= packet.t_s < end_s:
            video.packet(packet)


def test_viewers_share_one_copy_which_is_made_only_while_there_are_any(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[LiveMux] = []

    class Counted(LiveMux):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(broadcast, "LiveMux", Counted)
    video = Broadcast("share")
    video.stream(recording.info)
    send(video, recording, 0, 1.5)
    assert live_threads("share") == 0

    screens = [Screen(video) for _ in range(5)]
    send(video, recording, 1.5, 4)
    for screen in screens:
        screen.wait_for(14)
    assert len(made) == 1
    assert live_threads("share") == 1
    first = screens[0].fragments
    assert all(each.data is other.data for screen in screens[1:] for each, other in zip(first, screen.fragments, strict=True))

    for screen in screens:
        screen.leave()
    wait_until(lambda: live_threads("share") == 0, "the thread ends with the last viewer")
    assert not video.sharing


def test_a_viewer_sees_the_group_of_pictures_that_has_begun_without_waiting_for_the_next(recording: Recording) -> None:
    video = Broadcast("begun")
    video.stream(recording.info)
    send(video, recording, 0, 1.6)
    screen = Screen(video)
    screen.wait_for(2)

    assert screen.pictures() == 10
    screen.leave()


def test_a_viewer_that_comes_later_starts_at_the_newest_keyframe(recording: Recording) -> None:
    video = Broadcast("later")
    video.stream(recording.info)
    early = Screen(video)
    send(video, recording, 0, 2.6)
    early.wait_for(12)
    late = Screen(video)
    send(video, recording, 2.6, 4)
    late.wait_for(9)

    assert video._channel is not None
    assert len(video._channel._gop) <= 5, "no more than one group of pictures is kept for who comes"
    assert late.pictures() == 45
    assert late.fragments == early.fragments[-9:]
    assert early.pictures() == 95
    early.leave()
    late.leave()


def test_a_lost_connection_ends_the_viewers_and_the_next_one_begins_anew(recording: Recording, tmp_path: Path) -> None:
    other = read_packets(make_video(tmp_path / "other.mp4", seconds=2, size=(160, 120)))
    video = Broadcast("lost")
    video.stream(recording.info)
    send(video, recording, 0, 2)
    screen = Screen(video)
    screen.wait_for(4)
    video.lost()
    assert screen.ended is Ended.OFFLINE
    screen.leave()
    assert Screen(video).ended is Ended.OFFLINE

    video.stream(other.info)
    again = Screen(video)
    send(video, other, 0, 2)
    again.wait_for(9)
    assert isinstance(again.pieces[0], Opening)
    assert (again.pieces[0].width, again.pieces[0].height) == (160, 120)
    assert again.pictures() == 45
    again.leave()
    wait_until(lambda: live_threads("lost") == 0, "no thread stays")


def test_what_is_private_is_not_sent_and_not_kept(recording: Recording) -> None:
    video = Broadcast("hide")
    video.stream(recording.info)
    send(video, recording, 0, 1.5)
    screen = Screen(video)
    screen.wait_for(2)
    video.conceal(True)
    seen = len(screen.pieces)
    send(video, recording, 1.5, 3)

    assert screen.ended is Ended.CONCEALED
    assert Screen(video).ended is Ended.CONCEALED
    assert len(screen.pieces) == seen

    video.conceal(False)
    after = Screen(video)
    send(video, recording, 3, 4)
    after.wait_for(4)
    assert after.pictures() == 20
    after.leave()


def test_a_stream_that_browsers_do_not_play_says_so(tmp_path: Path) -> None:
    mjpeg = read_packets(make_video(tmp_path / "in.avi", seconds=0.4, codec="mjpeg"))
    video = Broadcast("mjpeg")
    video.stream(mjpeg.info)
    send(video, mjpeg, 0, 1)
    screen = Screen(video)
    wait_until(lambda: screen.ended is Ended.UNPLAYABLE, "it is told")
    wait_until(lambda: live_threads("mjpeg") == 0, "no thread stays")


def test_a_group_of_pictures_without_end_is_forgotten(recording: Recording) -> None:
    video = Broadcast("endless", max_gop_bytes=20_000)
    video.stream(recording.info)
    endless = [replace(packet, is_keyframe=index == 0) for index, packet in enumerate(recording.packets)]
    for packet in endless:
        video.packet(packet)
    screen = Screen(video)
    send(video, recording, 3, 3.5)
    screen.wait_for(2)

    assert screen.pictures() == 10
    screen.leave()


def test_a_removed_camera_sends_its_viewers_away(recording: Recording) -> None:
    video = Broadcast("gone")
    video.stream(recording.info)
    send(video, recording, 0, 1)
    screen = Screen(video)
    video.end()

    assert screen.ended is Ended.CLOSED
