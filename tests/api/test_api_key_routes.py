"""API keys and tickets over HTTP."""

from datetime import UTC, datetime

import pytest
from tests.support.account_api import API, make_account_api

from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import Unauthenticated
from haetae.ids import new_id


@pytest.fixture
def api(tmp_path):
    return make_account_api(tmp_path)


def test_a_key_is_shown_once_and_acts_for_its_owner_with_no_more_than_it_allows(api):
    gate, yard = api.site.camera("gate"), api.site.camera("yard")
    client = api.client(api.user("kim", Role.OPERATOR, {gate: AccessLevel.CONTROL, yard: AccessLevel.CONTROL}))
    made = client.post("/api-keys", json={"name": "door", "camera_ids": [str(gate)]})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    key, shown = made.json()["key"], made.json()["api_key"]
    assert key.startswith(shown["prefix"])
    assert len(shown["prefix"]) < len(key) / 2

    me = api.client(key=key).get("/auth/me").json()

    assert (me["username"], me["role"], me["api_key_id"]) == ("kim", "viewer", shown["id"])
    assert me["grants"] == [{"camera_id": str(gate), "level": "view"}]
    listed = client.get("/api-keys")
    assert [each["id"] for each in listed.json()] == [shown["id"]]
    assert key not in listed.text
    assert "key_hash" not in listed.text


def test_a_key_cannot_be_more_than_its_owner(api):
    gate = api.site.camera()
    client = api.client(api.user("kim", Role.OPERATOR))
    for body, status in (
        ({"name": "x", "role": "admin"}, 403),
        ({"name": "x", "camera_ids": [str(gate)]}, 404),
        ({"name": ""}, 422),
        ({"name": "two\nlines"}, 422),
        ({"name": "x", "expires_in_days": 0}, 422),
        ({"name": "x", "expires_in_days": 10**9}, 422),
        ({"name": "x", "user_id": str(new_id())}, 422),
    ):
        assert client.post("/api-keys", json=body).status_code == status, body
    assert client.get("/api-keys").json() == []


def test_a_key_expires(api):
    made = api.client(api.user("kim")).post("/api-keys", json={"name": "door", "expires_in_days": 1}).json()
    asker = api.client(key=made["key"])
    assert asker.get("/auth/me").status_code == 200
    api.site.clock.advance(86401)
    assert asker.get("/auth/me").status_code == 401


def test_people_revoke_their_own_keys_and_admins_everybodys(api):
    kim = api.user("kim")
    keys = [api.key(kim, Role.VIEWER) for _ in range(2)]
    first, second = (each["id"] for each in api.client(kim).get("/api-keys").json())
    lee, boss = api.client(api.user("lee")), api.admin()
    assert lee.delete(f"/api-keys/{first}").status_code == 404
    assert lee.get("/api-keys").json() == []
    assert lee.get("/api-keys?everyone=true").status_code == 403
    assert boss.get("/api-keys").json() == []
    assert {each["id"] for each in boss.get("/api-keys?everyone=true").json()} == {first, second}

    assert api.client(kim).delete(f"/api-keys/{first}").status_code == 204
    assert boss.delete(f"/api-keys/{second}").status_code == 204

    assert boss.delete(f"/api-keys/{second}").status_code == 404
    assert [api.client(key=key).get("/auth/me").status_code for key in keys] == [401, 401]
    assert boss.get("/api-keys?everyone=true").json() == []


# Tickets


def test_a_ticket_is_good_for_its_path_and_for_nothing_else(api):
    kim = api.user("kim")
    path = f"{API}/cameras/{new_id()}/live"
    answer = api.client(kim).post("/tickets", json={"path": path})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    ticket = answer.json()["ticket"]
    assert answer.json()["url"] == f"{path}?ticket={ticket}"
    tickets = api.app.state.services.tickets
    assert tickets.viewer(ticket, path).user_id == kim.id
    with pytest.raises(Unauthenticated):
        tickets.viewer(ticket, f"{path}x")
    assert api.client(key=ticket).get("/auth/me").status_code == 401, "a ticket is no token"


def test_a_ticket_for_media_outlives_one_for_a_socket(api):
    """A player asks for parts of a clip again and again; a socket is opened once."""
    client, started = api.client(api.user("kim")), api.site.clock.now()

    def life_s(path):
        expires_at = client.post("/tickets", json={"path": path}).json()["expires_at"]
        return (datetime.fromisoformat(expires_at).astimezone(UTC) - started).total_seconds()

    assert life_s(f"{API}/events/{new_id()}/clip") == 900
    assert life_s(f"{API}/ws") == 60
    assert life_s(f"{API}/cameras/{new_id()}/live") == 60


def test_tickets_are_for_paths_of_the_api_only(api):
    client = api.client(api.user("kim"))
    for path in (
        "/",
        "/metrics",
        "https://evil.test/api/v1/ws",
        "/api/v1/ws?x=1",
        "/api/v1/",
        "/api/v1/" + "x" * 600,
        "/api/v1/ws\n",
        "",
        7,
    ):
        assert client.post("/tickets", json={"path": path}).status_code == 422, path
    assert api.client().post("/tickets", json={"path": f"{API}/ws"}).status_code == 401
