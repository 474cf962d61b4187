"""Which rule wants which event, and whom it reaches."""

from datetime import time
from uuid import UUID

import pytest
from tests.support.notices import ADDRESS, CAMERA, HOOK, MAIL, NOW, a_directory, a_person, a_rule, an_event, needs_target

from haetae.domain.delivery import Lane
from haetae.domain.event import SITE, EventKind, Severity
from haetae.domain.rule import Group, Recipient, RecipientKind
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.ids import new_id
from haetae.notifications.rules import Mismatch, lanes, mismatch, quiet_until

# NOW is a Wednesday, 12:00 in UTC and 21:00 in Seoul.
EVERY_DAY = frozenset(Weekday)
NIGHT = WeeklySchedule("Asia/Seoul", (ArmedSpan(EVERY_DAY, time(20), time(6)),))
DAY = WeeklySchedule("Asia/Seoul", (ArmedSpan(EVERY_DAY, time(6), time(20)),))


@pytest.mark.parametrize(
    ("rule", "event", "why"),
    [
        ({}, {}, None),
        ({"enabled": False}, {}, Mismatch.DISABLED),
        ({"camera_ids": frozenset({CAMERA})}, {}, None),
        ({"camera_ids": frozenset({new_id()})}, {}, Mismatch.CAMERA),
        ({"camera_ids": frozenset()}, {}, Mismatch.CAMERA),
        ({"event_types": frozenset({"Falling"})}, {}, Mismatch.TYPE),
        ({"event_types": frozenset({"Falling"})}, {"vlm_type": "Falling"}, None),
        ({"event_types": frozenset({"tamper"})}, {"kind": EventKind.TAMPER, "subtype": "covered"}, None),
        ({"event_types": frozenset({"covered"})}, {"kind": EventKind.TAMPER, "subtype": "covered"}, None),
        ({"min_severity": Severity.CRITICAL}, {}, Mismatch.SEVERITY),
        ({"min_score": 0.95}, {}, Mismatch.SCORE),
        ({"schedule": NIGHT}, {}, None),
        ({"schedule": DAY}, {}, Mismatch.SCHEDULE),
        ({}, {"kind": EventKind.SYSTEM, "subtype": "camera_offline"}, Mismatch.SYSTEM),
        ({"system_events": True}, {"kind": EventKind.SYSTEM, "subtype": "camera_offline"}, None),
        # A system event has no score, and one of the site no camera.
        ({"system_events": True, "min_score": 0.9}, {"kind": EventKind.SYSTEM, "vad_score": 0.0}, None),
        ({"system_events": True, "camera_ids": frozenset({new_id()})}, {"kind": EventKind.SYSTEM, "camera_id": SITE}, None),
    ],
)
def test_a_rule_says_why_it_does_not_match(rule, event, why):
    assert mismatch(a_rule(**rule), an_event(**event)) is why


def test_quiet_hours_end_on_the_wall_clock_of_the_rule_and_critical_knows_none():
    rule = a_rule(quiet_hours=NIGHT)
    until = quiet_until(rule, Severity.HIGH, NOW)
    assert until is not None
    assert until.isoformat() == "2026-03-04T21:00:00+00:00", "06:00 in Seoul"
    assert quiet_until(rule, Severity.CRITICAL, NOW) is None
    assert quiet_until(a_rule(quiet_hours=DAY), Severity.HIGH, NOW) is None


def reached(recipients, event, *channels, **directory):
    return lanes([channel.id for channel in channels], recipients, event, a_directory(**directory), needs_target)


def user(person):
    return Recipient(RecipientKind.USER, str(person.user_id))


def test_a_channel_with_its_own_target_is_one_way_whoever_is_named():
    assert reached((ADDRESS, ADDRESS), an_event(), HOOK) == {Lane(HOOK.id, ""): None}


def test_a_person_is_told_of_no_camera_that_the_person_may_not_see():
    sees, not_this, left, admin = (
        a_person(cameras={CAMERA}, email="sees@example.org"),
        a_person(cameras={new_id()}, email="other@example.org"),
        a_person(cameras={CAMERA}, active=False, email="left@example.org"),
        a_person(email="admin@example.org", sees_system=True),
    )
    people = (sees, not_this, left, admin)
    recipients = tuple(map(user, people))
    found = reached(recipients, an_event(), MAIL, people=people)
    assert found == {Lane(MAIL.id, "sees@example.org"): sees.user_id, Lane(MAIL.id, "admin@example.org"): admin.user_id}
    site = an_event(kind=EventKind.SYSTEM, camera_id=SITE)
    assert list(reached(recipients, site, MAIL, people=people)) == [Lane(MAIL.id, "admin@example.org")]


def test_a_group_is_its_members_each_told_once():
    person = a_person(email="kim@example.org")
    group = Group(new_id(), "night", (user(person), ADDRESS))
    recipients = (Recipient(RecipientKind.GROUP, str(group.id)), ADDRESS, Recipient(RecipientKind.GROUP, str(new_id())))
    found = reached(recipients, an_event(), MAIL, people=[person], groups=[group])
    assert [lane.target for lane in found] == ["kim@example.org", "guard@example.org"]


def test_nobody_is_reached_over_a_channel_that_is_gone_or_by_a_user_without_an_address():
    person = a_person(email=None)
    assert reached((user(person),), an_event(), MAIL, people=[person]) == {}
    assert lanes([UUID(int=1)], (ADDRESS,), an_event(), a_directory(), needs_target) == {}
