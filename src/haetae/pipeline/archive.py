"""The file that `haetae backup` writes: a tar whose last member, the manifest, has the SHA-256 of all others.

The checksums find damage, not forgery: who can write the file can write its manifest. So nothing in it is trusted to be what it says:
members have names from a short list, are plain files, and land where the list says.
"""

import gzip
import hashlib
import io
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from haetae.errors import StorageError
from haetae.media.blobs import MEDIA_KINDS, DurableFile, storage_fault

FORMAT = "haetae-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
SUFFIXES = (".tar", ".tar.gz")

_MANIFEST_BYTES = 512 * 1024 * 1024
_PIECE = 1024 * 1024
_PLAIN = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}"
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAMES = re.compile(
    r"database/[a-z][a-z_]{0,62}\.jsonl"
    r"|log/(?:events-[0-9]{8,12}\.jsonl|checkpoint\.json|dead-letters\.jsonl)"
    r"|config/haetae\.toml"
    r"|keys/[a-z][a-z0-9_-]{0,62}\.(?:key|json)"
    rf"|states/{_PLAIN}(?:/{_PLAIN})?"
    rf"|(?:{'|'.join(MEDIA_KINDS)})/[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}/{_ID}/{_ID}\.(?:mp4|jpg|json|zip)"
)
_DAMAGED = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError)
_DAMAGED_HINT = "It is damaged or was cut off: use another backup"


class Member(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True)

    size: int = Field(ge=0)
    sha256: str


class Manifest(BaseModel):
    """What a backup says of itself. `rows` counts per table, `revision` is the schema's, `media` says that clips and pictures are in it."""

    model_config = ConfigDict(frozen=True)

    format: str
    format_version: int
    haetae: str
    revision: str
    created_at: datetime
    database: str
    media: bool
    rows: dict[str, int]
    members: dict[str, Member]

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.members.values())


def may_be_member(name: str) -> bool:
    """Whether a backup may hold a file of this name."""
    return _NAMES.fullmatch(name) is not None


class ArchiveWriter:
    """Adds files one after the other, keeping their checksums. Belongs to one thread. Raises OSError when the disk refuses."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self._tar = tar
        self._folder = folder
        self.members: dict[str, Member] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> int:
        """A member whose length is not known before: it goes through a nameless file beside the backup. Returns the number of pieces."""
        count = 0
        with tempfile.TemporaryFile(dir=self._folder) as spool:
            for piece in pieces:
                spool.write(piece)
                count += 1
            self.add_file(name, spool)
        return count

    def add_file(self, name: str, file: IO[bytes]) -> None:
        """A member from an open file that no longer changes."""
        if not may_be_member(name) or name in self.members:
            raise ValueError(f"{name!r} is no name for a member of a backup")
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        reader = _Hashing(file)
        self._tar.addfile(_header(name, size, None), cast(IO[bytes], reader))
        self.members[name] = reader.member()

    def finish(self, manifest: Manifest) -> None:
        """The last member."""
        data = manifest.model_dump_json(indent=1).encode()
        self._tar.addfile(_header(MANIFEST, len(data), manifest.created_at), io.BytesIO(data))


@contextmanager
def writing(target: Path) -> Iterator[ArchiveWriter]:
    """A new backup at `target`, there only when the block ends well; readable by its owner alone. Raises MediaError for the disk."""
    with DurableFile(target) as durable:
        try:
            durable.temp.chmod(0o600)
            mode = "w:gz" if target.name.endswith(".gz") else "w"
            options = {"compresslevel": 6} if mode == "w:gz" else {}
            with durable.temp.open("wb") as file, tarfile.open(mode=mode, fileobj=file, format=tarfile.PAX_FORMAT, **options) as tar:  # type: ignore[call-overload]
                yield ArchiveWriter(tar, target.parent)
        except OSError as error:
            raise storage_fault(error, target) from error


def read_manifest(archive: Path) -> Manifest:
    """Read the whole backup and check every member against its manifest; writes nothing. Raises StorageError for anything wrong with it."""
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    with _reading(archive) as tar:
        for info in tar:
            if manifest is not None:
                raise StorageError(f"{archive} holds {info.name!r} behind its manifest", hint="It was changed: use another backup")
            _refuse_strange(archive, info, found)
            file = tar.extractfile(info)
            assert file is not None
            if info.name == MANIFEST:
                manifest = _parse(archive, info, file)
                continue
            reader = _Hashing(file)
            while reader.read(_PIECE):
                pass
            found[info.name] = reader.member()
    if manifest is None:
        raise StorageError(f"{archive} ends without a manifest", hint=_DAMAGED_HINT)
    _compare(archive, manifest, found)
    return manifest


def extract(archive: Path, manifest: Manifest, folder: Path) -> None:
    """Put all members below `folder`, once `read_manifest` has found them good. Raises StorageError, also when one has changed since."""
    with _reading(archive) as tar:
        for info in tar:
            if info.name == MANIFEST:
                break
            member = manifest.members.get(info.name)
            _refuse_strange(archive, info, {})
            tar.extract(info, folder, set_attrs=False, filter="data")
            path = folder / info.name
            path.chmod(0o600)
            with path.open("rb") as file:
                if member is None or hashlib.file_digest(file, "sha256").hexdigest() != member.sha256:
                    raise StorageError(f"{archive} changed while it was read", hint="Restore again once nobody writes it")


def _refuse_strange(archive: Path, info: tarfile.TarInfo, seen: dict[str, Member]) -> None:
    plain = info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not info.issparse()
    if info.name in seen or not plain or not (info.name == MANIFEST or may_be_member(info.name)):
        raise StorageError(f"{archive} holds {info.name[:200]!r}, which no backup of Haetae's does", hint="Nothing was restored")


def _parse(archive: Path, info: tarfile.TarInfo, file: IO[bytes]) -> Manifest:
    if info.size > _MANIFEST_BYTES:
        raise StorageError(f"the manifest of {archive} is too long", hint=_DAMAGED_HINT)
    try:
        manifest = Manifest.model_validate_json(file.read())
    except ValidationError as error:
        raise StorageError(f"the manifest of {archive} cannot be read", hint=_DAMAGED_HINT) from error
    if manifest.format != FORMAT:
        raise StorageError(f"{archive} is no backup of Haetae's", hint="Give a file that `haetae backup` wrote")
    if manifest.format_version > FORMAT_VERSION:
        raise StorageError(f"{archive} was written by a newer Haetae ({manifest.haetae})", hint="Update Haetae first")
    return manifest


def _compare(archive: Path, manifest: Manifest, found: dict[str, Member]) -> None:
    if found.keys() != manifest.members.keys():
        names = ", ".join(sorted(found.keys() ^ manifest.members.keys())[:5])
        raise StorageError(f"{archive} and its manifest do not name the same files ({names})", hint=_DAMAGED_HINT)
    for name, member in manifest.members.items():
        if found[name] != member:
            raise StorageError(f"{name} in {archive} is not what was backed up: its checksum differs", hint=_DAMAGED_HINT)


@contextmanager
def _reading(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:*") as tar:
            yield tar
    except FileNotFoundError:
        raise StorageError(f"there is no file {archive}", hint="Check the path") from None
    except _DAMAGED as error:
        raise StorageError(f"{archive} is no backup that can be read: {error}", hint=_DAMAGED_HINT) from error
    except OSError as error:
        raise StorageError(f"{archive} cannot be restored: {error.strerror or error}", hint="Check the disk and the permissions") from error


def _header(name: str, size: int, at: datetime | None) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(at.timestamp()) if at else 0
    return info


class _Hashing:
    """Passes `read` on and takes size and SHA-256 of what came."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._digest.update(piece)
        self._size += len(piece)
        return piece

    def member(self) -> Member:
        return Member(size=self._size, sha256=self._digest.hexdigest())
