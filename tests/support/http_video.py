"""A web server for tests: a file with or without its length, or an endless MJPEG stream. Only on 127.0.0.1."""

import re
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"


class HttpVideoServer:
    """Serves `content` as a file when it is bytes, as multipart MJPEG in an endless loop when it is a list of JPEG images.

    `say_length` False leaves the Content-Length out, `cut_after` ends the connection after so many bytes, `login` "user:password" asks
    for it. `stall` keeps the connection and sends nothing more.
    """

    def __init__(
        self, content: bytes | list[bytes], *, say_length: bool = True, cut_after: int | None = None, login: str = "", fps: float = 25
    ) -> None:
        self.content = content
        self.say_length = say_length
        self.cut_after = cut_after
        self.login = login
        self.fps = fps
        self._flow = threading.Event()
        self._flow.set()
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    server._answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        login = f"{self.login}@" if self.login else ""
        return f"http://{login}127.0.0.1:{self._server.server_port}/video"

    def stall(self) -> None:
        self._flow.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        self._flow.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        expected = "Basic " + b64encode(self.login.encode()).decode()
        if self.login and handler.headers.get("Authorization") != expected:
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="test"')
            handler.end_headers()
        elif isinstance(self.content, bytes):
            self._send_file(handler, self.content)
        else:
            self._send_images(handler, self.content)

    def _send_file(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        start = 0
        if asked := re.fullmatch(r"bytes=(\d+)-\d*", handler.headers.get("Range", "")):
            start = min(int(asked[1]), len(content)) if self.say_length else 0
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Type", "application/octet-stream")
        if self.say_length:
            handler.send_header("Accept-Ranges", "bytes")
            handler.send_header("Content-Length", str(len(content) - start))
            if start:
                handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.end_headers()
        handler.wfile.write(content[start : self.cut_after])

    def _send_images(self, handler: BaseHTTPRequestHandler, images: list[bytes]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        index = 0
        while not self.closing.is_set():
            self._flow.wait()
            image = images[index % len(images)]
            handler.wfile.write(_BOUNDARY % (len(image), image))
            index += 1
            self.closing.wait(1 / self.fps)
