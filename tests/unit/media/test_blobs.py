import errno
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest

from haetae.errors import MediaError
from haetae.media.blobs import PART_SUFFIX, DurableFile, StorageLayout, clean_leftovers, storage_fault, write_atomically

CAMERA = UUID("01890000-0000-7000-8000-000000000001")
EVENT = UUID("01890000-0000-7000-8000-000000000002")


def test_names_are_made_of_the_utc_date_and_ids(tmp_path: Path) -> None:
    layout = StorageLayout(tmp_path)
    at = datetime(2026, 11, 24, 3, 0, tzinfo=timezone(timedelta(hours=9)))

    assert layout.clip(CAMERA, EVENT, at) == f"clips/2026/11/23/{CAMERA}/{EVENT}.mp4"
    assert layout.thumbnail(CAMERA, EVENT, at) == f"thumbnails/2026/11/23/{CAMERA}/{EVENT}.jpg"
    assert layout.contact_sheet(CAMERA, EVENT, at) == f"sheets/2026/11/23/{CAMERA}/{EVENT}.jpg"
    assert layout.score_curve(CAMERA, EVENT, at) == f"curves/2026/11/23/{CAMERA}/{EVENT}.json"
    assert layout.path(layout.clip(CAMERA, EVENT, at)).is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize("stored", ["../secret", "clips/../../secret", "/etc/passwd", "", ".", "clips/a\0b", "link/secret"])
def test_a_stored_path_cannot_lead_out_of_the_storage_folder(tmp_path: Path, stored: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)

    with pytest.raises(MediaError, match="no path inside the storage folder"):
        StorageLayout(root).path(stored)


def test_a_file_appears_only_when_committed(tmp_path: Path) -> None:
    path = tmp_path / "2026" / "a.mp4"

    with DurableFile(path) as file:
        file.temp.write_bytes(b"evidence")
        assert not path.exists()
        assert file.temp.parent == path.parent

    assert path.read_bytes() == b"evidence"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_synced_before_its_name_and_the_folders_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        steps.append(f"fsync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        real_fsync(descriptor)

    def replace(source: Path, target: Path) -> Path:
        steps.append(f"rename to {target.name}")
        return real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_atomically(tmp_path / "clips" / "day" / "a.jpg", b"picture")

    assert steps == [f"fsync .a.jpg{PART_SUFFIX}", "rename to a.jpg", "fsync day", "fsync clips", f"fsync {tmp_path.name}"]


def test_an_exception_in_the_block_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with DurableFile(tmp_path / "a.mp4") as file:
            file.temp.write_bytes(b"half")
            raise RuntimeError("decoder")

    with pytest.raises(RuntimeError, match="decoder"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_refused_write_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"before")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MediaError, match="the disk is full. Free space"):
        write_atomically(path, b"after")

    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_where_a_folder_is_needed_says_so(tmp_path: Path) -> None:
    (tmp_path / "clips").write_bytes(b"")

    with pytest.raises(MediaError, match="a file stands where a folder is needed"):
        write_atomically(tmp_path / "clips" / "a.mp4", b"x")


def test_leftovers_of_the_dead_are_removed_and_files_of_the_living_kept(tmp_path: Path) -> None:
    layout = StorageLayout(tmp_path)
    finished = tmp_path / "clips" / "2026" / "a.mp4"
    write_atomically(finished, b"whole")
    leftover = finished.with_name(f".b.mp4{PART_SUFFIX}")
    leftover.write_bytes(b"half")
    thumbnail = tmp_path / "thumbnails" / f".c.jpg{PART_SUFFIX}"
    thumbnail.parent.mkdir()
    thumbnail.write_bytes(b"half")
    with DurableFile(finished.with_name("d.mp4")) as living:
        assert layout.clean_leftovers() == 2
        assert living.temp.exists()

    assert not leftover.exists()
    assert not thumbnail.exists()
    assert sorted(path.name for path in finished.parent.iterdir()) == ["a.mp4", "d.mp4"]


def test_a_folder_that_is_not_there_is_clean(tmp_path: Path) -> None:
    assert clean_leftovers(tmp_path / "absent") == 0


def test_two_writers_of_one_file_are_refused(tmp_path: Path) -> None:
    with DurableFile(tmp_path / "a.mp4") as first:
        first.temp.write_bytes(b"first")
        with pytest.raises(MediaError, match="another process"):
            DurableFile(tmp_path / "a.mp4")

    assert (tmp_path / "a.mp4").read_bytes() == b"first"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "the disk is full. Free space"),
        (errno.EACCES, "no permission. Give the folder"),
        (errno.EROFS, "read-only. Mount it"),
        (errno.EIO, "the disk reports an error. Check the disk"),
        (errno.ELOOP, "Check the storage folder"),
    ],
)
def test_each_fault_of_a_disk_says_what_to_do(number: int, told: str) -> None:
    assert told in str(storage_fault(OSError(number, os.strerror(number)), Path("/data/clips/a.mp4")))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    for index in range(20):
        write_atomically(tmp_path / f"{index}.jpg", b"x")
        DurableFile(tmp_path / "never").discard()
    assert count() == before


def test_dates_are_utc_even_near_midnight() -> None:
    at = datetime(2026, 1, 1, 0, 30, tzinfo=UTC).astimezone(timezone(timedelta(hours=-5)))
    assert StorageLayout(Path("/x")).clip(CAMERA, EVENT, at).startswith("clips/2026/01/01/")
