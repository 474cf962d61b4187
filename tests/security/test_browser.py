"""What the page of somebody else can make a browser do, and what a browser could take for a page."""

import re

import pytest
from tests.support.attack import ENDLESS, configured, doors
from tests.support.web_site import PASSWORD, WebSite

from haetae.api.app import PREFIX
from haetae.settings import ApiSettings

PORTAL = "https://portal.example"
OTHERS = (
    "https://evil.example",
    "null",
    "http://portal.example",
    "https://portal.example.evil.example",
    "https://evilportal.example",
    "https://portal.example:8443",
    "https://sub.portal.example",
    "https://portal.example/",
    "HTTPS://PORTAL.EXAMPLE@evil.example",
    "file://",
)
MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</title><svg/onload=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
)
PAGES = {"/docs", "/docs/start.js", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"}
HARMLESS = ("application/json", "application/problem+json", "text/csv", "application/yaml", "application/zip", "application/x-ndjson",
            "text/plain", "image/jpeg", "image/png", "video/mp4")  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    api = ApiSettings(port=0, cors_origins=(PORTAL,))
    with WebSite(tmp_path_factory.mktemp("browser"), api=api) as site:
        yield site


def routes(site):
    return [door for door in doors(site.app) if door.method != "WS" and door.path != ENDLESS]


@pytest.fixture(scope="module")
def marked_up(site):
    """Everything that has a name is called like a piece of a page."""
    for number, text in enumerate(MARKUP):
        zone = {"name": text, "kind": "exclude", "polygon": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]}
        camera = {"name": text, "source": "rtsp://10.0.0.9/", "enabled": False, "zones": [zone]}
        assert site.ask("admin", "POST", f"{PREFIX}/cameras", json=camera).status_code == 201
        site.ask("admin", "POST", f"{PREFIX}/rules", json={"name": text, "channel_ids": []})
        site.ask("admin", "POST", f"{PREFIX}/groups", json={"name": text, "members": []})
        assert site.ask("admin", "POST", f"{PREFIX}/api-keys", json={"name": text, "role": "viewer"}).status_code == 201
        event = site.add_event(site.seen.id, detail=text, subtype=text[:60], vlm_type=text, vlm_description=text)
        assert site.ask("admin", "PATCH", f"{PREFIX}/events/{event.id}", json={"note": text}).status_code == 200
        login = {"username": f"viewer-{number}", "password": PASSWORD, "cookie": False}
        site.ask(None, "POST", f"{PREFIX}/auth/login", json=login, headers={"User-Agent": text})
    return event


def test_no_stored_text_comes_as_a_page(site, marked_up):
    """Stored XSS: what people or models wrote is data, says so, and is not taken for anything else."""
    found = 0
    for door in routes(site):
        if door.method != "GET" or door.path in PAGES:
            continue
        for accept in ("application/json", "text/html"):
            answer = site.ask("admin", "GET", door.at(event_id=marked_up.id, camera_id=site.seen.id), headers={"Accept": accept})
            assert answer.headers["x-content-type-options"] == "nosniff", str(door)
            if answer.content:
                kind = answer.headers["content-type"].partition(";")[0]
                assert kind in HARMLESS, f"{door}: {kind}"
            found += sum(text in answer.text for text in ("<script>alert(1)", "onerror=alert(1)"))
    assert found > 10, "the names are somewhere"


def test_every_answer_says_what_a_browser_may_do_with_it(site):
    for door in routes(site):
        for person in ("admin", None):
            answer = site.ask(person, door.method, door.at(), headers={"If-Match": "*"})
            if door.path == f"{PREFIX}/auth/logout-all":
                site.forget_tokens()
            headers = answer.headers
            assert headers["x-content-type-options"] == "nosniff", str(door)
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            policy = headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            if door.path.startswith(PREFIX):
                assert policy.startswith("default-src 'none'")
            scripts = policy.partition("script-src")[2].partition(";")[0]
            assert "unsafe" not in scripts
            assert "*" not in policy


@pytest.mark.parametrize(
    "path", [f"{PREFIX}/<script>alert(1)</script>", f"{PREFIX}/events/<script>", "/<script>alert(1)</script>", "/docs/<b>"]
)
def test_no_error_gives_back_markup_as_a_page(site, path):
    for method in ("GET", "POST", "TRACE", "OPTIONS", "<b>"):
        answer = site.ask(None, method, path, headers={"Accept": "text/html"})
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_method_gives_back_what_was_sent(site):
    """TRACE would show a script the headers that it cannot read."""
    for method in ("TRACE", "TRACK", "CONNECT"):
        for door in routes(site):
            answer = site.ask("admin", method, door.at(), headers={"X-Secret": "only-for-the-server"})
            assert answer.status_code in (404, 405), str(door)
            assert "only-for-the-server" not in answer.text


@pytest.mark.parametrize("origin", OTHERS)
def test_no_page_of_others_may_read_an_answer(site, origin):
    for door in routes(site) if origin == OTHERS[0] else routes(site)[::10]:
        asked = {"Origin": origin, "Access-Control-Request-Method": door.method, "Access-Control-Request-Headers": "authorization"}
        before = site.ask(None, "OPTIONS", door.at(), headers=asked)
        answer = site.ask("viewer" if door.method == "GET" else None, door.method, door.at(), headers={"Origin": origin})
        for each in (before, answer):
            assert "access-control-allow-origin" not in each.headers, str(door)


def test_a_page_that_may_read_brings_no_credentials_of_the_browsers_own(site):
    for door in routes(site):
        asked = {"Origin": PORTAL, "Access-Control-Request-Method": door.method}
        before = site.ask(None, "OPTIONS", door.at(), headers=asked | {"Access-Control-Request-Headers": "x-haetae-csrf"})
        assert before.status_code == 400, "the sign of our own pages is none that others may send"
        before = site.ask(None, "OPTIONS", door.at(), headers=asked | {"Access-Control-Request-Headers": "authorization"})
        answer = site.ask(None, door.method, door.at(), headers={"Origin": PORTAL})
        for each in (before, answer):
            assert "access-control-allow-credentials" not in each.headers
            assert each.headers.get("access-control-allow-origin", PORTAL) == PORTAL
            assert "origin" in each.headers["vary"].lower()


def test_nobody_may_read_unless_configured(tmp_path):
    with WebSite(tmp_path) as site:
        for path in (f"{PREFIX}/cameras", "/healthz", "/openapi.json"):
            for origin in (PORTAL, *OTHERS):
                assert "access-control-allow-origin" not in site.ask("admin", "GET", path, headers={"Origin": origin}).headers


def log_in(site, **headers):
    site._client.cookies.clear()
    return site._client.post(f"{PREFIX}/auth/login", json={"username": "operator", "password": PASSWORD}, headers=headers)


FORGED = [
    {},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver:8080"},
    {"Origin": "https://testserver"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": PORTAL},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Referer": "http://testserver/"},
]


@pytest.mark.parametrize("headers", FORGED, ids=str)
def test_the_cookie_is_worth_nothing_to_a_page_of_others(site, headers):
    """Cross-site request forgery, also by forms, which need no CORS."""
    cookie = log_in(site, **{"X-Haetae-CSRF": "1"}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/api/v1/auth" in cookie
    for body in ({}, {"content": b"", "headers": {"Content-Type": "text/plain"}}, {"data": {"a": "b"}}, {"json": {}}):
        sent = headers | body.pop("headers", {})
        for path in ("refresh", "logout"):
            answer = site._client.post(f"{PREFIX}/auth/{path}", headers=sent, **body)
            assert answer.status_code in (403, 422), answer.text
            assert "set-cookie" not in answer.headers
    assert site._client.post(f"{PREFIX}/auth/refresh", headers={"X-Haetae-CSRF": "1"}).status_code == 200, "the log-in is still there"


def test_the_cookie_opens_no_other_route(site):
    log_in(site, **{"X-Haetae-CSRF": "1"})
    cookie = {"Cookie": f"haetae_refresh={site._client.cookies.get('haetae_refresh')}"}
    for door in routes(site):
        if not door.path.endswith(("/auth/refresh", "/auth/logout")):
            plain = site.ask(None, door.method, door.at())
            assert site.ask(None, door.method, door.at(), headers=cookie).status_code == plain.status_code, str(door)


def test_no_page_of_others_logs_its_reader_in_as_somebody_else(site):
    for headers in FORGED:
        if headers.keys() & {"Origin", "Sec-Fetch-Site"}:
            assert log_in(site, **headers).status_code == 403, headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "testserver@evil.example", "[", "a/b", '"><script>', "x" * 300, ""])
def test_the_host_header_decides_nothing(site, host):
    with configured(site, api=site.config.api.model_copy(update={"public_url": "https://site.example"})):
        made = site.ask("admin", "POST", f"{PREFIX}/invites", json={}, headers={"Host": host})
        assert made.json()["link"].startswith("https://site.example/register#code="), "a code is sent nowhere else"
    for door in routes(site) if host == "evil.example" else routes(site)[::7]:
        if door.method == "GET":
            for path in (door.at(), f"{door.at()}/"):
                answer = site.ask("admin", "GET", path, headers={"Host": host})
                assert answer.status_code < 500
                assert not answer.history, f"{door} sends its client somewhere"
                assert len(host) < 4 or host not in answer.text + str(answer.headers)


NAMES = ('a"; filename="evil.exe', "a\r\nSet-Cookie: x=y", "../../etc/cron.d/x", "카메라", "a\x00b", "con", "x" * 128, "\u202egpj.exe")
SAVED_AS = re.compile(r'(?:attachment|inline); filename="[A-Za-z0-9][A-Za-z0-9.-]{0,99}"')


def test_what_is_saved_has_a_name_of_our_own(site):
    for name in NAMES:
        site.ask("admin", "POST", f"{PREFIX}/cameras", json={"name": name, "source": "rtsp://10.0.0.9/", "enabled": False})
    saved = 0
    for door in routes(site):
        if door.method == "GET":
            answer = site.ask("admin", "GET", door.at(event_id=site.events["seen"].id, camera_id=site.seen.id))
            assert "set-cookie" not in answer.headers
            if "content-disposition" in answer.headers:
                assert SAVED_AS.fullmatch(answer.headers["content-disposition"]), str(door)
                saved += 1
    assert saved >= 5
