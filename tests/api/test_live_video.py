import io
import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from uuid import UUID

import av
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from tests.support.api import client, make_app
from tests.support.live_camera import LiveCamera
from tests.support.packets import Recording, read_packets
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.api.routers import live
from haetae.api.sockets import CloseCode
from haetae.clock import SystemClock
from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.ids import new_id
from haetae.pipeline.live_feed import LiveFeeds
from haetae.settings import ApiSettings

CAMERA = UUID("01890000-0000-7000-8000-000000000001")
URL = f"/api/v1/cameras/{CAMERA}/live"
GUARD = Viewer(new_id(), "guard", Role.VIEWER, {CAMERA: AccessLevel.VIEW})
STRANGER = Viewer(new_id(), "stranger", Role.OPERATOR, {new_id(): AccessLevel.ADMIN})
OWNER = Viewer(new_id(), "owner", Role.ADMIN)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return read_packets(make_video(tmp_path_factory.mktemp("live") / "in.mp4", seconds=2, gop=25))


@pytest.fixture
def feeds() -> LiveFeeds:
    return LiveFeeds(SystemClock(), max_viewers=4)


@pytest.fixture
def app(feeds: LiveFeeds) -> FastAPI:
    settings = ApiSettings(cors_origins=("https://portal.example",), public_url="https://cameras.example/")
    return make_app(live.router, viewers=(GUARD, STRANGER, OWNER), feeds=feeds, config=SimpleNamespace(api=settings))


@pytest.fixture
def guard(app: FastAPI) -> Iterator[TestClient]:
    # One event loop for all of its sockets.
    with client(app, GUARD) as found:
        yield found


@pytest.fixture
def camera(feeds: LiveFeeds, recording: Recording) -> Iterator[LiveCamera]:
    feed = feeds.feed(CAMERA)
    with LiveCamera(feed, recording, speed=5.0) as found:
        wait_until(lambda: feed.info, "the camera is connected")
        yield found


def close_code(socket: WebSocketTestSession) -> int:
    """The code with which the server closes, whatever it sends before."""
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            return int(message["code"])


def code_of(guard: TestClient, url: str = URL, **options: object) -> int:
    with guard.websocket_connect(url, **options) as socket:
        return close_code(socket)


def pictures(data: bytes) -> list[float]:
    with av.open(io.BytesIO(data), options={"err_detect": "explode"}) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


def test_a_browser_is_told_what_comes_and_then_gets_video_that_plays(guard: TestClient, camera: LiveCamera) -> None:
    with guard.websocket_connect(URL) as socket:
        opening = json.loads(socket.receive_text())
        data = b"".join(socket.receive_bytes() for _ in range(12))

    assert opening == {"type": "stream", "mime": 'video/mp4; codecs="avc1.42C00D"', "width": 320, "height": 240, "fps": 25.0}
    times = pictures(data)
    assert len(times) >= 50
    assert times == sorted(times)


def test_many_viewers_share_one_copy_that_ends_with_the_last(guard: TestClient, camera: LiveCamera, feeds: LiveFeeds) -> None:
    name = f"live-{CAMERA.hex[-8:]}"

    def threads() -> int:
        return sum(thread.name == name for thread in threading.enumerate())

    with guard.websocket_connect(URL) as first, guard.websocket_connect(URL) as second:
        for socket in (first, second):
            socket.receive_text()
            assert pictures(b"".join(socket.receive_bytes() for _ in range(6)))
        assert threads() == 1
    wait_until(lambda: threads() == 0, "the copy ends with its last viewer")


@pytest.mark.parametrize(
    ("viewer", "camera_id", "code"),
    [
        (None, CAMERA, CloseCode.UNAUTHENTICATED),
        (STRANGER, CAMERA, CloseCode.NOT_FOUND),
        (OWNER, new_id(), CloseCode.NOT_FOUND),
    ],
)
def test_who_may_not_see_the_camera_sees_nothing(
    app: FastAPI, camera: LiveCamera, viewer: Viewer | None, camera_id: UUID, code: CloseCode
) -> None:
    with client(app, viewer).websocket_connect(f"/api/v1/cameras/{camera_id}/live") as socket:
        assert socket.receive() == {"type": "websocket.close", "code": code, "reason": socket_reason(code, camera_id)}


def socket_reason(code: CloseCode, camera_id: UUID) -> str:
    return "this needs a log-in" if code is CloseCode.UNAUTHENTICATED else f"there is no camera {camera_id}"


def test_a_ticket_in_the_address_does_as_well_as_a_header(app: FastAPI, camera: LiveCamera) -> None:
    with client(app).websocket_connect(f"{URL}?ticket=guard") as socket:
        assert json.loads(socket.receive_text())["type"] == "stream"
    assert code_of(client(app, GUARD), f"{URL}?ticket=nobody") == CloseCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("http://testserver", True),
        ("https://portal.example", True),
        ("https://cameras.example", True),
        ("https://evil.example", False),
        ("http://testserver.evil.example", False),
        ("http://[", False),
        ("null", False),
    ],
)
def test_a_page_of_another_origin_is_refused(guard: TestClient, camera: LiveCamera, origin: str, welcome: bool) -> None:
    with guard.websocket_connect(URL, headers={"Origin": origin}) as socket:
        first = socket.receive()

    assert first["type"] == ("websocket.send" if welcome else "websocket.close")
    assert welcome or first["code"] == CloseCode.WRONG_ORIGIN


def test_a_camera_that_is_offline_says_so(guard: TestClient, feeds: LiveFeeds) -> None:
    feeds.feed(CAMERA)

    assert code_of(guard) == CloseCode.OFFLINE


def test_a_camera_that_goes_offline_ends_the_socket(guard: TestClient, feeds: LiveFeeds, recording: Recording) -> None:
    feed = feeds.feed(CAMERA)
    with LiveCamera(feed, recording, speed=5.0):
        wait_until(lambda: feed.info, "the camera is connected")
        session = guard.websocket_connect(URL)
        socket = session.__enter__()
        socket.receive_text()
        socket.receive_bytes()
    assert close_code(socket) == CloseCode.OFFLINE
    session.__exit__(None, None, None)


def test_a_camera_that_stalls_is_not_shown_as_live(guard: TestClient, camera: LiveCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STALE_S", 0.5)
    with guard.websocket_connect(URL) as socket:
        socket.receive_text()
        socket.receive_bytes()
        camera.stall()
        assert close_code(socket) == CloseCode.OFFLINE


def test_private_zones_end_the_copy_of_the_stream_at_once(guard: TestClient, camera: LiveCamera, feeds: LiveFeeds) -> None:
    with guard.websocket_connect(URL) as socket:
        socket.receive_text()
        socket.receive_bytes()
        feeds.feed(CAMERA).conceal(True)
        assert close_code(socket) == CloseCode.MASKED
    assert code_of(guard) == CloseCode.MASKED


@pytest.mark.parametrize(("encoder", "name"), [("libx265", "in.mp4"), ("mjpeg", "in.avi")])
def test_a_codec_that_browsers_do_not_play_says_so(guard: TestClient, feeds: LiveFeeds, tmp_path, encoder: str, name: str) -> None:
    feed = feeds.feed(CAMERA)
    with LiveCamera(feed, read_packets(make_video(tmp_path / name, seconds=1, codec=encoder)), speed=5.0):
        wait_until(lambda: feed.info, "the camera is connected")
        assert code_of(guard) == CloseCode.UNPLAYABLE


def test_a_client_that_plays_h265_gets_it(guard: TestClient, feeds: LiveFeeds, tmp_path) -> None:
    feed = feeds.feed(CAMERA)
    with LiveCamera(feed, read_packets(make_video(tmp_path / "in.mp4", seconds=1, codec="libx265")), speed=5.0):
        wait_until(lambda: feed.info, "the camera is connected")
        with guard.websocket_connect(f"{URL}?hevc=true") as socket:
            assert json.loads(socket.receive_text())["mime"] == 'video/mp4; codecs="hvc1.1.6.L60.90"'
            assert pictures(b"".join(socket.receive_bytes() for _ in range(6)))


def test_there_is_a_bound_for_one_person(guard: TestClient, camera: LiveCamera) -> None:
    with guard.websocket_connect(URL) as first, guard.websocket_connect(URL) as second:
        first.receive_text()
        second.receive_text()
        assert code_of(guard) == CloseCode.TOO_MANY
    wait_until(lambda: served(guard), "there is room again")


def served(guard: TestClient) -> bool:
    with guard.websocket_connect(URL) as socket:
        return bool(socket.receive()["type"] == "websocket.send")


@pytest.mark.parametrize(
    ("take_away", "code"),
    [
        (lambda known: known.forget(GUARD), CloseCode.UNAUTHENTICATED),
        (lambda known: known.change(Viewer(GUARD.user_id, "guard", Role.VIEWER)), CloseCode.NOT_FOUND),
    ],
)
def test_access_that_is_taken_away_ends_the_socket(
    guard: TestClient, app: FastAPI, camera: LiveCamera, monkeypatch: pytest.MonkeyPatch, take_away, code: CloseCode
) -> None:
    monkeypatch.setattr(live, "RECHECK_S", 0.1)
    with guard.websocket_connect(URL) as socket:
        socket.receive_text()
        take_away(app.state.services.authenticator)
        assert close_code(socket) == code


def test_a_client_that_talks_is_sent_away(guard: TestClient, camera: LiveCamera) -> None:
    with guard.websocket_connect(URL) as socket:
        socket.receive_text()
        socket.send_text("hello")
        assert close_code(socket) == CloseCode.UNEXPECTED_MESSAGE


def test_the_site_that_stops_says_so(guard: TestClient, camera: LiveCamera, feeds: LiveFeeds) -> None:
    with guard.websocket_connect(URL) as socket:
        socket.receive_text()
        feeds.close()
        assert close_code(socket) == CloseCode.GOING_AWAY


def test_an_id_that_is_none_is_refused(guard: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), guard.websocket_connect("/api/v1/cameras/door/live") as socket:
        socket.receive()
