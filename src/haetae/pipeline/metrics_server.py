"""The small HTTP server behind `/metrics`."""

import errno
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socket import AF_INET, AF_INET6, gaierror
from typing import Any, TypeAlias

import structlog

from haetae.errors import ConfigError

_log = structlog.get_logger()

Render: TypeAlias = Callable[[str], tuple[bytes, str]]
"""From an Accept header to a body and its content type."""

_CLIENT_TIMEOUT_S = 5.0
_MOST_REQUESTS = 8
"""At once; what comes beyond is turned away, so that no client can fill the process with threads."""


class MetricsServer:
    """Answers `GET /metrics` and nothing else, until closed. Each request has a thread of its own."""

    def __init__(self, render: Render, host: str, port: int) -> None:
        """Serves at once. Port 0 takes any free one. Raises ConfigError that names the key where `host` and `port` cannot be had."""
        try:
            self._server = _Server(render, host, port)
        except (OSError, OverflowError) as error:
            raise _refused(error, host, port) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()
        _log.info("metrics_served", host=host, port=self.port)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    def close(self) -> None:
        """Stop listening. Safe to call twice."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    # A restart need not wait for connections of the run before to time out, but two servers never share a port.
    allow_reuse_address = True
    allow_reuse_port = False

    def __init__(self, render: Render, host: str, port: int) -> None:
        self.render = render
        self.address_family = AF_INET6 if ":" in host else AF_INET
        self._slots = threading.BoundedSemaphore(_MOST_REQUESTS)
        super().__init__((host, port), _Handler)
        self.port = int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        _log.debug("metrics_client_lost", client=str(client_address), exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_TIMEOUT_S
    server_version = "haetae"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404, "only /metrics is here")
            return
        try:
            body, content_type = self.server.render(self.headers.get("Accept", ""))
        except Exception as error:
            _log.error("metrics_failed", exc_info=error)
            self.send_error(500, "the metrics could not be gathered; see the log")
            return
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """A scrape every few seconds is no news."""


def _refused(error: Exception, host: str, port: int) -> ConfigError:
    if isinstance(error, gaierror) or (isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL):
        return ConfigError(f"metrics.host = {host!r} is no address of this machine", hint="Use 127.0.0.1, or 0.0.0.0 for all")
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"metrics.port = {port} is in use on {host}", hint="Choose another port, 0 for any free one, or set metrics.enabled = false"
        )
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM):
        return ConfigError(f"metrics.port = {port} may not be opened by this user", hint="Choose a port above 1023")
    return ConfigError(f"metrics.port = {port} cannot be opened on {host}: {error}", hint="Choose another port, or 0 for any free one")
