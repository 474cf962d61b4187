"""Calls of the model of which nothing else is kept, so that a budget outlasts a restart."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from haetae.clock import Clock

_KEPT = timedelta(days=1)
_MOST_LINES = 50_000

_log = structlog.get_logger()


class CallLog:
    """A file with a moment on each line. `made` is what earlier runs left of the last day, oldest first. Any thread.

    What the disk refuses is said in the log, once, and counts until the next restart only; a power cut may take the last seconds with it.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Forgets what is older than a day."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = False
        self._lines = 0
        self.made = self._keep_recent()

    def note(self) -> None:
        """A call is made now."""
        with self._lock:
            if self._lines >= _MOST_LINES:
                self._keep_recent()
            try:
                with self._path.open("a", encoding="ascii") as file:
                    file.write(f"{self._clock.now().astimezone(UTC).isoformat()}\n")
            except OSError as error:
                self._say(error)
            else:
                self._lines += 1

    def _keep_recent(self) -> list[datetime]:
        """What is in the file of the last day, oldest first; the rest of it is gone."""
        since = self._clock.now() - _KEPT
        try:
            found = [_moment(line) for line in self._path.read_text(encoding="ascii", errors="replace").splitlines()]
            kept = sorted(at for at in found if at is not None and at > since)
            if len(kept) < len(found):
                part = self._path.with_name(f"{self._path.name}.part")
                part.write_text("".join(f"{at.isoformat()}\n" for at in kept), encoding="ascii")
                part.replace(self._path)
        except FileNotFoundError:
            kept = []
        except OSError as error:
            self._say(error)
            kept = []
        self._lines = len(kept)
        return kept

    def _say(self, error: OSError) -> None:
        if not self._failed:
            _log.warning("calls of the model cannot be written down", path=str(self._path), error=error.strerror)
        self._failed = True


def _moment(line: str) -> datetime | None:
    """None for what is cut off or no moment."""
    try:
        at = datetime.fromisoformat(line)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
