"""A video file."""

import stat

from haetae.errors import SourceUnavailable
from haetae.sources.faults import FaultKind
from haetae.sources.location import local_path
from haetae.sources.reader import AvSource, Opening


class FileSource(AvSource):
    """A video file in any container that FFmpeg reads; a plain path or a `file://` URL.

    Only regular files are opened: a pipe would block, a device never end.
    """

    live = False
    kind: FaultKind = "file"

    def _plan(self) -> Opening:
        path = local_path(self._url)[0]
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceUnavailable(f"cannot open {path}: it is no regular file", hint="Give a video file.", permanent=True)
        with path.open("rb") as file:
            if not file.read(1):
                raise SourceUnavailable(f"cannot open {path}: the file is empty", hint="Check how it was written.", permanent=True)
        return Opening(f"file:{path.absolute()}", protocols="file")
