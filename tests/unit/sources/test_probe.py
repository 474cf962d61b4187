import threading
from pathlib import Path

import pytest
from tests.support.rtsp_server import RtspServer
from tests.support.scripted_tcp import ScriptedServer
from tests.support.video import make_video

from haetae.clock import SystemClock
from haetae.errors import ConfigError, SourceUnavailable
from haetae.settings import SourcePolicySettings
from haetae.sources.policy import SourcePolicy
from haetae.sources.probe import MOST_AT_ONCE, Probe, probe

CLOCK = SystemClock()
LOCAL = SourcePolicy(SourcePolicySettings(allow_loopback=True))


def look(url: str, policy: SourcePolicy | None = LOCAL, *, timeout_s: float = 10.0, remote: bool = True) -> Probe:
    return probe(url, policy=policy, clock=CLOCK, timeout_s=timeout_s, remote=remote)


def test_what_a_camera_delivers_is_told_with_its_first_picture(tmp_path: Path) -> None:
    with RtspServer(make_video(tmp_path / "a.mp4", seconds=2)) as server:
        found = look(server.url)
        server.wait_until(lambda server: server.playing == 0)
    assert (found.kind, found.codec, found.live) == ("rtsp", "h264", True)
    assert found.picture.shape == (found.height, found.width, 3)
    assert found.picture.std() > 1
    assert found.fps == pytest.approx(25)
    assert 0 < found.took_s < 10


def test_a_file_is_tried_by_who_may_watch_it(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", seconds=1)
    found = look(str(video), remote=False)
    assert (found.kind, found.live) == ("file", False)
    with pytest.raises(ConfigError) as refused:
        look(str(video))
    assert "source_policy.folders" in refused.value.hint


def test_a_refused_address_is_never_connected_to() -> None:
    with ScriptedServer(None) as server:
        with pytest.raises(ConfigError) as refused:
            look(f"rtsp://127.0.0.1:{server.port}/", SourcePolicy(SourcePolicySettings()))
        assert "allow_loopback" in refused.value.hint
        assert server.requests == []


def test_what_is_wrong_with_a_source_is_told(tmp_path: Path) -> None:
    with RtspServer(make_video(tmp_path / "a.mp4", seconds=1), user="admin", password="right") as server:
        with pytest.raises(SourceUnavailable, match="user name or the password") as refused:
            look(server.url.replace("right", "wrong"))
        assert "wrong@" not in str(refused.value)
    (tmp_path / "b.mp4").write_text("no video")
    with pytest.raises(SourceUnavailable, match="no video that can be read"):
        look(str(tmp_path / "b.mp4"), None)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_camera_that_says_nothing_holds_nobody(scheme: str) -> None:
    with ScriptedServer(None) as server, pytest.raises(SourceUnavailable) as refused:
        look(f"{scheme}://127.0.0.1:{server.port}/", timeout_s=0.3)
    assert refused.value.hint


def test_what_hangs_beyond_all_time_outs_is_given_up_and_only_so_many_may() -> None:
    release = threading.Event()
    hanging = SourcePolicy(SourcePolicySettings(), resolve=lambda _: [] if release.wait(60) else ["8.8.8.8"], resolve_timeout_s=60)
    try:
        for _ in range(MOST_AT_ONCE):
            with pytest.raises(SourceUnavailable, match=r"sent no picture within 0.02 s"):
                look("rtsp://admin:secret@camera.lan/", hanging, timeout_s=0.02)
        with pytest.raises(SourceUnavailable, match="being tried already"):
            look("sim://plaza")
    finally:
        release.set()
    for thread in threading.enumerate():
        if thread.name == "source-probe":
            thread.join(10)
            assert not thread.is_alive()
