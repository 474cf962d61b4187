"""The web server of a site: uvicorn, on a socket that was bound with words for what can go wrong."""

import logging
import socket
import ssl

import uvicorn
from fastapi import FastAPI

from haetae.api.middleware.slow_clients import ImpatientH11Protocol
from haetae.errors import ConfigError
from haetae.settings import ApiSettings

_DRAIN_S = 5
_BACKLOG = 512
_CONNECTIONS = 2000
"""More are answered 503: each costs memory, whoever opens it."""
_MESSAGE_BYTES = 64 * 1024


class WebServer:
    """Serves an application. The address is bound at once, so that one in use is known before cameras are started."""

    def __init__(self, settings: ApiSettings) -> None:
        """Raises ConfigError where the address cannot be used, and for a certificate that cannot be read."""
        self._settings = settings
        secure = _check_certificate(settings)
        self._socket = _bind(settings.host, settings.port)
        port = self._socket.getsockname()[1]
        host = settings.host if settings.host not in ("0.0.0.0", "::") else socket.gethostname()
        self.url = settings.public_url.rstrip("/") or f"{'https' if secure else 'http'}://{_bracketed(host)}:{port}"
        self._server: uvicorn.Server | None = None

    def run(self, app: FastAPI) -> None:
        """Serve until SIGINT, SIGTERM or `stop`; on the main thread, which gets the signals."""
        settings = self._settings
        config = uvicorn.Config(
            app,
            http=ImpatientH11Protocol,
            ws="websockets-sansio",
            ws_max_size=_MESSAGE_BYTES,
            # Video does not get smaller: compressing it made a viewer sixteen times dearer.
            ws_per_message_deflate=False,
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
            log_config=None,
            access_log=False,
            server_header=False,
            # Only what the configuration names is believed, never an environment variable of uvicorn's.
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_DRAIN_S,
            h11_max_incomplete_event_size=32 * 1024,
        )
        # It names WebSockets with their query, tickets and all.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        self._server = uvicorn.Server(config)
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End soon; any thread."""
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        self._socket.close()


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"cannot listen on {_bracketed(host)}:{port}: {error}", hint="Choose another api.host or api.port, or stop what uses it"
        ) from error
    # Accepted connections inherit it. asyncio sets it only on sockets that were made with the protocol's number, and this one was not:
    # head and body of an answer are two writes, and the second would wait 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _check_certificate(settings: ApiSettings) -> bool:
    """True when HTTPS is to be served."""
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ConfigError("api.tls_certificate and api.tls_key belong together", hint="Give both, or neither")
    if settings.tls_certificate is None:
        return False
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the TLS certificate cannot be used: {error}", hint="Check api.tls_certificate and api.tls_key (PEM)") from error
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
