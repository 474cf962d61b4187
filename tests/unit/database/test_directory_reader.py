"""Who is told: people as their role and grants make them, and those who want no digests."""

import pytest
from tests.support.audit import ANN
from tests.support.notices import CAMERA, MAIL, NOW
from tests.support.outbox import OutboxDesk
from tests.support.postgres import engine  # noqa: F401

from haetae.database.channel_store import ChannelStore
from haetae.database.engine import session_scope
from haetae.database.models import CameraAccess, User
from haetae.database.opt_outs import OptOutStore
from haetae.domain.rule import Person
from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import ConfigError
from haetae.ids import new_id


@pytest.fixture
def desk(engine, tmp_path):  # noqa: F811
    return OutboxDesk(engine, tmp_path)


def test_people_are_told_of_what_their_role_and_grants_let_them_see(desk):
    desk.camera()
    when = {"created_at": NOW, "updated_at": NOW}
    roles = {"boss": Role.ADMIN, "guard": Role.OPERATOR, "guest": Role.VIEWER, "gone": Role.VIEWER}
    ids = {name: new_id() for name in roles}
    with session_scope(desk.sessions) as session:
        for name, role in roles.items():
            session.add(User(id=ids[name], username=name, email=f"{name}@example.org", password_hash="x", role=role, **when))
        session.flush()
        session.get_one(User, ids["gone"]).active = False
        session.add(CameraAccess(user_id=ids["guest"], camera_id=CAMERA, level=AccessLevel.VIEW, created_at=NOW))
    people = desk.store.directory().people
    assert people == {
        ids["boss"]: Person(ids["boss"], "boss", "boss@example.org", True, True, None),
        ids["guard"]: Person(ids["guard"], "guard", "guard@example.org", True, True, frozenset()),
        ids["guest"]: Person(ids["guest"], "guest", "guest@example.org", True, False, frozenset({CAMERA})),
        ids["gone"]: Person(ids["gone"], "gone", "gone@example.org", False, False, frozenset()),
    }


def test_an_empty_site_has_an_empty_directory(desk):
    directory = desk.store.directory()
    assert (directory.rules, directory.channels, directory.groups, directory.people) == ((), {}, {}, {})
    assert directory.read_at == NOW


def test_who_wants_no_digests_is_known_until_that_is_taken_back(desk):
    store = OptOutStore(desk.sessions, desk.clock)
    channel = ChannelStore(desk.sessions, desk.clock, desk.vault).add("mail", "log", {}, secret=(), actor=ANN)
    assert store.add(channel.id, "kim@example.org", ANN) is True
    assert store.add(channel.id, "kim@example.org", ANN) is False
    desk.clock.advance(1)
    assert store.add(MAIL.id, "lee@example.org", ANN) is True
    assert desk.store.directory().opted_out == {(channel.id, "kim@example.org"), (MAIL.id, "lee@example.org")}
    assert [(row.channel, row.target) for row in store.list()] == [(None, "lee@example.org"), ("mail", "kim@example.org")]
    assert [row.target for row in store.list(limit=1, offset=1)] == ["kim@example.org"]
    assert store.remove(channel.id, "kim@example.org", ANN) is True
    assert store.remove(channel.id, "kim@example.org", ANN) is False
    assert desk.store.directory().opted_out == {(MAIL.id, "lee@example.org")}
    entries = [entry for entry in desk.audit() if entry.action.startswith("opt_out")]
    assert [entry.action for entry in entries] == ["opt_out.add", "opt_out.add", "opt_out.remove"]
    assert "kim" not in repr([(entry.before, entry.after, entry.note, entry.target_id) for entry in entries])
    for target in ("", "x" * 321, "a\0"):
        with pytest.raises(ConfigError):
            store.add(channel.id, target, ANN)
