"""`haetae watch` on a real RTSP stream that misbehaves."""

import pytest
from tests.support.commands import finish, interrupt, run, start
from tests.support.rtsp_server import RtspServer
from tests.support.video import make_video
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("live") / "live.mp4", seconds=4, fps=15, gop=15)


def test_a_dropped_stream_is_connected_again_and_the_counters_add_up(video, tmp_path):
    with RtspServer(video, user="admin", password="hunter2") as server:
        process = start(["watch", server.url, "--json", "--verbose", "--learning-time", "2", "--out", "out"], tmp_path)
        wait_until(lambda: server.playing >= 1, "the first connection")
        wait_until(lambda: (tmp_path / "out" / "haetae.db").exists(), "the first frame")
        server.drop_clients()
        wait_until(lambda: server.connections >= 2 and server.playing >= 1, "the second connection")
        interrupt(process)
        done = finish(process)
    assert done.code == 0, done.stderr
    frames = done.summary["frames"]
    assert frames["read"] > 0
    assert frames["read"] == frames["analysed"] + frames["skipped"] + frames["dropped"]
    assert "source lost" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_wrong_password_is_one_clear_line(video, tmp_path):
    with RtspServer(video, user="admin", password="hunter2") as server:
        url = server.url.replace("hunter2", "letmein")
        done = run("watch", url, "--out", "out", cwd=tmp_path)
    assert done.code == 2
    assert "password" in done.stderr.lower()
    assert "letmein" not in done.stderr
    assert not (tmp_path / "out").exists()
