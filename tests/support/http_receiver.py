"""A web server on loopback that keeps what is posted to it, and answers as it is told."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict
    body: bytes


@dataclass(frozen=True)
class Answer:
    """`endless` goes on with the body until the client hangs up; `hang` answers when the receiver is closed."""

    status: int = 200
    headers: tuple = ()
    body: bytes = b"thank you"
    endless: bool = False
    hang: bool = False


class HttpReceiver:
    """`with HttpReceiver() as receiver:`; `answers` are used up one by one, then 200."""

    def __init__(self, *answers):
        self.received = []
        self.answers = list(answers)
        self.closing = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                owner.received.append(Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                answer = owner.answers.pop(0) if owner.answers else Answer()
                if answer.hang:
                    owner.closing.wait(60)
                    return
                try:
                    self._reply(answer)
                except OSError:
                    self.close_connection = True

            do_PUT = do_POST  # noqa: N815

            def _reply(self, answer):
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                if not answer.endless:
                    self.send_header("Content-Length", str(len(answer.body)))
                else:
                    self.close_connection = True
                self.end_headers()
                self.wfile.write(answer.body)
                while answer.endless and not owner.closing.is_set():
                    self.wfile.write(b"x" * 65536)

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
