"""An event as a ZIP archive: whole, or saying what is missing."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from tests.support.counted import ADMIN
from tests.support.event_api import CLIP, SHEET, THUMBNAIL, event_api
from tests.support.events import ONSET

from haetae.api import event_archive as archives
from haetae.api.event_archive import event_archive
from haetae.api.event_view import detail_read
from haetae.domain.example import Example
from haetae.media.example import write_example

EXPORTED_AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
NAMES = ["clip.mp4", "thumbnail.jpg", "contact-sheet.jpg", "score-curve.json", "event.json", "manifest.json"]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with event_api(tmp_path_factory.mktemp("archive")) as api:
        yield api


def pieces(api, event):
    found = api.desk.events.get(ADMIN, event.id)
    media = api.desk.events.media(ADMIN, event.id)
    return event_archive(api.layout, media, detail_read(api.layout, found), exported_at=EXPORTED_AT, exported_by='김 "정문"')


def opened(api, event):
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces(api, event))))
    assert archive.testzip() is None
    return archive


def manifest_of(archive):
    manifest = json.loads(archive.read("manifest.json"))
    listed = {file["name"]: (file["bytes"], file["sha256"]) for file in manifest["files"]}
    held = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    assert listed == {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in held.items()}
    return manifest


def test_an_archive_holds_all_that_there_is_and_proves_it(api):
    event = api.add_with_media(detail="정문")
    archive = opened(api, event)
    assert archive.namelist() == NAMES
    assert (archive.read("clip.mp4"), archive.read("thumbnail.jpg"), archive.read("contact-sheet.jpg")) == (CLIP, THUMBNAIL, SHEET)
    assert json.loads(archive.read("score-curve.json"))["t_s"] == [-1.0, 0.0, 0.5]
    described = json.loads(archive.read("event.json"))
    assert (described["id"], described["detail"], described["score_curve"]["score"]) == (str(event.id), "정문", [0.1, 0.75, 0.4])
    manifest = manifest_of(archive)
    assert manifest["missing"] == []
    assert (manifest["event_id"], manifest["camera_id"]) == (str(event.id), str(event.camera_id))
    assert (manifest["exported_at"], manifest["exported_by"]) == ("2026-03-02T08:30:00+00:00", '김 "정문"')
    assert archive.getinfo("clip.mp4").date_time == ONSET.timetuple()[:6]


def test_what_came_nearest_before_is_in_it_where_there_is_such(api):
    event = api.add_with_media()
    write_example(api.layout.path(api.layout.example(event.camera_id, event.id, event.timestamp)), Example(b"jpeg", ONSET))
    archive = opened(api, event)
    assert json.loads(archive.read("nearest-normal.json"))["picture"] == "anBlZw=="
    assert "nearest-normal.json" in {file["name"] for file in manifest_of(archive)["files"]}


def test_what_was_never_made_is_named_as_missing(api):
    archive = opened(api, api.add())
    assert archive.namelist() == NAMES[-2:]
    assert manifest_of(archive)["missing"] == NAMES[:-2]


@pytest.mark.parametrize("gone", ["clip", "thumbnail", "contact_sheet", "score_curve"])
def test_a_file_that_is_gone_is_named_as_missing(api, gone):
    event = api.add_with_media()
    api.layout.path(getattr(api.layout, gone)(event.camera_id, event.id, event.timestamp)).unlink()
    archive = opened(api, event)
    [missing] = manifest_of(archive)["missing"]
    assert missing.split(".")[0] == gone.replace("_", "-")
    assert set(archive.namelist()) == set(NAMES) - {missing}


def test_nothing_outside_of_the_storage_folder_gets_into_an_archive(api):
    event = api.add_with_media()
    secret = api.root.parent / "secret.txt"
    secret.write_text("the key of the house")
    (api.root / "link.mp4").symlink_to(secret)
    for path in ("../secret.txt", str(secret), "link.mp4", "clips", ".", "x" * 300 + ".mp4", "a\0b"):
        api.change(event, clip_path=path)
        archive = opened(api, event)
        assert manifest_of(archive)["missing"] == ["clip.mp4"]
        assert b"the key of the house" not in b"".join(map(archive.read, archive.namelist()))


def test_an_event_of_a_clock_that_was_wrong_is_exported_too(api):
    for wrong in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2150, 6, 1, tzinfo=UTC)):
        assert opened(api, api.add(timestamp=wrong)).namelist() == NAMES[-2:]


def test_an_archive_is_made_piece_by_piece_and_holds_files_open_no_longer_than_needed(api, monkeypatch):
    monkeypatch.setattr(archives, "_CHUNK_BYTES", 1024)
    event = api.add_with_media()
    made = list(pieces(api, event))
    assert max(map(len, made)) < 2048 + sum(map(len, (THUMBNAIL, SHEET)))
    assert zipfile.ZipFile(io.BytesIO(b"".join(made))).read("clip.mp4") == CLIP
    assert api.open_files() == []


def test_whoever_stops_in_the_middle_leaves_no_file_open(api, monkeypatch):
    monkeypatch.setattr(archives, "_CHUNK_BYTES", 1024)
    made = pieces(api, api.add_with_media())
    next(made)
    assert len(api.open_files()) == 4
    made.close()
    assert api.open_files() == []
    # Nothing is opened for an archive that nobody takes.
    pieces(api, api.add_with_media()).close()
    assert api.open_files() == []


def test_a_file_that_is_deleted_meanwhile_is_sent_whole(api, monkeypatch):
    monkeypatch.setattr(archives, "_CHUNK_BYTES", 1024)
    event = api.add_with_media()
    made = pieces(api, event)
    first = next(made)
    for path in api.root.rglob(f"{event.id}.*"):
        path.unlink()
    archive = zipfile.ZipFile(io.BytesIO(first + b"".join(made)))
    assert archive.read("clip.mp4") == CLIP
    assert manifest_of(archive)["missing"] == []
