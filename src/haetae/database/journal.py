"""The event journal: JSON lines in numbered files, written before anything else knows of an event.

`append` returns once the line is in the kernel's page cache, which survives the death of this process (kill -9) but not a power cut;
`sync` makes it survive that too, and the event logger calls it every few dozen milliseconds. docs/design/storage.md has the whole order.
"""

import fcntl
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from haetae.errors import JournalFull, StorageError

log = structlog.get_logger()

SEGMENT_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
"""No event is longer; a reader that meets a longer line has met garbage."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the journal: the number of the file and the byte in it. Positions sort as the lines were written."""

    segment: int
    offset: int


START = Position(0, 0)


def segment_path(folder: Path, segment: int) -> Path:
    return folder / f"events-{segment:08d}.jsonl"


def segments(folder: Path) -> list[int]:
    """The numbers of the journal files in `folder`, oldest first."""
    numbers = (path.stem.removeprefix("events-") for path in folder.glob("events-*.jsonl"))
    return sorted(int(number) for number in numbers if number.isdigit())


class FolderLock:
    """Holds a log folder for one process; the kernel frees it when that process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Raises StorageError when another logger, here or in another process, holds the folder or it cannot be written."""
        path = folder / "journal.lock"
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError(f"the log folder {folder} cannot be written: {error.strerror}", hint="Check its permissions") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StorageError(
                f"the log folder {folder} is in use by another Haetae (process {holder})",
                hint="Stop that one, or give this one its own folder",
            ) from error
        # Only for the message above: on a full disk the lock holds without it.
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._file)


class Journal:
    """Appends lines, thread-safe. Each opening starts a new file, so that nothing is ever written behind a torn line of a killed process.

    No method waits for a database or holds the lock over an fsync.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Raises JournalFull when the first file cannot be made. The caller holds the `FolderLock`."""
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._retired: list[int] = []
        self._unsynced = False
        self._new_name = True
        self._torn = False
        self.writing = False
        """True while a thread is inside the write of `append`."""
        self._accepting = True
        self._closed = False
        self._accepted = 0
        number = max(segments(folder), default=0) + 1
        try:
            self._file = _create(folder, number)
        except OSError as error:
            raise JournalFull(f"the event journal in {folder} cannot be opened: {error.strerror}", hint="Make room on the disk") from error
        self._end = Position(number, 0)

    @property
    def end(self) -> Position:
        """Behind the last accepted line."""
        return self._end

    @property
    def accepted(self) -> int:
        """Lines accepted since the journal was opened."""
        return self._accepted

    @property
    def unsynced(self) -> bool:
        """True while a power cut could still take an accepted line."""
        return self._unsynced

    def append(self, line: bytes) -> Position:
        """Accept one line (without its line end); returns the new end.

        Raises JournalFull when the disk takes no more: then nothing was accepted and what was written of the line is taken back.
        StorageError for a line that is too long, or when the journal is closed.
        """
        if len(line) > MAX_LINE_BYTES:
            raise StorageError(f"an event of {len(line)} bytes is too long for the journal (at most {MAX_LINE_BYTES})")
        with self._lock:
            if not self._accepting:
                raise StorageError("the event journal is closed; the event was not accepted")
            if self._end.offset >= self._segment_bytes:
                self._rotate()
            data = line + b"\n"
            if self._torn:
                data = self._after_torn_line(data)
            self.writing = True
            try:
                written = os.write(self._file, data)
            except OSError as error:
                raise self._refused(error.strerror or str(error)) from error
            finally:
                self.writing = False
            if written != len(data):
                self._take_back()
                raise self._refused("no space left on the device")
            self._torn = False
            self._unsynced = True
            self._accepted += 1
            self._end = Position(self._end.segment, self._end.offset + written)
            return self._end

    def sync(self) -> None:
        """Make every line that was accepted before this call survive a power cut. Raises OSError when the disk fails."""
        with self._sync_lock:
            with self._lock:
                if self._closed or not (self._unsynced or self._new_name or self._retired):
                    return
                current, retired, new_name = self._file, self._retired, self._new_name
                self._retired, self._unsynced, self._new_name = [], False, False
            try:
                for file in (*retired, current):
                    os.fdatasync(file)
                if new_name:
                    sync_folder(self._folder)
            except OSError:
                with self._lock:
                    self._unsynced = self._new_name = True
                raise
            finally:
                for file in retired:
                    os.close(file)

    def stop_accepting(self) -> None:
        """Refuse every line from now on."""
        with self._lock:
            self._accepting = False

    def close(self) -> None:
        """Stop accepting, sync and close; a file without a line is removed. Twice is fine."""
        self.stop_accepting()
        try:
            self.sync()
        finally:
            with self._sync_lock, self._lock:
                if not self._closed:
                    self._closed = True
                    for file in (*self._retired, self._file):
                        os.close(file)
                    if self._end.offset == 0:
                        segment_path(self._folder, self._end.segment).unlink(missing_ok=True)

    def _rotate(self) -> None:
        try:
            following = _create(self._folder, self._end.segment + 1)
        except OSError as error:
            # The old file still takes lines, and that is what counts.
            log.warning("journal_rotation_failed", error=error.strerror)
            return
        self._retired.append(self._file)
        self._file = following
        self._new_name = True
        self._torn = False
        self._end = Position(self._end.segment + 1, 0)

    def _after_torn_line(self, data: bytes) -> bytes:
        """What could not be taken back of a refused line gets a line of its own, which the reader reports and skips."""
        size = os.fstat(self._file).st_size
        torn = size > self._end.offset
        self._end = Position(self._end.segment, size)
        return b"\n" + data if torn else data

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._file, self._end.offset)
        except OSError:
            self._torn = True

    def _refused(self, reason: str) -> JournalFull:
        return JournalFull(
            f"the event journal in {self._folder} takes no more: {reason}; the event was not accepted", hint="Make room on the disk"
        )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(folder: Path, number: int) -> int:
    return os.open(segment_path(folder, number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
