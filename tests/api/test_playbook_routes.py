"""The playbook over HTTP: read, check, compare, try, put in force; and the plan of an event."""

import pytest
from tests.support.waiting import wait_until
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.database.engine import session_scope
from haetae.database.incident_rows import note_incident

MINE = 'form = 1\nname = "mine"\n[[rules]]\nname = "all"\nmust = ["bookmark_clip"]\n'
CALLS = 'form = 1\nname = "mine"\n[targets]\nguards = ""\n[[rules]]\nname = "all"\nmust = ["bookmark_clip", "notify:guards"]\n'


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("playbook")) as site:
        yield site


def ask(site, method, path, person="admin", **arguments):
    return site.ask(person, method, f"{PREFIX}{path}", **arguments)


def test_a_site_begins_with_the_basic_playbook_and_keeps_every_version(site):
    first = ask(site, "GET", "/playbook").json()
    assert (first["version"], first["active"], first["created_by"]) == (0, True, "Haetae")
    assert 'name = "Basic"' in first["content"]
    stored = ask(site, "PUT", "/playbook", json={"content": MINE, "note": "ours", "expected_version": 0}).json()
    assert (stored["version"], stored["created_by"], stored["note"], stored["active"]) == (1, "admin", "ours", True)
    stale = ask(site, "PUT", "/playbook", json={"content": CALLS, "expected_version": 0})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert ask(site, "PUT", "/playbook", json={"content": CALLS, "expected_version": 1}).json()["version"] == 2
    assert ask(site, "PUT", "/playbook", json={"content": CALLS}).json()["version"] == 2, "the same again changes nothing"
    listed = ask(site, "GET", "/playbook/versions").json()["items"]
    assert [(each["version"], each["active"]) for each in listed] == [(2, True), (1, False)]
    assert ask(site, "GET", "/playbook/versions/1").json()["content"] == MINE
    assert ask(site, "GET", "/playbook/versions/0").json()["active"] is False
    assert ask(site, "GET", "/playbook/versions/9").status_code == 404
    diff = ask(site, "GET", "/playbook/diff", params={"old": 1, "new": 2}).json()["diff"]
    assert "--- version 1\n+++ version 2\n" in diff
    assert '+guards = ""' in diff
    assert ask(site, "GET", "/playbook/diff", params={"old": 2, "new": 2}).json()["diff"] == ""
    audit = ask(site, "GET", "/audit", params={"action": "playbook"}).json()["entries"]
    assert [entry["after"]["version"] for entry in audit] == [2, 1]


def test_a_check_stores_nothing_and_says_line_key_and_fix(site):
    before = ask(site, "GET", "/playbook").json()["version"]
    bad = MINE.replace("bookmark_clip", "bookmark_clop")
    found = ask(site, "POST", "/playbook/check", json={"content": bad}).json()
    assert found["usable"] is False
    [finding] = found["findings"]
    assert (finding["line"], finding["where"], finding["warning"]) == (5, "rule 'all', must[1].action", False)
    assert "Known actions" in finding["hint"]
    warned = ask(site, "POST", "/playbook/check", json={"content": CALLS}).json()
    assert (warned["usable"], [each["warning"] for each in warned["findings"]]) == (True, [True])
    refused = ask(site, "PUT", "/playbook", json={"content": bad})
    assert refused.status_code == 422
    assert "line 5" in refused.json()["detail"]
    assert ask(site, "GET", "/playbook").json()["version"] == before


def test_a_dry_run_says_what_would_have_been_planned(site):
    text = 'form = 1\nname = "x"\n[[rules]]\nname = "severe"\nwhen = { min_severity = "high" }\nmust = ["snapshot"]\nmay = ["add_note"]\n'
    found = ask(site, "POST", "/playbook/dry-run", json={"content": text}).json()
    [event] = [each for each in found["events"] if each["event_id"] == str(site.events["seen"].id)]
    assert (event["actions"], event["may"], event["rules"], event["camera"]) == (["snapshot"], ["add_note"], ["severe"], "seen")
    assert found["totals"]["snapshot"] == len(found["events"]) == found["changed"] == 2
    assert ask(site, "POST", "/playbook/dry-run", json={}).json()["changed"] == 0
    gone = ask(site, "POST", "/playbook/dry-run", json={"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}).json()
    assert (gone["events"], gone["totals"]) == ([], {})
    assert ask(site, "POST", "/playbook/dry-run", json={"content": "form ="}).status_code == 422
    assert (
        ask(site, "POST", "/playbook/dry-run", json={"since": "2020-01-02T00:00:00Z", "until": "2020-01-01T00:00:00Z"}).status_code == 422
    )


def test_there_are_playbooks_to_begin_with(site):
    items = ask(site, "GET", "/playbook/defaults").json()["items"]
    assert {(each["name"], each["language"]) for each in items} >= {("office", "ko"), ("shop", "en"), ("car_park", "ko")}
    for each in items:
        assert ask(site, "POST", "/playbook/check", json={"content": each["content"]}).json()["usable"] is True


def test_the_plan_of_an_event_is_there_with_everything_that_explains_it(site):
    event = site.add_event(site.seen.id)
    planned = f"/events/{event.id}/plan"
    assert ask(site, "GET", planned).json() == {"event_id": str(event.id), "waits": False, "plans": []}
    ask(site, "PUT", "/playbook", json={"content": CALLS})
    running = site.web.site.running
    with session_scope(running.sessions) as session:
        note_incident(session, event.id, event.camera_id, final=True, now=site.services.clock.now())
    running.planning.wake()
    wait_until(lambda: ask(site, "GET", planned).json()["plans"], "it is planned")
    for person in ("admin", "viewer"):
        found = ask(site, "GET", planned, person).json()
        [plan] = found["plans"]
        assert (plan["words"], plan["planned_by"], plan["flow"], plan["fallback"]) == (["bookmark_clip"], "playbook", "playbook", "")
        assert plan["playbook_version"] == ask(site, "GET", "/playbook").json()["version"]
        assert [each["action"]["kind"] for each in plan["refused"]] == ["notify"]
        assert "stands for no group yet" in plan["review"]
        assert plan["actions"][0]["risk"] == "R0"
    row = ask(site, "GET", f"/events/{event.id}").json()
    assert row["agent_actions"] == ["bookmark_clip"]
    assert ask(site, "GET", planned, "stranger").status_code == 404
    [planning] = ask(site, "GET", f"/events/{event.id}/incident").json()["planning"]
    assert (planning["words"], planning["inputs"]["playbook_version"]) == (["bookmark_clip"], plan["playbook_version"])
    [planning] = ask(site, "GET", f"/events/{event.id}/incident", "operator").json()["planning"]
    assert (planning["words"], planning["inputs"]) == (["bookmark_clip"], {}), "what all was given to it is for admins"
    report = ask(site, "GET", "/audit/responses").json()
    assert (report["plans"] >= 1, report["faults"]) == (True, [])


def test_a_camera_says_who_plans_for_it(site):
    path = f"/cameras/{site.seen.id}"
    assert ask(site, "GET", path).json()["flow"] is None
    for flow in ("hierarchical", None):
        tag = ask(site, "GET", path).headers["etag"]
        assert ask(site, "PATCH", path, json={"flow": flow}, headers={"If-Match": tag}).json()["flow"] == flow


def test_what_the_playbook_does_something_with_is_not_taken_away_by_mistake(site):
    group = ask(site, "POST", "/groups", json={"name": "night team", "members": []}).json()["id"]
    hook = {"id": "desk", "kind": "webhook", "name": "The desk", "settings": {"url": "https://desk.example.org/hook"}}
    assert ask(site, "POST", "/response-targets", json=hook).status_code == 201
    content = MINE.replace("[[rules]]", '[targets]\nguards = "night team"\n[[rules]]').replace(
        '["bookmark_clip"]', '["notify:guards"]\nmay = ["call_webhook:desk"]'
    )
    assert ask(site, "PUT", "/playbook", json={"content": content}).status_code == 200
    for path in (f"/groups/{group}", "/response-targets/desk"):
        refused = ask(site, "DELETE", path)
        assert (refused.status_code, "the playbook in force names it in 'all'" in refused.text) == (409, True)
        assert ask(site, "GET", path).status_code == 200
    assert ask(site, "PUT", "/playbook", json={"content": MINE}).status_code == 200
    assert {ask(site, "DELETE", path).status_code for path in (f"/groups/{group}", "/response-targets/desk")} == {204}
