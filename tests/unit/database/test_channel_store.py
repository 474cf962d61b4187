"""Channels, whose secrets are sealed in the database and shown to nobody."""

import pytest
import sqlalchemy as sa
from tests.support.audit import ANN
from tests.support.notices import a_rule
from tests.support.outbox import OutboxDesk
from tests.support.postgres import engine  # noqa: F401

from haetae.database.channel_secrets import part, whole
from haetae.database.channel_store import ChannelStore
from haetae.database.engine import session_scope, sqlite_path
from haetae.database.rule_store import RuleStore
from haetae.domain.rule import ChannelConfig, EscalationStep
from haetae.errors import ConfigError, Conflict, NotFound, VersionConflict
from haetae.ids import new_id
from haetae.vault import Vault

PASSWORD = "t0p-s3cret-w0rd"
TOKEN = "bearer-t0ken-9"
SETTINGS = {"host": "mail.example.org", "port": 587, "password": PASSWORD, "headers": {"X-Site": "gate", "Authorization": TOKEN}}
SECRET = frozenset({"password", "headers.Authorization", "proxy_password"})
PLAIN = {"host": "mail.example.org", "port": 587, "headers": {"X-Site": "gate"}}


@pytest.fixture
def desk(engine, tmp_path):  # noqa: F811
    return OutboxDesk(engine, tmp_path)


@pytest.fixture
def store(desk):
    return ChannelStore(desk.sessions, desk.clock, desk.vault)


def add(store, name="mail", settings=SETTINGS, **more):
    return store.add(name, "email", settings, secret=SECRET, actor=ANN, **more)


def column(desk, name="mail"):
    with session_scope(desk.sessions, read_only=True) as session:
        query = "SELECT secrets FROM notification_channels WHERE name = :name"
        return session.execute(sa.text(query), {"name": name}).scalar_one()


def put(desk, text, name="mail"):
    with session_scope(desk.sessions) as session:
        query = "UPDATE notification_channels SET secrets = :text WHERE name = :name"
        session.execute(sa.text(query), {"text": text, "name": name})


def everything(desk):
    """All that is stored, as bytes."""
    path = sqlite_path(desk.engine)
    if path is not None:
        return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    with desk.engine.connect() as connection:
        tables = ("notification_channels", "audit_entries")
        return "".join(str(row) for table in tables for row in connection.execute(sa.text(f"SELECT * FROM {table}"))).encode()  # noqa: S608


def test_settings_are_parted_by_their_paths_and_put_together_again():
    plain, secrets = part(SETTINGS, SECRET)
    assert (plain, secrets) == (PLAIN, {"password": PASSWORD, "headers.Authorization": TOKEN})
    assert whole(plain, secrets) == SETTINGS
    assert SETTINGS["headers"]["Authorization"] == TOKEN, "what is given is left alone"
    assert part({"headers": "none"}, SECRET) == ({"headers": "none"}, {})
    assert whole({}, {"a.b.c": 1}) == {"a": {"b": {"c": 1}}}


def test_secrets_are_sealed_and_whole_for_sending_only(desk, store):
    added = add(store)
    assert (added.settings, added.secrets_set, added.broken) == (PLAIN, {"password", "headers.Authorization"}, "")
    assert store.list() == [store.get(added.id)] == [added]
    config = store.config(added.id)
    assert config == ChannelConfig(added.id, "mail", "email", True, SETTINGS, 1)
    assert desk.store.directory().channels == {added.id: config}
    assert column(desk).startswith("sealed:v1:")
    for shown in (repr(added), repr(config), everything(desk).decode(errors="replace")):
        assert PASSWORD not in shown
        assert TOKEN not in shown


def test_secrets_that_are_not_given_anew_stay_and_those_that_are_none_go(store):
    added = add(store)
    changed = store.change(added.id, settings=PLAIN | {"port": 25}, secret=SECRET, actor=ANN)
    assert (changed.version, changed.settings["port"], changed.secrets_set) == (2, 25, added.secrets_set)
    assert store.config(added.id).settings == SETTINGS | {"port": 25}
    given = {**PLAIN, "password": "an0ther", "headers": {"X-Site": "gate", "Authorization": None}}
    changed = store.change(added.id, settings=given, secret=SECRET, actor=ANN)
    assert changed.secrets_set == {"password"}
    assert store.config(added.id).settings == PLAIN | {"password": "an0ther"}
    store.change(added.id, settings={**PLAIN, "password": None}, secret=SECRET, actor=ANN)
    assert store.config(added.id).settings == PLAIN


def test_a_change_of_nothing_is_no_change(desk, store):
    added, before = add(store), column(desk)
    entries = len(desk.audit())
    assert store.change(added.id, name="mail", enabled=True, settings=SETTINGS, secret=SECRET, actor=ANN) == added
    assert (column(desk), len(desk.audit())) == (before, entries)


def test_a_change_of_an_older_version_is_refused(store):
    added = add(store)
    store.change(added.id, enabled=False, actor=ANN, expected_version=1)
    with pytest.raises(VersionConflict):
        store.change(added.id, enabled=True, actor=ANN, expected_version=1)
    with pytest.raises(NotFound):
        store.change(new_id(), enabled=True, actor=ANN)
    assert store.get(added.id).enabled is False


def test_what_is_to_be_stored_is_looked_at_whole_and_refused_with_nothing_changed(store):
    seen = []

    def check(config):
        seen.append(dict(config.settings))
        if config.settings["port"] == 0:
            raise ConfigError("port 0")

    added = add(store, check=check)
    with pytest.raises(ConfigError, match="port 0"):
        store.change(added.id, settings=PLAIN | {"port": 0}, secret=SECRET, actor=ANN, check=check)
    with pytest.raises(ConfigError, match="port 0"):
        add(store, "another", SETTINGS | {"port": 0}, check=check)
    assert seen == [SETTINGS, SETTINGS | {"port": 0}, SETTINGS | {"port": 0}]
    assert store.list() == [added]


def test_names_are_there_once(store):
    add(store)
    other = add(store, " other ")
    assert other.name == "other"
    with pytest.raises(Conflict, match="mail"):
        add(store)
    with pytest.raises(Conflict, match="mail"):
        store.change(other.id, name="mail", actor=ANN)
    for name in ("", "x" * 129, "a\nb"):
        with pytest.raises(ConfigError):
            add(store, name)


def test_changes_are_in_the_audit_log_without_what_is_secret(desk, store):
    added = add(store)
    given = {**PLAIN, "port": 25, "password": "an0ther", "proxy_password": "pr0xy", "headers": {"X-Site": "gate", "Authorization": None}}
    store.change(added.id, name="post", enabled=False, settings=given, secret=SECRET, actor=ANN)
    store.remove(added.id, ANN)
    entries = desk.audit()
    assert [entry.action for entry in entries] == ["channel.add", "channel.change", "channel.remove"]
    assert {entry.target_id for entry in entries} == {str(added.id)}
    assert entries[0].after["secrets_set"] == ["headers.Authorization", "password"]
    assert entries[1].before == {"name": "mail", "enabled": True, "settings": PLAIN}
    assert entries[1].after == {
        "name": "post",
        "enabled": False,
        "settings": PLAIN | {"port": 25},
        "secrets": {"password": "changed", "proxy_password": "set", "headers.Authorization": "removed"},
    }
    told = repr([(entry.before, entry.after, entry.note) for entry in entries])
    assert not any(secret in told for secret in (PASSWORD, TOKEN, "an0ther", "pr0xy"))


def test_a_channel_that_a_rule_names_stays(desk, store):
    rules = RuleStore(desk.sessions, desk.clock)
    named, escalated, free = add(store, "named"), add(store, "escalated"), add(store, "free")
    rule = a_rule(camera_ids=None, channel_ids=(named.id,), escalation=(EscalationStep(60.0, (escalated.id,)),))
    rules.add(rule, ANN)
    for channel in (named, escalated):
        with pytest.raises(Conflict, match="guards"):
            store.remove(channel.id, ANN)
    store.remove(free.id, ANN)
    with pytest.raises(NotFound):
        store.remove(free.id, ANN)
    rules.remove(rule.id, ANN)
    store.remove(named.id, ANN)
    assert [channel.name for channel in store.list()] == ["escalated"]


def test_a_channel_whose_secrets_cannot_be_opened_is_listed_as_broken_and_stops_no_other(desk, store, capsys):
    broken, other = add(store, "a broken one"), add(store, "other")
    put(desk, column(desk, "other"), "a broken one")
    shown = {channel.name: channel for channel in store.list()}
    assert "another place" in shown["a broken one"].broken
    assert shown["a broken one"].settings == PLAIN
    assert shown["other"].broken == ""
    capsys.readouterr()
    assert set(desk.store.directory().channels) == {other.id}
    assert "a broken one" in capsys.readouterr().out
    desk.store.directory()
    assert "a broken one" not in capsys.readouterr().out, "once is enough"
    with pytest.raises(ConfigError):
        store.config(broken.id)


def test_a_broken_channel_can_be_switched_off_and_be_mended_by_giving_its_secrets_anew(desk, store):
    broken = add(store)
    put(desk, desk.vault.seal("{}", place="elsewhere"))
    assert store.change(broken.id, enabled=False, actor=ANN).broken
    with pytest.raises(ConfigError):
        store.change(broken.id, settings=PLAIN | {"password": "anew"}, secret=SECRET, actor=ANN)
    given = {**PLAIN, "password": "anew", "proxy_password": None, "headers": {"X-Site": "gate", "Authorization": None}}
    mended = store.change(broken.id, settings=given, secret=SECRET, enabled=True, actor=ANN)
    assert (mended.broken, mended.secrets_set) == ("", {"password"})
    assert store.config(broken.id).settings == PLAIN | {"password": "anew"}


def test_a_row_that_is_no_channel_is_told_apart(desk, store):
    add(store, "good")
    bad = add(store, "bad")
    # PostgreSQL stores no broken JSON.
    settings = "{" if desk.engine.dialect.name == "sqlite" else "5"
    with session_scope(desk.sessions) as session:
        session.execute(sa.text(f"UPDATE notification_channels SET settings = '{settings}' WHERE name = 'bad'"))  # noqa: S608
    channels, unreadable = store.read_all()
    assert ([channel.name for channel in channels], [row.name for row in unreadable]) == (["good"], ["bad"])
    assert len(desk.store.directory().channels) == 1
    with pytest.raises(ConfigError):
        store.get(bad.id)
    store.remove(bad.id, ANN)
    assert len(store.list()) == 1


def test_after_the_site_key_was_rotated_secrets_are_sealed_anew_and_older_ones_still_open(desk, store):
    added = add(store)
    plain = add(store, "plain", {"host": "x"})
    old = column(desk)
    assert store.seal_all() == 0
    desk.vault.rotate()
    assert store.config(added.id).settings == SETTINGS
    assert store.seal_all() == 1
    assert column(desk) != old
    assert column(desk).split(":")[2] != old.split(":")[2]
    assert store.get(added.id) == added, "nothing about the channel changed"
    assert store.config(added.id).settings == SETTINGS
    assert (column(desk, "plain"), plain.secrets_set) == (None, frozenset())


def test_secrets_sealed_with_a_key_that_is_gone_stay_as_they_are(desk, store, tmp_path):
    add(store)
    elsewhere = ChannelStore(desk.sessions, desk.clock, Vault.open(tmp_path / "elsewhere"))
    before = column(desk)
    assert elsewhere.seal_all() == 0
    assert column(desk) == before
    assert "site key" in elsewhere.list()[0].broken
    assert store.list()[0].broken == ""
