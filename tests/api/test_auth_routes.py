"""Log-in over HTTP, as programs do it and as browsers do."""

import json

import pytest
from tests.support.account_api import API, OWN_PAGE, make_account_api
from tests.support.accounts import PASSWORD

from haetae.domain.viewer import AccessLevel, Role

NEW_PASSWORD = "copper lantern nine"
PROGRAM = {"username": "kim", "password": PASSWORD, "cookie": False}
BROWSER = {"username": "kim", "password": PASSWORD}


@pytest.fixture
def api(tmp_path):
    return make_account_api(tmp_path)


def me(api, tokens):
    return api.client().get("/auth/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})


def log_in(api, **changes):
    answer = api.client().post("/auth/login", json={**PROGRAM, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def cookie_words(answer):
    """The parts of the one cookie that an answer sets."""
    (text,) = answer.headers.get_list("set-cookie")
    return [word.strip().lower() for word in text.split(";")]


# The first admin


def test_a_new_site_is_set_up_once_with_the_code_that_was_printed(api):
    client = api.client()
    assert client.get("/auth/state").json() == {"setup_needed": True, "registration": "invite"}
    code = api.site.accounts.new_setup_code().code
    body = {"code": code, "username": "boss", "password": PASSWORD, "language": "ko", "cookie": False}
    assert client.post("/auth/setup", json={**body, "code": "guessed"}).status_code == 403

    answer = client.post("/auth/setup", json=body)

    assert answer.status_code == 201
    found = me(api, answer.json()).json()
    assert (found["username"], found["role"], found["sees_all"], found["language"]) == ("boss", "admin", True, "ko")
    assert client.get("/auth/state").json()["setup_needed"] is False
    assert client.post("/auth/setup", json={**body, "username": "second"}).status_code in (403, 409)


def test_a_weak_password_is_refused_with_the_reasons(api):
    code = api.site.accounts.new_setup_code().code
    answer = api.client().post("/auth/setup", json={"code": code, "username": "boss", "password": "short"})
    assert answer.status_code == 422
    assert "fewer than 12 characters" in answer.json()["detail"]
    assert "set-cookie" not in answer.headers


# Registration


def test_registration_needs_an_invitation_and_gives_what_it_says(api):
    camera = api.site.camera()
    invited = api.admin().post("/invites", json={"role": "operator", "grants": [{"camera_id": str(camera), "level": "control"}]}).json()
    body = {"username": "Kim", "password": PASSWORD, "cookie": False}
    assert api.client().post("/auth/register", json=body).status_code == 403

    tokens = api.client().post("/auth/register", json={**body, "code": invited["code"]})

    assert tokens.status_code == 201
    found = me(api, tokens.json()).json()
    assert (found["username"], found["role"], found["grants"]) == ("kim", "operator", [{"camera_id": str(camera), "level": "control"}])
    assert api.client().post("/auth/register", json={**body, "username": "lee", "code": invited["code"]}).status_code == 403


@pytest.mark.parametrize(("policy", "status"), [("closed", 403), ("open", 201)])
def test_registration_follows_the_policy_of_the_site(tmp_path, policy, status):
    api = make_account_api(tmp_path, registration=policy)
    api.site.admin()
    answer = api.client().post("/auth/register", json={**PROGRAM})
    assert answer.status_code == status
    assert status == 403 or me(api, answer.json()).json()["role"] == "viewer"


# Programs


def test_a_program_gets_both_tokens_in_the_answer_and_no_cookie(api):
    api.user("kim")
    answer = api.client().post("/auth/login", json=PROGRAM)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert me(api, answer.json()).json()["username"] == "kim"
    again = api.client().post("/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    assert again.status_code == 200
    assert "set-cookie" not in again.headers
    assert again.json()["refresh_token"] not in (None, answer.json()["refresh_token"])
    assert again.json()["session_id"] == answer.json()["session_id"]
    assert me(api, again.json()).status_code == 200


def test_a_refresh_token_used_a_second_time_ends_the_log_in(api):
    api.user("kim")
    first = log_in(api)["refresh_token"]
    second = api.client().post("/auth/refresh", json={"refresh_token": first}).json()["refresh_token"]
    api.site.clock.advance(60)
    assert api.client().post("/auth/refresh", json={"refresh_token": first}).status_code == 401
    assert api.client().post("/auth/refresh", json={"refresh_token": second}).status_code == 401


def test_log_in_answers_the_same_whatever_is_wrong(api):
    kim = api.user("kim")
    wrong = [{"password": "not the password"}, {"username": "nobody"}, {"username": "..!!"}]
    answers = [api.client().post("/auth/login", json={**PROGRAM, **each}) for each in wrong]
    assert api.admin().patch(f"/users/{kim.id}", json={"active": False}).status_code == 200
    answers.append(api.client().post("/auth/login", json=PROGRAM))
    bodies = {(answer.status_code, answer.text) for answer in answers}
    assert len(bodies) == 1
    assert {answer.status_code for answer in answers} == {401}


def test_guessing_is_slowed_down_with_the_time_to_wait(api):
    api.user("kim")
    answers = [api.client().post("/auth/login", json={**PROGRAM, "password": f"guess {n}"}) for n in range(8)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert api.client().post("/auth/login", json=PROGRAM).status_code == 429


def test_log_out_ends_the_log_in_and_says_nothing_of_unknown_tokens(api):
    api.user("kim")
    token = log_in(api)["refresh_token"]
    for each in (token, token, "never was one"):
        assert api.client().post("/auth/logout", json={"refresh_token": each}).status_code == 204
    assert api.client().post("/auth/refresh", json={"refresh_token": token}).status_code == 401


# Browsers


@pytest.mark.parametrize("https", [False, True])
def test_a_browser_gets_the_refresh_token_where_no_script_can_read_it(api, https):
    api.user("kim")
    answer = api.client(https=https).post("/auth/login", json=BROWSER)
    assert answer.json()["refresh_token"] is None
    name, *words = cookie_words(answer)
    assert name.startswith("__secure-haetae_refresh=" if https else "haetae_refresh=")
    assert {"httponly", "samesite=strict", f"path={API}/auth", "max-age=1209600"} <= set(words)
    assert ("secure" in words) is https


def test_the_cookie_is_renewed_by_refresh_and_gone_after_log_out(api):
    api.user("kim")
    client = api.client(https=True)
    client.post("/auth/login", json=BROWSER)
    renewed = client.post("/auth/refresh", headers=OWN_PAGE)
    assert renewed.status_code == 200
    assert renewed.json()["refresh_token"] is None
    assert client.post("/auth/refresh", headers=OWN_PAGE).status_code == 200, "the renewed cookie is good"
    held = client.cookies["__Secure-haetae_refresh"]

    left = client.post("/auth/logout", headers=OWN_PAGE)

    assert left.status_code == 204
    assert "max-age=0" in cookie_words(left)
    assert "__Secure-haetae_refresh" not in client.cookies
    assert api.client().post("/auth/refresh", json={"refresh_token": held}).status_code == 401
    assert client.post("/auth/refresh", headers=OWN_PAGE).status_code == 401


ASKERS = [
    ({}, False),
    ({"Origin": "https://evil.test"}, False),
    ({"Origin": "http://haetae.test"}, False),
    ({"Origin": "https://haetae.test:8443"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "https://haetae.test"}, True),
    ({"Origin": "https://watch.example"}, True),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": "https://haetae.test"}, False),
    ({"Sec-Fetch-Site": "none"}, False),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    (OWN_PAGE, True),
]


def test_the_cookie_counts_only_when_a_page_of_this_site_asks(tmp_path):
    api = make_account_api(tmp_path, public_url="https://watch.example/console/")
    api.user("kim")
    client = api.client(https=True)
    for headers, allowed in ASKERS:
        assert client.post("/auth/login", json=BROWSER).status_code == 200
        found = [client.post(route, headers=headers).status_code for route in ("/auth/refresh", "/auth/logout")]
        assert found == ([200, 204] if allowed else [403, 403]), headers
        left = client.post("/auth/refresh", headers=OWN_PAGE).status_code
        assert left == (401 if allowed else 200), f"what was refused changed nothing: {headers}"


def test_another_sites_page_cannot_log_its_reader_in(api):
    api.user("kim")
    client = api.client()
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/auth/login", json=BROWSER, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert client.post("/auth/login", json=PROGRAM, headers=headers).status_code == 200, "it may keep a token of its own"
    form = client.post("/auth/login", content='{"username": "kim", "password": "' + PASSWORD + '"}', headers={"Content-Type": "text/plain"})
    assert form.status_code == 422, "a form cannot pass for JSON"


def test_the_cookie_opens_nothing_but_refresh_and_log_out(api):
    api.user("kim")
    client = api.client()
    client.post("/auth/login", json=BROWSER)
    for method, path in (("GET", "/auth/me"), ("GET", "/auth/sessions"), ("POST", "/auth/logout-all"), ("GET", "/api-keys")):
        assert client.request(method, path, headers=OWN_PAGE).status_code == 401


# One's own account


def test_grants_are_shown_as_they_count(api):
    camera = api.site.camera()
    viewer, operator = (api.user(role.value, role, {camera: AccessLevel.ADMIN}) for role in (Role.VIEWER, Role.OPERATOR))
    assert api.client(viewer).get("/auth/me").json()["grants"] == [{"camera_id": str(camera), "level": "view"}]
    assert api.client(operator).get("/auth/me").json()["grants"] == [{"camera_id": str(camera), "level": "admin"}]


def test_people_change_their_language_and_address_and_nothing_else(api):
    kim = api.client(api.user("kim"))
    changed = kim.patch("/auth/me", json={"language": "ko", "email": "Kim@Example.com"}).json()
    assert (changed["language"], changed["email"]) == ("ko", "kim@example.com")
    assert kim.patch("/auth/me", json={"language": "de"}).json()["email"] == "kim@example.com"
    assert kim.patch("/auth/me", json={"email": None}).json()["email"] is None
    assert kim.patch("/auth/me", json={"role": "admin"}).status_code == 422
    assert kim.patch("/auth/me", json={"language": "<b>"}).status_code == 422
    assert kim.get("/auth/me").json()["role"] == "viewer"


def test_another_password_takes_back_everything_handed_out_before(api):
    kim = api.user("kim")
    key = api.key(kim, Role.VIEWER)
    before = log_in(api)
    client = api.client(kim)
    wrong = client.post("/auth/password", json={"current_password": "not it at all", "new_password": NEW_PASSWORD})
    assert wrong.status_code == 403
    weak = client.post("/auth/password", json={"current_password": PASSWORD, "new_password": "aaaaaaaaaaaaaa"})
    assert weak.status_code == 422
    assert me(api, before).status_code == 200

    changed = client.post("/auth/password", json={"current_password": PASSWORD, "new_password": NEW_PASSWORD, "cookie": False})

    assert changed.status_code == 200
    assert me(api, changed.json()).status_code == 200
    assert me(api, before).status_code == 401
    assert api.client(key=key).get("/auth/me").status_code == 401
    assert api.client().post("/auth/refresh", json={"refresh_token": before["refresh_token"]}).status_code == 401
    assert api.client().post("/auth/login", json=PROGRAM).status_code == 401
    assert me(api, log_in(api, password=NEW_PASSWORD)).status_code == 200


def test_a_reset_code_sets_a_password_once(api):
    kim = api.user("kim")
    before = log_in(api)
    code = api.admin().post(f"/users/{kim.id}/reset").json()["code"]
    assert me(api, before).status_code == 200, "nothing changes until the code is used"

    answer = api.client().post("/auth/reset", json={"code": code, "password": NEW_PASSWORD, "cookie": False})

    assert answer.status_code == 200
    assert me(api, answer.json()).status_code == 200
    assert me(api, before).status_code == 401
    assert api.client().post("/auth/reset", json={"code": code, "password": PASSWORD}).status_code == 403


def test_sessions_are_listed_and_ended_one_by_one(api):
    kim = api.user("kim")
    phone = api.client().post("/auth/login", json=PROGRAM, headers={"User-Agent": "phone"}).json()
    api.site.clock.advance(60)
    desk = api.client().post("/auth/login", json=PROGRAM, headers={"User-Agent": "desk"}).json()
    client = api.client(kim)
    listed = client.get("/auth/sessions").json()
    assert [(each["id"], each["user_agent"]) for each in listed] == [(desk["session_id"], "desk"), (phone["session_id"], "phone")]
    stranger = api.client(api.user("lee"))
    assert stranger.get("/auth/sessions").json() == []
    assert stranger.delete(f"/auth/sessions/{phone['session_id']}").status_code == 404

    assert client.delete(f"/auth/sessions/{phone['session_id']}").status_code == 204

    assert client.delete(f"/auth/sessions/{phone['session_id']}").status_code == 404
    assert api.client().post("/auth/refresh", json={"refresh_token": phone["refresh_token"]}).status_code == 401
    assert api.client().post("/auth/refresh", json={"refresh_token": desk["refresh_token"]}).status_code == 200


def test_logging_out_everywhere_ends_access_tokens_at_once_and_spares_keys(api):
    kim = api.user("kim")
    key = api.key(kim, Role.VIEWER)
    tokens = log_in(api)
    assert api.client(kim).post("/auth/logout-all").status_code == 204
    assert me(api, tokens).status_code == 401
    assert api.client().post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401
    assert api.client(key=key).get("/auth/me").status_code == 200


def test_an_api_key_sees_who_it_is_and_manages_nothing(api):
    boss = api.site.admin()
    client = api.client(key=api.key(boss, Role.ADMIN))
    found = client.get("/auth/me").json()
    assert found["username"] == "boss"
    assert found["api_key_id"] is not None
    asked = [
        client.patch("/auth/me", json={"language": "ko"}),
        client.post("/auth/password", json={"current_password": PASSWORD, "new_password": NEW_PASSWORD}),
        client.post("/auth/logout-all"),
        client.get("/auth/sessions"),
        client.delete(f"/auth/sessions/{boss.id}"),
        client.get("/api-keys"),
        client.post("/api-keys", json={"name": "child"}),
        client.delete(f"/api-keys/{found['api_key_id']}"),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)
    assert client.get("/auth/me").status_code == 200


def test_no_answer_and_no_fault_repeats_a_secret(api):
    """A body that is invalid is not echoed: passwords are in it."""
    for path in ("/auth/login", "/auth/setup", "/auth/register", "/auth/reset"):
        answer = api.client().post(path, json={"password": PASSWORD, "code": "the-secret-code", "extra": PASSWORD})
        assert answer.status_code == 422
        assert PASSWORD not in answer.text
        assert "the-secret-code" not in answer.text


ODD = ["\x00", "a\x00b", "\ud800", "x" * 300, "", "'; DROP TABLE users; --", "%s", "\u202e"]


def test_odd_words_are_never_a_fault_of_the_server(api):
    kim = api.client(api.user("kim"))
    for text in ODD:
        for method, path, body in (
            ("POST", "/auth/login", {"username": text, "password": text}),
            ("POST", "/auth/register", {"username": text, "password": PASSWORD, "code": text, "email": text}),
            ("POST", "/auth/reset", {"code": text, "password": text}),
            ("POST", "/auth/refresh", {"refresh_token": text}),
            ("PATCH", "/auth/me", {"email": text or "-"}),
            ("PATCH", "/auth/me", {"language": text}),
            ("POST", "/auth/password", {"current_password": text, "new_password": text}),
        ):
            answer = kim.request(method, path, content=json.dumps(body), headers={"Content-Type": "application/json"})
            assert answer.status_code in (401, 403, 422), (text, path, answer.text)
        api.site.clock.advance(120)
