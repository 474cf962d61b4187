"""How verdicts came about, what a model was shown, another look, notes and prompts: over the API."""

import pytest
from tests.support.triage import PICTURE, by_model
from tests.support.waiting import wait_until
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.database.engine import session_scope
from haetae.database.models import Event
from haetae.database.triage_store import TriageStore
from haetae.domain.analysis import EventType
from haetae.domain.triage import Outcome
from haetae.media.looks import write_looks


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("analyses")) as site:
        yield site


def sessions(site):
    return site.web.site.running.sessions


def looked_at(site, event, analysis=None, **changes):
    """An event as a model leaves it, with the picture that was sent."""
    asked = site.ask("admin", "POST", f"{PREFIX}/events/{event.id}/analyze")
    assert asked.status_code == 202, asked.text
    store = TriageStore(sessions(site), site.web.site.clock)
    # Triage of this site has no model: it never claims a job itself.
    job = store.claim(event.id, lease_s=60.0)
    assert job is not None
    analysis = analysis or by_model(**changes)
    store.write([Outcome(job, analysis, "needle in the words", done=True)])
    layout = site.services.layout
    write_looks(layout.path(layout.looked_at(event.camera_id, event.id, event.timestamp)), [PICTURE])
    return event


@pytest.fixture(scope="module")
def event(site):
    return looked_at(site, site.events["seen"])


def get(site, path, person="operator", **arguments):
    answer = site.ask(person, "GET", PREFIX + path, **arguments)
    assert answer.status_code == 200, answer.text
    return answer


def test_a_verdict_stands_on_the_event_in_lists_and_details(site, event):
    detail = get(site, f"/events/{event.id}").json()
    assert (detail["verdict"], detail["basis"], detail["vlm_type"], detail["vlm_confidence"]) == ("confirmed", "both", "Fighting", 0.8)
    assert detail["analysed_at"] is not None
    listed = get(site, "/events", params={"verdict": "confirmed"}).json()["items"]
    assert str(event.id) in {item["id"] for item in listed}
    assert {item["verdict"] for item in listed} == {"confirmed"}


def test_how_it_came_about_can_be_read(site, event):
    newest = get(site, f"/events/{event.id}/analyses").json()["items"][0]
    assert (newest["verdict"], newest["backend"], newest["model"], newest["attempts"]) == ("confirmed", "openai", "a-model", 1)
    assert newest["frames"][0]["number"] == 1
    assert newest["raw"] is None, "what a model said word for word is for admins"
    assert get(site, f"/events/{event.id}/analyses", "admin").json()["items"][0]["raw"] is not None


def test_the_picture_that_was_sent_can_be_seen(site, event):
    answer = get(site, f"/events/{event.id}/looks/1")
    assert (answer.content, answer.headers["content-type"]) == (PICTURE.data, "image/jpeg")
    assert site.ask("operator", "GET", f"{PREFIX}/events/{event.id}/looks/2").status_code == 404
    path = f"{PREFIX}/events/{event.id}/looks/1"
    ticket = site.ask("operator", "POST", f"{PREFIX}/tickets", json={"path": path}).json()["ticket"]
    assert site.ask(None, "GET", path, params={"ticket": ticket}).content == PICTURE.data


def test_another_look_is_asked_for_and_made(site, event):
    answer = site.ask("operator", "POST", f"{PREFIX}/events/{event.id}/analyze")
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"event_id": str(event.id), "by_model": False}
    entries = site.ask("admin", "GET", f"{PREFIX}/audit", params={"action": "event.analyze"}).json()["entries"]
    assert entries[0]["target_id"] == str(event.id)


def test_an_event_of_the_system_has_nothing_to_look_at(site):
    answer = site.ask("admin", "POST", f"{PREFIX}/events/{site.events['site'].id}/analyze")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_rejection_lowers_the_priority_and_nothing_else(site):
    before = site.add_event(site.seen.id)
    priority = get(site, f"/events/{before.id}", "admin").json()
    looked_at(site, before, by_model("rejected", EventType.NORMAL))
    after = get(site, f"/events/{before.id}", "admin").json()
    assert after["priority"] == max(0, priority["priority"] - 1)
    assert (after["severity"], after["status"], after["acknowledged"]) == (priority["severity"], priority["status"], False)
    assert str(before.id) in {item["id"] for item in get(site, "/events", "admin", params={"limit": 500}).json()["items"]}


def test_notes_on_a_place_are_written_by_who_owns_the_camera(site):
    path = f"/cameras/{site.seen.id}/site-notes"
    assert get(site, path).json() == {"text": "", "updated_at": None}
    answer = site.ask("owner", "PUT", PREFIX + path, json={"text": " The cat is ours. "})
    assert answer.json()["text"] == "The cat is ours."
    assert get(site, path, "viewer").json()["text"] == "The cat is ours."
    assert site.ask("owner", "PUT", PREFIX + path, json={"text": "n" * 2001}).status_code == 422
    assert site.ask("owner", "PUT", PREFIX + path, json={"text": ""}).json() == {"text": "", "updated_at": None}


def test_prompts_are_added_to_and_previewed_on_a_past_event(site, event):
    prompts = get(site, "/prompts", "admin").json()
    assert {item["event_type"] for item in prompts["items"]} == {each.value for each in EventType}
    changed = site.ask("admin", "PUT", f"{PREFIX}/prompts/Falling", json={"text": "Beds are for lying down."})
    assert changed.status_code == 200, changed.text
    asked = {"event_id": str(event.id), "event_type": "Theft", "text": "Parcels are taken at noon."}
    preview = site.ask("admin", "POST", f"{PREFIX}/prompts/preview", json=asked).json()
    assert "Falling: Beds are for lying down." in preview["question"]
    assert "Theft: Parcels are taken at noon." in preview["question"]
    assert site.seen.name in preview["intro"]
    assert site.ask("admin", "DELETE", f"{PREFIX}/prompts/Falling").status_code == 204
    assert {item["text"] for item in get(site, "/prompts", "admin").json()["items"]} == {""}


def test_who_looks_can_be_read(site):
    looking = get(site, "/looking").json()
    assert (looking["backend"], looking["state"], looking["shed"]) == ("evidence", "idle", {})


def test_every_stored_event_gets_words(site):
    added = site.add_event(site.seen.id)
    site.ask("admin", "POST", f"{PREFIX}/events/{added.id}/analyze")

    def described():
        with session_scope(sessions(site), read_only=True) as session:
            return session.get_one(Event, added.id).vlm_description

    wait_until(described, "the event has its words")
