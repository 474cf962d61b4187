"""What a rule would have sent."""

from dataclasses import replace

from tests.support.notices import CAMERA, HOOK, MAIL, a_directory, a_rule, after, an_event, an_occurrence, needs_target

from haetae.domain.event import Severity
from haetae.domain.notice import NoticeKind
from haetae.domain.rule import EscalationStep, RateLimit
from haetae.ids import new_id
from haetae.notifications.lane import Limits
from haetae.notifications.rehearsal import rehearse
from haetae.notifications.rules import Mismatch


def rehearsed(rule, *occurrences):
    return rehearse(rule, occurrences, a_directory(), needs_target=needs_target, limits=Limits())


def at(seconds, **changes):
    return an_occurrence(an_event(id=new_id(), timestamp=after(seconds), **changes))


def test_each_event_is_told_or_says_why_not():
    told, mild = at(0), at(5, severity=Severity.LOW)
    result = rehearsed(a_rule(enabled=False, camera_ids=frozenset({CAMERA})), mild, told)
    assert result.mismatches == {told.event.id: None, mild.event.id: Mismatch.SEVERITY}
    [message] = result.messages
    assert (message.at, message.kind, message.event_ids, message.lane.channel_id) == (after(0), NoticeKind.ALERT, (told.event.id,), MAIL.id)


def test_what_comes_thick_and_fast_is_held_back_and_counted():
    events = [at(seconds) for seconds in (0, 5, 10, 16)]
    result = rehearsed(a_rule(), *events)
    assert [(message.at, message.held_back) for message in result.messages] == [(after(0), 0), (after(16), 2)]
    assert result.held == {events[1].event.id, events[2].event.id}


def test_what_is_not_urgent_comes_in_one_digest_for_each_way():
    events = [at(seconds, severity=Severity.MEDIUM) for seconds in (0, 20, 70)]
    result = rehearsed(a_rule(channel_ids=(MAIL.id, HOOK.id)), *events)
    assert sorted((message.at, len(message.event_ids)) for message in result.messages) == [
        (after(60), 2),
        (after(60), 2),
        (after(130), 1),
        (after(130), 1),
    ]


def test_beyond_the_limit_it_is_put_together():
    rule = a_rule(rate_limit=RateLimit(1, 600.0))
    result = rehearsed(rule, *(at(seconds, camera_id=new_id()) for seconds in (0, 30, 60)))
    assert [(message.at, message.kind, len(message.event_ids)) for message in result.messages] == [
        (after(0), NoticeKind.ALERT, 1),
        (after(600), NoticeKind.DIGEST, 2),
    ]


def test_an_escalation_is_told_of_what_nobody_has_seen_to():
    rule = a_rule(escalation=(EscalationStep(120.0, (HOOK.id,)),))
    nobody, somebody = at(0), replace(at(100), acknowledged=True)
    kinds = [(message.kind, message.event_ids) for message in rehearsed(rule, nobody, somebody).messages]
    assert kinds == [
        (NoticeKind.ALERT, (nobody.event.id,)),
        (NoticeKind.ALERT, (somebody.event.id,)),
        (NoticeKind.ESCALATION, (nobody.event.id,)),
    ]


def test_a_rule_that_reaches_nobody_says_so():
    event = at(0)
    assert rehearsed(a_rule(recipients=()), event).unreached == {event.event.id}
