"""A server on 127.0.0.1 that answers every connection with the same bytes, and remembers what it was asked."""

import socket
import threading
from types import TracebackType
from typing import Self


class ScriptedServer:
    """Answers each request (up to its empty line) with `answer`; None says nothing. `drip_s` sends it byte by byte, that far apart."""

    def __init__(self, answer: bytes | None, *, drip_s: float = 0.0) -> None:
        self.answer = answer
        self.drip_s = drip_s
        self.requests: list[str] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        # Closing alone would not wake who waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while not self._closing.is_set():
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = connection.recv(4096)
                    if not piece:
                        return
                    request += piece
                self.requests.append(request.decode())
                if self.answer is None:
                    continue
                for piece in [self.answer[i : i + 1] for i in range(len(self.answer))] if self.drip_s else [self.answer]:
                    connection.sendall(piece)
                    self._closing.wait(self.drip_s)
        except OSError:
            pass  # the client left, or the server closes
        finally:
            connection.close()
