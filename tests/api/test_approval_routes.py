"""Approvals, actions, targets and incidents over the API, with a real mail server and a real siren behind them."""

import json
import re
from html import unescape
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from tests.support.http_receiver import HttpReceiver
from tests.support.mail_server import MailServer
from tests.support.waiting import wait_until
from tests.support.web_site import TESTER, WebSite

from haetae.database.account_rows import UserChange
from haetae.domain.plan import ActionKind, PlannedAction, ResponsePlan
from haetae.settings import ApiSettings, NotificationSettings

API = "/api/v1"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = WebSite(
        tmp_path_factory.mktemp("approve"),
        api=ApiSettings(port=0, public_url="https://site.example"),
        notifications=NotificationSettings(allow_loopback=True, dedup_s=0.0, digest_s=5.0),
    )
    with made as site:
        yield site


@pytest.fixture
def siren(site):
    with HttpReceiver() as receiver:
        target_id = f"siren-{uuid4().hex[-6:]}"
        body = {"id": target_id, "kind": "siren", "name": "Front siren", "settings": {"url": receiver.url, "secret": "hunter2-secret"}}
        receiver.made = done(ask(site, "POST", "/response-targets", json=body))
        receiver.id = target_id
        yield receiver


def ask(site, method, path, person="admin", **arguments):
    return site.ask(person, method, f"{API}{path}", **arguments)


def done(answer):
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def plan(site, event, *actions):
    """Plan these and wake who does them; returns their ids."""
    doing = site.web.site.running.doing
    ids = doing.actions.record(event.id, event.camera_id, ResponsePlan(actions))
    doing.acting.wake()
    return ids


def state(site, event, person="admin"):
    return [each["state"] for each in done(ask(site, "GET", f"/events/{event.id}/actions", person))["items"]]


def question(site, event, person="admin"):
    return next(each for each in done(ask(site, "GET", "/approvals", person))["items"] if each["event_id"] == str(event.id))


def test_a_siren_sounds_after_an_operator_said_yes_and_not_before(site, siren):
    event = site.add_event(site.seen.id)
    plan(site, event, PlannedAction(ActionKind.SIREN, siren.id, reason="an intruder"), PlannedAction(ActionKind.BOOKMARK_CLIP))
    wait_until(lambda: sorted(state(site, event)) == ["awaiting_approval", "done"], "the clip is kept")
    asked = question(site, event, "operator")
    assert (asked["action"]["kind"], asked["needed"], asked["given"], asked["may_decide"]) == ("siren", 1, 0, True)
    assert asked["action"]["target_name"] == "Front siren"
    assert question(site, event, "looker")["may_decide"] is False
    path = f"/approvals/{asked['id']}"
    for person, status in (("looker", 403), ("viewer", 403), ("stranger", 403), (None, 401)):
        for verb in ("approve", "reject"):
            assert ask(site, "POST", f"{path}/{verb}", person).status_code == status
    assert siren.received == []
    answer = done(ask(site, "POST", f"{path}/approve", "operator", json={"note": "I see him"}))
    assert (answer["state"], answer["given"], answer["decisions"][0]["note"]) == ("approved", 1, "I see him")
    wait_until(lambda: state(site, event) == ["done", "done"], "the siren sounded")
    assert len(siren.received) == 1
    assert ask(site, "POST", f"{path}/approve", "owner").status_code == 409
    assert ask(site, "POST", f"{path}/approve", "operator", json={"note": "x" * 501}).status_code == 422


def test_a_question_about_a_camera_that_one_does_not_see_is_not_there(site, siren):
    event = site.add_event(site.hidden.id)
    plan(site, event, PlannedAction(ActionKind.SIREN, siren.id))
    asked = question(site, event)
    for path in (f"/approvals/{asked['id']}", f"/approvals/{uuid4()}"):
        assert ask(site, "GET", path, "operator").status_code == 404
        assert ask(site, "POST", f"{path}/approve", "operator").status_code == 404
    assert asked["id"] not in ask(site, "GET", "/approvals?open=false", "operator").text
    assert ask(site, "GET", f"/events/{event.id}/incident", "operator").status_code == 404


def test_a_key_of_an_admin_approves_of_nothing(site, siren):
    event = site.add_event(site.seen.id)
    plan(site, event, PlannedAction(ActionKind.SIREN, siren.id))
    key = done(ask(site, "POST", "/api-keys", json={"name": "program", "role": "admin"}))["key"]
    path = f"{API}/approvals/{question(site, event)['id']}/approve"
    answer = site.ask(None, "POST", path, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, siren.received) == (403, [])


def test_a_message_brings_a_link_and_a_code_that_decide_once(site, siren):
    for name in ("owner", "operator"):
        site.services.account_store.change(site.user_id(name), UserChange(email=f"{name}@example.org"), TESTER)
    with MailServer() as server:
        settings = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "haetae@example.org"}
        channel = done(ask(site, "POST", "/channels", json={"name": "mail", "kind": "email", "settings": settings}))
        event = site.add_event(site.seen.id)
        plan(site, event, PlannedAction(ActionKind.SIREN, siren.id, text="<b>run</b>"))
        wait_until(
            lambda: {to for rcpts, _ in server.received for to in rcpts} >= {"owner@example.org", "operator@example.org"}, "mail came"
        )
        letters = {rcpts[0]: message for rcpts, message in server.received}
        ask(site, "PATCH", f"/channels/{channel['id']}", json={"enabled": False}, headers={"If-Match": "*"})
    text = letters["operator@example.org"].get_body(("plain",)).get_content()
    assert "Front siren" in text
    link, code = re.search(r"https://\S+token=\S+", text).group(), re.search(r"Your code: (\w+)", text).group(1)
    path = f"{urlsplit(link).path}?{urlsplit(link).query}"
    for method in ("GET", "HEAD", "GET"):
        page = site.ask(None, method, path)
    assert (page.status_code, "&lt;b&gt;run" in page.text, code in page.text) == (200, True, False)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    for body, status in (
        ("", 422),
        ("decision=approve", 422),
        (f"code={code}", 422),
        (f"code={code}&decision=burn", 422),
        ("code=AAAAAAAA&decision=approve", 403),
    ):
        assert site.ask(None, "POST", path, content=body, **form).status_code == status
    assert state(site, event) == ["awaiting_approval"]
    assert site.ask(None, "POST", path.replace("token=", "token=A"), content=f"code={code}&decision=approve", **form).status_code == 422
    answer = site.ask(None, "POST", path, content=f"code={code}&decision=approve", **form)
    assert (answer.status_code, "You approved" in unescape(answer.text)) == (200, True)
    wait_until(lambda: state(site, event) == ["done"], "the siren sounded")
    assert site.ask(None, "POST", path, content=f"code={code}&decision=approve", **form).status_code == 409
    assert "nothing to decide" in site.ask(None, "GET", path).text
    assert len(siren.received) == 1


def test_targets_are_checked_and_their_secrets_never_shown(site, siren):
    assert (siren.made["secrets_set"], siren.made["settings"]["url"]) == (["secret"], siren.url)
    listed = ask(site, "GET", "/response-targets").text
    assert siren.id in listed
    assert "hunter2" not in listed
    path, base = f"/response-targets/{siren.id}", {"name": "Siren", "settings": {"url": siren.url, "idempotent": True}, "people": 2}
    assert ask(site, "PUT", path, json=base).status_code == 428
    assert ask(site, "PUT", path, json=base, headers={"If-Match": '"9"'}).status_code == 412
    changed = done(ask(site, "PUT", path, json=base, headers={"If-Match": "*"}))
    assert (changed["people"], changed["secrets_set"], changed["settings"]["idempotent"]) == (2, ["secret"], True)
    base["settings"]["secret"] = None
    assert done(ask(site, "PUT", path, json=base, headers={"If-Match": "*"}))["secrets_set"] == []
    for body, status in (
        ({"id": siren.id, "kind": "siren", "name": "again", "settings": {"url": siren.url}}, 409),
        ({"id": "Not An Id", "kind": "siren", "name": "x", "settings": {"url": siren.url}}, 422),
        ({"id": "meta", "kind": "webhook", "name": "x", "settings": {"url": "http://169.254.169.254/latest"}}, 422),
        ({"id": "ftp", "kind": "webhook", "name": "x", "settings": {"url": "ftp://example.org"}}, 422),
        ({"id": "more", "kind": "webhook", "name": "x", "settings": {"url": siren.url, "command": "rm"}}, 422),
        ({"id": "head", "kind": "preset", "name": "x", "settings": {"preset": "1"}}, 422),
        ({"id": "cam", "kind": "preset", "name": "x", "settings": {"preset": "1"}, "camera_id": str(uuid4())}, 422),
        (
            {"id": "onvif", "kind": "preset", "name": "x", "settings": {"driver": "onvif", "preset": "1"}, "camera_id": str(site.seen.id)},
            422,
        ),
    ):
        assert ask(site, "POST", "/response-targets", json=body).status_code == status, body
    kinds = {each["kind"]: each["settings_schema"] for each in done(ask(site, "GET", "/response-targets/kinds"))["kinds"]}
    assert kinds["siren"]["properties"]["secret"]["writeOnly"]
    assert kinds["preset"]["properties"]["password"]["writeOnly"]
    done(ask(site, "DELETE", path))
    assert ask(site, "GET", path).status_code == 404
    noted = [entry["action"] for entry in done(ask(site, "GET", f"/audit?target_type=target&target_id={siren.id}"))["entries"]]
    assert noted == ["target.remove", "target.change", "target.change", "target.add"]
    assert "hunter2" not in ask(site, "GET", "/audit?limit=500").text


def test_an_incident_is_taken_out_whole_and_nothing_in_it_is_markup(site, siren):
    event = site.add_event(site.seen.id, vlm_description="<script>alert(1)</script>")
    plan(site, event, PlannedAction(ActionKind.SIREN, siren.id), PlannedAction(ActionKind.ADD_NOTE, text="<img src=x onerror=alert(2)>"))
    done(ask(site, "POST", f"/approvals/{question(site, event)['id']}/reject", "operator", json={"note": "no need"}))
    wait_until(lambda: state(site, event) == ["rejected", "done"], "it is over")
    whole = json.loads(ask(site, "GET", f"/events/{event.id}/incident").content)
    assert (whole["format"], whole["event"]["id"], whole["plans"][0]["planned_by"]) == ("haetae.incident/1", str(event.id), "playbook")
    assert [(action["kind"], action["state"]) for action in whole["actions"]] == [("siren", "rejected"), ("add_note", "done")]
    assert whole["approvals"][0]["decisions"][0]["note"] == "no need"
    verbs = [entry["action"] for entry in whole["audit"]]
    assert {"plan.record", "action.plan", "action.reject", "action.result", "event.export"} <= set(verbs)
    assert all(len(entry["hash"]) == 64 and "previous_hash" in entry for entry in whole["audit"])
    page = ask(site, "GET", f"/events/{event.id}/incident?format=html", "operator")
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert ask(site, "GET", f"/events/{event.id}/incident", "looker").status_code == 403
    mine = json.loads(ask(site, "GET", f"/events/{event.id}/incident", "operator").content)
    assert not any("address" in entry or "before" in entry for entry in mine["audit"])
    report = done(ask(site, "GET", "/audit/responses"))
    assert (report["faults"], report["actions"] >= 2) == ([], True)
