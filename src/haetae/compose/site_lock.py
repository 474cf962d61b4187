"""One running Haetae per storage folder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from haetae.errors import StorageError

LOCK_FILE = "haetae.lock"


class SiteLock:
    """Held from making it until `close`; the kernel frees it however the process ends. The file names the holder's process id.

    Raises StorageError when another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StorageError(
                f"cannot write in the storage folder {folder}: {error.strerror}", hint="Give it to the user that runs Haetae"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 32, 0).decode(errors="replace").strip()
            os.close(self._fd)
            raise StorageError(
                f"another Haetae{f' (process {holder})' if holder else ''} runs on {folder}",
                hint="Stop it first, or give this one another storage.directory",
            ) from error
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let go. Safe to call twice."""
        descriptor, self._fd = self._fd, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> "SiteLock":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
