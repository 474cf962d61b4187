"""Reading the event journal: in order, from a position, a bounded piece at a time; and the checkpoint that says how far it was stored."""

from dataclasses import dataclass
from pathlib import Path

import orjson
import structlog

from haetae.database.journal import MAX_LINE_BYTES, START, Position, segment_path, segments
from haetae.errors import StorageError

log = structlog.get_logger()

_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal. `complete` is false for the torn end of a file whose writer was killed or cut off."""

    data: bytes
    after: Position
    complete: bool = True


class JournalReader:
    """Reads lines from `position` on and keeps the place. Not thread-safe: it belongs to the writer thread.

    It holds one piece of a file (256 KiB, or one long line) at most, however far behind it is.
    """

    def __init__(self, folder: Path, position: Position) -> None:
        self._folder = folder
        self.position = position
        self._buffer = b""

    def read(self, end: Position, limit: int) -> list[Line]:
        """At most `limit` lines that lie before `end`; fewer only when there are no more. Raises OSError."""
        lines: list[Line] = []
        while len(lines) < limit and self.position < end:
            if not self._buffer and not self._fill(end):
                self._next_segment(end)
                continue
            self._take_lines(lines, limit, end)
        return lines

    def seek(self, position: Position) -> None:
        """Go back (or on) to a position that a line ended at."""
        self.position = position
        self._buffer = b""

    def _take_lines(self, lines: list[Line], limit: int, end: Position) -> None:
        start = 0
        while len(lines) < limit:
            stop = self._buffer.find(b"\n", start)
            if stop < 0:
                break
            self.position = Position(self.position.segment, self.position.offset + stop + 1 - start)
            if stop > start:
                lines.append(Line(self._buffer[start:stop], self.position))
            start = stop + 1
        self._buffer = self._buffer[start:]
        if len(lines) < limit and self._buffer and not self._fill(end):
            # The file ends without a line end: its writer died in the middle of this line, which was never accepted.
            self.position = Position(self.position.segment, self.position.offset + len(self._buffer))
            lines.append(Line(self._buffer, self.position, complete=False))
            self._buffer = b""

    def _fill(self, end: Position) -> bool:
        """Read on behind the buffer; false at the end of the file or of what is accepted."""
        segment, offset = self.position.segment, self.position.offset + len(self._buffer)
        size = _PIECE if segment < end.segment else min(_PIECE, end.offset - offset)
        if size <= 0:
            return False
        if len(self._buffer) > 2 * MAX_LINE_BYTES:
            return False
        try:
            with segment_path(self._folder, segment).open("rb") as file:
                file.seek(offset)
                piece = file.read(size)
        except FileNotFoundError:
            return False
        self._buffer += piece
        return bool(piece)

    def _next_segment(self, end: Position) -> None:
        if self.position.segment >= end.segment:
            log.error("journal_lines_missing", path=str(segment_path(self._folder, end.segment)), position=self.position, end=end)
            self.position = end
            return
        following = (number for number in segments(self._folder) if number > self.position.segment)
        self.position = Position(min(next(following, end.segment), end.segment), 0)


def count_lines(folder: Path, start: Position, end: Position) -> int:
    """How many lines lie between two positions, without keeping them."""
    count = 0
    for number in segments(folder):
        if not start.segment <= number <= end.segment:
            continue
        with segment_path(folder, number).open("rb") as file:
            file.seek(start.offset if number == start.segment else 0)
            while piece := file.read(_PIECE):
                count += piece.count(b"\n")
    return count


class Checkpoint:
    """How far the journal is stored. Written after the commit, by rename; never ahead of the database.

    It is not fsynced: a power cut may bring an older one back; then stored events are offered again, which changes nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "checkpoint.json"
        self._partial = folder / "checkpoint.json.part"

    def load(self, folder: Path) -> Position:
        """The position, or the start where there is none or it cannot be read; never behind the end of its file."""
        try:
            record = orjson.loads(self._path.read_bytes())
            position = Position(int(record["segment"]), int(record["offset"]))
        except FileNotFoundError:
            return START
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("checkpoint_unreadable", path=str(self._path), error=str(error), consequence="the whole journal is offered again")
            return START
        try:
            size = segment_path(folder, position.segment).stat().st_size
        except FileNotFoundError:
            return position
        return Position(position.segment, min(position.offset, size))

    def save(self, position: Position) -> None:
        """Raises StorageError when it cannot be written; the old one stands then."""
        try:
            self._partial.write_bytes(orjson.dumps({"segment": position.segment, "offset": position.offset}) + b"\n")
            self._partial.replace(self._path)
        except OSError as error:
            raise StorageError(f"the journal's checkpoint cannot be written: {error.strerror}", hint="Make room on the disk") from error


def remove_stored(folder: Path, position: Position, keep: int) -> int:
    """Delete files that lie wholly before `position`, but for the newest `keep` of them; returns how many went."""
    stored = [number for number in segments(folder) if number < position.segment]
    for number in stored[: max(0, len(stored) - keep)]:
        segment_path(folder, number).unlink(missing_ok=True)
    return max(0, len(stored) - keep)
