"""`WS /ws`: who hears what, and that no client costs more than its mailbox."""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.websockets import WebSocketDisconnect
from tests.support.api import client, make_app
from tests.support.events import ONSET, make_event
from tests.support.waiting import wait_until

from haetae.api.live_events import LiveEvents
from haetae.api.mailbox import MOST_EVENTS, Topic
from haetae.api.routers import messages
from haetae.api.sockets import CloseCode
from haetae.clock import SystemClock
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.event import SITE
from haetae.domain.score import Score
from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.errors import Unauthenticated
from haetae.ids import new_id
from haetae.settings import ApiSettings

SEEN, HIDDEN = new_id(), new_id()
ADMIN = Viewer(new_id(), "admin", Role.ADMIN)
VIEWER = Viewer(new_id(), "viewer", Role.VIEWER, {SEEN: AccessLevel.VIEW})


class Live:
    """The hub behind a small application, with two cameras of which the viewer sees one."""

    def __init__(self, **settings):
        self.hub = LiveEvents(SystemClock(), **settings)
        self.missed = []
        self.app = make_app(
            messages.router,
            viewers=(ADMIN, VIEWER),
            config=type("Config", (), {"api": ApiSettings()})(),
            clock=SystemClock(),
            live=self.hub,
            site=type("Site", (), {"statuses": lambda _self: {id: status(id) for id in (SEEN, HIDDEN)}})(),
            missed_events=lambda _viewer, after, limit: [event for event in self.missed if event.id > after][:limit],
        )
        self.app.router.lifespan_context = lambda _app: self.hub.running()

    def __enter__(self):
        self._client = client(self.app)
        self._client.__enter__()
        return self

    def __exit__(self, *_error):
        self._client.__exit__(None, None, None)

    def connect(self, viewer=ADMIN, **headers):
        credentials = {} if viewer is None else {"Authorization": f"Bearer {viewer.name}"}
        return self._client.websocket_connect("/api/v1/ws", headers={**credentials, **headers})


@pytest.fixture
def live():
    with Live() as live:
        yield live


def status(camera_id):
    return CameraStatus(camera_id, CameraState.WATCHING, name="c", since=ONSET)


def score(value):
    return Score(value, 3.0, 5.0, 1, 0.1, ONSET)


def subscribe(socket, *topics, cameras=None):
    socket.send_json({"type": "subscribe", "topics": topics, "cameras": [str(id) for id in cameras] if cameras else None})
    return until(socket, "ping")


def until(socket, what):
    """What comes before the answer to a ping: everything that was to be told by then."""
    socket.send_json({"type": "ping"})
    heard = []
    while (message := socket.receive_json())["type"] != "pong":
        heard.append(message)
    return heard


def test_a_client_hears_of_the_events_of_the_cameras_that_it_may_see(live):
    with live.connect(VIEWER) as socket:
        assert socket.receive_json()["type"] == "hello"
        assert subscribe(socket, "events") == []
        for camera_id in (HIDDEN, SITE, SEEN):
            live.hub.publish_event(make_event(camera_id=camera_id))
        message = socket.receive_json()
        assert (message["type"], UUID(message["event"]["camera_id"])) == ("event", SEEN)
        assert "clip_path" not in message["event"]
        assert until(socket, "rest") == []


def test_an_admin_hears_of_the_site_itself_and_a_viewer_does_not(live):
    with live.connect(ADMIN) as socket:
        subscribe(socket, "events")
        live.hub.publish_event(make_event(camera_id=SITE))
        assert UUID(socket.receive_json()["event"]["camera_id"]) == SITE


def test_only_what_was_subscribed_comes_and_unsubscribing_ends_it(live):
    with live.connect() as socket:
        subscribe(socket, "events", cameras=[SEEN])
        live.hub.publish_event(make_event(camera_id=HIDDEN))
        live.hub.status_changed(status(SEEN))
        live.hub.publish_event(make_event(camera_id=SEEN))
        assert UUID(socket.receive_json()["event"]["camera_id"]) == SEEN
        socket.send_json({"type": "unsubscribe", "topics": ["events"]})
        until(socket, "unsubscribed")
        live.hub.publish_event(make_event(camera_id=SEEN))
        assert until(socket, "rest") == []


def test_a_subscriber_of_statuses_begins_with_how_things_are(live):
    with live.connect(VIEWER) as socket:
        socket.receive_json()
        heard = subscribe(socket, "statuses")
        assert [(message["type"], UUID(message["status"]["camera_id"])) for message in heard] == [("status", SEEN)]


def test_scores_come_together_and_only_the_newest_of_each_camera(live):
    with live.connect() as socket:
        socket.receive_json()
        subscribe(socket, "scores")
        observers = {camera_id: live.hub.for_camera(CameraConfig(camera_id, "c", "sim://plaza")) for camera_id in (SEEN, HIDDEN)}
        for value in (0.1, 0.2, 0.9):
            for observer in observers.values():
                observer.scored(score(value))
        message = socket.receive_json()
        assert message["type"] == "scores"
        assert {UUID(id): member["value"] for id, member in message["scores"].items()} == {SEEN: 0.9, HIDDEN: 0.9}


def test_naming_a_camera_that_one_may_not_see_is_as_wrong_as_one_that_is_not_there(live):
    with live.connect(VIEWER) as socket:
        socket.receive_json()
        for camera_id in (HIDDEN, new_id()):
            [error] = subscribe(socket, "events", cameras=[camera_id])
            assert error == {"type": "error", "code": "invalid_message", "detail": f"there is no camera {camera_id}"}


@pytest.mark.parametrize("text", ["{", "[]", '{"type":"fly"}', '{"type":"subscribe","topics":["all"]}', '{"type":"ping","x":1}', "null"])
def test_a_message_that_means_nothing_is_answered_and_a_flood_of_them_ends_the_socket(live, text):
    with live.connect() as socket:
        socket.receive_json()
        for _ in range(9):
            socket.send_text(text)
            assert socket.receive_json()["type"] == "error"
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == CloseCode.UNEXPECTED_MESSAGE


@pytest.mark.parametrize("send", [lambda s: s.send_bytes(b"x"), lambda s: s.send_text("x" * 20_000)])
def test_bytes_and_huge_messages_end_the_socket(live, send):
    with live.connect() as socket:
        socket.receive_json()
        send(socket)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == CloseCode.UNEXPECTED_MESSAGE


@pytest.mark.parametrize(
    ("viewer", "headers", "code"),
    [(None, {}, CloseCode.UNAUTHENTICATED), (ADMIN, {"Origin": "https://evil.example"}, CloseCode.WRONG_ORIGIN)],
)
def test_nobody_comes_in_without_a_log_in_or_from_a_page_of_others(live, viewer, headers, code):
    with live.connect(viewer, **headers) as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_json()
    assert closed.value.code == code


def test_a_lost_grant_ends_the_messages_of_that_camera_at_once(live):
    with live.connect(VIEWER) as socket:
        socket.receive_json()
        subscribe(socket, "events")
        known = live.app.state.services.authenticator
        known.again = lambda viewer, generation=None: (replace(viewer, grants={}), 0)
        live.hub.access_changed(VIEWER.user_id)
        [box] = live.hub._boxes
        wait_until(lambda: not box.viewer.grants, "the grant to be gone")
        live.hub.publish_event(make_event(camera_id=SEEN))
        assert until(socket, "rest") == []


def test_who_may_not_be_here_any_more_is_shown_out_at_once(live):
    with live.connect(VIEWER) as socket:
        socket.receive_json()

        def gone(_viewer, _generation=None):
            raise Unauthenticated("logged out everywhere")

        live.app.state.services.authenticator.again = gone
        live.hub.access_changed(VIEWER.user_id)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == CloseCode.UNAUTHENTICATED


def test_a_client_that_comes_back_is_told_what_it_missed(live):
    live.missed = [make_event(camera_id=SEEN, id=new_id(), timestamp=ONSET + timedelta(seconds=number)) for number in range(5)]
    with live.connect() as socket:
        socket.receive_json()
        socket.send_json({"type": "resume", "after": str(live.missed[1].id)})
        heard = [socket.receive_json() for _ in range(3)]
    assert [UUID(message["event"]["id"]) for message in heard] == [event.id for event in live.missed[2:]]


def test_a_client_that_missed_too_much_is_told_to_read_the_list_anew(live):
    live.missed = [make_event(camera_id=SEEN, id=new_id()) for _ in range(messages.MOST_RESUMED + 1)]
    with live.connect() as socket:
        socket.receive_json()
        socket.send_json({"type": "resume", "after": str(UUID(int=0))})
        assert socket.receive_json() == {"type": "resync"}


def test_places_are_bounded_and_one_person_cannot_take_them_all():
    with Live(max_clients=4) as live, live.connect(ADMIN) as one, live.connect(ADMIN) as two:
        assert [one.receive_json()["type"], two.receive_json()["type"]] == ["hello", "hello"]
        with live.connect(ADMIN) as third, pytest.raises(WebSocketDisconnect) as closed:
            third.receive_json()
        assert closed.value.code == CloseCode.TOO_MANY
        with live.connect(VIEWER) as other:
            assert other.receive_json()["type"] == "hello"


def test_a_client_that_does_not_read_keeps_a_bounded_mailbox_and_is_told_to_resync(live):
    with live.connect() as socket:
        socket.receive_json()
        subscribe(socket, "events")
        [box] = live.hub._boxes
        message = replace(live.hub.status_of(status(SEEN)), topic=Topic.EVENTS, text='{"type":"event"}')

        def flood():
            # On the loop, so that the client's coroutine gets no turn between.
            for _ in range(3 * MOST_EVENTS):
                box.offer(message)
                assert len(box._events) <= MOST_EVENTS

        live.hub._loop.call_soon_threadsafe(flood)
        assert socket.receive_json() == {"type": "resync"}
        assert until(socket, "rest") == []


def test_camera_threads_may_hammer_the_hub_while_clients_come_and_go(live):
    stop = threading.Event()
    failures = []

    def hammer():
        observer = live.hub.for_camera(CameraConfig(SEEN, "c", "sim://plaza"))
        try:
            while not stop.is_set():
                observer.scored(score(0.3))
                observer.state_changed(status(SEEN))
                live.hub.publish_event(make_event(camera_id=SEEN))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            with live.connect() as socket:
                socket.receive_json()
                socket.send_json({"type": "subscribe", "topics": ["events", "statuses", "scores"]})
                assert {socket.receive_json()["type"] for _ in range(50)} <= {"event", "status", "scores", "resync"}
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_the_hub_keeps_nothing_while_nobody_is_connected(live):
    for _ in range(100):
        live.hub.publish_event(make_event(camera_id=SEEN))
        live.hub.scored(SEEN, score(0.4))
    assert not live.hub._pending
    assert not live.hub._scores
