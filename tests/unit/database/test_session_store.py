from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.accounts import BOSS, AuthSite, at_once, make_auth
from tests.support.postgres import engine  # noqa: F401

from haetae.database.account_models import RefreshToken
from haetae.database.account_rows import StoredUser, UserChange
from haetae.database.engine import session_scope
from haetae.database.session_store import GRACE_S, NewSession
from haetae.domain.viewer import Actor
from haetae.errors import NotFound, Unauthenticated
from haetae.ids import new_id

DAY_S = 86400.0


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> AuthSite:  # noqa: F811
    return make_auth(engine, tmp_path, refresh_token_s=2 * DAY_S)


@pytest.fixture
def user(site: AuthSite) -> StoredUser:
    return site.user("kim")


def start(site: AuthSite, user: StoredUser, user_agent: str = "Firefox") -> NewSession:
    generation = site.store.get(user.id).generation
    actor = Actor(user.username, user.id, "10.0.0.5")
    return site.session_store.start(user.id, generation=generation, address="10.0.0.5", user_agent=user_agent, actor=actor)


def rotate(site: AuthSite, session: NewSession) -> NewSession:
    return site.session_store.rotate(session.token, address="10.0.0.6")


def refused(site: AuthSite, *sessions: NewSession) -> None:
    for session in sessions:
        with pytest.raises(Unauthenticated):
            rotate(site, session)


def rows(site: AuthSite) -> int:
    return site.row(sa.select(sa.func.count()).select_from(RefreshToken))[0]


def test_each_token_gives_the_next_of_its_session(site, user):
    first = start(site, user)
    assert (first.user_id, first.generation, site.store.get(user.id).last_login_at) == (user.id, 0, site.clock.now())
    session = first
    for _ in range(3):
        site.clock.advance(900)
        session = rotate(site, session)
        assert (session.family, session.user_id) == (first.family, user.id)
    assert site.actions() == ["user.create", "user.login"]


def test_a_used_token_that_comes_again_ends_the_session(site, user):
    other = start(site, user, "phone")
    first = start(site, user)
    second = rotate(site, first)
    site.clock.advance(GRACE_S + 0.1)
    refused(site, first, second)
    entry = site.audited()[-1]
    assert (entry.action, entry.actor_id, entry.address, entry.target_id) == ("user.refresh_reuse", user.id, "10.0.0.6", str(user.id))
    assert site.actions().count("user.refresh_reuse") == 1
    assert rotate(site, other).family == other.family


def test_a_stolen_token_used_late_by_either_side_ends_the_session(site, user):
    stolen = start(site, user)
    thief = rotate(site, stolen)
    site.clock.advance(GRACE_S - 1)
    owner = rotate(site, stolen)
    assert owner.token != thief.token
    site.clock.advance(2)
    refused(site, stolen, owner, thief)


def test_two_tabs_that_refresh_at_once_both_stay_logged_in(site, user):
    first = start(site, user)
    found = at_once(*[lambda: rotate(site, first)] * 4)
    assert all(isinstance(each, NewSession) for each in found)
    assert len({each.token for each in found}) == 4
    site.clock.advance(900)
    # The browser keeps one of them, whichever tab was told last.
    later = at_once(*[lambda: rotate(site, found[2])] * 2)
    assert {each.family for each in later} == {first.family}
    assert len(site.session_store.sessions(user.id)) == 1


def test_of_what_one_token_gave_a_single_one_goes_on(site, user):
    first = start(site, user)
    owner, thief = rotate(site, first), rotate(site, first)
    site.clock.advance(900)
    owner = rotate(site, owner)
    refused(site, thief, owner)
    assert site.actions().count("user.refresh_reuse") == 1


def test_a_token_gives_no_further_one_once_that_which_it_gave_went_on(site, user):
    first = start(site, user)
    site.clock.advance(900)
    second = rotate(site, first)
    site.clock.advance(1)
    third = rotate(site, second)
    site.clock.advance(1)
    assert rotate(site, second).family == first.family, "its answer may have been lost"
    refused(site, first, second, third)


def test_a_session_that_is_not_used_for_long_enough_is_over(site, user):
    session = start(site, user)
    site.clock.advance(DAY_S)
    session = rotate(site, session)
    site.clock.advance(2 * DAY_S)
    refused(site, session)


def test_unknown_and_empty_tokens_are_refused(site):
    for token in ("", "x" * 5000, "\0", "\ud800", "hk_abc"):
        with pytest.raises(Unauthenticated):
            site.session_store.rotate(token, address="")
        site.session_store.end(token, address="")


def test_logging_out_ends_this_session_only(site, user):
    session, other = start(site, user), start(site, user)
    second = rotate(site, session)
    site.session_store.end(second.token, address="10.0.0.7")
    site.session_store.end(second.token, address="10.0.0.7")
    refused(site, session, second)
    assert rotate(site, other)
    entry = site.audited()[-1]
    assert (entry.action, entry.actor_id, entry.address) == ("user.logout", user.id, "10.0.0.7")
    assert site.actions().count("user.logout") == 1


def test_a_user_sees_its_own_living_sessions(site, user):
    start(site, site.user("lee"))
    old = start(site, user, "old")
    site.clock.advance(10)
    phone = start(site, user, "phone\0\n" + "x" * 400)
    began = site.clock.now()
    site.clock.advance(900)
    phone = rotate(site, phone)
    listed = site.session_store.sessions(user.id)
    assert [(each.family, each.address) for each in listed] == [(phone.family, "10.0.0.5"), (old.family, "10.0.0.5")]
    assert (listed[0].created_at, listed[0].last_used_at, listed[0].expires_at) == (began, site.clock.now(), phone.expires_at)
    assert (len(listed[0].user_agent), listed[0].user_agent[:6], listed[1].user_agent) == (255, "phonex", "old")
    site.session_store.revoke(user.id, old.family, BOSS)
    assert [each.family for each in site.session_store.sessions(user.id)] == [phone.family]
    refused(site, old)


def test_nobody_ends_the_session_of_somebody_else(site, user):
    session = start(site, user)
    lee = site.user("lee")
    for owner, family in ((lee.id, session.family), (user.id, new_id()), (new_id(), session.family)):
        with pytest.raises(NotFound):
            site.session_store.revoke(owner, family, BOSS)
    assert rotate(site, session)


def test_no_session_begins_for_who_is_inactive_or_of_an_older_generation(site, user):
    site.store.revoke_sessions(user.id, BOSS)
    with pytest.raises(Unauthenticated):
        site.session_store.start(user.id, generation=0, address="", user_agent="", actor=None)
    site.store.change(user.id, UserChange(active=False), BOSS)
    with pytest.raises(Unauthenticated):
        start(site, user)
    assert rows(site) == 0


def test_a_token_rotated_while_everything_is_taken_back_does_not_survive(site, user):
    for _ in range(8):
        session = start(site, user)
        rotated, *_ = at_once(
            lambda session=session: rotate(site, session), lambda: site.store.revoke_sessions(user.id, BOSS), lambda: start(site, user)
        )
        good = [each for each in site.session_store.sessions(user.id) if each.family == session.family]
        assert good == []
        if isinstance(rotated, NewSession):
            refused(site, rotated)


def test_what_has_expired_is_deleted_but_the_start_of_a_living_session_is_kept(site, user):
    gone, living = start(site, user), start(site, user)
    began = site.clock.now()
    for _ in range(5):
        site.clock.advance(0.8 * DAY_S)
        living = rotate(site, living)
    assert rows(site) == 7
    # Of the living one, tokens 2 and 3 have expired too, and its first.
    assert site.session_store.prune() == 3
    assert site.session_store.prune() == 0
    (session,) = site.session_store.sessions(user.id)
    assert (session.family, session.created_at) == (living.family, began)
    refused(site, gone)
    assert rotate(site, living)
    site.clock.advance(3 * DAY_S)
    site.session_store.prune()
    assert rows(site) == 0


def test_no_token_is_kept_as_it_is(site, user):
    session = start(site, user)
    with session_scope(site.sessions, read_only=True) as database:
        row = database.scalars(sa.select(RefreshToken)).one()
    assert session.token not in str(row.__dict__)
    assert session.token not in repr(session)
    assert isinstance(session.family, UUID)
