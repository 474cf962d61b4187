"""A server that speaks OpenAI's chat API over real HTTP and does what a test wrote down: answer, or any fault."""

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD = {
    "observations": [{"text": "Two people push each other", "frames": [1]}],
    "visible_text": "",
    "movement": "several",
    "summary": "Two people fight at the gate.",
    "event_type": "Fighting",
    "certainty": "high",
    "verdict": "A",
}
NOTHING = GOOD | {"event_type": "Normal", "verdict": "B", "summary": "Two people walk by.", "certainty": "medium"}
CANNOT_TELL = GOOD | {"event_type": "Unclear", "verdict": "C", "summary": "Too dark to tell."}


def completion(content=None, *, finish="stop", **fields):
    """What the API answers around a message."""
    message = {"role": "assistant", "content": content if content is None or isinstance(content, str) else json.dumps(content)} | fields
    usage = {"prompt_tokens": 900, "completion_tokens": 90, "total_tokens": 990}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }


def says(content, **fields):
    """A reply with that content."""
    return lambda handler: handler.reply(200, completion(content, **fields))


def status(code, body=None, **headers):
    """A reply with that status; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(code, body or {"error": {"message": f"status {code}"}}, named)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        with contextlib.suppress(ConnectionError):
            server.next_reply()(self)

    def do_GET(self):
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), "body": None})
        with contextlib.suppress(ConnectionError):
            self.reply(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.server.models]})

    def reply(self, code, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def hang(self):
        """Nothing, until the test is over."""
        self.server.over.wait(60)
        self.close_connection = True

    def drip(self):
        """A byte at a time, for ever."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self.server.over.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()
        self.close_connection = True

    def flood(self, size=10 * 2**20):
        """An answer of many megabytes."""
        self.reply(200, json.dumps(completion("x" * size)).encode())

    def hang_up(self):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *_arguments):
        """Quiet."""


class ModelServer:
    """`replies` are used one after the other, the last one for ever; each is called with the handler. Use as a context manager."""

    def __init__(self, *replies):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.requests = []
        self._server.models = ["scripted"]
        self._server.over = threading.Event()
        self._server.next_reply = self._next
        self._lock = threading.Lock()
        self.replies = list(replies) or [says(GOOD)]
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def requests(self):
        return self._server.requests

    @property
    def asked(self):
        """The bodies of the chats."""
        return [request["body"] for request in self.requests if request["body"] is not None]

    def _next(self):
        with self._lock:
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._server.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def refused_url():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
