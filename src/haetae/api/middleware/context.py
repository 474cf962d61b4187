"""An id and a log line for each request, and headers that every answer has."""

import re
import time
from urllib.parse import quote, unquote_plus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from haetae.ids import new_id
from haetae.telemetry import log_context

_log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""For what is no page."""
PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For the pages of the console and of the API's reference."""

_SECRET_NAME = re.compile(r"ticket|token|code|key|pass|pwd|secret", re.IGNORECASE)


class RequestContext:
    """Gives each request an id (the caller's own, where it is a sane one), binds it to the log, and sees to the headers of its answer.

    What one person was answered is never kept for another: `Cache-Control` is `private, no-store` unless the route says otherwise.
    """

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else new_id().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.monotonic(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        with log_context(request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            finally:
                _log.info(
                    "request",
                    method=scope["method"],
                    path=written_path(scope["path"]),
                    query=_without_secrets(scope.get("query_string", b"")),
                    status=status,
                    ms=round(1000 * (time.monotonic() - started), 1),
                    client=scope["client"][0] if scope.get("client") else "",
                )

    def _add_headers(self, headers: MutableHeaders, scope: Scope, request_id: str) -> None:
        headers["X-Request-ID"] = request_id
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        is_api = scope["path"].startswith("/api/")
        headers.setdefault("Content-Security-Policy", NOTHING if is_api else PAGE_POLICY)
        if is_api:
            headers.setdefault("Cache-Control", "private, no-store")
            headers.add_vary_header("Authorization")
        if self._https or scope.get("scheme") == "https":
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def written_path(path: str) -> str:
    """The path as it may stand in a log: what a terminal would obey, or take for another line, is percent-encoded again."""
    return quote(path, safe="/!$&'()*+,;=:@~", errors="replace")


def _without_secrets(query: bytes) -> str:
    """The query, its secrets left out however the client wrote their names: `%74icket` is a ticket too."""
    parts = (part.partition("=") for part in query.decode("ascii", "backslashreplace").split("&"))
    return "&".join(
        f"{name}=***" if value and _SECRET_NAME.search(unquote_plus(name)) else name + equals + value for name, equals, value in parts
    )
