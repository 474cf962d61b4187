import os
from datetime import UTC, date, datetime

import pytest
from tests.support.events import CAMERA

from haetae.ids import new_id
from haetae.media import inventory
from haetae.media.blobs import MEDIA_KINDS, DurableFile, StorageLayout
from haetae.media.inventory import delete_files, exists, files_of, media_files

ONSET = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def layout(tmp_path):
    return StorageLayout(tmp_path / "storage")


def write(layout, relative, size=10):
    path = layout.root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_the_files_of_an_event_are_found_by_its_id(layout):
    event_id = new_id()
    clip, others = layout.clip(CAMERA, event_id, ONSET), layout.unnamed(CAMERA, event_id, ONSET)
    write(layout, clip, 30)
    for name in others:
        write(layout, name, 2)
    found = files_of(layout, CAMERA, event_id, ONSET)
    assert (found.clip, found.thumbnail, found.size_bytes) == (clip, None, 30 + 2 * len(others))
    assert files_of(layout, CAMERA, new_id(), ONSET).size_bytes == 0


def test_a_walk_sees_each_media_file_and_nothing_else(layout, tmp_path):
    event_id = new_id()
    place = (CAMERA, event_id, ONSET)
    names = [layout.clip(*place), layout.thumbnail(*place), *layout.unnamed(*place)]
    for number, name in enumerate(names):
        os.utime(write(layout, name, number + 1), (1000, 1000))
    write(layout, "clips/notes.txt")
    write(layout, "clips/2026/03/01/not-an-id/video.mp4")
    write(layout, "haetae.db")
    (tmp_path / "elsewhere").mkdir()
    (layout.root / "clips" / "link").symlink_to(tmp_path / "elsewhere")
    with DurableFile(layout.path(layout.clip(CAMERA, new_id(), ONSET))):
        found = list(media_files(layout))
    assert sorted((file.relative, file.size_bytes) for file in found) == sorted((name, number + 1) for number, name in enumerate(names))
    assert {(file.event_id, file.modified_s) for file in found} == {(event_id, 1000.0)}
    assert {file.kind for file in found} == set(MEDIA_KINDS)


def test_a_folder_that_is_not_there_holds_nothing(layout):
    assert list(media_files(layout)) == []


def test_files_go_with_the_folders_that_they_leave_empty(layout):
    gone, other = (layout.clip(CAMERA, new_id(), ONSET) for _ in range(2))
    write(layout, gone)
    write(layout, other)
    assert delete_files(layout, [gone], keep_folders_from=date(2026, 4, 1)).deleted == 1
    assert (layout.root / other).exists()
    assert delete_files(layout, [other, gone], keep_folders_from=date(2026, 4, 1)).deleted == 1
    assert list((layout.root / "clips").iterdir()) == []


def test_folders_that_a_writer_may_have_just_made_stay(layout):
    name = layout.clip(CAMERA, new_id(), ONSET)
    path = write(layout, name)
    delete_files(layout, [name], keep_folders_from=ONSET.date())
    assert not path.exists()
    assert path.parent.is_dir()


@pytest.mark.parametrize("name", ["haetae.db", "clips/../haetae.db", "/etc/hostname", "clips/notes.txt", "log/events-00000001.jsonl"])
def test_nothing_but_media_is_ever_deleted(layout, name):
    write(layout, "clips/notes.txt")
    victim = write(layout, "haetae.db")
    assert delete_files(layout, [name], keep_folders_from=date(2026, 4, 1)) == inventory.Deletion(0, [])
    assert victim.exists()
    assert (layout.root / "clips" / "notes.txt").exists()


def test_what_cannot_be_deleted_is_said(layout):
    good, bad = (layout.clip(CAMERA, new_id(), ONSET) for _ in range(2))
    write(layout, good)
    (layout.root / bad).mkdir(parents=True)
    done = delete_files(layout, [bad, good], keep_folders_from=date(2026, 4, 1))
    assert (done.deleted, done.left) == (1, [bad])


def test_a_path_out_of_the_folder_does_not_exist(layout):
    write(layout, "a.mp4")
    assert exists(layout, "a.mp4")
    assert not exists(layout, "b.mp4")
    assert not exists(layout, "../storage/../../etc/hostname")
