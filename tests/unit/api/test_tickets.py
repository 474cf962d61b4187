from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.accounts import BOSS, AuthSite, make_auth, sqlite_engine  # noqa: F401

from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import ConfigError, Unauthenticated

CLIP = "/api/v1/events/0193/clip"


@pytest.fixture
def site(sqlite_engine: sa.Engine, tmp_path: Path) -> AuthSite:  # noqa: F811
    return make_auth(sqlite_engine, tmp_path)


def issue(site: AuthSite, path: str = CLIP, **options: float) -> tuple[str, object]:
    user = site.store.find("kim") or site.user("kim")
    return site.tickets.issue(site.store.viewer_of(user.id)[0], path, **options)


def test_a_ticket_opens_one_path_for_a_while(site):
    ticket, expires_at = issue(site)
    assert expires_at == site.clock.now() + timedelta(seconds=60)
    assert site.tickets.viewer(ticket, CLIP).name == "kim"
    site.clock.advance(59)
    assert site.tickets.viewer(ticket, CLIP)
    site.clock.advance(1)
    with pytest.raises(Unauthenticated, match="expired"):
        site.tickets.viewer(ticket, CLIP)


def test_a_ticket_opens_no_other_path(site):
    ticket, _ = issue(site)
    others = ("/api/v1/events/0194/clip", CLIP + "/", CLIP.upper(), CLIP[:-1], "", "/", "/api/v1/events/0194/../0193/clip", CLIP + "?x")
    for path in others:
        with pytest.raises(Unauthenticated):
            site.tickets.viewer(ticket, path)


def test_a_ticket_may_be_shorter_but_never_longer_than_the_site_says(site):
    assert issue(site, life_s=10)[1] == site.clock.now() + timedelta(seconds=10)
    assert issue(site, life_s=1e9)[1] == site.clock.now() + timedelta(seconds=60)


def test_what_is_no_path_gets_no_ticket(site):
    for path in ("", "clip", "http://10.0.0.9/", "/" + "a" * 1100, "/ü"):
        with pytest.raises(ConfigError):
            issue(site, path)


def test_the_longest_path_still_makes_a_good_ticket(site):
    path = "/" + "a" * 1000
    assert site.tickets.viewer(issue(site, path)[0], path)


def test_a_ticket_says_nothing_of_access_which_is_read_at_use(site):
    gate = site.camera()
    user = site.user("kim", Role.OPERATOR, {gate: AccessLevel.VIEW})
    ticket, _ = issue(site)
    site.store.remove_grant(user.id, gate, BOSS)
    assert site.tickets.viewer(ticket, CLIP).cameras() == frozenset()


def test_a_ticket_that_was_touched_is_refused(site):
    ticket, _ = issue(site)
    for forged in ("", "x", ticket[:-3], ticket.replace(".", ""), f"{ticket}x", "\ud800"):
        with pytest.raises(Unauthenticated):
            site.tickets.viewer(forged, CLIP)
