"""Connections that open and then say nothing, or say it one byte at a time ("slowloris"), are closed."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_WITHIN_S = 10.0


class ImpatientH11Protocol(H11Protocol):
    """uvicorn's HTTP protocol, with a limit on how long the head of a request may take; uvicorn has one only between requests."""

    headers_within_s = HEADERS_WITHIN_S
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._stop_waiting()
        elif self.transport.get_protocol() is self and self._waiting is None and (self.cycle is None or self.cycle.response_complete):
            self._wait_for_head()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        # From here on the connection belongs to the WebSocket's protocol.
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def _wait_for_head(self) -> None:
        self._waiting = self.loop.call_later(self.headers_within_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        self.transport.close()
