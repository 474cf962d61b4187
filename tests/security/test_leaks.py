"""What must not get out: credentials in any answer or log line, and one person's answer from a cache to another."""

import io
import json
from urllib.parse import unquote

import pytest
from tests.support.attack import ENDLESS, Served, client_at, configured, doors, written
from tests.support.web_site import PASSWORD, WebSite

from haetae.api.app import PREFIX
from haetae.settings import ApiSettings, SourcePolicySettings
from haetae.telemetry import configure_logging
from haetae.vault import key_folder

CAMERA = "secret-of-the-camera"
PEOPLE = ("admin", "owner", "operator", "looker", "viewer", "stranger", None)
METRICS_TOKEN = "the-token-of-the-metrics"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("leaks"), api=ApiSettings(port=0, metrics_token=METRICS_TOKEN)) as site:
        yield site


@pytest.fixture(scope="module")
def handed_out(site):
    """Everything secret that was handed out once, and all that the site keeps for itself."""
    ask = site.ask
    log_in = ask(None, "POST", f"{PREFIX}/auth/login", json={"username": "viewer", "password": PASSWORD, "cookie": False}).json()
    key = ask("admin", "POST", f"{PREFIX}/api-keys", json={"name": "robot", "role": "admin"}).json()["key"]
    invite = ask("admin", "POST", f"{PREFIX}/invites", json={}).json()["code"]
    made = ask("admin", "POST", f"{PREFIX}/users", json={"username": "guest"}).json()["reset"]["code"]
    ticket = ask("admin", "POST", f"{PREFIX}/tickets", json={"path": f"{PREFIX}/ws"}).json()["ticket"]
    ask("admin", "POST", f"{PREFIX}/rules", json={"name": "rule", "channel_ids": []})
    hashes = [site.services.account_store.credentials(name).password_hash for name in site.people]
    jwt_keys = json.loads((key_folder(site.config.storage.directory) / "jwt.json").read_text(encoding="utf-8"))["keys"]
    vault = [path.read_text(encoding="utf-8", errors="replace").strip() for path in key_folder(site.config.storage.directory).iterdir()]
    secrets = [CAMERA, PASSWORD, METRICS_TOKEN, log_in["refresh_token"], log_in["access_token"], key, invite, made, ticket, *hashes, *vault]
    return [secret for secret in (*secrets, *(each["secret"] for each in jwt_keys)) if secret]


def gets(site):
    return [door for door in doors(site.app) if door.method == "GET" and door.path != ENDLESS]


def paths(site, door):
    """The path for what is seen, for what is hidden, and for what there is not."""
    ids = {"user_id": site.user_id("viewer")}
    places = [{"camera_id": site.places()[place], "event_id": site.events[place].id} for place in ("seen", "hidden")]
    found = [door.at(**{name: value for name, value in (ids | place).items() if name in door.parameters}) for place in places]
    return list(dict.fromkeys([*found, door.at()] if door.parameters else found))


def shows(text, secrets):
    return [secret for secret in secrets if secret in text or secret in unquote(text)]


@pytest.mark.parametrize("person", PEOPLE)
def test_no_answer_holds_a_credential(site, handed_out, person):
    asked = 0
    for door in gets(site):
        for path in paths(site, door)[: 3 if person == "admin" else 1]:
            for query in ("", "?format=yaml", "?everyone=true&limit=500") if person == "admin" else ("",):
                answer = site.ask(person, "GET", path + query)
                assert not shows(answer.text, handed_out), f"{door} as {person}"
                assert not shows(str(answer.headers), handed_out)
                asked += answer.is_success
    assert asked > (100 if person == "admin" else 5)


def refused_requests(site):
    """Requests with a secret in them that end in an error."""
    source = f"rtsp://root:{CAMERA}@127.0.0.1:1/{{0}}?password={CAMERA}"
    ask, cameras = site.ask, f"{PREFIX}/cameras"
    yield ask("admin", "POST", f"{cameras}/test", json={"source": source})
    for bad in (
        "ftp" + source[4:],
        source + "\\",
        source.replace("root:", "root@"),
        source.replace("127.0.0.1:1", "127.0.0.1:99999"),
        source * 50,
    ):
        yield ask("admin", "POST", cameras, json={"name": "bad", "source": bad})
        yield ask("admin", "PATCH", f"{cameras}/{site.seen.id}", json={"source": bad}, headers={"If-Match": "*"})
        yield ask("admin", "POST", f"{cameras}/test", json={"source": bad})
        body = json.dumps([{"name": "bad", "source": bad}])
        yield ask("admin", "POST", f"{cameras}/import", content=body, headers={"Content-Type": "application/yaml"})
    with configured(site, source_policy=SourcePolicySettings()):
        yield ask("admin", "POST", cameras, json={"name": "bad", "source": source})
    yield ask("admin", "POST", cameras, json={"name": "bad", "source": {"url": source}, "enabled": source, "zones": [source]})
    yield ask("admin", "POST", cameras, content=json.dumps({"name": source})[:-3], headers={"Content-Type": "application/json"})
    for path in ("login", "reset", "register", "setup", "password"):
        secret = {"username": "nobody", "password": PASSWORD, "code": PASSWORD, "current_password": PASSWORD, "new_password": PASSWORD}
        yield client_at(site, "198.51.100.1").post(f"/auth/{path}", json=secret | {"cookie": [PASSWORD]})
        wanted = {"login": ("username", "password"), "reset": ("code", "password"), "password": ("current_password", "new_password")}
        body = {name: secret[name] for name in wanted.get(path, ("code", "username", "password"))}
        yield client_at(site, "198.51.100.1").post(f"/auth/{path}", json=body)
    yield ask(None, "GET", f"{PREFIX}/auth/me", headers={"Authorization": f"Bearer {PASSWORD}"})
    yield ask(None, "GET", "/metrics", headers={"Authorization": f"Bearer {PASSWORD}"})


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_error_and_no_log_line_holds_what_was_wrong_with_a_credential(site, style):
    log = io.StringIO()
    configure_logging("debug", style, log)
    answers = list(refused_requests(site))
    assert len(answers) > 30
    for answer in answers:
        assert answer.status_code == 200 or 400 <= answer.status_code < 500, answer.text
        assert not shows(answer.text, [CAMERA, PASSWORD]), answer.text
    assert log.getvalue().count("path=" if style == "text" else '"path"') >= len(answers)
    assert not shows(log.getvalue(), [CAMERA, PASSWORD])


def test_what_nobody_expected_says_nothing_of_itself_and_has_all_headers(site, monkeypatch):
    def crash(*_arguments, **_options):
        raise RuntimeError(f"cannot connect to rtsp://root:{CAMERA}@192.168.7.7/")

    log = io.StringIO()
    configure_logging("debug", "text", log)
    monkeypatch.setattr(type(site.services.cameras), "visible_to", crash)
    answer = site.ask("admin", "GET", f"{PREFIX}/cameras")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert "no-store" in answer.headers["cache-control"]
    assert "RuntimeError" in log.getvalue()
    assert not shows(answer.text + log.getvalue(), [CAMERA])


@pytest.mark.parametrize(
    "name", ["ticket", "Ticket", "%74icket", "tick%65t", "token", "access_token", "api_key", "code", "password", "secret"]
)
def test_no_log_line_holds_what_somebody_wrote_into_an_address(site, name):
    log = io.StringIO()
    configure_logging("debug", "text", log)
    site.ask(None, "GET", f"{PREFIX}/events.csv?limit=7&{name}=hand-it-over&sort=time")
    assert "limit=7" in log.getvalue()
    assert "sort=time" in log.getvalue()
    assert "hand-it-over" not in log.getvalue()


def test_no_log_line_is_a_command_to_the_terminal_that_shows_it(site):
    log = io.StringIO()
    configure_logging("debug", "text", log)
    with Served(site.app) as served:
        for path in ("/%1b%5d0;owned%07", "/%1b[2J", "/%9b2J", "/%0a2026-01-01T00:00:00Z%20[info]%20forged", "/%e2%80%ae", "/%00%7f"):
            served.ask(written("GET", path))
            served.ask(written("GET", f"{PREFIX}/events{path}?q={path}"))
    assert log.getvalue().count("owned") == 3
    assert all(character.isprintable() for line in log.getvalue().split("\n") for character in line)
    assert not any(line.startswith("2026-01-01") for line in log.getvalue().split("\n"))


PUBLIC = ("/docs", "/healthz", "/readyz", "/openapi.json")


@pytest.mark.parametrize("person", ["admin", "viewer", None])
def test_no_cache_may_keep_an_answer_for_others(site, person):
    """RFC 9111: what says private or no-store is stored by no cache that people share."""
    for door in gets(site):
        for path in paths(site, door):
            answer = site.ask(person, "GET", path)
            if path.startswith(PUBLIC):
                # Everybody is answered the same.
                assert answer.content == site.ask("admin", "GET", path).content
                continue
            if path.startswith(PREFIX):
                kept = {word.strip() for word in answer.headers["cache-control"].split(",")}
                assert kept & {"private", "no-store"}, f"{door}: {answer.headers['cache-control']}"
                assert not kept & {"public"}
                assert not any(word.startswith(("s-maxage", "max-age", "immutable")) for word in kept)
                assert "authorization" in answer.headers["vary"].lower(), str(door)


def test_knowing_the_version_of_an_answer_gives_nobody_access_to_it(site):
    """A 304 says that there is such a thing, and lets a cache in between go on with what it has of somebody else."""
    for door in gets(site):
        if not door.path.startswith(PREFIX) or not door.parameters:
            continue
        for path in paths(site, door):
            tag = site.ask("admin", "GET", path).headers.get("etag", "*")
            for person in ("stranger", None):
                plain = site.ask(person, "GET", path).status_code
                for known in (tag, "*"):
                    assert site.ask(person, "GET", path, headers={"If-None-Match": known}).status_code == plain, str(door)


def test_two_people_are_answered_from_nothing_that_they_share(site):
    """Asked in turns, each gets what it got alone."""
    lists = [f"{PREFIX}/{path}" for path in ("cameras", "events", "statistics/types", "auth/me", "api-keys", "auth/sessions")]
    for path in lists:
        for first, second in (("admin", "stranger"), ("stranger", "admin")):
            alone = site.ask(second, "GET", path).json()
            site.ask(first, "GET", path)
            assert site.ask(second, "GET", path).json() == alone
    assert site.ask("stranger", "GET", f"{PREFIX}/cameras").json()["cameras"] == []


def test_the_lists_of_others_are_not_shown(site, handed_out):
    assert handed_out
    for person in PEOPLE[1:-1]:
        own = site.user_id(person)
        assert all(key["user_id"] == str(own) for key in site.ask(person, "GET", f"{PREFIX}/api-keys").json())
        assert site.ask(person, "GET", f"{PREFIX}/api-keys", params={"everyone": "true"}).status_code == 403
    family = site.ask("viewer", "GET", f"{PREFIX}/auth/sessions").json()[0]["id"]
    assert site.ask("operator", "DELETE", f"{PREFIX}/auth/sessions/{family}").status_code == 404
    key = site.ask("admin", "GET", f"{PREFIX}/api-keys").json()[0]["id"]
    assert site.ask("operator", "DELETE", f"{PREFIX}/api-keys/{key}").status_code == 404
    assert site.ask("admin", "GET", f"{PREFIX}/api-keys").json()[0]["id"] == key
