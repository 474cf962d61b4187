"""Files of the storage folder: how they are named, and how they get there whole or not at all.

A file is written under a temporary name in the folder where it will stay, then: fsync the file, rename it, fsync the
folder, and fsync the parents of folders that had to be made. Only after that may anything refer to it, so that a
reference to a file is never older than the file. A temporary file is locked (flock) as long as its writer lives, which is
how `clean_leftovers` tells a dead process's from a living one's.
"""

import contextlib
import errno
import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from uuid import UUID

import structlog

from haetae.errors import MediaError

PART_SUFFIX = ".part"

MEDIA_KINDS = ("clips", "thumbnails", "sheets", "curves", "looks", "snapshots", "examples")
"""The folders with files of events: what is shown, kept for so long as the site promises, swept and backed up."""

_log = structlog.get_logger(__name__)

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "Free space, or lower the retention"),
    errno.EDQUOT: ("the disk quota is used up", "Free space, raise the quota, or lower the retention"),
    errno.EFBIG: ("the file would be larger than allowed", "Raise the file size limit (ulimit -f) of the user that runs Haetae"),
    errno.EACCES: ("no permission", "Give the folder to the user that runs Haetae"),
    errno.EPERM: ("no permission", "Give the folder to the user that runs Haetae"),
    errno.EROFS: ("the file system is read-only", "Mount it writable; disks turn read-only after errors, so look at the kernel's log"),
    errno.EIO: ("the disk reports an error", "Check the disk and its cable; look at the kernel's log"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "Move it away, or choose another storage folder"),
    errno.EEXIST: ("a file stands where a folder is needed", "Move it away, or choose another storage folder"),
    errno.EMFILE: ("too many open files", "Raise the limit of open files (ulimit -n) of the user that runs Haetae"),
}


def storage_fault(error: OSError, path: Path) -> MediaError:
    """What went wrong with `path`, as a MediaError whose hint says what to do."""
    cause, hint = _CAUSES.get(error.errno or 0, (error.strerror or str(error), "Check the storage folder"))
    return MediaError(f"cannot write in {path.parent}: {cause}", hint=hint)


@dataclass(frozen=True, slots=True)
class StorageLayout:
    """Where things lie under the storage folder `root`.

    Names are made of ids and the UTC date of the onset alone: nothing that a user or a camera can choose enters a path. What is stored in
    the database is the path relative to `root`, with forward slashes.
    """

    root: Path

    def clip(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> str:
        """clips/2026/11/23/<camera>/<event>.mp4"""
        return _dated("clips", camera_id, event_id, onset_at, ".mp4")

    def thumbnail(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> str:
        """thumbnails/2026/11/23/<camera>/<event>.jpg"""
        return _dated("thumbnails", camera_id, event_id, onset_at, ".jpg")

    def contact_sheet(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> str:
        """sheets/2026/11/23/<camera>/<event>.jpg"""
        return _dated("sheets", camera_id, event_id, onset_at, ".jpg")

    def score_curve(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> str:
        """curves/2026/11/23/<camera>/<event>.json"""
        return _dated("curves", camera_id, event_id, onset_at, ".json")

    def looked_at(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> str:
        """looks/2026/11/23/<camera>/<event>.zip: the pictures that a model was shown"""
        return _dated("looks", camera_id, event_id, onset_at, ".zip")

    def snapshot(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> str:
        """snapshots/2026/11/23/<camera>/<event>.jpg: what the camera showed when a response asked for it"""
        return _dated("snapshots", camera_id, event_id, onset_at, ".jpg")

    def example(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> str:
        """examples/2026/11/23/<camera>/<event>.json: what the camera saw before that comes nearest"""
        return _dated("examples", camera_id, event_id, onset_at, ".json")

    def unnamed(self, camera_id: UUID, event_id: UUID, onset_at: datetime) -> tuple[str, ...]:
        """Where those of an event's files lie that no row of the database names: all but its clip and its thumbnail."""
        makers = (self.contact_sheet, self.score_curve, self.looked_at, self.snapshot, self.example)
        return tuple(make(camera_id, event_id, onset_at) for make in makers)

    def state(self, camera_id: UUID, model: str) -> str:
        """states/<camera>/<model>.state; the name of a model is the registry's, never free text"""
        return str(PurePosixPath("states", str(camera_id), f"{model}.state"))

    def score_minutes(self, camera_id: UUID) -> str:
        """states/<camera>/minutes.npz: the greatest score of each minute of the last day"""
        return str(PurePosixPath("states", str(camera_id), "minutes.npz"))

    def path(self, relative: str) -> Path:
        """The file that a stored path stands for. Raises MediaError for one that leads out of the storage folder."""
        root = self.root.resolve()
        target = (root / relative.replace("\0", "")).resolve()
        if "\0" in relative or not target.is_relative_to(root) or target == root:
            raise MediaError(f"{relative!r} is no path inside the storage folder")
        return target

    def media_path(self, relative: str) -> Path:
        """As `path`, for what is shown of events: clips, pictures, curves. Whoever can write the database must not read the site's keys
        with it. Raises MediaError for anything else."""
        target = self.path(relative)
        if target.relative_to(self.root.resolve()).parts[0] not in MEDIA_KINDS:
            raise MediaError(f"{relative!r} is not of an event")
        return target

    def clean_leftovers(self) -> int:
        """Remove what killed processes left in the folders of this layout; returns how many files. For the start, before writing."""
        return sum(clean_leftovers(self.root / kind) for kind in MEDIA_KINDS)


def _dated(kind: str, camera_id: UUID, event_id: UUID, at: datetime, suffix: str) -> str:
    day = at.astimezone(UTC)
    return str(PurePosixPath(kind, f"{day:%Y}", f"{day:%m}", f"{day:%d}", str(camera_id), f"{event_id}{suffix}"))


class DurableFile:
    """A file that appears at `path` only when it is whole and on disk.

    Write to `temp` (in the same folder, made where absent), then `commit`; anything else, `discard`. As a context manager it commits at
    the end of the block and discards when the block raises. Every OSError comes out as MediaError with what to do.
    """

    def __init__(self, path: Path, variant: str = "") -> None:
        """`variant` tells apart two that are written for one name at the same time; the last that commits stays."""
        self.path = path
        self.temp = path.with_name(f".{path.name}{variant}{PART_SUFFIX}")
        try:
            self._made = _make_folder(path.parent)
            self._fd = os.open(self.temp, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise storage_fault(error, path) from error
        try:
            _lock(self._fd)
            os.ftruncate(self._fd, 0)
        except OSError as error:
            os.close(self._fd)
            self._fd = -1
            raise MediaError(f"{path} is being written by another process", hint="Give each Haetae its own storage folder") from error

    def commit(self) -> int:
        """Make it durable under its name; returns its size in bytes. Raises MediaError, and then leaves nothing behind."""
        name = self.temp
        try:
            os.fsync(self._fd)
            size = os.fstat(self._fd).st_size
            name = self.temp.replace(self.path)
            for folder in (self.path.parent, *self._made):
                _fsync_folder(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                name.unlink(missing_ok=True)
            self._close()
            raise storage_fault(error, self.path) from error
        self._close()
        return size

    def discard(self) -> None:
        """Leave nothing behind. Safe to call twice, and after a commit."""
        if self._fd < 0:
            return
        with contextlib.suppress(OSError):
            self.temp.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        descriptor, self._fd = self._fd, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> "DurableFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()


def read_bounded(path: Path, most_bytes: int) -> bytes | None:
    """The content of a small file, cut off beyond `most_bytes`; None where there is none. Raises MediaError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(most_bytes)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}", hint="Check the disk and the permissions") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole and durable, or raise MediaError and leave `path` as it was."""
    with DurableFile(path) as file:
        try:
            file.temp.write_bytes(data)
        except OSError as error:
            raise storage_fault(error, path) from error


def clean_leftovers(folder: Path) -> int:
    """Remove the temporary files below `folder` whose writer is dead; returns how many. A folder that is not there is clean."""
    removed = 0
    for temp in folder.rglob(f".*{PART_SUFFIX}"):
        try:
            descriptor = os.open(temp, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            _log.warning("leftover_kept", path=str(temp), cause=error.strerror)
            continue
        try:
            _lock(descriptor)
            temp.unlink()
            removed += 1
        except BlockingIOError:
            _log.info("leftover_in_use", path=str(temp))
        except OSError as error:
            _log.warning("leftover_kept", path=str(temp), cause=error.strerror)
        finally:
            os.close(descriptor)
    if removed:
        _log.info("leftovers_removed", folder=str(folder), files=removed)
    return removed


def _lock(descriptor: int) -> None:
    """Take the writer's lock. Raises BlockingIOError when a living writer holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        # Some network file systems know no flock: there nobody can hold it either.
        _log.debug("lock_unsupported", cause=error.strerror)


def _make_folder(folder: Path) -> list[Path]:
    """Make `folder` with its parents; returns the folders that got a new entry by that, which must be fsynced too."""
    missing = [folder, *folder.parents]
    missing = missing[: next((index for index, path in enumerate(missing) if path.exists()), 0)]
    folder.mkdir(parents=True, exist_ok=True)
    return [path.parent for path in missing]


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
