"""Users, invitations and access over HTTP, as admins do it and as others may not."""

import pytest
from tests.support.account_api import make_account_api
from tests.support.accounts import PASSWORD

from haetae.domain.viewer import AccessLevel, Role
from haetae.ids import new_id

NEW_PASSWORD = "copper lantern nine"


@pytest.fixture
def api(tmp_path):
    return make_account_api(tmp_path)


def grants(**cameras):
    return [{"camera_id": str(camera), "level": level} for level, camera in cameras.items()]


def log_in(api, name, password):
    return api.client().post("/auth/login", json={"username": name, "password": password, "cookie": False})


# Users


def test_an_admin_makes_a_user_with_a_password(api):
    camera = api.site.camera()
    body = {"username": "Kim", "password": PASSWORD, "role": "operator", "email": "kim@example.com", "grants": grants(control=camera)}
    made = api.admin().post("/users", json=body)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert made.json()["reset"] is None
    user = made.json()["user"]
    assert (user["username"], user["role"], user["email"], user["active"]) == ("kim", "operator", "kim@example.com", True)
    assert "password_hash" not in user
    token = log_in(api, "kim", PASSWORD).json()["access_token"]
    me = api.client().get("/auth/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert me["grants"] == grants(control=camera)


def test_a_user_without_a_password_sets_it_with_the_code_of_the_answer(api):
    made = api.admin().post("/users", json={"username": "kim"}).json()
    assert made["reset"]["link"] == f"http://haetae.test/reset#code={made['reset']['code']}"
    assert log_in(api, "kim", "").status_code == 422
    answer = api.client().post("/auth/reset", json={"code": made["reset"]["code"], "password": NEW_PASSWORD})
    assert answer.status_code == 200
    assert log_in(api, "kim", NEW_PASSWORD).status_code == 200


def test_what_cannot_be_a_user_is_refused_and_leaves_nothing(api):
    api.user("kim")
    client, camera = api.admin(), api.site.camera()
    refused = [
        ({"username": "KIM"}, 409),
        ({"username": "lee", "password": "short"}, 422),
        ({"username": "two words"}, 422),
        ({"username": "lee", "email": "nowhere"}, 422),
        ({"username": "lee", "role": "owner"}, 422),
        ({"username": "lee", "grants": grants(view=new_id())}, 404),
        ({"username": "lee", "grants": grants(view=camera, control=camera)}, 422),
    ]
    for body, status in refused:
        assert client.post("/users", json=body).status_code == status, body
    assert client.get("/users").json()["total"] == 2


def test_users_are_listed_page_by_page(api):
    client = api.admin()
    for number in range(5):
        api.user(f"user{number}")
    assert client.patch(f"/users/{api.site.store.find('user3').id}", json={"active": False}).status_code == 200

    def names(**query):
        page = client.get("/users", params=query).json()
        return [user["username"] for user in page["users"]], page["total"]

    assert names() == (["boss", "user0", "user1", "user2", "user3", "user4"], 6)
    assert names(offset=4, limit=10) == (["user3", "user4"], 6)
    assert names(limit=2) == (["boss", "user0"], 6)
    assert names(active=False) == (["user3"], 1)
    assert names(offset=1000) == ([], 6)
    for query in ({"limit": 0}, {"limit": 10_000}, {"offset": -1}, {"offset": 10**30}):
        assert client.get("/users", params=query).status_code == 422


def test_a_changed_role_counts_at_the_next_request(api):
    kim = api.user("kim")
    client = api.client(kim)
    assert client.get("/users").status_code == 403
    boss = api.admin()
    assert boss.patch(f"/users/{kim.id}", json={"role": "admin"}).json()["role"] == "admin"
    assert client.get("/users").status_code == 200
    assert boss.patch(f"/users/{kim.id}", json={"role": "viewer", "email": "kim@example.com"}).json()["email"] == "kim@example.com"
    assert client.get("/users").status_code == 403
    assert boss.patch(f"/users/{kim.id}", json={"email": None, "language": "ko"}).json()["email"] is None


def test_who_is_deactivated_is_out_at_once_and_stays_on_the_books(api):
    kim = api.user("kim")
    key = api.key(kim, Role.VIEWER)
    client, boss = api.client(kim), api.admin()
    tokens = log_in(api, "kim", PASSWORD).json()

    assert boss.delete(f"/users/{kim.id}").status_code == 204

    assert client.get("/auth/me").status_code == 401
    assert api.client(key=key).get("/auth/me").status_code == 401
    assert api.client().post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401
    assert log_in(api, "kim", PASSWORD).status_code == 401
    assert boss.post(f"/users/{kim.id}/reset").status_code == 409
    assert boss.get(f"/users/{kim.id}").json()["active"] is False
    assert boss.patch(f"/users/{kim.id}", json={"active": True}).status_code == 200
    assert log_in(api, "kim", PASSWORD).status_code == 200
    assert client.get("/auth/me").status_code == 401, "what was taken back stays taken back"


def test_the_last_admin_stays_one(api):
    boss = api.site.admin()
    client = api.client(boss)
    for answer in (
        client.delete(f"/users/{boss.id}"),
        client.patch(f"/users/{boss.id}", json={"active": False}),
        client.patch(f"/users/{boss.id}", json={"role": "operator"}),
    ):
        assert answer.status_code == 409
        assert "last active admin" in answer.json()["detail"]
    second = api.user("second", Role.ADMIN)
    assert client.delete(f"/users/{boss.id}").status_code == 204
    assert api.client(second).delete(f"/users/{second.id}").status_code == 409


def test_changes_are_in_the_audit_log_with_who_and_what(api):
    boss = api.site.admin()
    kim = api.user("kim")
    api.client(boss).patch(f"/users/{kim.id}", json={"role": "operator"})
    api.client(boss).put(f"/users/{kim.id}/access", json={"grants": grants(view=api.site.camera())})
    change, access = api.site.audited()[-2:]
    assert (change.action, change.actor_id, change.actor_name, change.target_id) == ("user.change", boss.id, "boss", str(kim.id))
    assert (change.before, change.after) == ({"role": "viewer"}, {"role": "operator"})
    assert (change.address, access.action) == ("testclient", "access.change")


# Invitations


def test_an_invitation_is_shown_once_listed_without_its_code_and_withdrawn(tmp_path):
    api = make_account_api(tmp_path, public_url="https://watch.example/")
    client = api.admin()
    camera = api.site.camera()
    body = {"role": "operator", "grants": grants(view=camera), "email": "lee@example.com", "expires_in_s": 7200}
    made = client.post("/invites", json=body).json()
    assert made["link"] == f"https://watch.example/register#code={made['code']}"
    (listed,) = client.get("/invites").json()
    assert (listed["id"], listed["email"], listed["grants"]) == (made["id"], "lee@example.com", grants(view=camera))
    assert listed["expires_at"] == made["expires_at"]
    assert made["code"] not in client.get("/invites").text

    assert client.delete(f"/invites/{made['id']}").status_code == 204

    assert client.delete(f"/invites/{made['id']}").status_code == 404
    assert client.get("/invites").json() == []
    taken = api.client().post("/auth/register", json={"username": "lee", "password": PASSWORD, "code": made["code"]})
    assert taken.status_code == 403


def test_an_invitation_lasts_as_long_as_asked(api):
    client = api.admin()
    for wrong in (10, 1e12, "soon"):
        assert client.post("/invites", json={"expires_in_s": wrong}).status_code == 422
    assert client.post("/invites", json={"grants": grants(view=new_id())}).status_code == 404
    codes = [client.post("/invites", json=body).json()["code"] for body in ({"expires_in_s": 3600}, {})]
    api.site.clock.advance(3601)

    def taken(name, code):
        return api.client().post("/auth/register", json={"username": name, "password": PASSWORD, "code": code}).status_code

    assert taken("lee", codes[0]) == 403
    assert taken("lee", codes[1]) == 201


def test_there_are_no_invitations_where_registration_is_closed(tmp_path):
    answer = make_account_api(tmp_path, registration="closed").admin().post("/invites", json={})
    assert answer.status_code == 403
    assert "registration is closed" in answer.json()["detail"]


# Access


def test_the_grants_of_a_user_are_replaced_as_a_whole(api):
    kim, gate, yard = api.user("kim", Role.OPERATOR), api.site.camera("gate"), api.site.camera("yard")
    client, asker = api.admin(), api.client(kim)
    path = f"/users/{kim.id}/access"
    assert client.get(path).json() == {"sees_all": False, "grants": []}
    assert client.put(path, json={"grants": grants(view=gate, control=yard)}).status_code == 200
    assert len(asker.get("/auth/me").json()["grants"]) == 2
    assert client.put(path, json={"grants": grants(admin=gate)}).json()["grants"] == grants(admin=gate)
    assert asker.get("/auth/me").json()["grants"] == grants(admin=gate)
    for body, status in (
        ({"grants": grants(view=new_id())}, 404),
        ({"grants": grants(view=gate, admin=gate)}, 422),
        ({"grants": [{"camera_id": str(gate), "level": "root"}]}, 422),
        ({}, 422),
    ):
        assert client.put(path, json=body).status_code == status
    assert client.get(path).json()["grants"] == grants(admin=gate), "what was refused changed nothing"
    assert client.put(f"/users/{new_id()}/access", json={"grants": []}).status_code == 404
    assert client.get(f"/users/{api.site.store.find('boss').id}/access").json()["sees_all"] is True


def test_the_grants_of_a_camera_are_replaced_as_a_whole(api):
    gate, yard = api.site.camera("gate"), api.site.camera("yard")
    kim = api.user("kim", Role.OPERATOR, {gate: AccessLevel.VIEW, yard: AccessLevel.VIEW})
    lee, park = api.user("lee"), api.user("park", grants={gate: AccessLevel.VIEW})
    client, path = api.admin(), f"/cameras/{gate}/access"

    def people(answer):
        return {person["username"]: person["level"] for person in answer.json()["people"]}

    assert people(client.get(path)) == {"kim": "view", "park": "view"}
    wanted = [{"user_id": str(kim.id), "level": "admin"}, {"user_id": str(lee.id), "level": "view"}]
    assert people(client.put(path, json={"people": wanted})) == {"kim": "admin", "lee": "view"}
    assert api.site.store.grants(kim.id) == {gate: AccessLevel.ADMIN, yard: AccessLevel.VIEW}
    assert api.site.store.grants(park.id) == {}
    entry = api.site.audited()[-1]
    assert (entry.action, entry.target_type, entry.target_id) == ("access.change", "camera", str(gate))
    assert entry.before == {str(kim.id): "view", str(park.id): "view"}
    assert entry.after == {str(kim.id): "admin", str(lee.id): "view"}

    before = len(api.site.audited())
    assert client.put(path, json={"people": wanted}).status_code == 200
    twice = [*wanted, {"user_id": str(lee.id), "level": "admin"}]
    unknown = [*wanted, {"user_id": str(new_id()), "level": "view"}]
    assert client.put(path, json={"people": twice}).status_code == 422
    assert client.put(path, json={"people": unknown}).status_code == 404
    assert client.put(f"/cameras/{new_id()}/access", json={"people": wanted}).status_code == 404
    assert people(client.get(path)) == {"kim": "admin", "lee": "view"}
    assert len(api.site.audited()) == before, "what changed nothing is not in the log"


def test_who_owns_a_camera_may_know_who_sees_it_but_not_change_it(api):
    gate = api.site.camera()
    path = f"/cameras/{gate}/access"
    levels = {"owner": AccessLevel.ADMIN, "operator": AccessLevel.CONTROL}
    found = {}
    for name, level in levels.items():
        client = api.client(api.user(name, Role.OPERATOR, {gate: level}))
        found[name] = (client.get(path).status_code, client.put(path, json={"people": []}).status_code)
    bounded = api.client(api.user("bounded", Role.VIEWER, {gate: AccessLevel.ADMIN}))
    stranger = api.client(api.user("stranger", Role.OPERATOR))
    assert found == {"owner": (200, 403), "operator": (403, 403)}
    assert bounded.get(path).status_code == 403
    unknown = stranger.get(f"/cameras/{new_id()}/access")
    assert stranger.get(path).status_code == unknown.status_code == 404
    assert {person["username"] for person in api.admin().get(path).json()["people"]} == {"owner", "operator", "bounded"}


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.VIEWER, 403), (Role.OPERATOR, 403)])
def test_only_admins_manage_people(api, role, status):
    someone = api.user("someone", role or Role.VIEWER)
    client = api.client(None if role is None else someone)
    for method, path, body in (
        ("GET", "/users", None),
        ("POST", "/users", {"username": "lee"}),
        ("GET", f"/users/{someone.id}", None),
        ("PATCH", f"/users/{someone.id}", {"role": "admin"}),
        ("DELETE", f"/users/{someone.id}", None),
        ("POST", f"/users/{someone.id}/reset", None),
        ("GET", f"/users/{someone.id}/access", None),
        ("PUT", f"/users/{someone.id}/access", {"grants": []}),
        ("GET", "/invites", None),
        ("POST", "/invites", {"role": "admin"}),
        ("DELETE", f"/invites/{new_id()}", None),
    ):
        assert client.request(method, path, json=body).status_code == status, (method, path)
    assert api.site.store.get(someone.id) == someone
