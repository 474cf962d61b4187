"""What every request goes through, over real sockets where the protocol is what matters."""

import json
import socket
import threading
import time
from types import SimpleNamespace

import pytest
import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from tests.support.waiting import wait_until

from haetae.api.errors import add_error_handlers
from haetae.api.middleware.context import RequestContext
from haetae.api.middleware.limits import BodyLimits
from haetae.api.middleware.slow_clients import ImpatientH11Protocol


def make_app(max_bytes=1000, timeout_s=30.0):
    app = FastAPI()

    @app.post("/api/v1/echo")
    async def echo(request: Request):
        return {"size": len(await request.body()), "client": request.client.host, "scheme": request.url.scheme}

    @app.get("/api/v1/crash")
    def crash():
        raise RuntimeError("the password is hunter2")

    add_error_handlers(app)
    app.add_middleware(BodyLimits, max_bytes=max_bytes, timeout_s=timeout_s)
    app.add_middleware(RequestContext)
    return app


@pytest.fixture
def client():
    return TestClient(make_app(), raise_server_exceptions=False)


def test_each_answer_has_an_id_and_headers_that_keep_it_private(client):
    answer = client.post("/api/v1/echo", content=b"x")
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "Authorization" in answer.headers["vary"]


@pytest.mark.parametrize(("asked", "kept"), [("abc-12345", True), ("bad id\twith spaces", False), ("x" * 65, False), ("short", False)])
def test_a_callers_own_request_id_is_kept_where_it_is_a_sane_one(client, asked, kept):
    answer = client.post("/api/v1/echo", content=b"x", headers={"X-Request-ID": asked})
    assert (answer.headers["x-request-id"] == asked) is kept


def test_what_nobody_expected_says_nothing_of_itself(client):
    answer = client.get("/api/v1/crash")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["request_id"]
    assert "hunter2" not in answer.text


def test_a_body_over_the_limit_is_refused_when_it_is_announced(client):
    answer = client.post("/api/v1/echo", content=b"x" * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert client.post("/api/v1/echo", content=b"x" * 1000).json()["size"] == 1000


def test_a_body_over_the_limit_is_refused_when_nobody_announced_it(client):
    def chunks():
        for _ in range(20):
            yield b"x" * 100

    answer = client.post("/api/v1/echo", content=chunks())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


class Served:
    """An application behind a real uvicorn on a free port."""

    def __init__(self, app, **options):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(app, log_config=None, **options))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})

    def __enter__(self):
        self.thread.start()
        wait_until(lambda: self.server.started, "the server to be up")
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(20)
        self.socket.close()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def ask(self, headers=(), body=b"{}"):
        with self.connect() as connection:
            lines = [b"POST /api/v1/echo HTTP/1.1", b"Host: x", b"Connection: close", b"Content-Length: %d" % len(body), *headers]
            connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_who_opens_a_connection_and_sends_its_head_byte_by_byte_is_cut_off():
    class Hasty(ImpatientH11Protocol):
        headers_within_s = 0.3

    with Served(make_app(), http=Hasty) as served, served.connect() as connection:
        connection.sendall(b"POST /api/v1/echo HTTP/1.1\r\nHost:")
        # The end of the stream, long before this socket's own time-out.
        assert connection.recv(100) == b""


def test_a_connection_that_is_kept_is_not_cut_off_while_a_request_runs():
    class Hasty(ImpatientH11Protocol):
        headers_within_s = 0.3

    app = make_app()

    @app.get("/slow")
    def slow():
        time.sleep(0.6)
        return {"done": True}

    with Served(app, http=Hasty) as served, served.connect() as connection:
        for _ in range(2):
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while b'"done":true' not in answer:
                part = connection.recv(65536)
                assert part, "the connection was closed"
                answer += part


def test_a_body_that_comes_too_slowly_is_answered_and_given_up():
    with Served(make_app(timeout_s=0.3)) as served, served.connect() as connection:
        connection.sendall(b"POST /api/v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"408" in answer.split(b"\r\n")[0]
    assert b"body_too_slow" in answer


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ([], b"203.0.113.9", "127.0.0.1"),
        (["127.0.0.1"], b"203.0.113.9", "203.0.113.9"),
        # What the client itself wrote in front of the proxy's word is not believed.
        (["127.0.0.1"], b"10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (["127.0.0.0/8"], b"203.0.113.9, 127.0.0.5", "203.0.113.9"),
        (["192.0.2.1"], b"203.0.113.9", "127.0.0.1"),
    ],
)
def test_a_forwarded_address_counts_only_from_a_trusted_proxy(trusted, forwarded, seen):
    with Served(make_app(), proxy_headers=bool(trusted), forwarded_allow_ips=trusted) as served:
        assert served.ask([b"X-Forwarded-For: " + forwarded])["client"] == seen


def test_a_log_line_of_a_request_holds_no_ticket(client, caplog):
    with structlog.testing.capture_logs() as lines:
        client.post("/api/v1/echo?ticket=secret-ticket&page=2", content=b"x")
    [line] = [line for line in lines if line["event"] == "request"]
    assert "secret-ticket" not in str(line)
    assert "page=2" in line["query"]
    assert SimpleNamespace(**line).status == 200
