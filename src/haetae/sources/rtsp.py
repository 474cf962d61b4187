"""A camera over RTSP (RFC 2326)."""

from haetae.sources.reader import AvSource, Opening


class RtspSource(AvSource):
    """RTSP with the media inside the TCP connection, never over UDP, where a lost datagram is a torn picture; `rtsps` through TLS.

    Sound is not asked for. The camera is an untrusted party: it cannot make FFmpeg open anything but RTSP over TCP.
    """

    def _plan(self) -> Opening:
        return Opening(
            self._url,
            protocols="rtsp,rtsps,tcp,tls",
            demuxers="rtsp",
            format="rtsp",
            options={"rtsp_transport": "tcp", "allowed_media_types": "video", "max_delay": "500000"},
        )
