"""An event as a ZIP archive that proves itself: media, data, and the SHA-256 of each file. Made while it is sent."""

import hashlib
import io
import json
import zipfile
from collections.abc import Generator
from contextlib import ExitStack
from datetime import datetime
from typing import BinaryIO

import structlog

from haetae import __version__
from haetae.api.routers.event_schemas import EventDetailRead
from haetae.database.scoped.event_rows import MediaPaths
from haetae.errors import MediaError
from haetae.media.blobs import StorageLayout
from haetae.media.inventory import exists

_CHUNK_BYTES = 256 * 1024

_log = structlog.get_logger(__name__)


class _Pipe:
    """What the archive writes, to be taken piece by piece. It cannot seek, so sizes and checksums follow each file.

    It cannot be closed either: an archive that is given up in the middle still writes its end when it is collected.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing to let go of."""

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def event_archive(
    layout: StorageLayout, media: MediaPaths, event: EventDetailRead, *, exported_at: datetime, exported_by: str
) -> Generator[bytes, None, None]:
    """The bytes of the archive. What is stored without compression stays so: clip and pictures are compressed already.

    Files that are not there are named in the manifest as missing. Any thread; the files are open until the iterator ends or is closed.
    """
    pipe, sums, missing = _Pipe(), [], []
    with ExitStack() as stack:
        opened: list[tuple[str, BinaryIO]] = []
        for name, relative in _parts(layout, media):
            file = _open(layout, relative, event) if relative is not None else None
            if file is None:
                missing.append(name)
            else:
                opened.append((name, stack.enter_context(file)))
        opened.append(("event.json", io.BytesIO(event.model_dump_json(indent=2).encode())))
        # The archive is closed by hand: in the middle of a file, as when the client is gone, that would raise.
        archive = zipfile.ZipFile(pipe, "w")
        for name, file in opened:
            digest, size = hashlib.sha256(), 0
            with archive.open(_entry(name, event.timestamp), "w", force_zip64=True) as entry:
                while chunk := file.read(_CHUNK_BYTES):
                    entry.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    yield pipe.take()
            sums.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})
        manifest = {
            "event_id": str(event.id),
            "camera_id": str(event.camera_id),
            "exported_at": exported_at.isoformat(),
            "exported_by": exported_by,
            "haetae": __version__,
            "files": sums,
            "missing": missing,
        }
        archive.writestr(_entry("manifest.json", exported_at), json.dumps(manifest, indent=2, ensure_ascii=False))
        archive.close()
        yield pipe.take()


def _parts(layout: StorageLayout, media: MediaPaths) -> list[tuple[str, str | None]]:
    place = (media.camera_id, media.id, media.timestamp)
    return [
        ("clip.mp4", media.clip_path),
        ("thumbnail.jpg", media.thumbnail_path),
        ("contact-sheet.jpg", layout.contact_sheet(*place)),
        ("score-curve.json", layout.score_curve(*place)),
        # Not every event has one, and none is missed then.
        *([("nearest-normal.json", layout.example(*place))] if exists(layout, layout.example(*place)) else []),
    ]


def _open(layout: StorageLayout, relative: str, event: EventDetailRead) -> BinaryIO | None:
    try:
        return layout.media_path(relative).open("rb")
    except FileNotFoundError:
        return None
    except (MediaError, OSError) as error:
        _log.error("media_unreadable", event_id=str(event.id), path=relative, error=str(error))
        return None


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    # ZIP knows no time before 1980, and none after 2107.
    entry = zipfile.ZipInfo(name, min(max(at.timetuple()[:6], (1980, 1, 1, 0, 0, 0)), (2107, 12, 31, 23, 59, 58)))
    entry.external_attr = 0o644 << 16
    return entry
