"""Events over HTTP: lists, details, and what people make of them."""

import pytest
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD
from tests.support.event_api import event_api
from tests.support.events import ONSET

from haetae.domain.event import SITE, EventKind, Review, Severity
from haetae.domain.example import Compared, Example
from haetae.domain.fact import FactKind
from haetae.ids import new_id
from haetae.media.example import write_example


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with event_api(tmp_path_factory.mktemp("events")) as api:
        yield api


@pytest.fixture(autouse=True)
def _nothing_is_there_yet(api):
    api.desk.empty()
    api.told.clear()


def listed(api, viewer=ADMIN, **params):
    answer = api.ask(viewer).get("/events", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(*events):
    return [str(event.id) for event in events]


def noted(api, event):
    return [entry for entry in api.desk.audit() if entry.target_id == str(event.id)]


def test_a_list_says_of_each_event_what_is_to_be_shown(api):
    event = api.add_with_media(severity=Severity.HIGH, detail="정문", end_s=2.5, columns={"note": "a cat", "locked": True})
    [row] = listed(api)["items"]
    assert row == {
        "id": str(event.id),
        "camera_id": str(GATE),
        "camera_name": "gate",
        "kind": "anomaly",
        "subtype": None,
        "severity": "high",
        "status": "closed",
        "revision": 0,
        "timestamp": "2026-03-01T12:00:00.123456Z",
        "ended_at": None,
        "duration_s": 2.5,
        "vad_score": 0.75,
        "threshold": 0.5,
        "detail": "정문",
        "vlm_type": None,
        "vlm_description": None,
        "vlm_confidence": None,
        "has_clip": True,
        "has_thumbnail": True,
        "media_deleted_at": None,
        "acknowledged": False,
        "acknowledged_at": None,
        "review": "new",
        "note": "a cat",
        "locked": True,
        "verdict": None,
        "basis": None,
        "analysed_at": None,
        "corrected_type": None,
        "priority": 2,
    }


def test_a_list_is_read_page_by_page(api):
    events = [api.add(number) for number in range(5)]
    first = listed(api, limit=2)
    assert [row["id"] for row in first["items"]] == ids(events[4], events[3])
    assert (first["total"], first["total_is_exact"]) == (5, True)
    api.add(9)
    second = listed(api, limit=2, cursor=first["next_cursor"])
    third = listed(api, limit=2, cursor=second["next_cursor"])
    assert [row["id"] for row in second["items"] + third["items"]] == ids(events[2], events[1], events[0])
    assert (second["total"], third["next_cursor"]) == (5, None)
    for cursor, params in ((first["next_cursor"], {"locked": True}), (first["next_cursor"], {"sort": "score"}), ("x", {})):
        refused = api.ask().get("/events", params={"cursor": cursor, **params})
        assert (refused.status_code, refused.json()["code"]) == (422, "config_error")


@pytest.mark.parametrize(
    "params",
    [
        {"camera_id": [str(YARD), str(ROOF)]},
        {"since": "2026-03-01T12:00:05Z"},
        {"since": "2026-03-01T21:00:05+09:00", "until": "2026-03-01T12:01:00Z"},
        {"kind": "tamper"},
        {"subtype": ["covered", "turned"]},
        {"severity": ["critical"]},
        {"min_severity": "high"},
        {"min_score": 0.9},
        {"status": ["open", "interrupted"]},
        {"review": "resolved"},
        {"acknowledged": True},
        {"locked": True},
        {"has_clip": True},
        {"q": "넘어짐"},
        {"q": "100%"},
    ],
    ids=str,
)
def test_a_list_is_filtered_by(api, params):
    api.add(0, detail="1000")
    special = {"kind": EventKind.TAMPER, "subtype": "covered", "severity": Severity.CRITICAL, "vad_score": 0.95, "status": "interrupted"}
    texts = {"vlm_description": "사람이 넘어짐", "detail": "100%", "clip_path": "clips/x.mp4"}
    columns = {"acknowledged": True, "review": Review.RESOLVED, "locked": True}
    event = api.add(10, camera_id=YARD, columns=columns, **special, **texts)
    assert [row["id"] for row in listed(api, **params)["items"]] == ids(event)


def test_a_list_is_sorted_in_either_direction(api):
    mild, severe = api.add(1, vad_score=0.9, severity=Severity.LOW, end_s=1.0), api.add(0, vad_score=0.8, severity=Severity.HIGH)
    for sort, down in {"time": (mild, severe), "score": (mild, severe), "severity": (severe, mild), "duration": (mild, severe)}.items():
        assert [row["id"] for row in listed(api, sort=sort)["items"]] == ids(*down)
        assert [row["id"] for row in listed(api, sort=sort, descending=False)["items"]] == ids(*reversed(down))


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 501},
        {"sort": "id; DROP TABLE events"},
        {"severity": "huge"},
        {"since": "2026-03-01T12:00:00"},
        {"since": "0001-01-01T00:00:00Z"},
        {"until": "9999-12-31T23:59:59Z"},
        {"min_score": "nan"},
        {"min_score": 1.1},
        {"camera_id": "gate"},
        {"q": "a\0b"},
        {"q": "x" * 201},
        {"cursor": "x" * 513},
        {"colour": "red"},
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_refused_and_named(api, params):
    answer = api.ask().get("/events", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    [field] = {field["field"].split(".")[1] for field in answer.json()["fields"]}
    assert field in params


def test_a_detail_has_facts_box_and_score_curve(api):
    event = api.add_with_media(faults=("the clip is short",), agent_actions=("notify the guard",))
    found = api.ask(GUEST).get(f"/events/{event.id}").json()
    [fact] = found["facts"]
    assert (fact["kind"], fact["value"], fact["unit"], fact["usual"]) == ("speed", 2.5, "m/s", 1.2)
    assert found["box"] == {"left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.4}
    assert found["score_curve"] == {"t_s": [-1.0, 0.0, 0.5], "score": [0.1, 0.75, 0.4]}
    assert (found["has_contact_sheet"], found["faults"], found["agent_actions"]) == (True, ["the clip is short"], ["notify the guard"])
    assert listed(api)["items"][0].items() <= found.items()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"version": 1, "t_s": [0], "score": []}', b'{"version": 99, "t_s": [], "score": []}']
)
def test_a_score_curve_that_is_damaged_hides_no_event(api, content):
    event = api.add_with_media()
    api.write(api.layout.score_curve(event.camera_id, event.id, event.timestamp), content)
    answer = api.ask().get(f"/events/{event.id}")
    assert (answer.status_code, answer.json()["score_curve"]) == (200, None)


def test_an_event_without_media_has_neither_curve_nor_sheet_nor_example(api):
    found = api.ask().get(f"/events/{api.add().id}").json()
    assert (found["score_curve"], found["example"], found["has_contact_sheet"], found["media_bytes"]) == (None, None, False, None)


def test_a_detail_shows_what_came_nearest_before(api):
    event = api.add_with_media()
    path = api.layout.path(api.layout.example(event.camera_id, event.id, event.timestamp))
    write_example(path, Example(b"jpeg", ONSET, (Compared(FactKind.SPEED, 3.6, 1.1, "body heights/s"),)))
    shown = api.ask(GUEST).get(f"/events/{event.id}").json()["example"]
    assert shown == {
        "seen_at": ONSET.isoformat().replace("+00:00", "Z"),
        "picture": "data:image/jpeg;base64,anBlZw==",
        "compared": [{"kind": "speed", "now": 3.6, "before": 1.1, "unit": "body heights/s"}],
    }
    path.write_bytes(b"{}")
    assert api.ask(GUEST).get(f"/events/{event.id}").json()["example"] is None


def test_a_detail_that_the_client_has_is_not_sent_again_until_something_changed(api):
    event = api.add()
    path = f"/events/{event.id}"
    first = api.ask().get(path)
    etag = first.headers["etag"]
    assert (etag[:3], first.headers["cache-control"]) == ('W/"', "private, no-cache")
    for known in (etag, etag.removeprefix("W/"), f'"x", {etag}'):
        same = api.ask().get(path, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    patched = api.ask().patch(path, json={"note": "a cat"})
    changed = api.ask().get(path, headers={"If-None-Match": etag})
    assert (changed.status_code, changed.json()["note"]) == (200, "a cat")
    assert changed.headers["etag"] == patched.headers["etag"] != etag


def test_an_event_is_acknowledged_and_that_is_taken_back(api):
    event = api.add()
    path = f"/events/{event.id}/acknowledge"
    assert api.ask(GUARD).post(path).json()["acknowledged_by_name"] == "guard"
    found = api.ask(ADMIN).post(path, json={"note": "정문 <b>"}).json()
    assert (found["acknowledged_by_name"], found["note"]) == ("guard", "정문 <b>")
    found = api.ask(ADMIN).delete(path).json()
    assert (found["acknowledged"], found["acknowledged_by"], found["note"]) == (False, None, "정문 <b>")
    assert [(entry.action, entry.actor_name, entry.address) for entry in noted(api, event)] == [
        ("event.acknowledge", "guard", "testclient"),
        ("event.note", "admin", "testclient"),
        ("event.unacknowledge", "admin", "testclient"),
    ]
    assert api.told == [(GATE, event.id)] * 3


def test_review_note_and_lock_are_changed_together_or_apart(api):
    event = api.add()
    path = f"/events/{event.id}"
    found = api.ask(GUARD).patch(path, json={"review": "false_alarm", "locked": True, "note": "a cat"}).json()
    assert (found["review"], found["reviewed_by_name"], found["locked"], found["note"]) == ("false_alarm", "guard", True, "a cat")
    found = api.ask(ADMIN).patch(path, json={"note": "", "review": None}).json()
    assert (found["review"], found["locked"], found["note"]) == ("false_alarm", True, None)
    assert [entry.action for entry in noted(api, event)] == ["event.note", "event.lock", "event.review", "event.note"]
    assert api.told == [(GATE, event.id)] * 2
    for review in Review:
        assert api.ask(GUARD).patch(path, json={"review": review}).json()["review"] == review
    assert [feedback.event_id for feedback in api.desk.feedback()] == [event.id]


def test_the_type_is_corrected_and_left_to_the_system_again(api):
    event = api.add(subtype="possible_fire")
    asked, path = api.ask(GUARD), f"/events/{event.id}"
    for corrected, shown in (("Falling", "Falling"), ("", None)):
        found = asked.patch(path, json={"corrected_type": corrected}).json()
        assert (found["corrected_type"], found["subtype"]) == (shown, "possible_fire")
        assert listed(api)["items"][0]["corrected_type"] == shown
    assert [entry.action for entry in noted(api, event)] == ["event.type", "event.type"]
    assert api.told == [(GATE, event.id)] * 2


def test_who_may_not_change_an_event_learns_nothing_and_changes_nothing(api):
    events = {GATE: api.add(), YARD: api.add(camera_id=YARD), ROOF: api.add(camera_id=ROOF)}
    events[SITE] = api.add(camera_id=SITE, kind=EventKind.SYSTEM)
    expected = [(GUARD, YARD, 403), (GUARD, SITE, 403), (GUARD, ROOF, 404), (GUEST, GATE, 403), (NOBODY, GATE, 404), (None, GATE, 401)]
    before = len(api.desk.audit())
    for viewer, camera, status in expected:
        asked, path = api.ask(viewer), f"/events/{events[camera].id}"
        for answer in (
            asked.post(f"{path}/acknowledge", json={"note": "x"}),
            asked.delete(f"{path}/acknowledge"),
            asked.patch(path, json={"locked": True}),
            asked.patch(path, json={"corrected_type": "Falling"}),
            asked.patch(path, json={"nonsense": True}),
        ):
            assert answer.status_code == status, answer.text
            assert str(camera) not in answer.text
    assert len(api.desk.audit()) == before
    assert api.told == []


@pytest.mark.parametrize(
    "body",
    [
        '{"note": "\\ud800"}',
        '{"note": "a\\u0000b"}',
        '{"note": 5}',
        f'{{"note": "{"x" * 4001}"}}',
        '{"review": "gone"}',
        '{"locked": 2}',
        '{"corrected_type": "Normal"}',
        '{"corrected_type": "possible_fire"}',
        "[]",
        "{",
    ],
)
def test_a_change_that_cannot_be_stored_is_refused(api, body):
    answer = api.ask().patch(f"/events/{api.add().id}", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_many_are_acknowledged_by_their_ids(api):
    mine, looked_at, hidden = api.add(0), api.add(1, camera_id=YARD), api.add(2, camera_id=ROOF)
    asked = ids(hidden, mine, looked_at, mine)
    for again, answer in enumerate(("acknowledged", "already")):
        found = api.ask(GUARD).post("/events/acknowledge", json={"ids": asked, "note": "all clear"})
        assert found.json() == {
            "items": [
                {"event_id": str(hidden.id), "answer": "not_found"},
                {"event_id": str(mine.id), "answer": answer},
                {"event_id": str(looked_at.id), "answer": "forbidden"},
            ],
            "more": False,
        }
        assert api.told == [(GATE, mine.id)], again
    assert [entry.action for entry in noted(api, mine)] == ["event.acknowledge"]


def test_many_are_acknowledged_by_a_filter(api):
    low, first, second = api.add(0, severity=Severity.LOW), api.add(1), api.add(2)
    ask = {"filter": {"min_severity": "medium", "camera_id": [str(GATE)], "since": ONSET.isoformat()}, "limit": 1}
    for event, more in ((second, True), (first, False)):
        found = api.ask(GUARD).post("/events/acknowledge", json=ask).json()
        assert found == {"items": [{"event_id": str(event.id), "answer": "acknowledged"}], "more": more}
    assert api.ask(GUARD).post("/events/acknowledge", json=ask).json() == {"items": [], "more": False}
    assert not api.desk.row(low).acknowledged


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": [str(new_id())], "filter": {}},
        {"ids": [str(new_id()) for _ in range(501)]},
        {"filter": {}, "limit": 501},
        {"filter": {"colour": 1}},
    ],
    ids=["neither", "none", "both", "too many", "too many matching", "unknown"],
)
def test_many_are_acknowledged_only_as_was_agreed(api, body):
    assert api.ask().post("/events/acknowledge", json=body).status_code == 422
    assert api.ask(GUEST).post("/events/acknowledge", json=body).status_code == 403


def test_a_list_by_relevance_says_how_it_was_made_and_has_no_pages(api):
    mine = api.add(columns={"search_text": "a person fell"})
    api.add(camera_id=YARD, columns={"search_text": "a person fell"})
    page = listed(api, GUEST, q="fell", relevance=True)
    assert [row["id"] for row in page["items"]] == ids(mine)
    assert (page["total"], page["next_cursor"]) == (1, None)
    assert (page["search"]["by_meaning"], page["has_meaning"]) == (False, False)
    assert "search.model" in page["search"]["cause"]
    refused = api.ask(GUEST).get("/events", params={"q": "fell", "relevance": True, "cursor": "x"})
    assert refused.status_code == 422
    assert listed(api, GUEST, q="fell")["search"] is None
