"""`haetae serve` as its users run it: a real process, asked over HTTP and WebSockets, with rendered cameras running."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import orjson
import pytest
from tests.support.commands import run
from tests.support.http_receiver import HttpReceiver
from tests.support.rtsp_server import RtspServer
from tests.support.served_response import Responding
from tests.support.served_site import PASSWORD, ServedSite
from tests.support.site import learn, render
from tests.support.waiting import wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "api.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    calm = render(folder / "calm.mp4", seconds=40.0, incidents=())
    busy = render(folder / "busy.mp4", seconds=60.0, seed=3, normal_s=4.0)
    with RtspServer(busy) as server:
        site = ServedSite(folder, notifications="allow_loopback = true")
        site.state = learn(calm, folder / "calm.state")
        site.stream = server.url
        yield site
        if site.process.poll() is None:
            site.end()


@pytest.fixture(scope="module")
def responding(site):
    with HttpReceiver() as receiver:
        yield Responding(site, receiver)


@pytest.fixture(scope="module")
def camera(site, responding):
    """A camera (RTSP) that watches a plaza on which something happens again and again, with what it learned before."""
    body = {"name": "plaza", "source": site.stream, "analysed_fps": 5.0, "post_roll_s": 1.0, "enabled": False}
    made = site.ask("POST", "/cameras", json=body).raise_for_status().json()
    path = site.folder / "site" / "states" / made["id"] / "motion.state"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(site.state.read_bytes())
    site.ask("POST", f"/cameras/{made['id']}/start").raise_for_status()
    wait_until(lambda: site.get(f"/cameras/{made['id']}/status")["state"] == "watching", "the camera watches", deadline_s=60)
    return made


def test_the_site_is_alive_and_ready(site):
    assert httpx2.get(f"{site.url}/healthz").json() == {"status": "ok"}
    assert httpx2.get(f"{site.url}/readyz").json() == {"ready": True, "reasons": []}
    assert "haetae_" in httpx2.get(f"{site.url}/metrics").text
    assert "swagger" in httpx2.get(f"{site.url}/docs").text


def test_the_set_up_code_is_good_once(site):
    answer = site.ask("POST", "/auth/setup", json={"code": site.code, "username": "mallory", "password": PASSWORD, "cookie": False})
    assert answer.status_code in (403, 409)


def test_an_event_is_told_listed_watched_and_exported(site, camera):
    with site.socket("/ws") as socket_:
        socket_.send('{"type": "subscribe", "topics": ["events"], "cameras": null}')
        while (message := orjson.loads(socket_.recv(timeout=90)))["type"] != "event":
            pass
    event_id = message["event"]["id"]
    assert message["event"]["camera_id"] == camera["id"]
    assert site.ask("GET", f"/events/{event_id}").status_code == 200, "who is told of it can read it"
    wait_until(lambda: site.ask("GET", f"/events/{event_id}/clip").status_code == 200, "the clip", deadline_s=120)
    [listed] = [event for event in site.get("/events")["items"] if event["id"] == event_id]
    assert listed["camera_id"] == camera["id"]
    part = site.ask("GET", f"/events/{event_id}/clip", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert site.ask("GET", f"/events/{event_id}/thumbnail").content.startswith(b"\xff\xd8")
    export = site.ask("GET", f"/events/{event_id}/export")
    assert export.content.startswith(b"PK")
    answered = site.ask("POST", f"/events/{event_id}/acknowledge", json={"note": "seen"})
    assert answered.raise_for_status().json()["acknowledged"] is True


def test_an_incident_is_planned_done_approved_exported_and_planned_again(site, camera, responding):
    event_id = responding.incident()
    done = responding.wait(event_id, bookmark_clip="done", call_webhook="done", siren="awaiting_approval")
    assert {kind: each["risk"] for kind, each in done.items()} == {"bookmark_clip": "R0", "call_webhook": "R1", "siren": "R2"}
    assert done["call_webhook"]["result"] == {"target": "desk", "status": 200, "answer": "200 thank you"}
    [(_headers, told)] = responding.posts(event_id)
    assert (told["action"], told["text"], told["event"]["camera_id"]) == ("call_webhook", "Look at plaza", camera["id"])
    assert site.get(f"/events/{event_id}")["locked"] is True

    operator = responding.operator("lee", camera["id"])
    [waiting] = [each for each in site.get("/approvals", headers=operator)["items"] if each["event_id"] == event_id]
    yes = f"/approvals/{waiting['id']}/approve"
    assert site.ask("POST", yes, headers=operator, json={"note": "go"}).raise_for_status().json()["state"] == "approved"
    responding.wait(event_id, siren="done")
    assert site.ask("POST", yes, headers=operator).status_code == 409
    [_told, (headers, sounded)] = responding.posts(event_id)
    assert (sounded["action"], sounded["options"], sounded["approved_by"]) == ("siren", {"seconds": 5}, ["lee"])
    assert headers["idempotency-key"] == sounded["id"]
    event = site.get(f"/events/{event_id}")
    assert event["agent_actions"] == ["bookmark_clip", "call_webhook:desk", "siren:front-siren"]
    assert event["agent_response_time"] >= 0.0

    exported = orjson.loads(responding.command("incident", "export", event_id))
    assert [each["state"] for each in exported["actions"]] == ["done"] * 3
    assert responding.command("incident", "replay", event_id).splitlines() == ["Plan 1: the same"]


def test_the_camera_is_seen_live(site, camera):
    with site.socket(f"/cameras/{camera['id']}/live") as socket_:
        opening = orjson.loads(socket_.recv(timeout=30))
        assert opening["mime"].startswith('video/mp4; codecs="avc1.')
        assert socket_.recv(timeout=30)[4:8] == b"ftyp"
        assert b"moof" in socket_.recv(timeout=30)[:64]
    picture = site.ask("GET", f"/cameras/{camera['id']}/snapshot")
    assert picture.content.startswith(b"\xff\xd8")
    assert picture.headers["etag"]


def test_a_socket_without_a_ticket_is_closed(site):
    with connect(f"ws://127.0.0.1:{site.port}/api/v1/ws", open_timeout=30) as socket_, pytest.raises(ConnectionClosed) as closed:
        socket_.recv(timeout=30)
    assert closed.value.rcvd.code == 4401


def test_the_example_of_the_guide_runs(site, camera):
    [example] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    key = site.ask("POST", "/api-keys", json={"name": "guide", "role": "viewer"}).raise_for_status().json()["key"]
    environment = {**os.environ, "HAETAE_SITE": site.url, "HAETAE_KEY": key}
    done = subprocess.run([sys.executable, "-c", example], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "plaza watching" in done.stdout


def test_the_audit_log_is_whole(site):
    report = site.get("/audit/verify")
    assert (report["fault"], report["complete"]) == (None, True)
    assert report["entries"] == report["head_number"] > 0
    verified = run("audit", "verify", cwd=site.folder)
    assert (verified.code, "actions and" in verified.stdout) == (0, True)


def test_no_password_of_a_camera_leaves_the_server(site):
    secret = "hunter2-of-the-camera"
    body = {"name": "door", "source": f"rtsp://root:{secret}@192.168.77.7/stream", "enabled": False}
    made = site.ask("POST", "/cameras", json=body)
    assert made.status_code == 201, made.text
    for path in ("/cameras", f"/cameras/{made.json()['id']}", "/cameras/export", "/audit"):
        assert secret not in site.ask("GET", path).text
    for file in (site.folder / "site").rglob("haetae.db*"):
        assert secret.encode() not in file.read_bytes()


def test_it_ends_when_told_to_with_clients_connected(site):
    with site.socket("/ws") as socket_:
        ended = site.end()
        assert orjson.loads(socket_.recv(timeout=30))["type"] == "hello"
        with pytest.raises(ConnectionClosed) as closed:
            socket_.recv(timeout=30)
    # Service restart: come again.
    assert closed.value.rcvd.code == 1012
    assert ended.code == 0, ended.stderr
    assert site.code not in ended.stdout
