"""Where a server sends its callers, asked before FFmpeg is let near it.

FFmpeg follows redirects of HTTP and RTSP to wherever they point, and asks nobody. For HTTP that can be turned off (`max_redirects`); for
RTSP it cannot: any 3xx before PLAY is followed, without a limit (`ff_rtsp_connect` in libavformat/rtsp.c). So the question is put first,
and each place it leads to is checked. A server that answers this question in one way and FFmpeg in another can still send FFmpeg on; see
docs/design/sources.md for what that leaves open.
"""

import re
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urljoin

from haetae.errors import ConfigError
from haetae.sources.addresses import Address
from haetae.sources.policy import Target, take_apart

HOPS = 3
"""Redirects that are followed for one connection."""

_HEAD_BYTES = 32 * 1024
_STATUS = re.compile(rb"(?:HTTP|RTSP)/1\.[01] ([0-9]{3})")
_LOCATION = re.compile(rb"^location:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_CHOICE_S = 2.0


def choose(addresses: Sequence[Address], port: int, timeout_s: float) -> Address:
    """The first address that takes a connection; the first of all where none does, for FFmpeg to say why.

    Nothing is tried where there is no choice: some cameras mind every connection.
    """
    if len(addresses) > 1:
        for address in addresses:
            with suppress(OSError), socket.create_connection((str(address), port), min(timeout_s, _CHOICE_S)):
                return address
    return addresses[0]


def http_redirect(target: Target, address: Address, timeout_s: float) -> str | None:
    """Where a GET of this target is sent, None for nowhere. The login is not given away. Raises OSError."""
    path = target.rest.partition("#")[0]
    path = path if path.startswith("/") else f"/{path}"
    request = f"GET {path} HTTP/1.1\r\nHost: {target.host_header}\r\nAccept: */*\r\nRange: bytes=0-\r\nConnection: close\r\n\r\n"
    return _ask(target, address, (request,), timeout_s)


def rtsp_redirect(target: Target, address: Address, timeout_s: float) -> str | None:
    """Where a player of this target is sent, None for nowhere; asked without the login. Raises OSError."""
    url = replace(target, login="").at(address)
    requests = (
        f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Haetae\r\n\r\n",
        f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\nUser-Agent: Haetae\r\n\r\n",
    )
    return _ask(target, address, requests, timeout_s)


def follow(target: Target, location: str) -> Target:
    """The target that a redirect names. The login goes along only to the same host, and never out of TLS. Raises ConfigError."""
    base = f"{target.scheme}://{target.host}:{target.port}{target.rest}"
    try:
        to = take_apart(urljoin(base, location) if target.scheme.startswith("http") else location)
    except ValueError as error:
        raise ConfigError("it redirects to an address that cannot be read", hint="Give the address that it redirects to") from error
    if to.scheme.rstrip("s") != target.scheme.rstrip("s"):
        raise ConfigError(f"it redirects from {target.scheme} to {to.scheme}", hint="Give the address that it redirects to")
    keeps = to.host == target.host and (to.scheme == target.scheme or to.scheme.endswith("s"))
    return to if to.login or not keeps else replace(to, login=target.login)


def _ask(target: Target, address: Address, requests: Sequence[str], timeout_s: float) -> str | None:
    """Put requests one after the other, until one is answered with anything but 200."""
    deadline = time.monotonic() + timeout_s
    with socket.create_connection((str(address), target.port), timeout_s) as plain, _secured(plain, target) as connection:
        for request in requests:
            connection.sendall(request.encode("ascii"))
            head = _head(connection, deadline)
            status = _STATUS.match(head)
            if status is None or not status[1].startswith(b"3"):
                if status is not None and status[1] == b"200":
                    continue
                return None
            if status[1] == b"304":
                return None
            location = _LOCATION.search(head)
            return location[1].decode("latin-1").strip() if location else ""
    return None


def _head(connection: socket.socket, deadline: float) -> bytes:
    """A response as far as its empty line, its end, or what is too long. However slowly it comes, TimeoutError at the deadline."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        piece = connection.recv(4096)
        if not piece:
            break
        head += piece
        if time.monotonic() > deadline:
            raise TimeoutError
    return head.partition(b"\r\n\r\n")[0]


def _secured(plain: socket.socket, target: Target) -> socket.socket:
    """Through TLS where the target says so. Certificates of cameras are their own makers', so none is verified, as FFmpeg does not."""
    if target.scheme not in ("rtsps", "https"):
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=target.host.strip("[]"))
