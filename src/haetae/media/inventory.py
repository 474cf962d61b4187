"""What lies in the storage folder: files of one event, all files, and their deletion.

Only files that bear a name of `StorageLayout` are ever counted or deleted; what else people keep in these folders is theirs.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from uuid import UUID

import structlog

from haetae.errors import MediaError
from haetae.media.blobs import MEDIA_KINDS, StorageLayout

_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(rf"({'|'.join(MEDIA_KINDS)})/(\d{{4}}/\d\d/\d\d)/{_ID}/({_ID})\.(?:mp4|jpg|json|zip)")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file of an event. `relative` is its path in the storage folder, `modified_s` its time in seconds since 1970."""

    relative: str
    kind: str
    event_id: UUID
    size_bytes: int
    modified_s: float


@dataclass(frozen=True, slots=True)
class EventFiles:
    """Which of an event's files there are, by their paths in the storage folder, and what they take together."""

    clip: str | None
    thumbnail: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Deletion:
    """How many files were deleted, and which could not be. One that was not there is neither."""

    deleted: int
    left: list[str]


def files_of(layout: StorageLayout, camera_id: UUID, event_id: UUID, onset_at: datetime) -> EventFiles:
    """Look at the files that an event may have."""
    place = (camera_id, event_id, onset_at)
    names = (layout.clip(*place), layout.thumbnail(*place), *layout.unnamed(*place))
    sizes = [_size(layout.root / name) for name in names]
    clip, thumbnail, *_others = (name if size is not None else None for name, size in zip(names, sizes))
    return EventFiles(clip, thumbnail, sum(size or 0 for size in sizes))


def exists(layout: StorageLayout, relative: str) -> bool:
    """Whether there is a file at a stored path; false for a path that leads out of the storage folder."""
    try:
        return layout.path(relative).is_file()
    except MediaError:
        return False


def media_files(layout: StorageLayout) -> Iterator[MediaFile]:
    """Every file of an event, folder by folder. Temporary files and files with other names are passed over, links not followed."""
    for kind in MEDIA_KINDS:
        for entry in _walk(layout.root / kind):
            relative = PurePosixPath(entry.path).relative_to(layout.root.as_posix()).as_posix()
            match = _NAME.fullmatch(relative)
            if match is None:
                continue
            try:
                stat = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield MediaFile(relative, kind, UUID(match[3]), stat.st_size, stat.st_mtime)


def delete_files(layout: StorageLayout, relatives: Iterable[str], *, keep_folders_from: date) -> Deletion:
    """Delete files, then the folders of their dates that became empty.

    Folders of `keep_folders_from` and later stay even when empty, for a writer that has just
    made one would lose its clip. A path that is no media file's is refused and logged, never deleted.
    """
    deleted, left = 0, []
    for relative in relatives:
        match = _NAME.fullmatch(relative)
        if match is None:
            _log.error("no_media_file", path=relative)
            continue
        path = layout.root / relative
        try:
            path.unlink()
            deleted += 1
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.error("media_not_deleted", path=str(path), cause=error.strerror)
            left.append(relative)
            continue
        if date.fromisoformat(match[2].replace("/", "-")) < keep_folders_from:
            _remove_empty(path.parent, levels=4)
    return Deletion(deleted, left)


def _remove_empty(folder: Path, levels: int) -> None:
    """Remove `folder` (a camera's) and those above it (day, month, year) as far as they are empty."""
    for _ in range(levels):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _walk(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        _log.warning("folder_unreadable", folder=str(folder), cause=error.strerror)
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        elif entry.is_file(follow_symlinks=False):
            yield entry


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
