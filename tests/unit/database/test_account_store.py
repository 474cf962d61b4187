from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.accounts import BOSS, AuthSite, at_once, make_auth
from tests.support.postgres import engine  # noqa: F401

from haetae.database.account_models import ApiKey, CodePurpose, OneTimeCode, RefreshToken
from haetae.database.account_rows import NewUser, UserChange
from haetae.database.engine import session_scope
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import ConfigError, Conflict, DatabaseUnavailable, Forbidden, NotFound, Unauthenticated, UnknownCamera
from haetae.ids import new_id


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> AuthSite:  # noqa: F811
    return make_auth(engine, tmp_path)


def new_user(name: str, **fields: object) -> NewUser:
    return NewUser(name, "$hash", **fields)


def test_a_user_is_found_by_any_spelling_of_the_name(site):
    user = site.user("kim", Role.OPERATOR)
    assert site.store.find("KIM") == site.store.find("ｋim") == site.store.get(user.id) == user
    assert site.store.find("lee") is site.store.find("\0") is None
    assert (user.role, user.active, user.generation, user.created_at) == (Role.OPERATOR, True, 0, site.clock.now())
    with pytest.raises(NotFound):
        site.store.get(new_id())


def test_users_are_listed_in_pages_by_name(site):
    for name in ("lee", "kim", "park"):
        site.user(name)
    page, total = site.store.users(offset=1, limit=1)
    assert ([user.username for user in page], total) == (["lee"], 3)
    site.store.change(page[0].id, UserChange(active=False), BOSS)
    assert ([user.username for user in site.store.users(active=True)[0]], site.store.users(active=False)[1]) == (["kim", "park"], 1)


def test_a_name_or_an_address_is_there_once_even_when_two_ask_at_the_same_moment(site):
    tasks = [lambda: site.store.create(new_user("kim", email="kim@example.com"), BOSS)] * 4
    found = at_once(*tasks)
    assert sum(isinstance(each, Conflict) for each in found) == 3
    assert site.store.users()[1] == 1
    with pytest.raises(Conflict, match="e-mail"):
        site.store.create(new_user("lee", email="kim@example.com"), BOSS)
    lee = site.user("lee")
    with pytest.raises(Conflict, match="e-mail"):
        site.store.change(lee.id, UserChange(email="KIM@example.com"), BOSS)


def test_a_change_is_written_with_what_was_before_and_the_address_is_kept_out_of_the_audit_log(site):
    user = site.user("kim")
    site.clock.advance(5)
    changed = site.store.change(
        user.id, UserChange(role=Role.OPERATOR, email="Kim@Example.com", language="ko"), Actor("boss", user.id, "10.0.0.9")
    )
    assert (changed.role, changed.email, changed.language, changed.generation) == (Role.OPERATOR, "kim@example.com", "ko", 0)
    assert site.store.get(user.id) == changed
    entry = site.audited()[-1]
    assert (entry.action, entry.target_id, entry.address) == ("user.change", str(user.id), "10.0.0.9")
    assert entry.before == {"role": "viewer", "email": None, "language": "en"}
    assert entry.after == {"role": "operator", "email": "given", "language": "ko"}
    count = len(site.audited())
    assert site.store.change(user.id, UserChange(role=Role.OPERATOR), BOSS) == changed
    assert len(site.audited()) == count
    assert site.store.change(user.id, UserChange(email=""), BOSS).email is None


def test_a_refused_change_changes_nothing(site):
    user = site.user("kim")
    for change in (UserChange(role=Role.OPERATOR, language="no such"), UserChange(role=Role.OPERATOR, email="no such")):
        with pytest.raises(ConfigError):
            site.store.change(user.id, change, BOSS)
    with pytest.raises(NotFound):
        site.store.change(new_id(), UserChange(role=Role.ADMIN), BOSS)
    assert site.store.get(user.id) == user
    assert site.actions() == ["user.create"]


@pytest.mark.parametrize("change", [UserChange(role=Role.OPERATOR), UserChange(active=False), UserChange(role=Role.VIEWER, active=False)])
def test_the_last_active_admin_stays(site, change):
    boss = site.admin()
    gone = site.admin("gone")
    site.store.change(gone.id, UserChange(active=False), BOSS)
    with pytest.raises(Conflict, match="last active admin"):
        site.store.change(boss.id, change, BOSS)
    # An inactive admin is nobody's last.
    assert site.store.change(gone.id, UserChange(role=Role.VIEWER), BOSS).role is Role.VIEWER
    second = site.admin("second")
    site.store.change(boss.id, change, BOSS)
    with pytest.raises(Conflict):
        site.store.change(second.id, change, BOSS)


def test_of_two_admins_who_demote_each_other_at_once_one_stays(site):
    one = site.admin("admin0")
    for number in range(1, 6):
        two = site.admin(f"admin{number}")
        found = at_once(
            lambda one=one: site.store.change(one.id, UserChange(role=Role.VIEWER), BOSS),
            lambda two=two: site.store.change(two.id, UserChange(active=False), BOSS),
        )
        assert sum(isinstance(each, Conflict) for each in found) == 1
        (one,) = [user for user in site.store.users(active=True)[0] if user.role is Role.ADMIN]


def everything_of(site: AuthSite, user_id: object) -> tuple[int, int, int]:
    """How many refresh tokens, API keys and reset codes of a user are good."""
    with session_scope(site.sessions, read_only=True) as session:

        def count(model: type, *where: sa.ColumnElement[bool]) -> int:
            return session.scalar(sa.select(sa.func.count()).select_from(model).where(model.user_id == user_id, *where)) or 0

        codes = count(OneTimeCode, OneTimeCode.used_at.is_(None))
        return count(RefreshToken, RefreshToken.revoked_at.is_(None)), count(ApiKey, ApiKey.revoked_at.is_(None)), codes


def hand_out(site: AuthSite, user_id: object) -> None:
    site.session_store.start(user_id, generation=site.store.get(user_id).generation, address="", user_agent="", actor=None)
    site.api_keys.create(user_id, BOSS, name="script", role=Role.VIEWER)
    site.store.create_reset_code(user_id, BOSS, life_s=60)


def test_a_new_password_takes_back_all_that_was_handed_out(site):
    user, other = site.user("kim"), site.user("lee")
    for each in (user, other):
        hand_out(site, each.id)
    site.clock.advance(3)
    changed = site.store.set_password(user.id, "$new", BOSS, action="user.password_set")
    assert (changed.generation, changed.password_changed_at) == (1, site.clock.now())
    assert site.store.credentials_of(user.id).password_hash == "$new"
    assert everything_of(site, user.id) == (0, 0, 0)
    assert everything_of(site, other.id) == (1, 1, 1)
    with pytest.raises(Unauthenticated):
        site.store.set_password(user.id, "$late", BOSS, action="user.password_set", generation=0)


def test_who_is_made_inactive_loses_all_and_gets_nothing_back_with_the_account(site):
    user = site.user("kim")
    hand_out(site, user.id)
    site.store.change(user.id, UserChange(active=False), BOSS)
    assert everything_of(site, user.id) == (0, 0, 0)
    assert site.store.viewer_of(user.id) is None
    for refused in (
        lambda: site.store.create_reset_code(user.id, BOSS, life_s=60),
        lambda: site.store.set_password(user.id, "$new", BOSS, action="user.password_set"),
    ):
        with pytest.raises(Conflict, match="inactive"):
            refused()
    back = site.store.change(user.id, UserChange(active=True), BOSS)
    assert (back.active, back.generation) == (True, 1)
    assert everything_of(site, user.id) == (0, 0, 0)


def test_logging_out_everywhere_leaves_the_api_keys(site):
    user = site.user("kim")
    hand_out(site, user.id)
    site.store.revoke_sessions(user.id, BOSS)
    assert everything_of(site, user.id) == (0, 1, 1)
    assert site.store.get(user.id).generation == 1


def test_a_rehash_is_no_change_of_the_password_and_never_overwrites_one(site):
    user = site.user("kim")
    old = site.store.credentials_of(user.id).password_hash
    site.store.rehash(user.id, old, "$stronger")
    assert site.store.credentials("Kim").password_hash == "$stronger"
    assert site.store.get(user.id).generation == 0
    site.store.rehash(user.id, old, "$late")
    assert site.store.credentials("kim").password_hash == "$stronger"


def test_grants_are_set_one_by_one_or_all_at_once_and_audited(site):
    user = site.user("kim", Role.OPERATOR)
    gate, plaza, yard = (site.camera(name) for name in ("gate", "plaza", "yard"))
    site.store.set_grant(user.id, gate, AccessLevel.VIEW, BOSS)
    site.store.set_grant(user.id, plaza, AccessLevel.ADMIN, BOSS)
    site.store.set_grant(user.id, gate, AccessLevel.CONTROL, BOSS)
    assert site.store.grants(user.id) == {gate: AccessLevel.CONTROL, plaza: AccessLevel.ADMIN}
    entry = site.audited()[-1]
    assert (entry.action, entry.before[str(gate)], entry.after[str(gate)]) == ("access.change", "view", "control")
    site.store.remove_grant(user.id, gate, BOSS)
    site.store.set_grants(user.id, {yard: AccessLevel.VIEW}, BOSS)
    assert site.store.grants(user.id) == {yard: AccessLevel.VIEW}
    count = len(site.audited())
    site.store.set_grants(user.id, {yard: AccessLevel.VIEW}, BOSS)
    site.store.remove_grant(user.id, gate, BOSS)
    assert len(site.audited()) == count


def test_a_grant_needs_a_user_and_a_camera(site):
    user, gate, absent = site.user("kim"), site.camera(), new_id()
    for refused in (
        lambda: site.store.set_grant(user.id, absent, AccessLevel.VIEW, BOSS),
        lambda: site.store.set_grants(user.id, {gate: AccessLevel.VIEW, absent: AccessLevel.VIEW}, BOSS),
        lambda: site.store.create(new_user("lee", grants={absent: AccessLevel.VIEW}), BOSS),
        lambda: site.store.create_invite(BOSS, role=Role.VIEWER, grants={absent: AccessLevel.VIEW}, email=None, life_s=60),
    ):
        with pytest.raises(UnknownCamera):
            refused()
    assert site.store.grants(user.id) == {}
    assert site.store.find("lee") is None
    for refused in (lambda: site.store.grants(absent), lambda: site.store.set_grant(absent, gate, AccessLevel.VIEW, BOSS)):
        with pytest.raises(NotFound, match="user"):
            refused()


def test_a_viewer_is_read_with_its_grants_in_one_query(site, engine):  # noqa: F811
    gate, plaza = site.camera("gate"), site.camera("plaza")
    user = site.user("kim", Role.OPERATOR, {gate: AccessLevel.VIEW, plaza: AccessLevel.CONTROL})
    lonely = site.user("lee")
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement))
    viewer, generation = site.store.viewer_of(user.id)
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1
    assert (viewer, generation) == (Viewer(user.id, "kim", Role.OPERATOR, {gate: AccessLevel.VIEW, plaza: AccessLevel.CONTROL}), 0)
    assert site.store.viewer_of(lonely.id) == (Viewer(lonely.id, "lee", Role.VIEWER), 0)
    assert site.store.viewer_of(new_id()) is None


def test_the_set_up_code_makes_the_first_admin_and_nobody_else(site):
    old = site.store.create_setup_code(BOSS, life_s=60)
    code = site.store.create_setup_code(BOSS, life_s=60)
    for wrong in (old.code, "", "nonsense", code.code.upper(), "\ud800"):
        with pytest.raises(Forbidden):
            site.store.create_first_admin(new_user("eve"), wrong, address="")
    boss = site.store.create_first_admin(new_user("boss", role=Role.VIEWER), f" {code.code}\n", address="10.0.0.7")
    assert boss.role is Role.ADMIN
    entry = site.audited()[-1]
    assert (entry.action, entry.actor_id, entry.actor_name, entry.address) == ("user.create", boss.id, "boss", "10.0.0.7")
    with pytest.raises(Forbidden):
        site.store.check_code(code.code, CodePurpose.SETUP)
    for refused in (
        lambda: site.store.create_first_admin(new_user("eve"), code.code, address=""),
        lambda: site.store.create_setup_code(BOSS, life_s=60),
    ):
        with pytest.raises(Conflict, match="set up already"):
            refused()


def test_a_code_expires_and_is_good_for_its_purpose_only(site):
    code = site.store.create_setup_code(BOSS, life_s=60)
    with pytest.raises(Forbidden):
        site.store.check_code(code.code, CodePurpose.RESET)
    with pytest.raises(Forbidden):
        site.store.create_invited(new_user("eve"), code.code, address="")
    with pytest.raises(Forbidden):
        site.store.reset_password(code.code, "$x", address="")
    assert site.store.check_code(code.code, CodePurpose.SETUP).expires_at == code.expires_at
    site.clock.advance(60)
    with pytest.raises(Forbidden):
        site.store.create_first_admin(new_user("eve"), code.code, address="")
    site.store.prune_codes()
    assert site.row(sa.select(OneTimeCode.id)) is None


def test_no_code_is_kept_as_it_is(site):
    code = site.store.create_setup_code(BOSS, life_s=60)
    kept = site.row(sa.select(OneTimeCode))[0].code_hash
    assert code.code not in kept
    assert len(code.code) >= 43


@pytest.mark.parametrize("purpose", [CodePurpose.SETUP, CodePurpose.INVITE, CodePurpose.RESET])
def test_a_code_that_many_use_at_once_is_good_for_one(site, purpose):
    if purpose is CodePurpose.SETUP:
        code = site.store.create_setup_code(BOSS, life_s=60).code
        tasks = [lambda n=n: site.store.create_first_admin(new_user(f"user{n}"), code, address="") for n in range(6)]
    elif purpose is CodePurpose.INVITE:
        code = site.store.create_invite(BOSS, role=Role.VIEWER, grants={}, email=None, life_s=60).code
        tasks = [lambda n=n: site.store.create_invited(new_user(f"user{n}"), code, address="") for n in range(6)]
    else:
        user = site.user("kim")
        code = site.store.create_reset_code(user.id, BOSS, life_s=60).code
        tasks = [lambda n=n: site.store.reset_password(code, f"${n}", address="") for n in range(6)]
    found = at_once(*tasks)
    assert sum(isinstance(each, (Forbidden, Conflict)) for each in found) == 5
    assert site.store.users()[1] == 1
    if purpose is CodePurpose.RESET:
        assert site.store.get(user.id).generation == 1


def test_an_invitation_decides_on_role_cameras_and_address(site):
    gate, gone = site.camera("gate"), site.camera("gone")
    grants = {gate: AccessLevel.CONTROL, gone: AccessLevel.VIEW}
    invite = site.store.create_invite(BOSS, role=Role.OPERATOR, grants=grants, email="Lee@Example.com", life_s=60)
    (listed,) = site.store.invites()
    assert (listed.id, listed.role, listed.grants, listed.email) == (invite.id, Role.OPERATOR, grants, "lee@example.com")
    with session_scope(site.sessions) as session:
        session.execute(sa.text("DELETE FROM cameras WHERE name = 'gone'"))
    lee = site.store.create_invited(new_user("lee", role=Role.ADMIN, email="other@example.com"), invite.code, address="")
    assert (lee.role, lee.email, site.store.grants(lee.id)) == (Role.OPERATOR, "lee@example.com", {gate: AccessLevel.CONTROL})
    assert site.store.invites() == []


def test_a_taken_name_does_not_use_up_the_invitation(site):
    site.user("kim")
    invite = site.store.create_invite(BOSS, role=Role.VIEWER, grants={}, email=None, life_s=60)
    with pytest.raises(Conflict):
        site.store.create_invited(new_user("kim"), invite.code, address="")
    assert site.store.create_invited(new_user("lee"), invite.code, address="").username == "lee"


def test_a_revoked_invitation_is_worth_nothing(site):
    invite = site.store.create_invite(BOSS, role=Role.VIEWER, grants={}, email=None, life_s=60)
    site.store.revoke_invite(invite.id, BOSS)
    with pytest.raises(Forbidden):
        site.store.create_invited(new_user("lee"), invite.code, address="")
    with pytest.raises(NotFound):
        site.store.revoke_invite(invite.id, BOSS)


def test_an_unusable_database_is_said_so_without_a_value(site, engine):  # noqa: F811
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE users RENAME TO gone"))
    with pytest.raises(DatabaseUnavailable) as caught:
        site.store.find("kim")
    assert "kim" not in str(caught.value)
