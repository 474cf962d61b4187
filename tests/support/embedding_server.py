"""A server that speaks OpenAI's embeddings API over real HTTP: words are directions, and words that mean the same are one."""

import contextlib
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WIDTH = 64
SAME = {"fell": "fall", "collapsed": "fall", "쓰러짐": "fall", "automobile": "car", "vehicle": "car", "strange": "unusual"}


def vector_of(text, width=WIDTH):
    """The sum of the directions of its words."""
    total = [0.0] * width
    for word in text.lower().split():
        digest = hashlib.shake_256(SAME.get(word, word).encode()).digest(width)
        total = [value + (byte - 127.5) for value, byte in zip(total, digest, strict=True)]
    return total


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        time.sleep(server.delay_s)
        status = server.status
        if any(server.poison and server.poison in text for text in body["input"]):
            status = 400
        # The order does not matter, the index does.
        data = [{"index": at, "embedding": vector_of(text, server.width)} for at, text in enumerate(body["input"])][::-1]
        content = server.raw or json.dumps({"object": "list", "data": data}).encode()
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *args):
        """No lines among those of the tests."""


class EmbeddingServer(ThreadingHTTPServer):
    """`status`, `delay_s`, `width`, `raw` (the whole answer) and `poison` (a word that it will not take) may be changed at any time."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = []
        self.status, self.delay_s, self.width, self.raw, self.poison = 200, 0.0, WIDTH, b"", ""

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


@contextlib.contextmanager
def embedding_server():
    server = EmbeddingServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
