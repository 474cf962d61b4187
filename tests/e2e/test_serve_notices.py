"""People are told by a real `haetae serve`, also when it is killed in the middle."""

import json
import signal

import pytest
from tests.support.commands import finish
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.served_site import ServedSite
from tests.support.waiting import wait_until


@pytest.fixture
def site(tmp_path):
    site = ServedSite(tmp_path, notifications="allow_loopback = true", source="connect_timeout_s = 1\nread_timeout_s = 1")
    yield site
    if site.process.poll() is None:
        site.end()


def test_a_notice_survives_kill_9_and_is_known_again_by_its_id(site):
    with HttpReceiver(Answer(hang=True)) as receiver:
        hook = {"name": "hook", "kind": "webhook", "settings": {"url": receiver.url, "secret": "between us", "timeout_s": 50}}
        channel = site.ask("POST", "/channels", json=hook).raise_for_status().json()
        rule = {"name": "technicians", "channel_ids": [channel["id"]], "system_events": True, "language": "ko"}
        site.ask("POST", "/rules", json=rule).raise_for_status()
        camera = {"name": "정문", "source": "rtsp://127.0.0.1:9/nothing", "offline_alert_s": 1.0}
        camera_id = site.ask("POST", "/cameras", json=camera).raise_for_status().json()["id"]
        wait_until(lambda: receiver.received, "the receiver hears of the camera", deadline_s=60)
        site.process.send_signal(signal.SIGKILL)
        finish(site.process)
        site.start()
        wait_until(lambda: len(receiver.received) >= 2, "the receiver hears of it again", deadline_s=60)
        first, second = receiver.received[:2]
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        body = json.loads(second.body)
        assert (body["events"][0]["camera_id"], body["events"][0]["type"]) == (camera_id, "camera_offline")
        assert body["title"] == "정문: 카메라 연결 끊김"
        wait_until(lambda: _sent(site, body["events"][0]["id"]), "it is noted as sent", deadline_s=60)
    assert site.end().code == 0


def _sent(site, event_id):
    deliveries = site.get(f"/events/{event_id}/deliveries")["deliveries"]
    return [delivery["state"] for delivery in deliveries if delivery["stage"] == "alert"] == ["sent"]
