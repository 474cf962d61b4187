"""Video over HTTP: a camera's MJPEG stream, or any container on a web server."""

import av
from av.container import InputContainer

from haetae.sources.reader import AvSource, Opening

_ENDLESS = ("mpjpeg",)
_UNSTAMPED = ("mpjpeg", "mjpeg", "h264", "hevc", "m4v")
"""These have no time stamps; FFmpeg counts pictures at 25 per second, whatever the camera sends."""


class HttpSource(AvSource):
    """`http://` and `https://`. Live unless the server says how long it is."""

    def _plan(self) -> Opening:
        return Opening(
            self._url,
            protocols="http,https,tcp,tls",
            options={"max_redirects": "3", "multiple_requests": "0"},
        )

    def _is_live(self, container: InputContainer) -> bool:
        if container.format.name in _ENDLESS:
            return True
        try:
            return container.size <= 0
        except av.FFmpegError:
            return True

    def _has_stamps(self, container: InputContainer) -> bool:
        return container.format.name not in _UNSTAMPED
