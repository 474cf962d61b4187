"""Who is looked at next, and who is not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from haetae.domain.event import Severity
from haetae.domain.triage import Waiting
from haetae.ids import new_id
from haetae.pipeline.triage_queue import COALESCED, CROWDED, QueueLimits, next_look, overflow

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GATE, YARD = UUID(int=1), UUID(int=2)
LIMITS = QueueLimits(most=4, alert_s=20.0)


def waiting(camera_id=GATE, severity=Severity.MEDIUM, *, age_s=10.0, settled=True, **changes):
    values = {"event_id": new_id(), "queued_at": NOW - timedelta(seconds=age_s), "alerted": False, "asked": False}
    return Waiting(**(values | {"camera_id": camera_id, "severity": severity, "settled": settled} | changes))


def chosen(*rows, served=None, busy=()):
    return next_look(rows, NOW, LIMITS, served=served or {}, busy=busy)


def test_the_most_severe_comes_first_and_what_people_ask_for_before_it():
    calm, severe, asked = waiting(), waiting(severity=Severity.CRITICAL), waiting(severity=Severity.LOW, asked=True)
    assert chosen(calm, severe) is severe
    assert chosen(calm, severe, asked) is asked
    assert chosen(calm, severe, busy=[severe.event_id]) is calm
    assert chosen() is None


def test_cameras_take_turns():
    gate, yard = waiting(GATE, age_s=99), waiting(YARD, age_s=1)
    assert chosen(gate, yard, served={GATE: 5.0}) is yard
    assert chosen(gate, yard, served={GATE: 5.0, YARD: 6.0}) is gate


def test_an_event_that_goes_on_is_looked_at_once_and_only_when_it_is_severe():
    assert chosen(waiting(settled=False)) is None
    severe = waiting(settled=False, severity=Severity.HIGH)
    assert chosen(severe) is severe
    assert chosen(waiting(settled=False, severity=Severity.HIGH, alerted=True)) is None
    assert chosen(waiting(settled=False, severity=Severity.HIGH, age_s=1.0)) is None, "there is nothing to see yet"
    assert chosen(waiting(settled=False, severity=Severity.HIGH, age_s=60.0)) is None, "it is too late for an alert"


def test_what_somebody_looks_at_already_is_left_to_them():
    assert chosen(waiting(leased=True)) is None


def test_of_too_many_the_least_severe_of_the_noisiest_camera_get_no_look():
    severe = [waiting(YARD, Severity.HIGH) for _ in range(2)]
    noisy = [waiting(GATE, age_s=100 - number) for number in range(5)]
    quiet = waiting(YARD)
    shed = overflow([*severe, *noisy, quiet], LIMITS)
    assert set(shed) == {each.event_id for each in noisy[1:]}, "the newest of the camera with the most"
    assert set(shed.values()) == {CROWDED}


def test_parts_of_one_incident_are_put_together_before_anything_else_goes():
    first = waiting(severity=Severity.LOW, age_s=50)
    parts = [waiting(severity=Severity.HIGH, continues=first.event_id) for _ in range(3)]
    others = [waiting(YARD, Severity.LOW) for _ in range(3)]
    shed = overflow([first, *parts, *others], LIMITS)
    assert set(shed.items()) == {(each.event_id, COALESCED) for each in parts}


@given(st.lists(st.tuples(st.sampled_from(Severity), st.integers(1, 4), st.booleans(), st.booleans()), max_size=40))
def test_no_more_than_allowed_wait_and_no_severe_one_goes_before_a_milder_one(rows):
    queue = [waiting(UUID(int=camera), severity, asked=asked, leased=leased) for severity, camera, asked, leased in rows]
    shed = overflow(queue, LIMITS)
    free = [each for each in queue if not each.asked and not each.leased]
    left = [each for each in free if each.event_id not in shed]
    assert len(left) == min(len(free), LIMITS.most)
    gone = [each for each in free if each.event_id in shed]
    assert len(gone) == len(shed), "nothing that was asked for or is looked at is shed"
    if gone and left:
        assert max(each.severity.rank for each in gone) <= min(each.severity.rank for each in left)
