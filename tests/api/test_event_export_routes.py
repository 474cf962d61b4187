"""Events for elsewhere: tables, lines and archives, and that each of them is written down."""

import csv
import hashlib
import io
import json
import zipfile

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from structlog.testing import capture_logs
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD
from tests.support.event_api import API, CLIP, event_api
from tests.support.events import ONSET

from haetae.database.models import Camera
from haetae.database.scoped import events as scoped
from haetae.domain.event import Severity
from haetae.errors import DatabaseUnavailable
from haetae.ids import new_id

LISTS = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
FIRST_LINE = (
    "id,camera_id,camera_name,kind,subtype,severity,status,revision,timestamp,ended_at,duration_s,vad_score,threshold,detail,vlm_type,"
    "vlm_description,vlm_confidence,has_clip,has_thumbnail,media_deleted_at,acknowledged,acknowledged_at,review,note,locked,"
    "verdict,basis,analysed_at,priority,corrected_type"
)
HOSTILE_NAME = '../../etc/"; filename="run.exe"\r\nSet-Cookie: a=b\r\n\r\n정문'


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with event_api(tmp_path_factory.mktemp("export")) as api:
        yield api


@pytest.fixture(autouse=True)
def _nothing_is_there_yet(api):
    api.desk.empty()
    name_camera(api, "gate")


def name_camera(api, name):
    with api.desk.engine.begin() as connection:
        connection.execute(sa.update(Camera).where(Camera.id == GATE).values(name=name))


def export(api, form, viewer=ADMIN, **params):
    answer = api.ask(viewer).get(f"/events.{form}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


def table(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def exported_ids(answer):
    if "csv" in answer.headers["content-type"]:
        return [row["id"] for row in table(answer)]
    return [json.loads(line)["id"] for line in answer.text.splitlines()]


def exports(api):
    return [entry for entry in api.desk.audit() if entry.action == "event.export"]


def test_a_table_has_a_column_for_all_that_a_list_shows(api):
    api.add(detail='a "quoted", 정문\r\nsecond line', end_s=2.5, columns={"locked": True, "note": "a cat"})
    answer = export(api, "csv")
    lines = answer.content.decode()
    assert lines.startswith(FIRST_LINE + "\r\n")
    [row] = table(answer)
    [shown] = api.ask().get("/events").json()["items"]
    assert list(row) == list(shown) == FIRST_LINE.split(",")
    assert (row["detail"], row["camera_name"], row["note"]) == ('a "quoted", 정문\r\nsecond line', "gate", "a cat")
    assert (row["duration_s"], row["locked"], row["subtype"], row["severity"]) == ("2.5", "True", "", "medium")
    assert row["timestamp"] == ONSET.isoformat()


def test_a_table_begins_with_a_byte_order_mark_only_when_asked_to(api):
    api.add()
    mark = "\ufeff".encode()
    plain, marked = export(api, "csv").content, export(api, "csv", bom=True).content
    assert plain.startswith(b"id,")
    assert marked == mark + plain
    api.desk.empty()
    assert export(api, "csv", bom=True).content == mark + FIRST_LINE.encode() + b"\r\n"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"], ids=ascii)
def test_no_cell_of_a_table_is_taken_for_a_formula(api, begin):
    text = f"{begin}cmd|' /C calc'!A0"
    name_camera(api, text)
    api.add(subtype=text, detail=text, vlm_type=text, vlm_description=text, columns={"note": text})
    [row] = table(export(api, "csv"))
    written = [row[name] for name in ("camera_name", "subtype", "detail", "vlm_type", "vlm_description", "note")]
    assert written == [f"'{text}"] * 6
    [line] = export(api, "ndjson").text.splitlines()
    assert json.loads(line)["note"] == text


def test_what_only_holds_such_a_letter_stays_as_it_is(api):
    api.add(detail="a=b", columns={"note": "1-2 @home"})
    [row] = table(export(api, "csv"))
    assert (row["detail"], row["note"]) == ("a=b", "1-2 @home")


def test_lines_are_what_the_list_shows(api):
    for number in range(3):
        api.add_with_media(number, detail="정문\n\u2028")
    lines = export(api, "ndjson").text.split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == api.ask().get("/events").json()["items"]


@pytest.mark.parametrize("form", LISTS)
def test_a_list_of_many_pages_comes_whole_in_its_order(api, monkeypatch, form):
    monkeypatch.setattr(scoped, "EXPORT_PAGE", 3)
    for many in (0, 3, 8):
        api.desk.empty()
        added = [str(api.add(number, vad_score=0.9 - number / 100).id) for number in range(many)]
        assert exported_ids(export(api, form)) == added[::-1]
        assert exported_ids(export(api, form, sort="score")) == added
        assert exported_ids(export(api, form, descending=False)) == added


@pytest.mark.parametrize("form", LISTS)
def test_a_list_holds_what_matches_and_may_be_seen(api, form):
    high, _mild = api.add(1, severity=Severity.HIGH), api.add(2)
    other = api.add(3, severity=Severity.CRITICAL, camera_id=YARD)
    api.add(4, severity=Severity.HIGH, camera_id=ROOF)
    asked = {"min_severity": "high", "q": ""}
    assert exported_ids(export(api, form, GUARD, **asked)) == [str(other.id), str(high.id)]
    assert exported_ids(export(api, form, GUEST, **asked)) == [str(high.id)]
    assert exported_ids(export(api, form, NOBODY)) == []
    assert api.ask(None).get(f"/events.{form}").status_code == 401
    assert exported_ids(api.ask(None).get(f"/events.{form}", params={"ticket": "guest", **asked})) == [str(high.id)]
    for wrong in ({"limit": 5}, {"cursor": "x"}, {"severity": "huge"}, {"bom": "perhaps"}):
        assert api.ask().get(f"/events.{form}", params=wrong).status_code == 422


@pytest.mark.parametrize("form", LISTS)
def test_a_list_that_is_taken_away_is_written_down(api, form):
    before = len(exports(api))
    answer = export(api, form, GUARD, min_severity="high", camera_id=str(GATE))
    assert answer.headers["content-type"] == LISTS[form]
    assert answer.headers["content-disposition"] == f'attachment; filename="haetae-events.{form}"'
    assert answer.headers["cache-control"] == "no-store"
    [entry] = exports(api)[before:]
    assert (entry.actor_name, entry.actor_id, entry.address, entry.target_id) == ("guard", GUARD.user_id, "testclient", None)
    assert entry.after == {"format": form, "filter": {"camera_ids": [str(GATE)], "min_severity": "high"}}


@pytest.mark.parametrize("what", ["/events.csv", "/events.ndjson", "/events/{event_id}/export"])
def test_what_cannot_be_written_down_is_not_given_out(api, monkeypatch, what):
    event = api.add_with_media(detail="정문")

    def refuse(*_arguments, **_named):
        raise DatabaseUnavailable("the disk is full")

    monkeypatch.setattr(scoped, "record", refuse)
    answer = api.ask().get(what.format(event_id=event.id))
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "정문" not in answer.text


@pytest.mark.parametrize("form", LISTS)
def test_a_list_that_breaks_off_does_not_look_whole(api, monkeypatch, form):
    monkeypatch.setattr(scoped, "EXPORT_PAGE", 1)
    api.add(0)
    api.add(1)
    read, calls = scoped.rows_after, []

    def fail_later(*arguments, **named):
        calls.append(arguments)
        if len(calls) > 1:
            raise DatabaseUnavailable("the database went away")
        return read(*arguments, **named)

    monkeypatch.setattr(scoped, "rows_after", fail_later)
    with capture_logs() as logged, pytest.raises(RuntimeError, match="already started"):
        TestClient(api.app).get(f"{API}/events.{form}", headers={"Authorization": "Bearer admin"})
    assert [line["event"] for line in logged] == ["request failed"]
    # Where already the first page fails, that is the answer.
    assert api.ask().get(f"/events.{form}").status_code == 503


def test_an_event_is_taken_away_as_an_archive_that_proves_itself(api):
    event = api.add_with_media(columns={"note": "a cat"})
    before = len(exports(api))
    answer = api.ask(GUEST).get(f"/events/{event.id}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="haetae-{event.id}.zip"'
    assert answer.headers["cache-control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name != "manifest.json"
    }
    assert archive.read("clip.mp4") == CLIP
    assert json.loads(archive.read("event.json")) == api.ask(GUEST).get(f"/events/{event.id}").json()
    assert (manifest["exported_by"], manifest["missing"]) == ("guest", [])
    [entry] = exports(api)[before:]
    assert (entry.actor_name, entry.address, entry.target_type, entry.target_id) == ("guest", "testclient", "event", str(event.id))


def test_an_event_that_is_hidden_is_not_taken_away(api):
    hidden = api.add_with_media(camera_id=YARD)
    before = len(exports(api))
    for viewer, event_id in ((GUEST, hidden.id), (NOBODY, hidden.id), (ADMIN, new_id())):
        answer = api.ask(viewer).get(f"/events/{event_id}/export")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert api.ask(None).get(f"/events/{hidden.id}/export").status_code == 401
    assert len(exports(api)) == before


@pytest.mark.parametrize("what", ["export", "clip", "thumbnail", "contact-sheet"])
def test_nothing_that_people_or_cameras_name_gets_into_a_header(api, what):
    name_camera(api, HOSTILE_NAME)
    event = api.add_with_media(detail=HOSTILE_NAME, columns={"note": HOSTILE_NAME})
    headers = str(api.ask().get(f"/events/{event.id}/{what}").headers)
    assert "set-cookie" not in headers.lower()
    for part in ("run.exe", "..", "etc", "정문"):
        assert part not in headers
