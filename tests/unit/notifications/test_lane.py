"""What goes out next on a lane, and what is held back: whatever comes, in whatever order."""

import itertools
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.notices import NOW, a_delivery, after, delivered

from haetae.domain.delivery import LaneState
from haetae.domain.event import Severity
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.domain.rule import RateLimit
from haetae.ids import new_id
from haetae.notifications.lane import Limits, decide

LIMITS = Limits()


def state(*pending, sent=(), held=(), now=NOW):
    return LaneState(now, pending, tuple(sent), tuple(held))


def test_the_most_severe_goes_first_then_the_oldest():
    mild, severe, old = a_delivery(), a_delivery(severity=Severity.CRITICAL), a_delivery(created_at=after(-9))
    assert decide(state(mild, severe, old), LIMITS).send == (severe.id,)
    assert decide(state(mild, old), LIMITS).send == (old.id,)


def test_the_same_again_within_the_window_is_held_back_and_counted_by_the_next():
    sent = delivered(a_delivery(), at=after(-14))
    again = a_delivery()
    assert decide(state(again, sent=[sent]), LIMITS).hold == {again.id: sent.id}
    held = replace(again, state=DeliveryState.HELD)
    other = replace(held, id=new_id(), camera_id=new_id())
    later = decide(state(a_delivery(), sent=[], held=[held, other], now=after(2)), LIMITS)
    assert later.counted == (held.id,)


def test_what_is_more_severe_another_camera_another_type_or_an_update_passes():
    sent = delivered(a_delivery(), at=after(-1))
    for passes in (
        a_delivery(severity=Severity.CRITICAL),
        a_delivery(camera_id=new_id()),
        a_delivery(event_type="covered"),
        a_delivery(kind=NoticeKind.UPDATE, stage="verdict"),
        a_delivery(kind=NoticeKind.ESCALATION, stage="escalation:1"),
    ):
        assert decide(state(passes, sent=[sent]), LIMITS).send == (passes.id,)


def test_only_what_alarmed_starts_a_window():
    for quiet in (a_delivery(kind=NoticeKind.UPDATE, stage="verdict"), a_delivery(digest=True)):
        row = a_delivery()
        assert decide(state(row, sent=[delivered(quiet, at=after(-1))]), LIMITS).send == (row.id,)


def test_a_digest_takes_all_that_wait_but_not_what_quiet_hours_keep():
    due, soon = a_delivery(digest=True), a_delivery(digest=True, due_at=after(40))
    quiet = a_delivery(digest=True, due_at=after(7200))
    decision = decide(state(due, soon, quiet), LIMITS)
    assert decision.send == (due.id, soon.id)
    assert decision.message_key not in (None, due.id)
    assert decide(state(soon, quiet), LIMITS).send == ()


def test_a_digest_that_failed_is_tried_again_as_it_was():
    key = new_id()
    tried = [a_delivery(digest=True, message_key=key, attempts=1) for _ in range(3)]
    decision = decide(state(*tried, a_delivery(digest=True)), LIMITS)
    assert decision.send == tuple(row.id for row in tried)
    assert decision.message_key == key
    waiting = [replace(row, due_at=after(30)) for row in tried]
    new = a_delivery(digest=True)
    decision = decide(state(*waiting, new), LIMITS)
    assert (decision.send, decision.put_off) == ((), {new.id: after(30)}), "or the lane would be due all the time"


def test_one_digest_a_minute():
    before = delivered(a_delivery(digest=True), at=after(-20))
    row = a_delivery(digest=True)
    decision = decide(state(row, sent=[before]), LIMITS)
    assert (decision.send, decision.put_off) == ((), {row.id: after(40)})


def test_what_goes_beyond_a_rules_limit_waits_until_it_may():
    rule = new_id()
    limits = Limits(by_rule={rule: RateLimit(2, 600.0)})
    sent = [delivered(a_delivery(rule_id=rule, camera_id=new_id()), at=after(-seconds)) for seconds in (500, 100)]
    row, others = a_delivery(rule_id=rule), a_delivery(rule_id=new_id())
    decision = decide(state(row, others, sent=sent), limits)
    assert decision.put_off == {row.id: after(100)}
    assert decision.send == (others.id,)
    assert decide(state(row, sent=sent[1:]), limits).send == (row.id,)


def test_a_clock_that_was_set_back_keeps_nothing_waiting():
    row = a_delivery(digest=True, due_at=after(3600), created_at=after(3540))
    assert decide(state(row), LIMITS).send == (row.id,)


# Simulated lanes: alerts arrive, messages succeed or fail, and the lane is served like the engine serves it.

ARRIVALS = st.lists(
    st.tuples(st.floats(0, 20), st.sampled_from(Severity), st.sampled_from(["anomaly", "covered"]), st.booleans()), min_size=1, max_size=40
)


class Simulation:
    """A lane with a clock: `serve` does what the engine does until nothing is due."""

    def __init__(self, fails):
        self.now = NOW
        self.rows = {}
        self.messages = []
        self._fails = iter(fails)

    def arrive(self, severity, event_type):
        digest = severity.rank < Severity.HIGH.rank
        due_at = self.now + timedelta(seconds=60 if digest else 0)
        row = a_delivery(severity=severity, event_type=event_type, digest=digest, due_at=due_at, created_at=self.now)
        self.rows[row.id] = row

    def serve(self):
        while True:
            pending = [row for row in self.rows.values() if row.state is DeliveryState.PENDING and (row.digest or row.due_at <= self.now)]
            sent = [row for row in self.rows.values() if row.state is DeliveryState.SENT]
            held = [row for row in self.rows.values() if row.state is DeliveryState.HELD and row.counted_in is None]
            decision = decide(state(*pending, sent=sent, held=held, now=self.now), LIMITS)
            for row_id, by in decision.hold.items():
                self._set(row_id, state=DeliveryState.HELD, held_by=by, finished_at=self.now)
            for row_id, until in decision.put_off.items():
                self._set(row_id, due_at=until, digest=True)
            if not decision.send:
                return
            failed = next(self._fails, False)
            for row_id in decision.send:
                if failed:
                    self._set(row_id, message_key=decision.message_key, due_at=self.now + timedelta(seconds=2))
                else:
                    self._set(row_id, message_key=decision.message_key, state=DeliveryState.SENT, finished_at=self.now)
            if not failed:
                self.messages.append((self.now, [self.rows[row_id] for row_id in decision.send], len(decision.counted)))
                for row_id in decision.counted:
                    self._set(row_id, counted_in=decision.message_key)

    def _set(self, row_id, **changes):
        self.rows[row_id] = replace(self.rows[row_id], **changes)


@settings(max_examples=150, deadline=None)
@given(ARRIVALS, st.lists(st.booleans(), max_size=30))
def test_never_two_of_the_same_in_a_window_never_a_more_severe_one_held_and_all_is_accounted_for(arrivals, fails):
    lane = Simulation(fails)
    for gap_s, severity, event_type, serve in arrivals:
        lane.now += timedelta(seconds=gap_s)
        lane.arrive(severity, event_type)
        if serve:
            lane.serve()
    for _ in range(80):
        lane.now += timedelta(seconds=5)
        lane.serve()
    alerts = [(at, rows[0]) for at, rows, _ in lane.messages if not rows[0].digest]
    for number, (at, row) in enumerate(alerts):
        for earlier_at, earlier in alerts[:number]:
            same = earlier.sort == row.sort and at - earlier_at < timedelta(seconds=15)
            assert not same or earlier.severity.rank < row.severity.rank
    held = [row for row in lane.rows.values() if row.state is DeliveryState.HELD]
    for row in held:
        by = lane.rows[row.held_by]
        assert by.state is DeliveryState.SENT
        assert by.severity.rank >= row.severity.rank
        assert by.sort == row.sort
    digests = [at for at, rows, _ in lane.messages if rows[0].digest]
    assert all(later - earlier >= timedelta(seconds=60) for earlier, later in itertools.pairwise(digests))
    told = [row.id for _, rows, _ in lane.messages for row in rows]
    assert len(told) == len(set(told))
    assert len(told) + len(held) == len(lane.rows), "sent + held back = matched"
    assert sum(count for _, _, count in lane.messages) == sum(row.counted_in is not None for row in held)
