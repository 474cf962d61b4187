import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from haetae.api.auth.keys import SigningKeys
from haetae.api.auth.tokens import AccessTokens, SignedTokens
from haetae.errors import Unauthenticated
from haetae.ids import new_id
from haetae.testing.clock import FakeClock

USER = new_id()


class Site:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.keys = SigningKeys(folder / "keys" / "jwt.json", self.clock, longest_life_s=900)
        self.tokens = AccessTokens(self.keys, self.clock, life_s=900)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def token(site: Site) -> str:
    return site.tokens.issue(USER, 3)[0]


def refused(site: Site, token: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        site.tokens.read(token)
    assert len(token) < 20 or token not in str(caught.value)


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(site: Site, claims: dict[str, Any], header: dict[str, Any] | None = None, *, key: bytes | None = None, by: str = "HS256") -> str:
    """Signed by hand, since PyJWT itself refuses to sign some of what is forged here; a claim of None is left out."""
    head = {"alg": by, "typ": "JWT", "kid": site.keys.current().id, **(header or {})}
    content = {name: value for name, value in claims.items() if value is not None}
    text = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(content).encode())}"
    signature = jwt.get_algorithm_by_name(by).sign(text.encode(), site.keys.current().secret if key is None else key)
    return f"{text}.{encoded(signature)}"


def test_a_token_says_who_and_as_of_when_and_no_more(site, token):
    read = site.tokens.read(token)
    assert (read.user_id, read.generation, read.expires_at.timestamp()) == (USER, 3, site.clock.now().timestamp() + 900)
    assert claims_of(token).keys() == {"iss", "aud", "sub", "gen", "iat", "exp", "jti"}
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert site.tokens.issue(USER, 3)[0] != token


def test_a_token_expires_by_the_clock_it_is_given(site, token):
    site.clock.advance(899)
    assert site.tokens.read(token)
    site.clock.advance(1)
    with pytest.raises(Unauthenticated, match="expired"):
        site.tokens.read(token)


CLAIMS = [
    {"aud": "haetae:ticket"},
    {"aud": ["haetae:access"]},
    {"aud": ["haetae:access", "haetae:ticket"]},
    {"aud": None},
    {"iss": "https://elsewhere.example"},
    {"iss": ["haetae"]},
    {"iss": None},
    {"exp": None},
    {"exp": "9999999999"},
    {"exp": 1e300},
    {"exp": 10**30},
    {"exp": True},
    {"exp": -1},
    {"sub": None},
    {"sub": ""},
    {"sub": "admin"},
    {"sub": 5},
    {"gen": None},
    {"gen": "3"},
    {"gen": True},
    {"gen": 3.0},
    {"iat": None},
    {"jti": None},
    {"jti": 5},
]


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
def test_a_token_with_other_claims_is_refused_even_signed_by_the_site(site, token, claims):
    assert site.tokens.read(signed(site, claims_of(token)))
    refused(site, signed(site, {**claims_of(token), **claims}))


def test_a_forged_signature_is_refused(site, token):
    head, body, signature = token.split(".")
    other = encoded(json.dumps({**claims_of(token), "sub": str(new_id())}).encode())
    for forged in (
        signed(site, claims_of(token), key=b"x" * 32),
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.{signature}.{signature}",
        f"..{signature}",
        "",
    ):
        refused(site, forged)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "", None])
def test_a_token_without_an_algorithm_is_refused(site, token, name):
    _, body, signature = token.split(".")
    head = encoded(json.dumps({"alg": name, "typ": "JWT", "kid": site.keys.current().id}).encode())
    for forged in (f"{head}.{body}.", f"{head}.{body}.{signature}", jwt.encode(claims_of(token), None, algorithm="none")):
        refused(site, forged)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_another_algorithm_is_refused_even_with_the_sites_key(site, token):
    for algorithm in ("HS384", "HS512"):
        refused(site, signed(site, claims_of(token), by=algorithm))
        refused(site, signed(site, claims_of(token), {"alg": "HS256"}, by=algorithm))


@pytest.mark.parametrize("key_id", [None, "", "no such", 0, [], {}, "../../etc/passwd", "' OR 1=1"], ids=str)
def test_a_key_is_looked_up_among_the_sites_own_only(site, token, key_id):
    refused(site, signed(site, claims_of(token), {"kid": key_id, "jwk": {"kty": "oct", "k": "eA"}, "jku": "http://10.0.0.9/"}))


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"]}, {"crit": ["x"], "x": 1}, {"b64": False, "crit": ["b64"]}, {"alg": ["HS256"]}, {"alg": 5}], ids=str
)
def test_a_header_that_asks_for_something_else_is_refused(site, token, header):
    refused(site, signed(site, claims_of(token), header))


def test_what_is_nested_deeper_or_longer_than_anybody_means_it_is_refused(site):
    for content in (b"[" * 2900, b'{"a":' * 580, b"9" * 2900, b"x" * 100_000):
        refused(site, f"{encoded(content)}.e30.x")


def test_a_token_of_another_kind_is_refused_by_both(site, token):
    tickets = SignedTokens(site.keys, site.clock, audience="haetae:ticket")
    refused(site, tickets.sign(USER, 3, 60)[0])
    with pytest.raises(Unauthenticated):
        tickets.read(token)


def test_what_is_added_to_a_token_cannot_replace_what_it_says(site):
    forged = SignedTokens(site.keys, site.clock, audience="haetae:ticket").sign(USER, 3, 60, {"aud": "haetae:access", "sub": "x"})[0]
    assert (claims_of(forged)["aud"], claims_of(forged)["sub"]) == ("haetae:ticket", str(USER))
