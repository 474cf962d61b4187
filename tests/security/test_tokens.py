"""Tokens that somebody forged, kept, or was handed for something else; and sockets with somebody else's ticket."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import jwt
import pytest
from starlette.websockets import WebSocketDisconnect
from tests.support.attack import ENDLESS, client_at, doors
from tests.support.web_site import PASSWORD, Person, WebSite

from haetae.api.app import PREFIX
from haetae.api.auth.keys import SigningKeys
from haetae.api.sockets import CloseCode
from haetae.clock import SystemClock
from haetae.domain.viewer import AccessLevel, Role
from haetae.vault import key_folder

ME = f"{PREFIX}/auth/me"
SOCKET = f"{PREFIX}/ws"
NEW_PASSWORD = "another staple of a correct horse"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("tokens")) as site:
        yield site


def signing_key(site):
    return SigningKeys(key_folder(site.config.storage.directory) / "jwt.json", SystemClock(), longest_life_s=900.0).current()


def segment(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


class Forger:
    """Has a token of the viewer's in hand, and wants to be the admin."""

    def __init__(self, site):
        self.key = signing_key(site)
        own = site.token("viewer")
        self.header = jwt.get_unverified_header(own)
        self.claims = jwt.decode(own, options={"verify_signature": False})
        self.wanted = self.claims | {
            "sub": str(site.user_id("admin")),
            "gen": site.services.account_store.viewer_of(site.user_id("admin"))[1],
        }
        self.signature = own.rpartition(".")[2]

    def unsigned(self, algorithm, signature=""):
        return f"{segment({**self.header, 'alg': algorithm})}.{segment(self.wanted)}.{signature}"

    def signed(self, secret=None, algorithm="HS256", header=None, **claims):
        return jwt.encode(self.wanted | claims, secret or self.key.secret, algorithm, headers={"kid": self.key.id} | (header or {}))


OTHER = b"x" * 32
FORGERIES = {
    "alg none": lambda forger: forger.unsigned("none"),
    "alg None": lambda forger: forger.unsigned("None"),
    "alg NONE with the signature of another": lambda forger: forger.unsigned("NONE", forger.signature),
    "alg empty": lambda forger: forger.unsigned(""),
    "alg missing": lambda forger: f"{segment({'kid': forger.key.id})}.{segment(forger.wanted)}.",
    "alg null": lambda forger: f"{segment({'kid': forger.key.id, 'alg': None})}.{segment(forger.wanted)}.",
    "other claims under the own signature": lambda forger: forger.unsigned("HS256", forger.signature),
    "no signature": lambda forger: forger.unsigned("HS256"),
    "a key that is not the site's": lambda forger: forger.signed(OTHER),
    "the name of the key for a secret": lambda forger: forger.signed(forger.key.id.encode()),
    "the usual default secrets": lambda forger: forger.signed(b"secret".ljust(32, b"\0")),
    "a key id that is a path": lambda forger: forger.signed(OTHER, header={"kid": "../../../../dev/null"}),
    "a key id that is SQL": lambda forger: forger.signed(OTHER, header={"kid": "' UNION SELECT 'x' --"}),
    "a key that comes along": lambda forger: forger.signed(OTHER, header={"jwk": {"kty": "oct", "k": "eA"}, "jku": "http://127.0.0.1/"}),
    "another algorithm": lambda forger: forger.signed(forger.key.secret * 2, "HS512"),
    "what must be understood": lambda forger: forger.signed(header={"crit": ["exp"]}),
    "expired": lambda forger: forger.signed(exp=forger.claims["iat"] - 1),
    "without an end": lambda forger: forger.signed(exp=None),
    "for another audience": lambda forger: forger.signed(aud="haetae:ticket"),
    "for several audiences": lambda forger: forger.signed(aud=["haetae:access", "haetae:ticket"]),
    "of another generation": lambda forger: forger.signed(gen=forger.wanted["gen"] + 1),
    "of a generation that is none": lambda forger: forger.signed(gen=True),
    "of nobody": lambda forger: forger.signed(sub=str(uuid4())),
    "of SQL": lambda forger: forger.signed(sub="' OR '1'='1"),
    "too long": lambda forger: forger.signed(more="x" * 20_000),
}


def test_the_forger_would_succeed_with_the_key(site):
    """Else the forgeries below fail for reasons of their own."""
    answer = site.ask(None, "GET", ME, headers={"Authorization": f"Bearer {Forger(site).signed()}"})
    assert answer.json()["username"] == "admin"


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_token_opens_neither_a_route_nor_a_socket_nor_media(site, how):
    forged = FORGERIES[how](Forger(site))
    answer = site.ask(None, "GET", ME, headers={"Authorization": f"Bearer {forged}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert "bearer" in answer.headers["www-authenticate"].lower()
    assert site.ask(None, "GET", f"{PREFIX}/events.csv", params={"ticket": forged}).status_code == 401
    assert closed_with(site, SOCKET, ticket=forged) == CloseCode.UNAUTHENTICATED


def test_a_forged_token_is_worth_as_much_as_none_at_every_route(site):
    forged = {"Authorization": f"Bearer {Forger(site).unsigned('none')}"}
    asked = 0
    for door in doors(site.app):
        if door.method == "WS":
            continue
        path = door.at()
        honest, lying = (site.ask(None, door.method, path, headers=headers) for headers in ({}, forged))
        assert lying.status_code == honest.status_code, str(door)
        asked += honest.status_code == 401
    assert asked > 60


def test_a_token_of_one_site_opens_no_other(site, tmp_path):
    """There is no secret that all sites share."""
    with WebSite(tmp_path) as other:
        assert signing_key(other).secret != signing_key(site).secret
        answer = site.ask(None, "GET", ME, headers={"Authorization": f"Bearer {other.token('admin')}"})
    assert answer.status_code == 401


@contextmanager
def somebody(site, role=Role.OPERATOR):
    """A new person with everything that can be handed out: log-in, refresh token, ticket, API key, and an open socket."""
    name = f"person-{uuid4().hex[:8]}"
    site.add(Person(name, role, {site.seen.id: AccessLevel.CONTROL}))
    answer = site.ask(None, "POST", f"{PREFIX}/auth/login", json={"username": name, "password": PASSWORD, "cookie": False})
    found = answer.json() | {"username": name}
    bearer = {"Authorization": f"Bearer {found['access_token']}"}
    found["ticket"] = site.ask(None, "POST", f"{PREFIX}/tickets", json={"path": SOCKET}, headers=bearer).json()["ticket"]
    found["key"] = site.ask(None, "POST", f"{PREFIX}/api-keys", json={"name": "robot", "role": "operator"}, headers=bearer).json()["key"]
    with site._client.websocket_connect(SOCKET, headers=bearer) as socket:
        assert socket.receive_json()["type"] == "hello"
        yield found, socket


def me(site, credential):
    return site.ask(None, "GET", ME, headers={"Authorization": f"Bearer {credential}"}).status_code


def refresh(site, token):
    return site.ask(None, "POST", f"{PREFIX}/auth/refresh", json={"refresh_token": token})


def change_password(site, person):
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "cookie": False}
    return site.ask(None, "POST", f"{PREFIX}/auth/password", json=body, headers={"Authorization": f"Bearer {person['access_token']}"})


def reset_password(site, person):
    code = site.ask("admin", "POST", f"{PREFIX}/users/{site.user_id(person['username'])}/reset").json()["code"]
    return client_at(site, "198.51.100.1").post("/auth/reset", json={"code": code, "password": NEW_PASSWORD, "cookie": False})


def deactivate(site, person):
    return site.ask("admin", "DELETE", f"{PREFIX}/users/{site.user_id(person['username'])}")


def log_out_everywhere(site, person):
    return site.ask(None, "POST", f"{PREFIX}/auth/logout-all", headers={"Authorization": f"Bearer {person['access_token']}"})


def how_it_ends(socket):
    """The code with which the server closes it; waits for that."""
    while True:
        try:
            socket.receive_json()
        except WebSocketDisconnect as closed:
            return closed.code


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", [change_password, reset_password, deactivate, log_out_everywhere])
def test_everything_handed_out_before_ends_at_once(site, how, monkeypatch):
    # It is not the look now and then that ends the socket.
    monkeypatch.setattr("haetae.api.routers.messages.RECHECK_S", 3600.0)
    with somebody(site) as (person, socket):
        assert me(site, person["access_token"]) == me(site, person["key"]) == 200
        assert how(site, person).is_success
        assert how_it_ends(socket) == CloseCode.UNAUTHENTICATED
    assert me(site, person["access_token"]) == 401
    assert refresh(site, person["refresh_token"]).status_code == 401
    assert closed_with(site, SOCKET, ticket=person["ticket"]) == CloseCode.UNAUTHENTICATED
    # Programs stay when their owner only logs out.
    assert me(site, person["key"]) == (200 if how is log_out_everywhere else 401)


@pytest.fixture
def no_grace(monkeypatch):
    """As when the seconds are over in which two tabs may bring the same refresh token."""
    monkeypatch.setattr("haetae.database.session_store.GRACE_S", -1.0)


@pytest.mark.usefixtures("no_grace")
def test_a_refresh_token_that_is_used_twice_ends_the_log_in_of_thief_and_owner(site):
    with somebody(site) as (person, _socket):
        body = {"username": person["username"], "password": PASSWORD, "cookie": False}
        beside = client_at(site, "198.51.100.2").post("/auth/login", json=body)
        stolen = person["refresh_token"]
        newer = refresh(site, stolen).json()["refresh_token"]
        assert refresh(site, stolen).status_code == 401
        assert refresh(site, newer).status_code == 401
        assert refresh(site, beside.json()["refresh_token"]).status_code == 200, "another log-in is not touched"


@pytest.mark.usefixtures("no_grace")
def test_of_many_who_use_a_refresh_token_at_once_one_gets_in_at_most(site):
    with somebody(site) as (person, _socket), ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: refresh(site, person["refresh_token"]), range(6)))
    assert [answer.status_code for answer in answers].count(200) <= 1
    assert {answer.status_code for answer in answers} <= {200, 401}
    for answer in answers:
        if answer.status_code == 200:
            assert refresh(site, answer.json()["refresh_token"]).status_code == 401


def test_nothing_that_was_handed_out_passes_for_another_kind(site):
    with somebody(site) as (person, _socket):
        for kind in ("refresh_token", "ticket"):
            assert me(site, person[kind]) == 401
        for kind in ("access_token", "ticket", "key"):
            assert refresh(site, person[kind][:256]).status_code == 401
        for kind in ("access_token", "refresh_token", "key"):
            assert closed_with(site, SOCKET, ticket=person[kind]) == CloseCode.UNAUTHENTICATED
        for name in ("token", "access_token", "key", "api_key", "authorization", "Ticket"):
            assert site.ask(None, "GET", ME, params={name: person["access_token"]}).status_code == 401, f"no token in the address: {name}"


def test_a_ticket_opens_no_route_that_takes_headers_only(site):
    takes = {
        "/events.csv",
        "/events.ndjson",
        "snapshot",
        "mjpeg",
        "heatmap",
        "clip",
        "thumbnail",
        "contact-sheet",
        "export",
        "looks/{number}",
    }
    for door in doors(site.app):
        if door.method != "GET" or door.path == ENDLESS or any(door.path.endswith(end) for end in takes):
            continue
        path = door.at()
        ticket = site.services.tickets.issue(site.services.authenticator.viewer(f"Bearer {site.token('admin')}"), path)[0]
        answer, nobody = site.ask(None, "GET", path, params={"ticket": ticket}), site.ask(None, "GET", path)
        assert answer.status_code == nobody.status_code, str(door)


def closed_with(site, path, ticket=None, **headers):
    """The code with which a socket is closed; None where it is let in."""
    with site._client.websocket_connect(path if ticket is None else f"{path}?ticket={ticket}", headers=headers) as socket:
        try:
            socket.receive_json()
        except WebSocketDisconnect as closed:
            return closed.code
        return None


def ticket_of(site, person, path):
    return site.ask(person, "POST", f"{PREFIX}/tickets", json={"path": path}).json()["ticket"]


def test_every_socket_wants_a_ticket_of_its_own(site):
    sockets = [door.at(camera_id=site.seen.id) for door in doors(site.app) if door.method == "WS"]
    assert len(sockets) >= 2
    for path in sockets:
        assert closed_with(site, path) == CloseCode.UNAUTHENTICATED
        for other in {*sockets, f"{PREFIX}/events.csv", f"{path}/"} - {path}:
            assert closed_with(site, path, ticket_of(site, "admin", other)) == CloseCode.UNAUTHENTICATED
        good = ticket_of(site, "admin", path)
        assert closed_with(site, path, good) in (None, CloseCode.OFFLINE)
        assert closed_with(site, path, good, Origin="https://evil.example") == CloseCode.WRONG_ORIGIN
        assert closed_with(site, path, good, Origin="null") == CloseCode.WRONG_ORIGIN
        assert closed_with(site, path, good, Origin="http://testserver.evil.example") == CloseCode.WRONG_ORIGIN
        assert closed_with(site, path, good[:-2] + ("AA" if good[-2:] != "AA" else "BB")) == CloseCode.UNAUTHENTICATED


def test_anothers_ticket_shows_what_that_other_may_see_and_no_more(site):
    hidden = f"{PREFIX}/cameras/{site.hidden.id}/live"
    assert closed_with(site, hidden, ticket_of(site, "viewer", hidden)) == CloseCode.NOT_FOUND
    # A header beside it adds nothing.
    admin = {"Authorization": f"Bearer {site.token('admin')}"}
    assert closed_with(site, hidden, ticket_of(site, "viewer", hidden), **admin) == CloseCode.NOT_FOUND
    with site._client.websocket_connect(f"{SOCKET}?ticket={ticket_of(site, 'viewer', SOCKET)}") as socket:
        socket.receive_json()
        socket.send_json({"type": "subscribe", "topics": ["events"], "cameras": [str(site.hidden.id)]})
        assert socket.receive_json()["type"] == "error"
        socket.send_json({"type": "subscribe", "topics": ["events", "statuses"]})
        socket.send_json({"type": "ping"})
        told = []
        while not told or told[-1]["type"] != "pong":
            told.append(socket.receive_json())
    assert str(site.hidden.id) not in json.dumps(told)


@pytest.mark.parametrize("host", ["x{path}?", "x{path}#", "x{path}\\", "[", "a@b", "x:{path}"])
def test_no_host_header_makes_a_ticket_good_for_another_path(site, host):
    path, other = (f"{PREFIX}/cameras/{camera.id}/snapshot" for camera in (site.seen, site.hidden))
    ticket = ticket_of(site, "admin", path)
    assert site.ask(None, "GET", path, params={"ticket": ticket}).status_code == 409, "the camera is offline"
    assert site.ask(None, "GET", other, params={"ticket": ticket}, headers={"Host": host.format(path=path)}).status_code == 401
