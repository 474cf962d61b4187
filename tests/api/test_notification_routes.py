"""Rules, channels, groups and deliveries over the API, with a real mail server and a real receiver behind them."""

import json
import re
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.mail_server import MailServer
from tests.support.waiting import wait_until
from tests.support.web_site import TESTER, WebSite

from haetae.database.engine import session_scope
from haetae.database.event_news import note_news
from haetae.domain.event import Severity
from haetae.settings import ApiSettings, NotificationSettings

API = "/api/v1"
GUARD = {"kind": "address", "value": "guard@example.org"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notify")
    made = WebSite(
        folder,
        api=ApiSettings(port=0, public_url="https://site.example"),
        # Sooner than anybody may set it.
        notifications=NotificationSettings(allow_loopback=True, dedup_s=0.0).model_copy(update={"digest_s": 1.0}),
    )
    with made as site:
        yield site


@pytest.fixture
def mail():
    with MailServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_rules_are_left(site):
    yield
    for rule in site.services.rules.list():
        site.services.rules.remove(rule.rule.id, TESTER)


def ask(site, method, path, person="admin", **arguments):
    return site.ask(person, method, f"{API}{path}", **arguments)


def done(answer):
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def add_mail(site, server, **changes):
    settings = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "haetae@example.org", "password": "hunter2-secret"}
    body = {"name": f"mail {uuid4().hex[-6:]}", "kind": "email", "settings": {**settings, "username": "", **changes}}
    return done(ask(site, "POST", "/channels", json=body))


def add_rule(site, *channels, **fields):
    body = {"name": f"rule {uuid4().hex[-6:]}", "channel_ids": [channel["id"] for channel in channels], "recipients": [GUARD], **fields}
    return done(ask(site, "POST", "/rules", json=body))


def happen(site, camera_id=None, **changes):
    event = site.add_event(camera_id or site.seen.id, **{"timestamp": site.services.clock.now(), **changes})
    with session_scope(site.web.site.running.sessions) as session:
        note_news(session, [event.id], site.services.clock.now())
    site.services.notifier.wake()
    return event


def test_a_channel_never_shows_its_secrets_and_keeps_those_that_are_not_given_anew(site, mail):
    channel = add_mail(site, mail)
    assert channel["secrets_set"] == ["password"]
    path = f"/channels/{channel['id']}"
    for shown in (channel, done(ask(site, "GET", "/channels")), done(ask(site, "GET", path)), done(ask(site, "GET", "/audit"))):
        assert "hunter2-secret" not in json.dumps(shown)
    settings = {**channel["settings"], "host": "127.0.0.1", "timeout_s": 9.0}
    etag = ask(site, "GET", path).headers["etag"]
    changed = ask(site, "PATCH", path, json={"settings": settings}, headers={"If-Match": etag})
    assert (done(changed)["secrets_set"], changed.json()["settings"]["timeout_s"]) == (["password"], 9.0)
    assert site.services.channels.config(UUID(channel["id"])).settings["password"] == "hunter2-secret"
    stale = ask(site, "PATCH", path, json={"name": "x"}, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert ask(site, "PATCH", path, json={"name": "x"}).status_code == 428
    cleared = ask(site, "PATCH", path, json={"settings": {**settings, "password": None}}, headers={"If-Match": "*"})
    assert done(cleared)["secrets_set"] == []


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("email", {"host": "169.254.169.254", "sender": "a@b.c"}, "169.254.169.254"),
        ("webhook", {"url": "http://[fe80::1]/"}, "fe80::1"),
        ("webhook", {"url": "ftp://example.org"}, "url"),
        ("apprise", {"url": "exec://rm"}, "not allowed"),
        ("email", {"host": "mail.example.org", "sender": "nobody"}, "sender"),
        ("fax", {}, "unknown channel"),
    ],
)
def test_a_channel_that_may_not_be_is_refused_with_what_to_do(site, kind, settings, words):
    answer = ask(site, "POST", "/channels", json={"name": "bad", "kind": kind, "settings": settings})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.json()["hint"]


def test_the_kinds_say_how_they_are_configured(site):
    kinds = {kind["kind"]: kind for kind in done(ask(site, "GET", "/channels/kinds"))["kinds"]}
    assert {"email", "webhook", "apprise", "log"} <= kinds.keys()
    assert kinds["email"]["target_needed"] is True
    assert kinds["email"]["settings_schema"]["properties"]["password"]["writeOnly"] is True


def test_a_channel_and_a_rule_are_tried_for_real(site, mail):
    channel = add_mail(site, mail)
    tried = done(ask(site, "POST", f"/channels/{channel['id']}/test", json={"target": "boss@example.org", "language": "ko"}))
    assert (tried["accepted"], tried["error"]) == (True, "")
    [(recipients, message)] = mail.received
    assert recipients == ["boss@example.org"]
    assert "시험" in message["Subject"]
    rule = add_rule(site, channel, recipients=[GUARD, {"kind": "address", "value": "boss@example.org"}])
    mail.refuses = lambda address: "550 5.1.1 unknown" if address.startswith("boss") else None
    results = done(ask(site, "POST", f"/rules/{rule['id']}/test"))["results"]
    assert [(result["target"], result["accepted"]) for result in results] == [("guard@example.org", True), ("boss@example.org", False)]
    assert results[1]["answer"] == "550 5.1.1 unknown"
    assert ask(site, "POST", f"/channels/{channel['id']}/test", json={"target": "nobody"}).status_code == 422


def test_what_happens_is_told_and_can_be_followed(site, mail):
    channel = add_mail(site, mail)
    rule = add_rule(site, channel, min_severity="high")
    event = happen(site)
    wait_until(lambda: mail.received, "the mail arrives")
    [(_, message)] = mail.received
    assert f"https://site.example/events/{event.id}" in message.get_body(("plain",)).get_content()
    wait_until(lambda: states(site, event)["sent"] == 1, "it is noted")
    [delivery] = done(ask(site, "GET", "/deliveries", params={"event_id": str(event.id)}))["items"]
    assert (delivery["rule"], delivery["channel"], delivery["target"], delivery["state"], delivery["attempts"]) == (
        rule["name"],
        channel["name"],
        "guard@example.org",
        "sent",
        1,
    )
    assert "queued" in delivery["answer"]
    for person, target in (("admin", "guard@example.org"), ("viewer", None)):
        [shown] = done(ask(site, "GET", f"/events/{event.id}/deliveries", person))["deliveries"]
        assert (shown["channel"], shown["state"], shown["target"]) == (channel["name"], "sent", target)
    done(ask(site, "PATCH", f"/events/{event.id}", json={"review": "false_alarm"}))
    wait_until(lambda: len(mail.received) == 2, "people hear what became of it")
    assert mail.received[1][1]["In-Reply-To"] == message["Message-ID"]


def states(site, event):
    return done(ask(site, "GET", "/deliveries/summary", params={"event_id": str(event.id)}))


def test_a_person_hears_of_nothing_that_the_person_may_not_see(site, mail):
    channel = add_mail(site, mail)
    done(ask(site, "PATCH", f"/users/{site.user_id('viewer')}", json={"email": "viewer@example.org"}))
    add_rule(site, channel, recipients=[{"kind": "user", "value": str(site.user_id("viewer"))}], min_severity="high")
    hidden, seen = happen(site, site.hidden.id), happen(site)
    wait_until(lambda: mail.received, "the mail arrives")
    wait_until(lambda: states(site, seen)["sent"] == 1, "it is noted")
    assert [recipients for recipients, _ in mail.received] == [["viewer@example.org"]]
    assert str(hidden.id) not in mail.received[0][1].as_string()
    assert states(site, hidden) | {"last_sent_at": None} == {
        "pending": 0,
        "sent": 0,
        "held": 0,
        "dead": 0,
        "cancelled": 0,
        "last_sent_at": None,
        "database_error": "",
    }


def test_what_is_dead_is_tried_again_when_a_person_says_so(site):
    with HttpReceiver(Answer(410)) as receiver:
        channel = done(ask(site, "POST", "/channels", json={"name": "hook", "kind": "webhook", "settings": {"url": receiver.url}}))
        rule = add_rule(site, channel, recipients=[], min_severity="high")
        event = happen(site)
        wait_until(lambda: states(site, event)["dead"] == 1, "it is dead")
        [delivery] = done(ask(site, "GET", "/deliveries", params={"event_id": str(event.id), "state": "dead"}))["items"]
        assert delivery["answer"].startswith("410")
        assert done(ask(site, "POST", f"/deliveries/{delivery['id']}/retry"))["retried"] == 1
        wait_until(lambda: states(site, event)["sent"] == 1, "it is sent")
        assert done(ask(site, "POST", "/deliveries/retry", json={"filter": {"rule_id": rule["id"]}}))["retried"] == 0
        conflict = ask(site, "DELETE", f"/channels/{channel['id']}")
        assert conflict.status_code == 409
        done(ask(site, "DELETE", f"/rules/{rule['id']}"))
        done(ask(site, "DELETE", f"/channels/{channel['id']}"))
    assert len(receiver.received) == 2


def test_a_dry_run_says_what_would_have_been_sent_and_sends_nothing(site, mail):
    channel = add_mail(site, mail)
    for severity in (Severity.LOW, Severity.HIGH):
        site.add_event(site.seen.id, severity=severity, timestamp=site.services.clock.now())
    body = {"name": "new", "channel_ids": [channel["id"]], "recipients": [GUARD], "camera_ids": [str(site.seen.id)], "min_severity": "high"}
    run = done(ask(site, "POST", "/rules/dry-run", json=body, params={"count": 2}))
    by_severity = {event["severity"]: event for event in run["events"]}
    assert (by_severity["low"]["matched"], by_severity["low"]["reason"]) == (False, "severity")
    assert by_severity["high"]["matched"] is True
    [message] = run["messages"]
    assert (message["kind"], message["target"], message["event_ids"]) == ("alert", "guard@example.org", [by_severity["high"]["event_id"]])
    stored = add_rule(site, channel, enabled=False, min_severity="high")
    assert done(ask(site, "POST", f"/rules/{stored['id']}/dry-run", params={"count": 2}))["messages"]
    assert mail.received == []


def test_a_rules_own_texts_are_checked_and_shown_before_they_are_used(site, mail):
    channel = add_mail(site, mail)
    rule = {"name": "own", "channel_ids": [channel["id"]], "recipients": [GUARD], "title_template": "{{ camera }}!", "language": "ko"}
    event = site.add_event(site.seen.id)
    shown = done(ask(site, "POST", "/rules/preview", json={"rule": rule, "event_id": str(event.id)}))
    assert shown["title"] == "seen!"
    assert done(ask(site, "POST", "/rules/preview", json={"rule": rule}))["title"] == "Camera 1!"
    assert ask(site, "POST", "/rules/preview", json={"rule": rule, "event_id": str(uuid4())}).status_code == 404
    bad = ask(site, "POST", "/rules", json={**rule, "title_template": "{{ camera.__class__ }}"})
    assert bad.status_code == 422
    assert "getattr" in bad.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"channel_ids": []}, "channel"),
        ({"channel_ids": [str(uuid4())]}, "channel"),
        ({"recipients": []}, "whom to reach"),
        ({"recipients": [{"kind": "address", "value": "nobody"}]}, "no e-mail address"),
        ({"recipients": [{"kind": "user", "value": str(uuid4())}]}, "user"),
        ({"recipients": [{"kind": "group", "value": "x"}]}, "group"),
        ({"camera_ids": [str(uuid4())]}, "camera"),
        ({"time_zone": "Nowhere/Else"}, "time zone"),
    ],
)
def test_a_rule_that_could_tell_nobody_is_refused(site, mail, fields, words):
    channel = add_mail(site, mail)
    answer = ask(site, "POST", "/rules", json={"name": "bad", "channel_ids": [channel["id"]], "recipients": [GUARD], **fields})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_rules_and_groups_are_changed_by_who_has_read_them(site, mail):
    channel = add_mail(site, mail)
    group = done(ask(site, "POST", "/groups", json={"name": "night", "members": [GUARD]}))
    rule = add_rule(site, channel, recipients=[{"kind": "group", "value": group["id"]}])
    for path, body in ((f"/groups/{group['id']}", {"name": "day", "members": [GUARD]}), (f"/rules/{rule['id']}", without(rule))):
        etag = ask(site, "GET", path).headers["etag"]
        assert ask(site, "PUT", path, json=body).status_code == 428
        renamed = ask(site, "PUT", path, json={**body, "name": f"renamed {uuid4().hex[-6:]}"}, headers={"If-Match": etag})
        assert done(renamed)["name"].startswith("renamed")
        assert ask(site, "PUT", path, json=body, headers={"If-Match": etag}).status_code == 412
    assert ask(site, "DELETE", f"/groups/{group['id']}").status_code == 409
    taken = ask(site, "POST", "/rules", json={**without(rule), "name": add_rule(site, channel)["name"]})
    assert taken.status_code == 409
    done(ask(site, "DELETE", f"/rules/{rule['id']}"))
    done(ask(site, "DELETE", f"/groups/{group['id']}"))
    actions = {entry["action"] for entry in done(ask(site, "GET", "/audit", params={"limit": 500}))["entries"]}
    assert {"rule.add", "rule.change", "rule.remove", "group.add", "group.change", "group.remove", "channel.add"} <= actions


def without(rule):
    return {name: value for name, value in rule.items() if name not in ("id", "version", "created_at", "updated_at")}


def test_a_recipient_leaves_digests_by_the_link_and_still_gets_alerts(site, mail):
    channel = add_mail(site, mail)
    add_rule(site, channel, min_severity="low", camera_ids=[str(site.seen.id)])
    happen(site, severity=Severity.MEDIUM)
    wait_until(lambda: mail.received, "the digest arrives", deadline_s=60)
    link = mail.received[0][1]["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://site.example/api/v1/notices/unsubscribe?token=")
    path = f"{urlsplit(link).path}?{urlsplit(link).query}"
    page = site.ask(None, "GET", path)
    assert "<form" in page.text
    assert "no-store" in page.headers["cache-control"]
    assert done(ask(site, "GET", "/opt-outs"))["opt_outs"] == [], "a scanner that follows links changes nothing"
    assert site.ask(None, "POST", path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    [left] = done(ask(site, "GET", "/opt-outs"))["opt_outs"]
    assert (left["target"], left["channel_id"]) == ("guard@example.org", channel["id"])
    event = happen(site, severity=Severity.MEDIUM)
    wait_until(lambda: states(site, event)["cancelled"] == 1, "the digest is not sent", deadline_s=60)
    happen(site, severity=Severity.HIGH)
    wait_until(lambda: len(mail.received) == 2, "the alert arrives")
    assert done(ask(site, "DELETE", f"/opt-outs/{channel['id']}", params={"target": "guard@example.org"}))["removed"] is True
    forged = re.sub(r"token=.*", "token=abc:def", path)
    assert site.ask(None, "POST", forged).status_code == 422
