from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.accounts import BOSS, AuthSite, make_auth
from tests.support.postgres import engine  # noqa: F401

from haetae.database.account_models import ApiKey
from haetae.database.account_rows import UserChange
from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import Conflict, Forbidden, NotFound, UnknownCamera
from haetae.ids import new_id


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> AuthSite:  # noqa: F811
    return make_auth(engine, tmp_path)


def test_a_key_is_shown_once_and_found_by_itself(site):
    gate = site.camera()
    user = site.user("kim", Role.OPERATOR, {gate: AccessLevel.VIEW})
    new = site.api_keys.create(user.id, BOSS, name="script", role=Role.VIEWER, camera_ids=[gate, gate])
    assert new.key.startswith(new.stored.prefix)
    assert (new.key[:3], len(new.stored.prefix), len(new.key)) == ("hk_", 10, 46)
    found = site.api_keys.find(new.key)
    assert (found.id, found.user_id, found.role, found.camera_ids) == (new.stored.id, user.id, Role.VIEWER, frozenset({gate}))
    assert site.api_keys.get(found.id).name == "script"
    assert new.key not in str(site.row(sa.select(*ApiKey.__table__.columns)))
    assert new.key not in repr(new)
    for wrong in ("", "hk_", new.key[:-1], new.key + " ", new.key.upper(), "\ud800\0"):
        assert site.api_keys.find(wrong) is None


def test_a_key_never_has_more_than_its_owner(site):
    gate, plaza = site.camera("gate"), site.camera("plaza")
    user = site.user("kim", Role.OPERATOR, {gate: AccessLevel.VIEW})
    with pytest.raises(Forbidden, match="admin"):
        site.api_keys.create(user.id, BOSS, name="x", role=Role.ADMIN)
    for cameras in ([plaza], [gate, plaza], [new_id()]):
        with pytest.raises(UnknownCamera):
            site.api_keys.create(user.id, BOSS, name="x", role=Role.VIEWER, camera_ids=cameras)
    boss = site.admin()
    assert site.api_keys.create(boss.id, BOSS, name="x", role=Role.ADMIN, camera_ids=[plaza]).stored.camera_ids == {plaza}
    with pytest.raises(UnknownCamera):
        site.api_keys.create(boss.id, BOSS, name="x", role=Role.ADMIN, camera_ids=[new_id()])
    with pytest.raises(NotFound):
        site.api_keys.create(new_id(), BOSS, name="x", role=Role.VIEWER)
    site.store.change(user.id, UserChange(active=False), BOSS)
    with pytest.raises(Conflict, match="inactive"):
        site.api_keys.create(user.id, BOSS, name="x", role=Role.VIEWER)


def test_a_key_for_no_cameras_is_not_one_for_all(site):
    boss = site.admin()
    assert site.api_keys.create(boss.id, BOSS, name="x", role=Role.ADMIN, camera_ids=[]).stored.camera_ids == frozenset()


def test_an_expired_or_revoked_key_is_worth_nothing(site):
    user = site.user("kim")
    now = site.clock.now()
    key = site.api_keys.create(user.id, BOSS, name="soon", role=Role.VIEWER, expires_at=now + timedelta(seconds=60))
    lasting = site.api_keys.create(user.id, BOSS, name="lasting", role=Role.VIEWER)
    with pytest.raises(Conflict, match="expired"):
        site.api_keys.create(user.id, BOSS, name="late", role=Role.VIEWER, expires_at=now)
    assert site.api_keys.find(key.key)
    site.clock.advance(60)
    assert site.api_keys.find(key.key) is site.api_keys.get(key.stored.id) is None
    site.api_keys.revoke(lasting.stored.id, BOSS, owner_id=user.id)
    assert site.api_keys.find(lasting.key) is site.api_keys.get(lasting.stored.id) is None
    assert [each.name for each in site.api_keys.keys(user.id)] == ["soon"]
    assert site.actions()[-1] == "api_key.revoke"


def test_keys_are_listed_and_revoked_by_their_owner_alone(site):
    kim, lee = site.user("kim"), site.user("lee")
    key = site.api_keys.create(kim.id, BOSS, name="kim's", role=Role.VIEWER).stored
    assert site.api_keys.keys(lee.id) == []
    assert [each.id for each in site.api_keys.keys(None)] == [key.id]
    for id_, owner in ((key.id, lee.id), (new_id(), kim.id)):
        with pytest.raises(NotFound):
            site.api_keys.revoke(id_, BOSS, owner_id=owner)
    site.api_keys.revoke(key.id, BOSS)
    with pytest.raises(NotFound):
        site.api_keys.revoke(key.id, BOSS)


def test_when_a_key_was_used_is_written_at_most_once_a_minute(site, engine):  # noqa: F811
    user = site.user("kim")
    new = site.api_keys.create(user.id, BOSS, name="x", role=Role.VIEWER)
    writes: list[str] = []
    sa.event.listen(
        engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: writes.append(statement) if "UPDATE" in statement else None
    )
    first = site.clock.now()
    for _ in range(3):
        assert site.api_keys.find(new.key)
        site.clock.advance(19)
    assert (len(writes), site.api_keys.get(new.stored.id).last_used_at) == (1, first)
    site.clock.advance(3)
    site.api_keys.find(new.key)
    assert (len(writes), site.api_keys.get(new.stored.id).last_used_at) == (2, site.clock.now())


def test_a_key_works_while_the_database_cannot_be_written(site, engine):  # noqa: F811
    new = site.api_keys.create(site.user("kim").id, BOSS, name="x", role=Role.VIEWER)

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "UPDATE" in statement:
            raise sa.exc.OperationalError(statement, None, OSError("disk full"))

    sa.event.listen(engine, "before_cursor_execute", fail)
    assert site.api_keys.find(new.key).id == new.stored.id


def test_a_user_has_a_bounded_number_of_keys(site):
    user = site.user("kim")
    keys = [site.api_keys.create(user.id, BOSS, name=f"{number}", role=Role.VIEWER) for number in range(50)]
    with pytest.raises(Conflict, match="50 keys"):
        site.api_keys.create(user.id, BOSS, name="more", role=Role.VIEWER)
    site.api_keys.revoke(keys[0].stored.id, BOSS)
    assert site.api_keys.create(user.id, BOSS, name="more", role=Role.VIEWER)
