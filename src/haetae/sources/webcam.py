"""A webcam on this machine, through Video4Linux."""

from haetae.errors import SourceUnavailable
from haetae.sources.faults import FaultKind
from haetae.sources.location import is_video_device, local_path
from haetae.sources.reader import AvSource, Opening

_NON_BLOCKING = "4"
"""AVFMT_FLAG_NONBLOCK: a read without a picture returns at once, so that a webcam that stalls cannot hold the thread."""


class WebcamSource(AvSource):
    """`/dev/video0`, with `?size=1280x720&fps=15` where its own choice does not do."""

    kind: FaultKind = "device"

    def _plan(self) -> Opening:
        path, query = local_path(self._url)
        if not is_video_device(path):
            raise SourceUnavailable(f"cannot open {path}: it is no webcam", hint="Webcams are /dev/video0 and so on.", permanent=True)
        path.stat()
        with path.open("rb"):
            pass
        options = {"fflags": _NON_BLOCKING}
        if "size" in query:
            options["video_size"] = query["size"]
        if "fps" in query:
            options["framerate"] = query["fps"]
        return Opening(str(path), protocols="file", demuxers="video4linux2,v4l2", format="v4l2", options=options)
