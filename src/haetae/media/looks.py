"""The pictures that a model was shown, kept with the event: one ZIP file of JPEGs as they were sent."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from haetae.domain.analysis import Picture
from haetae.errors import MediaError
from haetae.media.blobs import write_atomically

LARGEST_PICTURE = 4 * 2**20


def write_looks(path: Path, pictures: Sequence[Picture]) -> int:
    """Put them at `path`, in place of what was there; returns by how many bytes it grew. Raises MediaError."""
    before = path.stat().st_size if path.exists() else 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for picture in pictures:
            archive.writestr(zipfile.ZipInfo(_name(picture.number)), picture.data)
    write_atomically(path, buffer.getvalue())
    return len(buffer.getvalue()) - before


def read_look(path: Path, number: int) -> bytes | None:
    """The JPEG of this number; None where there is none. Raises MediaError for a file that holds something else, FileNotFoundError."""
    try:
        with zipfile.ZipFile(path) as archive:
            if _name(number) not in archive.namelist():
                return None
            info = archive.getinfo(_name(number))
            if info.file_size > LARGEST_PICTURE:
                raise MediaError(f"{path} holds a picture that is too large")
            return archive.read(info)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise MediaError(f"{path} cannot be read: {error}", hint="It was changed, or the disk is at fault") from error


def _name(number: int) -> str:
    return f"{number}.jpg"
