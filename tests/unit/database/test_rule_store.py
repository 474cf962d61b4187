from dataclasses import replace
from datetime import time

import pytest
import sqlalchemy as sa
from tests.support.accounts import at_once
from tests.support.audit import ANN
from tests.support.notices import CAMERA, a_rule
from tests.support.outbox import OutboxDesk
from tests.support.postgres import engine  # noqa: F401

from haetae.database.channel_store import ChannelStore
from haetae.database.engine import session_scope
from haetae.database.group_store import GroupStore
from haetae.database.models import User
from haetae.database.rule_rows import check_rule
from haetae.database.rule_store import RuleStore
from haetae.domain.event import Severity
from haetae.domain.rule import EscalationStep, Group, RateLimit, Recipient, RecipientKind, Rule
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.errors import ConfigError, Conflict, NotFound, VersionConflict
from haetae.ids import new_id

NIGHT = WeeklySchedule("Asia/Seoul", (ArmedSpan(frozenset({Weekday.SUN, Weekday.MON, Weekday.FRI}), time(22), time(6, 30)),))


@pytest.fixture
def desk(engine, tmp_path):  # noqa: F811
    desk = OutboxDesk(engine, tmp_path)
    desk.camera("door")
    return desk


@pytest.fixture
def store(desk):
    return RuleStore(desk.sessions, desk.clock)


@pytest.fixture
def whole(desk):
    """A rule that uses everything there is."""
    channels = ChannelStore(desk.sessions, desk.clock, desk.vault)
    mail, hook = (channels.add(name, "log", {}, secret=(), actor=ANN).id for name in ("mail", "hook"))
    group = GroupStore(desk.sessions, desk.clock).add(Group(new_id(), "night shift"), ANN).group
    user = new_id()
    with session_scope(desk.sessions) as session:
        session.add(User(id=user, username="kim", password_hash="x", created_at=desk.clock.now(), updated_at=desk.clock.now()))
    return Rule(
        id=new_id(),
        name='Tor "Süd" 정문',
        enabled=False,
        camera_ids=frozenset({CAMERA}),
        event_types=frozenset({"Falling", "covered", "anomaly"}),
        system_events=True,
        min_severity=Severity.HIGH,
        min_score=1 / 3,
        time_zone="Asia/Seoul",
        schedule=NIGHT,
        quiet_hours=replace(NIGHT, time_zone="UTC"),
        channel_ids=(mail, hook),
        recipients=(
            Recipient(RecipientKind.USER, str(user)),
            Recipient(RecipientKind.GROUP, str(group.id)),
            Recipient(RecipientKind.ADDRESS, "guard@example.org"),
        ),
        escalation=(EscalationStep(300.0, (hook,)), EscalationStep(600.5, (), (Recipient(RecipientKind.ADDRESS, "chief@example.org"),))),
        language="ko",
        title_template="{{ camera }}",
        text_template="{{ text }}\n",
        rate_limit=RateLimit(5, 600.0),
        include_picture=False,
        include_clip_link=False,
        updates=False,
    )


def simple(**changes):
    return replace(a_rule(camera_ids=None, channel_ids=()), **changes)


def test_a_rule_comes_back_as_it_was(desk, store, whole):
    added = store.add(whole, ANN)
    assert (added.rule, added.version, added.created_at) == (whole, 1, desk.clock.now())
    assert store.get(whole.id) == added
    plain = store.add(Rule(new_id(), "plain"), ANN)
    assert {stored.rule.id: stored for stored in store.list()} == {whole.id: added, plain.rule.id: plain}
    assert desk.store.directory().rules == (plain.rule,), "those that are switched off are none"


def test_a_change_is_stored_with_a_new_version_and_the_same_again_is_none(desk, store, whole):
    store.add(whole, ANN)
    desk.clock.advance(5)
    assert store.change(whole.id, lambda rule: replace(rule, event_types=frozenset(sorted(rule.event_types))), ANN).version == 1
    changed = store.change(whole.id, lambda rule: replace(rule, enabled=True, rate_limit=None, schedule=None), ANN, expected_version=1)
    assert changed.rule == replace(whole, enabled=True, rate_limit=None, schedule=None)
    assert (changed.version, changed.updated_at) == (2, desk.clock.now())
    assert desk.store.directory().rules == (changed.rule,)
    with pytest.raises(VersionConflict):
        store.change(whole.id, lambda rule: rule, ANN, expected_version=1)
    with pytest.raises(NotFound):
        store.change(new_id(), lambda rule: rule, ANN)
    with pytest.raises(ValueError, match="id"):
        store.change(whole.id, lambda rule: replace(rule, id=new_id()), ANN)


def test_of_two_who_change_the_same_version_one_is_told(store):
    rule = store.add(simple(), ANN).rule

    def change(name):
        return store.change(rule.id, lambda known: replace(known, name=name), ANN, expected_version=1)

    found = at_once(*(lambda name=name: change(name) for name in ("a", "b", "c")))
    assert sum(isinstance(each, VersionConflict) for each in found) == 2
    assert store.get(rule.id).version == 2


def test_names_are_there_once(store):
    first = store.add(simple(name=" guards "), ANN)
    assert first.rule.name == "guards"
    other = store.add(simple(name="others"), ANN)
    for work in (
        lambda: store.add(simple(name="guards"), ANN),
        lambda: store.change(other.rule.id, lambda rule: replace(rule, name="guards"), ANN),
        lambda: store.add(simple(id=first.rule.id, name="new"), ANN),
    ):
        with pytest.raises(Conflict):
            work()
    assert len(store.list()) == 2


def test_what_is_not_there_is_refused_by_name(store):
    absent = new_id()
    for noun, changes in {
        "camera": {"camera_ids": frozenset({CAMERA, absent})},
        "channel": {"escalation": (EscalationStep(60.0, (absent,)),)},
        "user": {"recipients": (Recipient(RecipientKind.USER, str(absent)),)},
        "group": {"recipients": (Recipient(RecipientKind.GROUP, str(absent)),)},
    }.items():
        with pytest.raises(ConfigError, match=f"{noun} {absent}"):
            store.add(simple(**changes), ANN)
    assert store.list() == []


def test_a_rule_that_means_nothing_is_neither_added_nor_made_of_one(store):
    known = store.add(simple(), ANN)
    for work in (
        lambda: store.add(simple(name="other", min_score=2.0), ANN),
        lambda: store.change(known.rule.id, lambda rule: replace(rule, min_score=2.0), ANN),
    ):
        with pytest.raises(ConfigError, match="min_score"):
            work()
    assert store.list() == [known]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 129},
        {"language": "klingon!"},
        {"time_zone": "Mars/Olympus"},
        {"min_score": 1.5},
        {"rate_limit": RateLimit(0, 60.0)},
        {"rate_limit": RateLimit(1, 0.0)},
        {"escalation": (EscalationStep(0.0, ()),)},
        {"recipients": (Recipient(RecipientKind.ADDRESS, ""),)},
        {"recipients": (Recipient(RecipientKind.ADDRESS, "a\nb@example.org"),)},
        {"recipients": (Recipient(RecipientKind.ADDRESS, "x" * 321),)},
        {"recipients": (Recipient(RecipientKind.USER, "kim"),)},
        {"text_template": "\0"},
        {"event_types": frozenset(str(number) for number in range(1001))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_would_mean_nothing_is_refused(changes):
    with pytest.raises(ConfigError):
        check_rule(simple(**changes))


def test_changes_are_in_the_audit_log_without_addresses(desk, store, whole):
    store.add(whole, ANN)
    store.change(whole.id, lambda rule: replace(rule, min_score=0.5), ANN)
    store.change(whole.id, lambda rule: replace(rule, recipients=(Recipient(RecipientKind.ADDRESS, "gunter@example.org"),)), ANN)
    store.change(whole.id, lambda rule: replace(rule, recipients=(Recipient(RecipientKind.ADDRESS, "gudrun@example.org"),)), ANN)
    store.remove(whole.id, ANN)
    entries = [entry for entry in desk.audit() if entry.target_type == "rule"]
    assert [entry.action for entry in entries] == ["rule.add", *["rule.change"] * 3, "rule.remove"]
    assert entries[0].after["schedule"] == "mon,fri,sun 22:00-06:30 @ Asia/Seoul"
    assert entries[0].after["recipients"][2] == "address:gu***@example.org"
    assert (entries[1].before, entries[1].after) == ({"min_score": 1 / 3}, {"min_score": 0.5})
    assert entries[3].before == entries[3].after == {"recipients": ["address:gu***@example.org"]}
    assert entries[4].before == {"name": whole.name}
    told = repr([(entry.before, entry.after) for entry in entries])
    assert not any(name in told for name in ("guard@", "chief@", "gunter", "gudrun"))


def test_a_rule_that_cannot_be_read_is_told_apart_left_out_and_can_be_removed(desk, store, capsys):
    good, odd, bad = (store.add(simple(name=name), ANN).rule for name in ("good", "odd", "bad"))
    with session_scope(desk.sessions) as session:
        session.execute(sa.text("UPDATE notification_rules SET min_score = 7 WHERE name = 'odd'"))
        broken = "{" if desk.engine.dialect.name == "sqlite" else '{"no": "list"}'
        session.execute(sa.text("UPDATE notification_rules SET recipients = :text WHERE name = 'bad'"), {"text": broken})
    rules, unreadable = store.read_all()
    assert [stored.rule for stored in rules] == [good]
    assert [row.name for row in unreadable] == ["bad", "odd"]
    assert "min_score" in unreadable[1].error
    capsys.readouterr()
    assert desk.store.directory().rules == (good,)
    assert capsys.readouterr().out.count("notifications_leave_out") == 2
    desk.store.directory()
    assert capsys.readouterr().out == ""
    for rule in (odd, bad):
        with pytest.raises(ConfigError):
            store.get(rule.id)
        store.remove(rule.id, ANN)
    with pytest.raises(NotFound):
        store.remove(bad.id, ANN)
    assert store.list() == rules
