"""Messages between the site and a process that decodes for it: words as JSON, pictures and packets as bytes behind them.

No pickle: a process that a hostile stream has taken over can send wrong pictures, and nothing that would be run.
"""

import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from haetae.sources.faults import MAX_PIXELS

_HEAD = struct.Struct("<II")
_LONGEST_WORDS = 2**20
_LONGEST_BYTES = 12 * MAX_PIXELS


class Message(NamedTuple):
    """What came: its kind, its words, and the bytes behind them."""

    kind: str
    words: dict[str, Any]
    data: memoryview


class Wire:
    """One end of a connection. One thread at a time sends and one receives; `close` from any wakes both."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = threading.Lock()
        self._users = 0
        self._closed = False

    def send(self, kind: str, words: dict[str, Any], data: Sequence[bytes | memoryview] = ()) -> None:
        """Raises OSError when nobody is there any more."""
        text = json.dumps([kind, words], separators=(",", ":")).encode()
        pieces = [memoryview(piece).cast("B") for piece in data]
        head = _HEAD.pack(len(text), sum(piece.nbytes for piece in pieces))
        with self._in_use():
            self._send_all([memoryview(head + text), *pieces])

    def receive(self, timeout_s: float | None = None) -> Message:
        """The next message. Raises OSError and EOFError at the end, TimeoutError, and ValueError for what is no message."""
        with self._in_use():
            if timeout_s is None:
                return self._receive()
            self._end.settimeout(timeout_s)
            try:
                return self._receive()
            finally:
                self._end.settimeout(None)

    def close(self) -> None:
        """End it for both sides. Safe to call twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                # The other side may have been faster.
                with suppress(OSError):
                    self._end.shutdown(socket.SHUT_RDWR)
                self._let_go()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """The descriptor stays this connection's as long as a thread is in it: its number may be another one's right after."""
        with self._lock:
            if self._closed:
                raise BrokenPipeError
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                self._let_go()

    def _let_go(self) -> None:
        if self._closed and not self._users:
            self._end.close()

    def _receive(self) -> Message:
        length, size = _HEAD.unpack(self._exactly(_HEAD.size))
        if length > _LONGEST_WORDS or size > _LONGEST_BYTES:
            raise ValueError(f"a message of {length} + {size} bytes")
        kind, words = json.loads(bytes(self._exactly(length)))
        if not isinstance(kind, str) or not isinstance(words, dict):
            raise ValueError("a message without a kind or words")
        return Message(kind, words, self._exactly(size))

    def _send_all(self, pieces: list[memoryview]) -> None:
        while pieces:
            sent = self._end.sendmsg(pieces)
            while pieces and sent >= pieces[0].nbytes:
                sent -= pieces.pop(0).nbytes
            if sent:
                pieces[0] = pieces[0][sent:]

    def _exactly(self, size: int) -> memoryview:
        got = memoryview(bytearray(size))
        at = 0
        while at < size:
            count = self._end.recv_into(got[at:], size - at, socket.MSG_WAITALL)
            if not count:
                raise EOFError
            at += count
        return got
