"""What is promised for an event, first and as it goes on."""

from dataclasses import replace
from datetime import time

import pytest
from tests.support.notices import (
    ADDRESS,
    HOOK,
    MAIL,
    NOW,
    a_directory,
    a_rule,
    after,
    an_event,
    an_occurrence,
    delivered,
    needs_target,
)

from haetae.domain.event import EventKind, EventStatus, Review, Severity
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.domain.rule import EscalationStep, Recipient, RecipientKind
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.notifications.planning import plan, stages_of

BOSS = Recipient(RecipientKind.ADDRESS, "boss@example.org")
NOON = WeeklySchedule("UTC", (ArmedSpan(frozenset(Weekday), time(11), time(13)),))


def planned(occurrence, *rules, existing=(), now=NOW):
    return plan(occurrence, list(existing), a_directory(*rules), now=now, needs_target=needs_target)


def first(occurrence, *rules, now=NOW):
    [row] = planned(occurrence, *rules, now=now).new
    return row


@pytest.mark.parametrize(
    ("severity", "digest", "due_s"),
    [(Severity.LOW, True, 60), (Severity.MEDIUM, True, 60), (Severity.HIGH, False, 0), (Severity.CRITICAL, False, 0)],
)
def test_what_is_urgent_goes_at_once_and_the_rest_into_a_digest(severity, digest, due_s):
    row = first(an_occurrence(an_event(severity=severity)), a_rule(min_severity=Severity.LOW))
    assert (row.kind, row.stage, row.digest, row.due_at) == (NoticeKind.ALERT, "alert", digest, after(due_s))
    assert (row.event_type, row.severity, row.lane.target) == ("anomaly", severity, ADDRESS.value)


def test_in_quiet_hours_it_waits_for_their_end_unless_it_is_critical():
    rule = a_rule(quiet_hours=NOON)
    row = first(an_occurrence(), rule)
    assert (row.digest, row.due_at) == (True, after(3600))
    row = first(an_occurrence(an_event(severity=Severity.CRITICAL)), rule)
    assert (row.digest, row.due_at) == (False, NOW)


def test_what_is_first_heard_of_hours_later_rings_nobody():
    assert first(an_occurrence(), a_rule(), now=after(4000)).digest


def test_a_new_rule_is_for_what_begins_from_then_on():
    occurrence = an_occurrence()
    assert planned(occurrence, a_rule(created_at=after(1)), now=after(5)).new == ()
    assert len(planned(occurrence, a_rule(created_at=after(-1)), now=after(5)).new) == 1


def test_two_rules_tell_one_person_once():
    assert len(planned(an_occurrence(), a_rule(), a_rule(channel_ids=(MAIL.id, HOOK.id))).new) == 2


def test_the_same_news_again_promises_nothing_more():
    rule = a_rule(escalation=(EscalationStep(60.0, (MAIL.id,), (BOSS,)),))
    occurrence = an_occurrence()
    rows = planned(occurrence, rule).new
    assert planned(occurrence, rule, existing=rows).new == ()
    assert planned(occurrence, rule, existing=[delivered(row, told=tuple(stages_of(occurrence))) for row in rows]).new == ()


def test_an_event_that_matches_only_when_it_has_grown_is_told_then():
    rule, event = a_rule(min_severity=Severity.HIGH), an_event(severity=Severity.LOW)
    assert planned(an_occurrence(event), rule).new == ()
    assert first(an_occurrence(replace(event, severity=Severity.HIGH)), rule).digest is False


def test_escalations_wait_for_their_time_and_end_when_somebody_has_seen_to_it():
    rule = a_rule(escalation=(EscalationStep(60.0, (MAIL.id,), (BOSS,)), EscalationStep(300.0, (HOOK.id,))))
    occurrence = an_occurrence()
    rows = planned(occurrence, rule).new
    assert [(row.stage, row.kind, row.due_at) for row in rows[1:]] == [
        ("escalation:1", NoticeKind.ESCALATION, after(60)),
        ("escalation:2", NoticeKind.ESCALATION, after(300)),
    ]
    for seen in ({"acknowledged": True}, {"review": Review.RESOLVED}, {"review": Review.FALSE_ALARM}):
        result = planned(replace(occurrence, **seen), rule, existing=rows)
        assert result.cancelled == {rows[1].id, rows[2].id}
    assert planned(replace(occurrence, review=Review.IN_PROGRESS), rule, existing=rows).cancelled == frozenset()


def test_nobody_is_alerted_of_what_was_seen_to_before():
    assert planned(an_occurrence(acknowledged=True), a_rule()).new == ()


def test_what_becomes_urgent_leaves_the_digest():
    rule, event = a_rule(), an_event(severity=Severity.MEDIUM)
    row = first(an_occurrence(event), rule)
    result = planned(an_occurrence(replace(event, severity=Severity.CRITICAL)), rule, existing=[row])
    assert (result.new, result.raised, result.hurried) == ((), {row.id: Severity.CRITICAL}, {row.id})


@pytest.mark.parametrize(
    ("state", "kind"),
    [(DeliveryState.SENT, NoticeKind.UPDATE), (DeliveryState.HELD, NoticeKind.ALERT), (DeliveryState.DEAD, NoticeKind.ALERT)],
)
def test_what_becomes_more_severe_is_told_again(state, kind):
    rule, event = a_rule(), an_event()
    told = replace(delivered(first(an_occurrence(event), rule)), state=state)
    worse = an_occurrence(replace(event, severity=Severity.CRITICAL))
    [row] = planned(worse, rule, existing=[told], now=after(5)).new
    assert (row.kind, row.stage, row.severity, row.digest) == (kind, "severity:critical", Severity.CRITICAL, False)
    assert planned(worse, rule, existing=[told, row], now=after(6)).new == ()


@pytest.mark.parametrize(
    ("event", "people", "stage"),
    [
        ({"vlm_type": "Falling", "vlm_description": "somebody fell"}, {}, "verdict"),
        ({}, {"review": Review.FALSE_ALARM}, "review:false_alarm"),
        ({"kind": EventKind.SYSTEM, "subtype": "camera_offline", "status": EventStatus.CLOSED}, {}, "ended"),
    ],
)
def test_what_becomes_of_an_event_follows_its_alert_once(event, people, stage):
    rule = a_rule(system_events=True)
    begun = an_event(**{key: event[key] for key in event if key in ("kind", "subtype")})
    alert = delivered(first(an_occurrence(begun), rule), told=("severity:high",))
    later = an_occurrence(replace(begun, **event), **people)
    [row] = planned(later, rule, existing=[alert]).new
    assert (row.kind, row.stage) == (NoticeKind.UPDATE, stage)
    assert planned(later, rule, existing=[alert, row]).new == (), "it is on its way"
    assert planned(later, rule, existing=[alert, delivered(row, told=tuple(stages_of(later)))]).new == ()
    assert planned(later, a_rule(id=rule.id, updates=False, system_events=True), existing=[alert]).new == ()


def test_no_update_follows_what_the_alert_said_already_or_what_nobody_was_told():
    rule = a_rule()
    event = an_event()
    alert = first(an_occurrence(event), rule)
    judged = an_occurrence(replace(event, vlm_type="Falling"))
    assert planned(judged, rule, existing=[alert]).new == (), "the alert will say it"
    assert planned(judged, rule, existing=[delivered(alert, told=("severity:high", "verdict"))]).new == ()
    assert planned(judged, rule, existing=[replace(alert, state=DeliveryState.HELD)]).new == ()
    assert planned(judged, rule, existing=[delivered(replace(alert, digest=True))]).new == ()


def test_a_suspicion_that_comes_later_is_told_once_where_nothing_became_more_severe():
    event, rule = an_event(severity=Severity.HIGH), a_rule()
    alert = delivered(first(an_occurrence(event), rule), told=tuple(stages_of(an_occurrence(event))))
    named = an_occurrence(replace(event, subtype="possible_fire"))
    [row] = planned(named, rule, existing=[alert]).new
    assert (row.kind, row.stage, row.event_type) == (NoticeKind.UPDATE, "suspicion:possible_fire", "possible_fire")
    assert not planned(named, rule, existing=[alert, delivered(row)]).new
    assert not planned(named, rule, existing=[delivered(first(named, rule), told=tuple(stages_of(named)))]).new
