"""A camera over RTSP (RFC 2326)."""

from haetae.sources.network import NetworkSource
from haetae.sources.policy import SourcePolicy
from haetae.sources.reader import Opening
from haetae.sources.redirects import HOPS, rtsp_redirect


class RtspSource(NetworkSource):
    """RTSP with the media inside the TCP connection, never over UDP, where a lost datagram is a torn picture; `rtsps` through TLS.

    Sound is not asked for. The camera is an untrusted party: it cannot make FFmpeg open anything but RTSP over TCP. With a policy FFmpeg
    is given the address that was checked, not the name, and redirects are followed here, each checked.
    """

    def _plan(self) -> Opening:
        policy = self._options.policy
        return Opening(
            self._url if policy is None else self._settle(policy),
            protocols="rtsp,rtsps,tcp,tls",
            demuxers="rtsp",
            format="rtsp",
            options={"rtsp_transport": "tcp", "allowed_media_types": "video", "max_delay": "500000"},
        )

    def _settle(self, policy: SourcePolicy) -> str:
        """The URL with the address to connect to, once the camera redirects no further."""
        target = self._target()
        deadline = self._clock.monotonic() + self._options.connect_timeout_s
        for _ in range(HOPS + 1):
            address = self._reach(policy, target)
            moved = self._moved(target, address, rtsp_redirect)
            if moved is None:
                return target.at(address)
            if self._clock.monotonic() > deadline:
                raise TimeoutError
            target = moved
        raise self._too_many_hops()
