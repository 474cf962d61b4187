from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.support.accounts import BOSS, PASSWORD, AuthSite, at_once, make_auth, sqlite_engine  # noqa: F401
from tests.support.postgres import engine  # noqa: F401

from haetae.api.auth.accounts import SignedIn
from haetae.api.auth.passwords import Passwords
from haetae.database.account_rows import UserChange
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import ConfigError, Conflict, Forbidden, HaetaeError, NotFound, TooManyRequests, Unauthenticated
from haetae.ids import new_id

NEW = "violet engine nine"
HERE = "10.0.0.5"


@pytest.fixture
def site(sqlite_engine: sa.Engine, tmp_path: Path) -> AuthSite:  # noqa: F811
    return make_auth(sqlite_engine, tmp_path)


@pytest.fixture
def each_site(engine: sa.Engine, tmp_path: Path) -> AuthSite:  # noqa: F811
    """Once on SQLite and once on PostgreSQL, for what several do at once."""
    return make_auth(engine, tmp_path)


@pytest.fixture
def make(sqlite_engine: sa.Engine, tmp_path: Path) -> Callable[..., AuthSite]:  # noqa: F811
    return lambda **access: make_auth(sqlite_engine, tmp_path, **access)


def log_in(site: AuthSite, name: str = "kim", password: str = PASSWORD, address: str = HERE) -> SignedIn:
    return site.accounts.login(name, password, address=address, user_agent="Firefox")


def who(site: AuthSite, signed_in: SignedIn) -> Viewer:
    return site.authenticator.viewer(f"Bearer {signed_in.access_token}")


def refused(error: type[HaetaeError], task: Callable[[], object]) -> HaetaeError:
    with pytest.raises(error) as caught:
        task()
    assert PASSWORD not in str(caught.value)
    return caught.value


def actor_of(site: AuthSite, name: str = "kim") -> Actor:
    return Actor(name, site.store.find(name).id, HERE)


# The first admin


def test_the_first_admin_is_made_with_the_code_once(site):
    assert site.accounts.setup_needed()
    code = site.accounts.new_setup_code().code
    refused(Forbidden, lambda: site.accounts.setup("nonsense", "boss", PASSWORD))
    signed_in = site.accounts.setup(code, "Boss", PASSWORD, email="boss@example.com", language="ko", address=HERE)
    assert not site.accounts.setup_needed()
    assert (who(site, signed_in).name, who(site, signed_in).role, who(site, signed_in).language) == ("boss", Role.ADMIN, "ko")
    refused(Forbidden, lambda: site.accounts.setup(code, "eve", PASSWORD))
    refused(Conflict, site.accounts.new_setup_code)
    assert site.actions() == ["setup.create", "user.create", "user.login"]


def test_a_refused_password_does_not_use_up_the_set_up_code(site):
    code = site.accounts.new_setup_code().code
    refused(ConfigError, lambda: site.accounts.setup(code, "boss", "short"))
    refused(ConfigError, lambda: site.accounts.setup(code, "b oss", PASSWORD))
    assert site.accounts.setup(code, "boss", PASSWORD)


def test_a_set_up_code_cannot_be_guessed_for_long(site):
    code = site.accounts.new_setup_code().code
    for _ in range(10):
        refused(Forbidden, lambda: site.accounts.setup("guess", "boss", PASSWORD, address=HERE))
    refused(TooManyRequests, lambda: site.accounts.setup(code, "boss", PASSWORD, address=HERE))
    assert site.accounts.setup(code, "boss", PASSWORD, address="10.0.0.6")


def test_of_two_who_set_up_at_once_one_is_the_admin(each_site):
    code = each_site.accounts.new_setup_code().code
    found = at_once(*[lambda n=n: each_site.accounts.setup(code, f"boss{n}", PASSWORD, address=f"10.0.0.{n}") for n in range(4)])
    assert sum(isinstance(each, SignedIn) for each in found) == 1
    assert each_site.store.users()[1] == 1


def test_the_command_line_may_make_the_first_user_if_it_is_an_admin(site):
    refused(Conflict, lambda: site.accounts.create_user(BOSS, "kim", PASSWORD))
    assert site.accounts.create_user(BOSS, "boss", PASSWORD, role=Role.ADMIN).role is Role.ADMIN
    assert site.accounts.create_user(BOSS, "kim", PASSWORD).role is Role.VIEWER


# Registration


@pytest.mark.parametrize("policy", ["closed", "invite"])
def test_nobody_registers_uninvited_where_that_is_not_open(make, policy):
    site = make(registration=policy)
    site.admin()
    refused(Forbidden, lambda: site.accounts.register("kim", PASSWORD))
    refused(Forbidden, lambda: site.accounts.register("kim", PASSWORD, code="nonsense"))
    if policy == "closed":
        refused(Forbidden, lambda: site.accounts.invite(BOSS))
    assert site.store.users()[1] == 1


def test_where_it_is_open_anyone_becomes_a_viewer_without_cameras_but_never_the_first_user(make):
    site = make(registration="open")
    site.camera()
    refused(Forbidden, lambda: site.accounts.register("kim", PASSWORD))
    site.admin()
    signed_in = site.accounts.register("kim", PASSWORD, address=HERE)
    assert (who(site, signed_in).role, who(site, signed_in).cameras()) == (Role.VIEWER, frozenset())
    entry = next(entry for entry in site.audited() if entry.action == "user.create" and entry.actor_name == "kim")
    assert (entry.actor_id, entry.address) == (signed_in.user_id, HERE)
    refused(Conflict, lambda: site.accounts.register("KIM", PASSWORD, address=HERE))
    for _ in range(3):
        refused(ConfigError, lambda: site.accounts.register("lee", "short", address=HERE))
    refused(TooManyRequests, lambda: site.accounts.register("lee", PASSWORD, address=HERE))


def test_an_invited_person_gets_what_the_invitation_says(site):
    gate = site.camera()
    site.admin()
    invite = site.accounts.invite(BOSS, role=Role.OPERATOR, grants={gate: AccessLevel.CONTROL}, email="kim@example.com")
    signed_in = site.accounts.register("kim", PASSWORD, code=invite.code, address=HERE)
    assert (who(site, signed_in).role, who(site, signed_in).grants) == (Role.OPERATOR, {gate: AccessLevel.CONTROL})
    assert site.store.get(signed_in.user_id).email == "kim@example.com"
    refused(Forbidden, lambda: site.accounts.register("lee", PASSWORD, code=invite.code, address=HERE))


# Logging in


def test_who_logs_in_stays_so_by_refreshing_and_leaves_by_logging_out(each_site):
    each_site.user()
    signed_in = log_in(each_site, "KIM")
    assert who(each_site, signed_in).name == "kim"
    each_site.clock.advance(900)
    refused(Unauthenticated, lambda: who(each_site, signed_in))
    again = each_site.accounts.refresh(signed_in.refresh_token, address=HERE)
    assert (again.family, who(each_site, again).name) == (signed_in.family, "kim")
    assert [session.family for session in each_site.accounts.sessions(again.user_id)] == [again.family]
    each_site.accounts.logout(again.refresh_token, address=HERE)
    refused(Unauthenticated, lambda: each_site.accounts.refresh(again.refresh_token, address=HERE))
    assert each_site.actions()[-2:] == ["user.login", "user.logout"]
    assert signed_in.access_token not in repr(signed_in)
    assert signed_in.refresh_token not in repr(signed_in)


def test_whatever_is_wrong_the_answer_is_the_same(site):
    site.user("kim")
    gone = site.user("gone")
    site.store.change(gone.id, UserChange(active=False), BOSS)
    wrong = [("kim", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("\0", PASSWORD), ("", ""), ("x" * 5000, PASSWORD)]
    wrong += [("kim", "\ud800"), ("kim", "p" * 300)]
    answers = {str(refused(Unauthenticated, lambda pair=pair: log_in(site, *pair, f"10.0.1.{len(pair[1])}"))) for pair in wrong}
    assert len(answers) == 1


def test_brute_force_is_stopped_even_with_the_right_password_and_audited(site):
    site.user()
    for _ in range(5):
        refused(Unauthenticated, lambda: log_in(site, password="wrong"))
    waits = refused(TooManyRequests, lambda: log_in(site)).retry_after_s
    refused(TooManyRequests, lambda: log_in(site, address="10.9.9.9"))
    assert 0 < waits <= 15
    entries = [(entry.action, entry.actor_name, entry.address, entry.after) for entry in site.audited()][1:]
    assert entries == [
        ("user.login_failed", "kim", HERE, {"attempts": 1}),
        ("user.locked_out", "kim", HERE, {"attempts": 1}),
        ("user.locked_out", "kim", "10.9.9.9", {"attempts": 1}),
    ]
    site.clock.advance(61)
    site.accounts.tidy()
    assert (site.audited()[-1].action, site.audited()[-1].after) == ("user.login_failed", {"attempts": 4})
    assert log_in(site)


def test_guesses_at_many_accounts_and_at_once_are_stopped_too(each_site):
    each_site.user()
    found = at_once(*[lambda: log_in(each_site, password="wrong")] * 8)
    assert sum(isinstance(each, Unauthenticated) for each in found) == 5
    for number in range(30):
        refused(HaetaeError, lambda number=number: log_in(each_site, f"user{number}", "wrong", "10.0.7.7"))
    refused(TooManyRequests, lambda: log_in(each_site, "lee", PASSWORD, "10.0.7.7"))


def test_a_name_that_nobody_has_stays_out_of_the_audit_log(site):
    refused(Unauthenticated, lambda: log_in(site, "my-secret-typed-here", "x"))
    (entry,) = site.audited()
    assert (entry.action, entry.actor_name, entry.actor_id, entry.target_id) == ("user.login_failed", "unknown account", None, None)
    assert "my-secret" not in str(entry.__dict__)


def test_a_log_in_renews_an_old_hash_and_ends_nothing(site):
    old = Passwords(min_length=12, hasher=Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1)).hash(PASSWORD)
    user = site.user()
    site.store.rehash(user.id, site.store.credentials("kim").password_hash, old)
    first = log_in(site)
    renewed = site.store.credentials("kim").password_hash
    assert renewed != old
    log_in(site)
    assert site.store.credentials("kim").password_hash == renewed
    assert who(site, first)


def test_a_log_in_that_a_password_change_overtakes_fails(site, monkeypatch):
    user = site.user()
    verify = site.passwords.verify

    def overtaken(password: str, stored: str | None) -> object:
        verdict = verify(password, stored)
        site.store.set_password(user.id, site.passwords.hash(NEW), BOSS, action="user.password_set")
        return verdict

    monkeypatch.setattr(site.passwords, "verify", overtaken)
    refused(Unauthenticated, lambda: log_in(site))
    assert site.accounts.sessions(user.id) == []


# Passwords


def test_a_password_change_ends_everything_but_the_callers_new_session(each_site):
    user = each_site.user()
    here, there = log_in(each_site), log_in(each_site)
    key = each_site.api_keys.create(user.id, BOSS, name="script", role=Role.VIEWER).key
    ticket, _ = each_site.tickets.issue(who(each_site, here), "/api/v1/ws")
    fresh = each_site.accounts.change_password(actor_of(each_site), PASSWORD, NEW, user_agent="Firefox")
    for dead in (
        lambda: who(each_site, here),
        lambda: who(each_site, there),
        lambda: each_site.accounts.refresh(here.refresh_token),
        lambda: each_site.accounts.refresh(there.refresh_token),
        lambda: each_site.authenticator.viewer(f"Bearer {key}"),
        lambda: each_site.tickets.viewer(ticket, "/api/v1/ws"),
        lambda: log_in(each_site),
    ):
        refused(Unauthenticated, dead)
    assert who(each_site, fresh).name == "kim"
    assert each_site.accounts.refresh(fresh.refresh_token)
    assert log_in(each_site, password=NEW)
    assert "user.password_change" in each_site.actions()


def test_a_password_is_changed_only_by_who_knows_the_current_one(site):
    user = site.user()
    signed_in = log_in(site)
    actor = actor_of(site)
    key = Actor("kim", user.id, HERE, new_id())
    refused(Forbidden, lambda: site.accounts.change_password(key, PASSWORD, NEW))
    refused(Forbidden, lambda: site.accounts.change_password(BOSS, PASSWORD, NEW))
    refused(ConfigError, lambda: site.accounts.change_password(actor, PASSWORD, "short"))
    refused(ConfigError, lambda: site.accounts.change_password(actor, PASSWORD, PASSWORD))
    for _ in range(5):
        refused(Forbidden, lambda: site.accounts.change_password(actor, "wrong", NEW))
    refused(TooManyRequests, lambda: site.accounts.change_password(actor, PASSWORD, NEW))
    assert who(site, signed_in)
    assert "user.password_wrong" in site.actions()


def test_two_password_changes_at_once_make_one(each_site):
    each_site.user()
    actor = actor_of(each_site)
    found = at_once(*[lambda n=n: each_site.accounts.change_password(actor, PASSWORD, f"{NEW} {n}") for n in range(3)])
    assert sum(isinstance(each, SignedIn) for each in found) == 1
    (won,) = [number for number, each in enumerate(found) if isinstance(each, SignedIn)]
    assert log_in(each_site, password=f"{NEW} {won}")
    assert who(each_site, found[won])


def test_a_reset_code_sets_a_password_once_and_ends_what_was(site):
    user = site.user()
    before = log_in(site)
    old, code = site.accounts.new_reset_code(BOSS, user.id), site.accounts.new_reset_code(BOSS, user.id)
    refused(Forbidden, lambda: site.accounts.reset(old.code, NEW))
    refused(ConfigError, lambda: site.accounts.reset(code.code, "kim"))
    after = site.accounts.reset(code.code, NEW, address=HERE)
    assert who(site, after).name == "kim"
    refused(Unauthenticated, lambda: who(site, before))
    refused(Forbidden, lambda: site.accounts.reset(code.code, PASSWORD))
    refused(NotFound, lambda: site.accounts.new_reset_code(BOSS, new_id()))
    assert log_in(site, password=NEW)


def test_logging_out_everywhere_ends_all_sessions_at_once(site):
    site.user()
    one, two = log_in(site), log_in(site)
    site.accounts.logout_all(actor_of(site), one.user_id)
    for each in (one, two):
        refused(Unauthenticated, lambda each=each: who(site, each))
        refused(Unauthenticated, lambda each=each: site.accounts.refresh(each.refresh_token))
    assert who(site, log_in(site))


def test_ending_one_session_leaves_the_others(site):
    site.user()
    one, two = log_in(site), log_in(site)
    site.accounts.end_session(actor_of(site), one.user_id, one.family)
    refused(Unauthenticated, lambda: site.accounts.refresh(one.refresh_token))
    assert site.accounts.refresh(two.refresh_token)


def test_the_command_line_sets_a_password_by_the_same_policy(site):
    user = site.user()
    refused(ConfigError, lambda: site.accounts.set_password(BOSS, user.id, "password1234"))
    site.accounts.set_password(BOSS, user.id, NEW)
    assert log_in(site, password=NEW)


def test_no_secret_of_all_this_is_in_the_audit_log(site):
    user = site.user()
    signed_in = log_in(site)
    code = site.accounts.new_reset_code(BOSS, user.id)
    key = site.api_keys.create(user.id, BOSS, name="script", role=Role.VIEWER).key
    fresh = site.accounts.reset(code.code, NEW)
    refused(Unauthenticated, lambda: log_in(site, password="a wrong password"))
    text = str([{**entry.__dict__} for entry in site.audited()])
    hashed = site.store.credentials("kim").password_hash
    for secret in (
        PASSWORD,
        NEW,
        "a wrong password",
        code.code,
        key,
        hashed,
        signed_in.refresh_token,
        fresh.refresh_token,
        fresh.access_token,
    ):
        assert secret not in text
