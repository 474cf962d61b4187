import io
import json
import tarfile
from hashlib import sha256

import pytest
from tests.support.events import ONSET

from haetae.errors import MediaError, StorageError
from haetae.pipeline.archive import FORMAT, FORMAT_VERSION, MANIFEST, Manifest, extract, may_be_member, read_manifest, writing

ID = "01960000-0000-7000-8000-000000000001"
CLIP = f"clips/2026/03/01/{ID}/{ID}.mp4"
FILES = {
    "database/users.jsonl": b"{}\n" * 40_000,
    "log/events-00000001.jsonl": b"a\n",
    f"states/{ID}/motion.state": b"",
    CLIP: b"clip" * 999,
}


def make_archive(path, files=FILES, **changes):
    """A sound backup of `files` at `path`; `changes` go into its manifest."""
    with writing(path) as archive:
        for name, data in files.items():
            archive.add(name, [data])
        fields = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "haetae": "1",
            "revision": "r",
            "created_at": ONSET,
            "database": "sqlite",
        }
        archive.finish(Manifest(**{**fields, "media": True, "rows": {}, "members": archive.members, **changes}))
    return path


def repack(path, target, change):
    """Every member through `change(info, data)`, which gives the members to write instead."""
    with tarfile.open(path) as old, tarfile.open(target, "w") as new:
        for info in old:
            for changed, data in change(info, old.extractfile(info).read()):
                changed.size = len(data)
                new.addfile(changed, io.BytesIO(data))
    return target


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_what_was_written_is_read_back(tmp_path, suffix):
    path = make_archive(tmp_path / f"b{suffix}")
    manifest = read_manifest(path)
    assert {name: member.size for name, member in manifest.members.items()} == {name: len(data) for name, data in FILES.items()}
    extract(path, manifest, tmp_path / "out")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in FILES} == FILES
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_file_that_was_cut_off_anywhere_is_refused(tmp_path, suffix):
    data = make_archive(tmp_path / f"b{suffix}").read_bytes()
    cut = tmp_path / f"cut{suffix}"
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        last = tar.getmember(MANIFEST)
    # Behind the manifest a tar is only padded: without that it is still whole.
    end = last.offset_data + last.size if suffix == ".tar" else len(data) - 200
    for length in (0, 1, 511, 512, 700, end // 2, last.offset if suffix == ".tar" else end - 1, end - 1):
        cut.write_bytes(data[:length])
        with pytest.raises(StorageError):
            read_manifest(cut)


def test_a_byte_that_changed_is_found_in_every_member(tmp_path):
    path = make_archive(tmp_path / "b.tar")
    data = path.read_bytes()
    with tarfile.open(path) as tar:
        places = [info.offset_data + info.size // 2 for info in tar if info.size]
    for place in places:
        (tmp_path / "changed.tar").write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(StorageError):
            read_manifest(tmp_path / "changed.tar")


def test_a_member_that_is_missing_or_too_many_is_found(tmp_path):
    path = make_archive(tmp_path / "b.tar")
    missing = repack(path, tmp_path / "missing.tar", lambda info, data: [] if info.name == CLIP else [(info, data)])
    with pytest.raises(StorageError, match=CLIP):
        read_manifest(missing)
    extra = tarfile.TarInfo("log/events-00000009.jsonl")
    more = repack(
        path, tmp_path / "more.tar", lambda info, data: [(extra, b"x"), (info, data)] if info.name == MANIFEST else [(info, data)]
    )
    with pytest.raises(StorageError, match="events-00000009"):
        read_manifest(more)
    behind = repack(
        path, tmp_path / "behind.tar", lambda info, data: [(info, data), (extra, b"x")] if info.name == MANIFEST else [(info, data)]
    )
    with pytest.raises(StorageError, match="behind its manifest"):
        read_manifest(behind)
    twice = repack(path, tmp_path / "twice.tar", lambda info, data: [(info, data), (info, data)] if info.name == CLIP else [(info, data)])
    with pytest.raises(StorageError, match=CLIP):
        read_manifest(twice)


def hostile(name, kind=tarfile.REGTYPE, link="", data=b"x"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    return info, data


@pytest.mark.parametrize(
    ("info", "data"),
    [
        hostile("/etc/cron.d/evil"),
        hostile("../evil"),
        hostile("states/../../evil"),
        hostile("states/.."),
        hostile("states/.hidden"),
        hostile("states//evil"),
        hostile("states/a/b/c"),
        hostile("haetae.db"),
        hostile("database/Users.jsonl"),
        hostile("database/users.jsonl\n"),
        hostile("clips/evil.mp4"),
        hostile("log/journal.lock"),
        hostile("states/link", tarfile.SYMTYPE, "/etc/passwd"),
        hostile("states/link", tarfile.LNKTYPE, "../../etc/passwd"),
        hostile("states/folder", tarfile.DIRTYPE),
        hostile("states/device", tarfile.CHRTYPE),
        hostile("states/pipe", tarfile.FIFOTYPE),
        hostile("states/sparse", tarfile.GNUTYPE_SPARSE),
    ],
    ids=lambda value: f"{value.name!r}-{value.type!r}" if isinstance(value, tarfile.TarInfo) else "",
)
def test_a_hostile_member_is_refused_although_the_manifest_vouches_for_it(tmp_path, info, data):
    plain = make_archive(tmp_path / "b.tar")
    manifest = read_manifest(plain).model_dump(mode="json")
    manifest["members"][info.name] = {"size": info.size, "sha256": sha256(data if info.size else b"").hexdigest()}
    bad = tmp_path / "bad.tar"
    with tarfile.open(bad, "w") as tar:
        tar.addfile(info, io.BytesIO(data))
        for name, content in (*FILES.items(), (MANIFEST, json.dumps(manifest).encode())):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with pytest.raises(StorageError):
        read_manifest(bad)
    with pytest.raises(StorageError):
        extract(bad, read_manifest(plain), tmp_path / "out" / "deeper")
    assert {path.name for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()} == {"b.tar", "bad.tar"}


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 no tar", b"\x1f\x8b\x08 no gzip" * 100, b"\0" * 10240],
    ids=["empty", "another format", "broken gzip", "an empty tar"],
)
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "foreign.tar").write_bytes(content)
    with pytest.raises(StorageError, match=r"foreign\.tar"):
        read_manifest(tmp_path / "foreign.tar")


def test_a_path_without_a_backup_is_refused(tmp_path):
    with pytest.raises(StorageError, match="no file"):
        read_manifest(tmp_path / "none.tar")
    with pytest.raises(StorageError, match="cannot be restored"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(("changes", "says"), [({"format": "other"}, "no backup of Haetae's"), ({"format_version": 99}, "newer Haetae")])
def test_a_manifest_of_something_else_or_of_a_newer_format_is_refused(tmp_path, changes, says):
    with pytest.raises(StorageError, match=says):
        read_manifest(make_archive(tmp_path / "b.tar", **changes))


def test_a_backup_that_changed_after_it_was_checked_is_not_extracted(tmp_path):
    path = make_archive(tmp_path / "b.tar")
    manifest = read_manifest(path)
    make_archive(path, {**FILES, CLIP: b"other"})
    with pytest.raises(StorageError, match="changed while it was read"):
        extract(path, manifest, tmp_path / "out")


def test_a_backup_that_fails_half_way_leaves_no_file(tmp_path):
    def pieces():
        yield b"a"
        raise OSError(28, "No space left on device")

    with pytest.raises(MediaError, match="the disk is full"), writing(tmp_path / "b.tar") as archive:
        archive.add("database/users.jsonl", pieces())
    assert list(tmp_path.iterdir()) == []


def test_only_names_that_may_be_restored_may_be_written(tmp_path):
    assert all(may_be_member(name) for name in (*FILES, "config/haetae.toml", "log/checkpoint.json", "log/dead-letters.jsonl"))
    with pytest.raises(ValueError, match="no name"), writing(tmp_path / "b.tar") as archive:
        archive.add("states/../x", [b""])
