"""Video over HTTP: a camera's MJPEG stream, or any container on a web server."""

import errno

import av
from av.container import InputContainer

from haetae.sources.addresses import Address, numeric
from haetae.sources.network import NetworkSource
from haetae.sources.policy import SourcePolicy, Target
from haetae.sources.reader import Opening
from haetae.sources.redirects import HOPS, http_redirect

_ENDLESS = ("mpjpeg",)
_UNSTAMPED = ("mpjpeg", "mjpeg", "h264", "hevc", "m4v")
"""These have no time stamps; FFmpeg counts pictures at 25 per second, whatever the camera sends."""


class HttpSource(NetworkSource):
    """`http://` and `https://`. Live unless the server says how long it is.

    With a policy FFmpeg is given the address that was checked, with the name in the header `Host`, and redirects are followed here, each
    checked. `https` with a name keeps the name, for FFmpeg names no host in the TLS handshake (SNI) of a numeric address, and many
    servers refuse that: it is checked right before, and FFmpeg resolves it a second time.
    """

    def _plan(self) -> Opening:
        return Opening(
            self._url,
            protocols="http,https,tcp,tls",
            options={"max_redirects": "3", "multiple_requests": "0"},
        )

    def _connect(self, plan: Opening) -> InputContainer:
        policy = self._options.policy
        return super()._connect(plan) if policy is None else self._connect_checked(policy)

    def _connect_checked(self, policy: SourcePolicy) -> InputContainer:
        target = self._target()
        deadline = self._clock.monotonic() + self._options.connect_timeout_s
        for _ in range(HOPS + 1):
            address = self._reach(policy, target)
            try:
                return super()._connect(_opening(target, address))
            except av.error.OSError as error:
                # Also what FFmpeg says of a redirect that it may not follow.
                moved = self._moved(target, address, http_redirect) if error.errno == errno.EIO else None
                if moved is None:
                    raise
            if self._clock.monotonic() > deadline:
                raise TimeoutError
            target = moved
        raise self._too_many_hops()

    def _is_live(self, container: InputContainer) -> bool:
        if container.format.name in _ENDLESS:
            return True
        try:
            return container.size <= 0
        except av.FFmpegError:
            return True

    def _has_stamps(self, container: InputContainer) -> bool:
        return container.format.name not in _UNSTAMPED


def _opening(target: Target, address: Address) -> Opening:
    by_name = target.scheme == "https" and numeric(target.host) is None
    return Opening(
        target.url if by_name else target.at(address),
        protocols="https,tls,tcp" if target.scheme == "https" else "http,tcp",
        # A proxy of the environment would connect to where nobody has checked.
        options={"max_redirects": "0", "multiple_requests": "0", "http_proxy": "", "headers": f"Host: {target.host_header}\r\n"},
    )
