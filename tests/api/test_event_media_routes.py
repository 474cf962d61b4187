"""Clip and pictures of events: whole, in parts, or the reason why not."""

import asyncio
import os

import pytest
from tests.support.counted import ADMIN, GUEST, NOBODY, YARD
from tests.support.event_api import API, CLIP, SHEET, THUMBNAIL, event_api
from tests.support.events import ONSET

from haetae.domain.event import EventStatus
from haetae.ids import new_id

WHAT = {"clip": (CLIP, "video/mp4", "mp4"), "thumbnail": (THUMBNAIL, "image/jpeg", "jpg"), "contact-sheet": (SHEET, "image/jpeg", "jpg")}
SIZE = len(CLIP)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with event_api(tmp_path_factory.mktemp("media")) as api:
        yield api


@pytest.fixture(scope="module")
def event(api):
    return api.add_with_media()


@pytest.fixture(autouse=True)
def _nothing_stays_open(api):
    yield
    assert api.open_files() == []


def clip(api, event, viewer=ADMIN, method="GET", **headers):
    asked = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.ask(viewer).request(method, f"/events/{event.id}/clip", headers=asked)


@pytest.mark.parametrize("what", WHAT)
def test_media_come_whole_and_are_kept_by_nobody_else(api, event, what):
    content, media_type, suffix = WHAT[what]
    answer = api.ask(GUEST).get(f"/events/{event.id}/{what}")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"] == f'inline; filename="haetae-{event.id}-{what}.{suffix}"'


@pytest.mark.parametrize("what", WHAT)
def test_media_are_for_who_sees_the_camera(api, event, what):
    hidden = api.add_with_media(camera_id=YARD)
    unknown = api.ask(NOBODY).get(f"/events/{new_id()}/{what}")
    for viewer, asked in ((NOBODY, event), (GUEST, hidden)):
        answer = api.ask(viewer).get(f"/events/{asked.id}/{what}")
        assert (answer.status_code, answer.json()["code"]) == (404, unknown.json()["code"]) == (404, "not_found")
    assert api.ask(None).get(f"/events/{event.id}/{what}").status_code == 401
    assert api.ask(None).get(f"/events/{event.id}/{what}", params={"ticket": "guest"}).status_code == 200
    assert api.ask(GUEST).get(f"/events/{event.id}/{what}", params={"ticket": "another"}).status_code == 401


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=0-999999999", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        ("bytes=-999999999", 0, SIZE - 1),
    ],
)
def test_a_part_is_sent_as_it_was_asked_for(api, event, asked, first, last):
    answer = clip(api, event, range=asked)
    assert (answer.status_code, answer.content) == (206, CLIP[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last + 1 - first)
    assert answer.headers["etag"] == clip(api, event).headers["etag"]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 9}", "bytes=-0", "bytes=999999999999999999-"])
def test_a_part_that_is_not_there_is_refused_with_the_size(api, event, asked):
    answer = clip(api, event, range=asked)
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "bytes=5-2",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=²-3",
        "items=0-1",
        "0-1",
        "",
        "bytes=" + "9" * 30 + "-",
    ],
)
def test_what_is_no_single_range_of_bytes_is_answered_with_the_whole(api, event, asked):
    answer = api.ask().get(f"/events/{event.id}/clip", headers={"Range": asked.encode("latin-1")})
    assert (answer.status_code, answer.content) == (200, CLIP)
    assert "content-range" not in answer.headers


def test_a_part_is_sent_only_of_the_version_that_the_client_has_the_rest_of(api, event):
    etag = clip(api, event).headers["etag"]
    assert not etag.startswith("W/")
    assert clip(api, event, range="bytes=5-9", if_range=etag).status_code == 206
    for other in ('"another"', f"W/{etag}", "Sun, 01 Mar 2026 12:00:00 GMT"):
        answer = clip(api, event, range="bytes=5-9", if_range=other)
        assert (answer.status_code, answer.content) == (200, CLIP)


def test_what_the_client_has_is_not_sent_again(api):
    event = api.add_with_media()
    etag = clip(api, event).headers["etag"]
    for known in (etag, f'"another", {etag}', f"W/{etag}", "*"):
        answer = clip(api, event, if_none_match=known)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert clip(api, event, if_none_match=known, range="bytes=0-1").status_code == 304
    assert clip(api, event, if_none_match='"another"').status_code == 200
    path = api.layout.path(api.layout.clip(event.camera_id, event.id, event.timestamp))
    os.utime(path, ns=(1, 1))
    changed = clip(api, event, if_none_match=etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


@pytest.mark.parametrize("what", WHAT)
def test_head_says_what_get_would_send(api, event, what):
    path = f"/events/{event.id}/{what}"
    whole, head = api.ask().get(path), api.ask().head(path, headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == whole.headers
    assert api.ask().head(path, headers={"If-None-Match": head.headers["etag"]}).status_code == 304
    assert api.ask(NOBODY).head(path).status_code == 404


def test_an_empty_file_is_sent_and_has_no_parts(api):
    event = api.add_with_media()
    api.layout.path(api.layout.clip(event.camera_id, event.id, event.timestamp)).write_bytes(b"")
    assert clip(api, event).content == b""
    assert clip(api, event, range="bytes=0-").status_code == clip(api, event, range="bytes=-1").status_code == 416


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"media_bytes": None}, "media_pending"),
        ({"media_bytes": 0}, "not_found"),
        ({"media_bytes": 0, "media_deleted_at": ONSET}, "media_deleted"),
    ],
    ids=["being made", "never made", "deleted"],
)
def test_media_that_are_not_there_are_answered_with_the_reason(api, what, columns, code):
    event = api.add(status=EventStatus.OPEN)
    api.change(event, **columns)
    answer = api.ask().get(f"/events/{event.id}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert answer.headers["cache-control"] == "no-store"
    if code == "media_deleted":
        assert "2026-03-01" in answer.json()["detail"]


def test_a_file_that_is_lost_is_not_there(api):
    event = api.add_with_media()
    for what in WHAT:
        [path] = [path for path in api.root.rglob(f"{event.id}.*") if path.read_bytes() == WHAT[what][0]]
        path.unlink()
        assert api.ask().get(f"/events/{event.id}/{what}").json()["code"] == "not_found"


@pytest.mark.parametrize(
    "path", ["../secret.txt", "clips/../../secret.txt", "{root}/../secret.txt", "/etc/passwd", "link.mp4", "clips", "", "a\0b", "x" * 300]
)
def test_no_path_leads_out_of_the_storage_folder(api, path):
    (api.root.parent / "secret.txt").write_text("the key of the house")
    if path == "link.mp4" and not (api.root / path).is_symlink():
        (api.root / path).symlink_to(api.root.parent / "secret.txt")
    event = api.add_with_media()
    api.change(event, clip_path=path.format(root=api.root), thumbnail_path=path.format(root=api.root))
    for what in ("clip", "thumbnail"):
        answer = api.ask().get(f"/events/{event.id}/{what}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "key of the house" not in answer.text
        assert "secret" not in answer.text


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "not-an-id", "%00", "1 OR 1=1"])
def test_what_is_no_id_names_no_event(api, name):
    assert api.ask().get(f"/events/{name}/clip").status_code in (404, 422)


def taken(api, path, after_first):
    """The pieces that a client got which does something after the first."""
    got, gone = [], asyncio.Event()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.body" and message["body"]:
            got.append(message["body"])
            if len(got) == 1:
                await after_first(gone)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": f"{API}{path}",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer admin")],
    }
    asyncio.run(asyncio.wait_for(api.app(scope, receive, send), 30))
    return got


@pytest.fixture
def _in_small_pieces(monkeypatch):
    for module in ("media_file", "event_archive"):
        monkeypatch.setattr(f"haetae.api.{module}._CHUNK_BYTES", 1024)


@pytest.mark.usefixtures("_in_small_pieces")
@pytest.mark.parametrize("what", ["clip", "export"])
def test_a_client_that_goes_away_leaves_no_file_open(api, what):
    async def go_away(gone):
        assert api.open_files()
        gone.set()
        await asyncio.Event().wait()

    assert len(taken(api, f"/events/{api.add_with_media().id}/{what}", go_away)) == 1


@pytest.mark.usefixtures("_in_small_pieces")
def test_a_clip_that_is_deleted_while_it_is_sent_is_sent_whole(api):
    event = api.add_with_media()

    async def delete(_gone):
        api.layout.path(api.layout.clip(event.camera_id, event.id, event.timestamp)).unlink()

    got = taken(api, f"/events/{event.id}/clip", delete)
    assert len(got) == SIZE // 1024
    assert b"".join(got) == CLIP
