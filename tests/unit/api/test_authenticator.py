from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.accounts import BOSS, AuthSite, make_auth, sqlite_engine  # noqa: F401

from haetae.database.account_rows import StoredUser, UserChange
from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.errors import Unauthenticated
from haetae.ids import new_id

CAMERA = "/api/v1/cameras/1/live"


@pytest.fixture
def site(sqlite_engine: sa.Engine, tmp_path: Path) -> AuthSite:  # noqa: F811
    return make_auth(sqlite_engine, tmp_path)


@pytest.fixture
def user(site: AuthSite) -> StoredUser:
    return site.user("kim", Role.OPERATOR)


def token_of(site: AuthSite, user: StoredUser) -> str:
    return site.tokens.issue(user.id, site.store.get(user.id).generation)[0]


def ask(site: AuthSite, token: str) -> Viewer:
    return site.authenticator.viewer(f"Bearer {token}")


def refused(site: AuthSite, header: str | None) -> None:
    with pytest.raises(Unauthenticated) as caught:
        site.authenticator.viewer(header)
    if header and len(header) > 20:
        assert header[7:] not in str(caught.value)


def test_what_is_no_token_is_refused(site):
    forms = (
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic a2ltOng=",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer \ud800",
        "Bearer hk_",
        "Bearer hk_x",
        "Token abc",
    )
    for header in (*forms, "Bearer " + "a" * 100_000, "Bearer hk_" + "a" * 100_000):
        refused(site, header)


def test_a_token_of_nobody_or_of_another_generation_is_refused(site, user):
    for user_id, generation in ((new_id(), 0), (user.id, 1), (user.id, -1)):
        refused(site, f"Bearer {site.tokens.issue(user_id, generation)[0]}")


def test_a_token_is_good_until_the_second_it_expires(site, user):
    token = token_of(site, user)
    site.clock.advance(899)
    assert ask(site, token)
    site.clock.advance(1)
    refused(site, f"Bearer {token}")


def test_after_a_rotation_old_tokens_live_out_their_time(site, user):
    old = token_of(site, user)
    site.keys.rotate()
    assert ask(site, old)
    assert ask(site, token_of(site, user))
    site.clock.advance(901)
    refused(site, f"Bearer {old}")


def test_tokens_end_with_the_password_the_log_in_and_the_account(site, user):
    for take_back in (
        lambda: site.store.set_password(user.id, "$new", BOSS, action="user.password_set"),
        lambda: site.store.revoke_sessions(user.id, BOSS),
        lambda: site.store.change(user.id, UserChange(active=False), BOSS),
    ):
        token, ticket = token_of(site, user), site.tickets.issue(ask(site, token_of(site, user)), CAMERA)[0]
        assert ask(site, token)
        take_back()
        refused(site, f"Bearer {token}")
        with pytest.raises(Unauthenticated):
            site.tickets.viewer(ticket, CAMERA)
    site.store.change(user.id, UserChange(active=True), BOSS)
    refused(site, f"Bearer {token}")


def test_neither_a_refresh_token_nor_a_ticket_is_an_access_token(site, user):
    session = site.session_store.start(user.id, generation=0, address="", user_agent="", actor=None)
    ticket, _ = site.tickets.issue(ask(site, token_of(site, user)), CAMERA)
    for other in (session.token, ticket):
        refused(site, f"Bearer {other}")
    with pytest.raises(Unauthenticated):
        site.tickets.viewer(token_of(site, user), CAMERA)


# API keys


def key_of(site: AuthSite, user: StoredUser, role: Role, cameras: Any = None) -> str:
    return site.api_keys.create(user.id, BOSS, name="script", role=role, camera_ids=cameras).key


def test_a_key_acts_for_its_owner_with_the_lesser_role(site):
    gate, plaza = site.camera("gate"), site.camera("plaza")
    grants = {gate: AccessLevel.ADMIN, plaza: AccessLevel.VIEW}
    user = site.user("kim", Role.OPERATOR, grants)
    operator, viewer = ask(site, key_of(site, user, Role.OPERATOR)), ask(site, key_of(site, user, Role.VIEWER, [gate]))
    assert (operator.user_id, operator.name, operator.role, operator.grants) == (user.id, "kim", Role.OPERATOR, grants)
    assert operator.api_key_id is not None
    assert (viewer.role, viewer.grants, viewer.level(gate)) == (Role.VIEWER, {gate: AccessLevel.ADMIN}, AccessLevel.VIEW)


def test_what_its_owner_loses_a_key_loses_too(site):
    gate, plaza = site.camera("gate"), site.camera("plaza")
    boss, _ = site.admin(), site.admin("second")
    key, bound = key_of(site, boss, Role.ADMIN), key_of(site, boss, Role.ADMIN, [gate])
    assert ask(site, key).sees_all
    site.store.change(boss.id, UserChange(role=Role.OPERATOR), BOSS)
    assert (ask(site, key).role, ask(site, key).grants) == (Role.OPERATOR, {})
    site.store.set_grants(boss.id, {gate: AccessLevel.VIEW, plaza: AccessLevel.VIEW}, BOSS)
    assert (ask(site, key).cameras(), ask(site, bound).cameras()) == ({gate, plaza}, {gate})
    site.store.change(boss.id, UserChange(active=False), BOSS)
    refused(site, f"Bearer {key}")


@pytest.mark.parametrize(
    ("role", "level"), [(Role.VIEWER, AccessLevel.VIEW), (Role.OPERATOR, AccessLevel.CONTROL), (Role.ADMIN, AccessLevel.ADMIN)]
)
def test_an_admins_key_for_some_cameras_sees_no_others(site, role, level):
    gate, plaza = site.camera("gate"), site.camera("plaza")
    viewer = ask(site, key_of(site, site.admin(), role, [gate]))
    assert not viewer.sees_all
    assert not viewer.is_at_least(Role.ADMIN)
    assert (viewer.cameras(), viewer.level(gate), viewer.level(plaza)) == ({gate}, level, None)
    nothing = ask(site, key_of(site, site.store.find("boss"), role, []))
    assert (nothing.cameras(), nothing.sees_all) == (frozenset(), False)


def test_an_admins_key_of_a_lower_role_sees_all_cameras_there_are(site):
    gate, boss = site.camera("gate"), site.admin()
    key = key_of(site, boss, Role.OPERATOR)
    assert (ask(site, key).cameras(AccessLevel.CONTROL), ask(site, key).cameras(AccessLevel.ADMIN)) == ({gate}, frozenset())
    plaza = site.camera("plaza")
    assert ask(site, key).cameras() == {gate, plaza}


def test_a_revoked_key_is_refused_with_the_tickets_it_made(site, user):
    new = site.api_keys.create(user.id, BOSS, name="script", role=Role.VIEWER)
    viewer = ask(site, new.key)
    ticket, _ = site.tickets.issue(viewer, CAMERA)
    assert site.tickets.viewer(ticket, CAMERA) == viewer
    site.api_keys.revoke(new.stored.id, BOSS)
    refused(site, f"Bearer {new.key}")
    for late in (
        lambda: site.tickets.viewer(ticket, CAMERA),
        lambda: site.tickets.issue(viewer, CAMERA),
        lambda: site.authenticator.again(viewer),
    ):
        with pytest.raises(Unauthenticated):
            late()


# Connections that last


def test_who_is_connected_is_looked_at_again(site, user):
    gate = site.camera()
    viewer = ask(site, token_of(site, user))
    now, generation = site.authenticator.again(viewer)
    assert (now, generation) == (viewer, 0)
    site.store.set_grant(user.id, gate, AccessLevel.VIEW, BOSS)
    assert site.authenticator.again(viewer, generation)[0].cameras() == {gate}
    site.store.revoke_sessions(user.id, BOSS)
    with pytest.raises(Unauthenticated):
        site.authenticator.again(viewer, generation)
    assert site.authenticator.again(viewer)[1] == 1
    site.store.change(user.id, UserChange(active=False), BOSS)
    with pytest.raises(Unauthenticated):
        site.authenticator.again(viewer)
