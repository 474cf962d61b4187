"""Cameras that run, commanded and asked over HTTP."""

import base64
import json
import threading

import cv2
import numpy as np
import pytest
import sqlalchemy as sa
from tests.support.camera_api import BOSS, CameraApi, with_grant
from tests.support.events import make_event
from tests.support.site import render
from tests.support.waiting import wait_until

from haetae.database.engine import session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.models import Event
from haetae.domain.event import EventStatus
from haetae.domain.viewer import AccessLevel
from haetae.errors import HaetaeError, SourceUnavailable
from haetae.media.blobs import write_atomically

LIVE = "sim://plaza?live=1&fps=5&size=160x90&incidents=none"
LEARNT_S = 1.0


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with CameraApi(tmp_path_factory.mktemp("running")) as api:
        yield api


def wait_for(api, camera_id, state, viewer=BOSS):
    asked, path = api.ask(viewer), f"/cameras/{camera_id}/status"
    wait_until(lambda: asked.get(path).json()["state"] == state, f"{state}; is {asked.get(path).json()}", deadline_s=30.0)
    return asked.get(path).json()


def test_a_camera_is_added_watched_relearned_stopped_and_removed(api):
    asked = api.ask()
    added = asked.post("/cameras", json={"name": "live", "source": LIVE, "learning_s": LEARNT_S, "analysed_fps": 5}).json()
    path, camera_id = f"/cameras/{added['id']}", added["id"]
    wait_for(api, camera_id, "watching")
    wait_until(lambda: asked.get(f"{path}/status").json()["score"] is not None, "a score")
    status = asked.get(f"{path}/status").json()
    assert (status["learning"], status["armed"], status["last_event"], status["replaced_threads"]) == (1.0, True, None, 0)
    assert status["frames"]["analysed"] >= 5
    assert status["last_frame_at"] > added["created_at"]
    assert asked.get(path).headers["etag"] == '"1"'

    state = api.layout.path(api.layout.state(added["id"], "motion"))
    wait_until(state.exists, "the learned state")
    learned = state.read_bytes()
    assert asked.post(f"{path}/relearn").status_code == 200
    assert state.with_name("motion.state.previous").read_bytes() == learned
    wait_until(lambda: asked.get(f"{path}/status").json()["state"] in ("connecting", "learning"), "learning anew")
    wait_for(api, camera_id, "watching")

    stopped = asked.post(f"{path}/stop")
    assert (stopped.json()["state"], asked.get(path).json()["enabled"]) == ("stopped", False)
    assert asked.get(path).headers["etag"] == '"2"'
    assert asked.post(f"{path}/start").json()["state"] != "stopped"
    assert asked.get(path).json()["enabled"] is True
    assert [entry.action for entry in api.audit(added["id"])] == ["camera.add", "camera.relearn", "camera.stop", "camera.start"]

    assert asked.delete(path).status_code == 200
    assert added["id"] not in {str(camera) for camera in api.site.statuses()}
    wait_until(lambda: not state.parent.exists() or not list(state.parent.iterdir()), "what it learned is forgotten")


def test_what_a_stopped_camera_knew_is_set_aside(api):
    camera_id = api.add("stopped", LIVE, learning_s=LEARNT_S, analysed_fps=5)
    path = api.layout.path(api.layout.state(camera_id, "motion"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"what it knew")
    assert api.ask().post(f"/cameras/{camera_id}/relearn").json()["state"] == "stopped"
    assert [each.name for each in path.parent.iterdir()] == ["motion.state.previous"]


def test_why_a_camera_does_not_run_is_told_without_its_address_to_who_does_not_own_it(api):
    missing = api.videos / "missing.mp4"
    camera_id = api.add("missing", str(missing), enabled=True)
    told = wait_for(api, camera_id, "failed")
    assert str(missing) in told["cause"]
    seen = api.ask(with_grant(camera_id, AccessLevel.CONTROL)).get(f"/cameras/{camera_id}/status").json()
    assert seen["state"] == "failed"
    assert "missing.mp4" not in json.dumps(seen)
    assert "the source" in seen["cause"]
    api.ask().delete(f"/cameras/{camera_id}")


def test_the_newest_event_is_told_with_the_camera(api):
    camera_id = api.add("eventful")
    events = [make_event(number, camera_id=camera_id, status=EventStatus.CLOSED, media_bytes=0) for number in range(3)]
    with session_scope(api.sessions) as session:
        upsert_events(session, events, stored_at=events[0].timestamp)
    [listed] = [camera for camera in api.ask().get("/cameras").json()["cameras"] if camera["id"] == str(camera_id)]
    assert listed["status"]["last_event"]["id"] == str(events[-1].id)
    assert api.ask().get(f"/cameras/{camera_id}/status").json()["last_event"] == listed["status"]["last_event"]


def test_events_are_deleted_with_their_camera_only_when_asked_and_evidence_never(api):
    camera_id = api.add("to be removed")
    names = ("clip", "thumbnail", "contact_sheet", "score_curve")
    events, files = [], []
    for number in range(3):
        event = make_event(number, camera_id=camera_id, status=EventStatus.CLOSED, media_bytes=4)
        own = [getattr(api.layout, name)(camera_id, event.id, event.timestamp) for name in names]
        for relative in own:
            write_atomically(api.layout.path(relative), b"x")
        events.append(make_event(number, id=event.id, camera_id=camera_id, status=EventStatus.CLOSED, media_bytes=4, clip_path=own[0]))
        files.append([api.layout.path(relative) for relative in own])
    with session_scope(api.sessions) as session:
        upsert_events(session, events, stored_at=events[0].timestamp)
        session.execute(sa.update(Event).where(Event.id == events[0].id).values(locked=True))
    asked = api.ask()
    assert asked.delete(f"/cameras/{camera_id}").json()["events_kept"] == 3
    assert all(path.exists() for own in files for path in own)
    found = asked.delete(f"/cameras/{camera_id}", params={"delete_events": True}).json()
    assert found == {"events_kept": 1, "events_deleted": 2, "events_locked": 1, "events_unfinished": 0}
    assert all(path.exists() for path in files[0])
    assert not any(path.exists() for own in files[1:] for path in own)
    with session_scope(api.sessions, read_only=True) as session:
        assert session.scalars(sa.select(Event.id).where(Event.camera_id == camera_id)).all() == [events[0].id]


def test_a_source_that_works_is_described_with_a_picture(api):
    video = render(api.videos / "gate.mp4", seconds=2.0)
    answer = api.ask().post("/cameras/test", json={"source": str(video)}).json()
    assert answer["works"], answer
    assert (answer["kind"], answer["codec"], answer["width"], answer["height"], answer["fps"], answer["live"]) == (
        "file",
        "h264",
        320,
        180,
        10.0,
        False,
    )
    assert picture(answer).shape == (180, 320, 3)


def test_a_private_zone_is_black_in_the_picture_of_a_test(api):
    video = render(api.videos / "private.mp4", seconds=2.0)
    left = {"name": "desk", "kind": "privacy", "polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}
    camera_id = api.add("private", str(video), zones=[left])
    asked = api.ask(with_grant(camera_id, AccessLevel.ADMIN))
    found = picture(asked.post(f"/cameras/{camera_id}/test").json())
    assert found[:, :140].max() < 32
    assert found[:, 180:].max() > 64
    assert api.ask(with_grant(camera_id, AccessLevel.CONTROL)).post(f"/cameras/{camera_id}/test").status_code == 403


def test_a_source_that_does_not_work_says_what_is_wrong_and_what_to_do(api):
    broken = api.videos / "broken.mp4"
    broken.write_bytes(b"no video at all" * 100)
    answer = api.ask().post("/cameras/test", json={"source": str(broken)})
    assert answer.status_code == 200
    assert (answer.json()["works"], answer.json()["picture"]) == (False, None)
    assert answer.json()["problem"]
    assert answer.json()["hint"]


def test_only_two_sources_are_tried_at_once(api, monkeypatch):
    go_on, begun, answers = threading.Event(), threading.Barrier(3), []

    def hang(_url, **_named):
        begun.wait(20)
        assert go_on.wait(20)
        raise SourceUnavailable("nothing was sent")

    monkeypatch.setattr("haetae.api.routers.camera_tests.probe", hang)
    ask = lambda: answers.append(api.ask().post("/cameras/test", json={"source": LIVE}).status_code)  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait(20)
    third = api.ask().post("/cameras/test", json={"source": LIVE})
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert (third.status_code, third.json()["code"]) == (429, "too_many_requests")
    assert third.headers["retry-after"] == "10"
    assert answers == [200, 200]
    monkeypatch.undo()
    assert api.ask().post("/cameras/test", json={"source": LIVE}).json()["works"]


def test_a_change_takes_effect_later_when_the_running_site_cannot_be_told(api, monkeypatch):
    def away():
        raise HaetaeError("the database is away")

    monkeypatch.setattr(api.manager, "reconcile", away)
    camera_id = api.add("later")
    assert api.ask().get(f"/cameras/{camera_id}/status").json()["state"] == "stopped"


def picture(answer):
    found = cv2.imdecode(np.frombuffer(base64.b64decode(answer["picture"]), np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found
