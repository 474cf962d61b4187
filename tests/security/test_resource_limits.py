"""Requests that are too large, too long, too slow or too many: on real sockets where the protocol is what matters."""

import gzip
import json
import re
from contextlib import ExitStack

import pytest
from tests.support.attack import ENDLESS, Served, doors, written
from tests.support.waiting import wait_until
from tests.support.web_site import WebSite
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from haetae.api.app import PREFIX
from haetae.api.middleware.slow_clients import ImpatientH11Protocol
from haetae.api.sockets import CloseCode
from haetae.settings import ApiSettings

MOST_BYTES = 64 * 1024
CROWD = 40


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    api = ApiSettings(port=0, max_body_mb=MOST_BYTES / 2**20, request_timeout_s=1.0, max_clients=16)
    with WebSite(tmp_path_factory.mktemp("limits"), api=api) as site:
        yield site


@pytest.fixture(scope="module")
def served(site):
    """Hasty, so that nobody has to wait for what takes ten seconds in the product."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImpatientH11Protocol, "headers_within_s", 0.5)
        with Served(site.app) as served:
            yield served


def writing(site):
    return [door for door in doors(site.app) if door.method in ("POST", "PUT", "PATCH", "DELETE")]


def chunks():
    for _ in range(MOST_BYTES // 1024 + 2):
        yield b"x" * 1024


@pytest.mark.parametrize("person", ["admin", None])
def test_a_body_that_is_too_large_is_refused_at_every_route(site, person):
    for door in writing(site):
        announced = site.ask(person, door.method, door.at(), content=b"x" * (MOST_BYTES + 1), headers={"Content-Type": "application/json"})
        assert (announced.status_code, announced.json()["code"]) == (413, "body_too_large"), str(door)
        assert len(announced.content) < 1000
        if door.takes_json:
            unannounced = site.ask(person, door.method, door.at(), content=chunks(), headers={"Content-Type": "application/json"})
            # Who has to be known first is refused before anything is read.
            assert unannounced.status_code in (401, 413), str(door)


@pytest.mark.parametrize("length", ["9" * 30, "9" * 5000, "-1", "0x10", "1e3", "²", " ", "1, 1", "none"])
def test_a_length_that_is_none_is_no_fault_of_the_server(site, served, length):
    headers = {"Content-Length": length.encode()}
    assert 400 <= site.ask(None, "POST", f"{PREFIX}/auth/login", content=b"{}", headers=headers).status_code < 500
    answer = served.ask(written("POST", f"{PREFIX}/auth/login", f"Content-Length: {length}"))
    assert answer == b"" or 400 <= int(answer.split(b" ")[1]) < 500


def test_a_body_that_is_packed_is_not_unpacked(site):
    bomb = gzip.compress(b'{"username": "' + b"x" * 20_000_000 + b'"}')
    assert len(bomb) < MOST_BYTES
    for encoding in ("gzip", "deflate", "br"):
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        assert site.ask(None, "POST", f"{PREFIX}/auth/login", content=bomb, headers=headers).status_code == 422


def drip(connection, piece):
    """Send a little whenever the server says nothing; True once it has closed the connection. Bounded, far beyond what is needed."""
    connection.settimeout(0.02)
    for _ in range(1000):
        try:
            if not connection.recv(4096):
                return True
        except TimeoutError:
            pass
        except OSError:
            return True
        try:
            connection.sendall(piece)
        except OSError:
            return True
    return False


@pytest.mark.parametrize(
    "start",
    [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["nothing", "a method", "a head without end", "a second request without end"],
)
def test_who_sends_a_head_byte_by_byte_is_cut_off(served, start):
    with served.connect() as connection:
        connection.sendall(start)
        assert drip(connection, b"X-a: b\r\n" if start.endswith(b"x\r\n") else b"A")


def test_who_sends_a_body_byte_by_byte_is_cut_off(served):
    for headers in (b"Content-Length: 60000", b"Transfer-Encoding: chunked"):
        with served.connect() as connection:
            connection.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers + b"\r\n\r\n")
            assert drip(connection, b"1\r\n \r\n" if b"chunked" in headers else b" ")


def test_a_crowd_of_slow_clients_keeps_nobody_out_and_is_gone_after_a_while(served):
    healthy = written("GET", "/healthz")
    with ExitStack() as stack:
        crowd = [stack.enter_context(served.connect()) for _ in range(CROWD)]
        for number, connection in enumerate(crowd):
            connection.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n" + (b"\r\n{" if number % 2 else b""))
        assert b" 200 " in served.ask(healthy).split(b"\r\n")[0]
        for connection in crowd:
            while connection.recv(4096):
                pass
        assert b" 200 " in served.ask(healthy).split(b"\r\n")[0]
    wait_until(lambda: len(served._server._server.server_state.connections) == 0, "no connection to be left")


def test_a_head_without_end_is_not_collected(served):
    with served.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        sent = 0
        try:
            while sent < 4 * 2**20:
                connection.sendall(b"X-a: " + b"b" * 8000 + b"\r\n")
                sent += 8000
            answer = connection.recv(4096)
        except OSError:
            return
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"431")


@pytest.mark.parametrize("length", [4000, 20_000, 200_000])
def test_long_paths_queries_and_headers_are_no_fault_of_the_server(served, length):
    long = "x" * length
    for request in (
        written("GET", f"{PREFIX}/cameras/{long}"),
        written("GET", f"{PREFIX}/events?cursor={long}"),
        written("GET", f"{PREFIX}/auth/me", f"Authorization: Bearer {long}"),
        written("GET", f"{PREFIX}/auth/me", f"Authorization: {long}"),
        written("POST", f"{PREFIX}/auth/refresh", f"Cookie: haetae_refresh={long}", "X-Haetae-CSRF: 1"),
        written("GET", f"{PREFIX}/events.csv?ticket={long}"),
        written("GET", "/metrics", f"Authorization: Bearer {long}"),
        written("GET", "/healthz", f"X-Request-ID: {long}"),
        written(long, "/healthz"),
    ):
        try:
            answer = served.ask(request)
        except ConnectionError:
            continue
        status = int(answer.split(b" ")[1]) if answer else 400
        assert status < 500, request[:60]
        assert long.encode() not in answer


def test_over_long_texts_are_refused_in_every_field_of_every_body(site):
    asked = 0
    schemas = site.app.openapi()["components"]["schemas"]
    for door in (door for door in writing(site) if door.takes_json):
        reference = json.dumps(door.operation["requestBody"]).partition("#/components/schemas/")[2].partition('"')[0]
        for name, field in schemas.get(reference, {}).get("properties", {}).items():
            told = json.dumps(field)
            # A playbook may be as long as a body may be.
            if '"string"' not in told or any(int(most) >= 50_000 for most in re.findall(r'"maxLength": (\d+)', told)):
                continue
            path = door.at(camera_id=site.seen.id, event_id=site.events["seen"].id)
            answer = site.ask("admin", door.method, path, json={name: "x" * 50_000}, headers={"If-Match": "*", "X-Haetae-CSRF": "1"})
            assert answer.status_code in (404, 422, 429), f"{door} {name}: {answer.status_code}"
            assert len(answer.content) < 5000
            asked += 1
    assert asked > 40


def test_no_list_is_longer_than_it_may_be(site):
    asked = 0
    for door in (door for door in doors(site.app) if door.method == "GET" and door.path != ENDLESS):
        for name in {"limit", "offset", "count", "days", "weeks", "width", "first", "before"} & set(door.queries):
            for value in ("0" if name not in ("offset", "first") else "-1", "1000000000000000000000"):
                answer = site.ask("admin", "GET", f"{door.at(camera_id=site.seen.id)}?{name}={value}")
                assert answer.status_code in (409, 422), f"{door} {name}={value}: {answer.status_code}"
                asked += answer.status_code == 422
    assert asked > 10


def talk(ws, messages):
    """Say all that, and listen for as long as the server answers."""
    for message in messages:
        ws.send(message)
    while True:
        ws.recv(20)


def test_a_socket_takes_no_long_messages_and_not_many_that_mean_nothing(site, served):
    headers = {"Authorization": f"Bearer {site.token('viewer')}"}
    too_big, unexpected = 1009, CloseCode.UNEXPECTED_MESSAGE
    for messages, code in (
        (["x" * 200_000], too_big),
        (["x" * 30_000], unexpected),
        ([b"\x00" * 10], unexpected),
        (["{"] * 100, unexpected),
        (['{"type": "ping", "x": ' + "[" * 5000] * 100, unexpected),
    ):
        with connect(f"ws://127.0.0.1:{served.port}{PREFIX}/ws", additional_headers=headers, open_timeout=20, max_size=None) as ws:
            ws.recv(20)
            with pytest.raises(ConnectionClosed) as closed:
                talk(ws, messages)
            assert closed.value.rcvd.code == code


def test_one_person_cannot_take_every_socket(site, served):
    headers = {"Authorization": f"Bearer {site.token('viewer')}"}
    address = f"ws://127.0.0.1:{served.port}{PREFIX}/ws"
    with ExitStack() as stack:
        refused = 0
        for _ in range(17):
            ws = stack.enter_context(connect(address, additional_headers=headers, open_timeout=20))
            try:
                ws.recv(20)
            except ConnectionClosed:
                refused += 1
        assert refused
        other = stack.enter_context(connect(address, additional_headers={"Authorization": f"Bearer {site.token('operator')}"}))
        assert json.loads(other.recv(20))["type"] == "hello"


def test_two_ways_to_say_where_a_body_ends_make_no_second_request(served):
    """Request smuggling: whatever the server makes of it, it answers once and ends the connection, or refuses."""
    second = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in (
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: xchunked",
        b"Content-Length : 4",
        b"Content-Length: +4",
    ):
        request = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n\r\n0\r\n\r\n" + second
        answer = served.ask(request)
        assert answer.count(b"HTTP/1.1 ") <= 1, headers
        assert answer == b"" or answer.split(b" ")[1] in (b"400", b"413", b"501"), headers
