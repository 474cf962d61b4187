"""Guessing passwords and codes, from one address or many, and the ways in that need no guess: defaults, empty passwords, being first."""

import json
from itertools import count

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.support.attack import Served, client_at, written
from tests.support.site import site_config
from tests.support.web_site import PASSWORD, Person, WebSite

from haetae.api.app import PREFIX, create_app
from haetae.compose.web import Web
from haetae.domain.viewer import Role
from haetae.settings import AccessSettings

_NUMBERS = count(1)
MOST_TRIES = 21
"""From one address; one more than at a clock that stands still, for some of a try is forgotten meanwhile."""


@pytest.fixture(scope="module", autouse=True)
def _cheap_hashes():
    """What a guess costs is another test's matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("haetae.api.auth.passwords.Argon2Hasher", lambda **_costs: Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("guessing")) as site:
        yield site


@pytest.fixture
def victim(site):
    return site.add(Person(f"victim-{next(_NUMBERS)}", Role.OPERATOR)).username


def address():
    """One that nobody has tried from."""
    return f"198.51.100.{next(_NUMBERS)}"


def log_in(client, username, password=PASSWORD, **headers):
    return client.post("/auth/login", json={"username": username, "password": password, "cookie": False}, headers=headers)


def tries_until_refused(ask):
    """How many got an answer before the first that was sent away."""
    for number in range(MOST_TRIES + 10):
        answer = ask(number)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) > 0
            return number
        assert answer.status_code in (401, 403), answer.text
    raise AssertionError("nobody is ever sent away")


def test_an_account_is_closed_to_guesses_from_everywhere_even_with_the_right_password(site, victim):
    assert tries_until_refused(lambda number: log_in(client_at(site, address()), victim, f"guess number {number}")) <= 6
    assert log_in(client_at(site, address()), victim).status_code == 429


def test_a_stranger_cannot_shut_the_owner_out_of_where_it_was_before(site, victim):
    home = client_at(site, address())
    assert log_in(home, victim).status_code == 200
    tries_until_refused(lambda number: log_in(client_at(site, address()), victim, f"guess number {number}"))
    assert log_in(home, victim).status_code == 200


def test_an_address_is_stopped_whichever_account_it_guesses_at(site, victim):
    client = client_at(site, address())
    assert tries_until_refused(lambda number: log_in(client, f"nobody-{number}", "the same guess")) <= MOST_TRIES
    assert log_in(client, victim).status_code == 429


def test_whoever_has_a_network_of_ipv6_is_one_client(site):
    start = f"2001:db8:{next(_NUMBERS):x}:1"
    ask = lambda number: log_in(client_at(site, f"{start}::{number + 1:x}"), f"nobody-{number}", "the same guess")  # noqa: E731
    assert tries_until_refused(ask) <= MOST_TRIES


def test_no_answer_says_whether_an_account_exists(site, victim):
    answers = [log_in(client_at(site, address()), name, "the same guess") for name in (victim, "nobody-at-all", victim.upper() + "x")]
    found = {(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in answers}
    assert found == {(401, "unauthenticated", "the user name or the password is wrong")}


@pytest.mark.parametrize("path", ["/auth/setup", "/auth/register", "/auth/reset"])
def test_codes_are_guessed_a_few_times_only(site, path):
    body = {"code": "", "password": PASSWORD, "cookie": False} | ({} if path == "/auth/reset" else {"username": "evil"})
    client = client_at(site, address())
    assert tries_until_refused(lambda number: client.post(path, json=body | {"code": f"guess-{number}"})) <= 11


def test_the_current_password_is_guessed_a_few_times_only(site, victim):
    token = log_in(client_at(site, address()), victim).json()["access_token"]

    def guess(number):
        body = {"current_password": f"guess {number}", "new_password": "a password of the thief's", "cookie": False}
        return client_at(site, address()).post("/auth/password", json=body, headers={"Authorization": f"Bearer {token}"})

    assert tries_until_refused(guess) <= 6


SPOOFED = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"), "203.0.113.{}")
SPOOFED |= {"Forwarded": "for=203.0.113.{}", "X-Forwarded-Host": "203.0.113.{}", "Via": "1.1 203.0.113.{}"}


def guesses(served, headers):
    """Guesses over the wire, each with headers that say it comes from elsewhere; the statuses of the answers."""
    statuses = []
    for number in range(MOST_TRIES + 3):
        body = json.dumps({"username": f"nobody-{number}", "password": "the same guess", "cookie": False}).encode()
        answer = served.ask(written("POST", f"{PREFIX}/auth/login", *headers(number), body=body))
        statuses.append(int(answer.split(b" ")[1]))
    return statuses


def test_a_client_cannot_say_that_it_comes_from_elsewhere(tmp_path):
    with WebSite(tmp_path) as site, Served(site.app) as served:
        statuses = guesses(served, lambda number: [f"{name}: {said.format(number)}" for name, said in SPOOFED.items()])
        assert 429 in statuses
        with_loopback = served.ask(written("GET", "/metrics", "X-Forwarded-For: 127.0.0.1"))
        assert with_loopback.split(b" ")[1] == b"403", "who comes through a proxy is not the machine itself"
        noted = site.ask("admin", "GET", f"{PREFIX}/audit", params={"action": "user.login_failed"}).json()["entries"]
    assert {entry["address"] for entry in noted} == {"127.0.0.1"}


def test_behind_a_proxy_its_word_counts_and_what_the_client_wrote_before_it_does_not(tmp_path):
    with WebSite(tmp_path) as site, Served(site.app, trusted_proxies=("127.0.0.1",)) as served:
        statuses = guesses(served, lambda number: [f"X-Forwarded-For: 10.9.8.{number}, 127.0.0.1, 203.0.113.7"])
        assert 429 in statuses
        noted = site.ask("admin", "GET", f"{PREFIX}/audit", params={"action": "user.login_failed"}).json()["entries"]
    assert {entry["address"] for entry in noted} == {"203.0.113.7"}


EMPTY = ("", " ", "            ", "\t\t\t\t\t\t\t\t\t\t\t\t", None, [], {}, True, 0)


@pytest.mark.parametrize("password", EMPTY)
def test_an_empty_password_is_neither_set_nor_let_in(site, victim, password):
    client = client_at(site, address())
    for path, body in (
        ("/auth/login", {"username": victim, "password": password}),
        (
            "/auth/reset",
            {"code": site.ask("admin", "POST", f"{PREFIX}/users/{site.user_id(victim)}/reset").json()["code"], "password": password},
        ),
    ):
        answer = client.post(path, json=body | {"cookie": False})
        assert answer.status_code in (401, 422), answer.text
    if password is not None:
        made = site.ask("admin", "POST", f"{PREFIX}/users", json={"username": f"{victim}-2", "password": password})
        assert made.status_code == 422, made.text
    assert log_in(client, victim).status_code == 200, "its password is what it was"


@pytest.fixture
def fresh(tmp_path):
    """A site that nobody has set up, where registration is as open as it can be."""
    config = site_config(tmp_path).model_copy(update={"access": AccessSettings(registration="open")})
    web = Web(config)
    web.start()
    try:
        yield web
    finally:
        web.close()


def test_a_new_site_lets_nobody_in_by_default_or_for_being_first(fresh):
    app = create_app(fresh.services)

    class Site:
        pass

    Site.app = app
    for username in ("admin", "root", "haetae", "administrator", ""):
        for password in ("admin", "root", "haetae", "password", "changeme", "12345678", username or "x"):
            assert log_in(client_at(Site, address()), username, password).status_code in (401, 422, 429)
    first = client_at(Site, address()).post("/auth/register", json={"username": "first", "password": PASSWORD, "cookie": False})
    assert first.status_code == 403, first.text
    for code in ("", "0", "setup", "' OR '1'='1", None):
        body = {"code": code, "username": "first", "password": PASSWORD, "cookie": False}
        assert client_at(Site, address()).post("/auth/setup", json=body).status_code in (403, 422)
    assert fresh.services.accounts.setup_needed(), "still nobody is there"
    # With the code one comes in, once; and who registers after that is a viewer without cameras.
    body = {"code": fresh.new_setup_code(), "username": "boss", "password": PASSWORD, "cookie": False}
    assert client_at(Site, address()).post("/auth/setup", json=body).status_code == 201
    assert client_at(Site, address()).post("/auth/setup", json=body | {"username": "second"}).status_code in (403, 409)
    second = client_at(Site, address()).post("/auth/register", json={"username": "second", "password": PASSWORD, "cookie": False}).json()
    me = client_at(Site, address()).get("/auth/me", headers={"Authorization": f"Bearer {second['access_token']}"}).json()
    assert (me["role"], me["sees_all"], me["grants"]) == ("viewer", False, [])
