from dataclasses import replace

import pytest
from tests.support.audit import ANN
from tests.support.notices import ADDRESS, NOW, a_rule
from tests.support.outbox import OutboxDesk
from tests.support.postgres import engine  # noqa: F401

from haetae.database.engine import session_scope
from haetae.database.group_store import GroupStore
from haetae.database.models import User
from haetae.database.rule_store import RuleStore
from haetae.domain.rule import Group, Recipient, RecipientKind
from haetae.errors import ConfigError, Conflict, NotFound, VersionConflict
from haetae.ids import new_id

KIM = new_id()
MEMBERS = (Recipient(RecipientKind.USER, str(KIM)), ADDRESS)


@pytest.fixture
def desk(engine, tmp_path):  # noqa: F811
    desk = OutboxDesk(engine, tmp_path)
    with session_scope(desk.sessions) as session:
        session.add(User(id=KIM, username="kim", password_hash="x", created_at=NOW, updated_at=NOW))
    return desk


@pytest.fixture
def store(desk):
    return GroupStore(desk.sessions, desk.clock)


def test_a_group_is_stored_changed_and_told_to_the_engine(desk, store):
    group = Group(new_id(), "night shift", MEMBERS)
    added = store.add(group, ANN)
    assert (added.group, added.version, store.get(group.id)) == (group, 1, added)
    assert desk.store.directory().groups == {group.id: group}
    assert store.change(group.id, lambda known: replace(known, name=" night shift "), ANN).version == 1
    changed = store.change(group.id, lambda known: replace(known, members=MEMBERS[:1]), ANN, expected_version=1)
    assert (changed.version, store.read_all()) == (2, ([changed], []))
    with pytest.raises(VersionConflict):
        store.change(group.id, lambda known: known, ANN, expected_version=1)


def test_members_are_users_that_there_are_and_addresses(store):
    for member in (Recipient(RecipientKind.GROUP, str(KIM)), Recipient(RecipientKind.USER, str(new_id())), replace(ADDRESS, value=" \0")):
        with pytest.raises(ConfigError):
            store.add(Group(new_id(), "x", (member,)), ANN)
    with pytest.raises(ConfigError):
        store.add(Group(new_id(), " "), ANN)
    assert store.read_all() == ([], [])


def test_a_name_is_there_once_and_a_group_that_a_rule_names_stays(desk, store):
    rules = RuleStore(desk.sessions, desk.clock)
    group = store.add(Group(new_id(), "night shift", MEMBERS), ANN).group
    other = store.add(Group(new_id(), "day shift"), ANN).group
    with pytest.raises(Conflict):
        store.add(Group(new_id(), "day shift"), ANN)
    with pytest.raises(Conflict):
        store.change(other.id, lambda known: replace(known, name="night shift"), ANN)
    rule = a_rule(channel_ids=(), recipients=(Recipient(RecipientKind.GROUP, str(group.id)),))
    rules.add(rule, ANN)
    with pytest.raises(Conflict, match="guards"):
        store.remove(group.id, ANN)
    rules.remove(rule.id, ANN)
    store.remove(group.id, ANN)
    with pytest.raises(NotFound):
        store.get(group.id)


def test_changes_are_in_the_audit_log_without_addresses(desk, store):
    group = store.add(Group(new_id(), "night shift", MEMBERS), ANN).group
    store.change(group.id, lambda known: replace(known, members=()), ANN)
    store.remove(group.id, ANN)
    added, changed, removed = desk.audit()
    assert [added.action, changed.action, removed.action] == ["group.add", "group.change", "group.remove"]
    assert added.after == {"name": "night shift", "members": [f"user:{KIM}", "address:gu***@example.org"]}
    assert (changed.before, changed.after) == ({"members": added.after["members"]}, {"members": []})
