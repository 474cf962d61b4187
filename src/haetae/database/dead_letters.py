"""What the database refuses for its content: one JSON line each, with the reason, for a person to look at."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from haetae.database.journal import sync_folder
from haetae.errors import StorageError


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A journal line that cannot become a row, and why."""

    line: bytes
    reason: str


class DeadLetterFile:
    """`dead-letters.jsonl` in the log folder. A letter may be there twice when Haetae was killed just after writing it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "dead-letters.jsonl"

    def write(self, letters: Sequence[DeadLetter], *, at: datetime) -> None:
        """Append and fsync. Raises StorageError when it cannot: then the letters still have to be counted as waiting."""
        data = b"".join(orjson.dumps({"at": at, "reason": letter.reason, "event": _readable(letter.line)}) + b"\n" for letter in letters)
        try:
            new = not self.path.exists()
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                _write_whole(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise StorageError(f"a dead letter cannot be written to {self.path}: {error.strerror}", hint="Make room on the disk") from error


def _write_whole(descriptor: int, data: bytes) -> None:
    size = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, data)
        if written != len(data):
            raise OSError(None, "no space left on the device")
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _readable(line: bytes) -> Any:
    """The event as JSON, or the line as text where it is none."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line.decode(errors="replace")
