"""One message of a lane at a time, whoever asks, and whatever the clock does."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.accounts import at_once
from tests.support.notices import CAMERA, NOW, a_delivery, after, delivered
from tests.support.outbox import LANE, LEASE_S, OutboxDesk, another_lane, on, send_all, send_first, shared_engine, statements  # noqa: F401

from haetae.database.engine import session_scope
from haetae.database.event_news import note_news
from haetae.database.event_repository import upsert_events
from haetae.database.lane_claims import MOST_URGENT
from haetae.database.outbox_store import OutboxStore
from haetae.domain.delivery import Decision, Lane, Settlement
from haetae.domain.event import Severity
from haetae.domain.notice import DeliveryState, Receipt
from haetae.ids import new_id
from haetae.notifications.lane import Limits, decide

ACCEPTED = Receipt("250 OK")


@pytest.fixture
def desk(shared_engine, tmp_path):  # noqa: F811
    return OutboxDesk(shared_engine, tmp_path).empty()


def ids(rows):
    return [row.id for row in rows]


# Who gets what


def test_what_is_claimed_is_leased_under_one_key_and_given_as_it_is_now(desk):
    one, other = desk.due(2)
    claim = desk.claim()
    assert (claim.lane, ids(claim.rows)) == (LANE, ids((one, other)))
    leased = {"lease_until": after(LEASE_S), "message_key": claim.message_key, "attempts": 1}
    assert claim.rows == (replace(one, **leased), replace(other, **leased))
    assert desk.rows() == {row.id: row for row in claim.rows}


def test_a_lane_on_which_a_message_is_under_way_gives_nothing_more_until_the_lease_ends(desk):
    one, other = desk.due(2)
    first = desk.claim(send_first)
    assert desk.claim() is None
    assert desk.store.lanes_due(NOW, 10) == []
    desk.put(on(another_lane()))
    assert desk.claim(lane=another_lane()) is not None
    desk.clock.advance(LEASE_S)
    again = desk.claim(send_first)
    assert (ids(again.rows), again.message_key, again.rows[0].attempts) == ([one.id], first.message_key, 2)
    assert desk.row(other).attempts == 0


def test_who_lost_the_lease_can_note_no_failure_but_that_it_was_sent(desk):
    desk.due(1)
    late = desk.claim()
    desk.clock.advance(LEASE_S)
    current = desk.claim()
    before = desk.rows()
    desk.store.failed(late, at=after(LEASE_S), error="too late", answer="", retry_at=None)
    desk.store.cancel(late, ids(late.rows), at=after(LEASE_S), reason="too late")
    assert desk.rows() == before
    desk.store.sent(late, ACCEPTED, at=after(LEASE_S), told={})
    desk.store.failed(current, at=after(LEASE_S + 1), error="refused", answer="", retry_at=None)
    assert desk.states(*late.rows) == [DeliveryState.SENT]


def test_two_who_ask_at_the_same_moment_never_get_the_same_row(desk):
    lanes = [another_lane(number) for number in range(4)]
    rows = desk.put(*(on(lane, created_at=NOW) for lane in lanes for _ in range(6)))
    got: list[UUID] = []
    deciding: set[Lane] = set()

    def alone(state):
        lane = state.pending[0].lane
        assert lane not in deciding, "two decide about one lane"
        deciding.add(lane)
        decision = send_first(state)
        deciding.discard(lane)
        return decision

    def work():
        store = OutboxStore(desk.sessions, desk.clock, desk.vault)
        while len(got) < len(rows):
            for lane in lanes:
                claim = store.claim(lane, now=NOW, lease_s=LEASE_S, sent_since=NOW, decide=alone)
                if claim is not None:
                    got.extend(ids(claim.rows))
                    store.sent(claim, ACCEPTED, at=NOW, told={})

    assert at_once(work, work, work) == [None] * 3
    assert sorted(got) == sorted(ids(rows))


PROCESS = """
import sys
from pathlib import Path
from uuid import UUID
from tests.support.notices import NOW
from tests.support.outbox import OutboxDesk, send_first
from haetae.database.engine import make_engine
from haetae.domain.delivery import Lane

desk = OutboxDesk(make_engine(sys.argv[1]), Path(sys.argv[2]))
lanes = [Lane(UUID(sys.argv[3]), target) for target in sys.argv[4:]]
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    for lane in lanes:
        claim = desk.claim(send_first, lane=lane)
        if claim is not None:
            print(claim.rows[0].id, flush=True)
            desk.store.failed(claim, at=NOW, error="", answer="", retry_at=None)
"""


def test_two_processes_never_get_the_same_row(desk, tmp_path):
    lanes = [another_lane(number) for number in range(4)]
    rows = desk.put(*(on(lanes[number % 4], created_at=NOW) for number in range(60)))
    url = desk.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", PROCESS, url, str(tmp_path), str(lanes[0].channel_id), *(lane.target for lane in lanes)]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        said = [worker.communicate(timeout=60)[0].split() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert sorted(said[0] + said[1]) == sorted(str(row.id) for row in rows)
    assert desk.store.lanes_due(NOW, 1) == []


def test_those_who_settle_send_and_acknowledge_at_once_do_not_block_each_other_for_good(desk):
    """Each writes the rows and the news of the same events; on PostgreSQL one of two who wait for each other would be ended."""
    events = [desk.event(number) for number in range(12)]

    def settle(number):
        news = desk.store.news(50)
        pending = [row for rows in desk.store.deliveries_of([event.id for event in events]).values() for row in rows]
        raised = {row.id: Severity.CRITICAL for row in reversed(pending)}
        new = tuple(a_delivery(event_id=event.id, stage=f"s{number}", created_at=NOW) for event in reversed(events))
        desk.store.settle(Settlement({each.event_id: each.token for each in reversed(news)}, new, raised))

    def send(_number):
        claim = desk.claim()
        if claim is not None:
            desk.store.sent(claim, ACCEPTED, at=NOW, told={})

    def write(_number):
        with session_scope(desk.sessions) as session:
            upsert_events(session, [replace(event, revision=1) for event in events], stored_at=NOW)
            note_news(session, [event.id for event in events], NOW)

    def repeat(work):
        for number in range(12):
            work(number)

    assert at_once(*(lambda work=work: repeat(work) for work in (settle, settle, send, write))) == [None] * 4


# What is given to be decided


def test_of_very_many_the_most_severe_are_given_oldest_first(desk):
    severe = desk.due(3, severity=Severity.CRITICAL)
    mild = desk.due(600, severity=Severity.MEDIUM)
    state = desk.state()
    assert len(state.pending) == MOST_URGENT
    assert set(ids(state.pending)) == {*ids(severe), *ids(mild[: MOST_URGENT - 3])}
    assert list(state.pending) == sorted(state.pending, key=lambda row: row.created_at)


def test_once_one_row_of_a_digest_is_due_all_that_wait_for_one_are_given(desk):
    waiting = desk.put(*(a_delivery(digest=True, due_at=after(30 + number)) for number in range(3)))
    alone = desk.put(a_delivery(due_at=after(30)), a_delivery(digest=True, due_at=after(30), state=DeliveryState.HELD))
    assert desk.state() is None
    desk.clock.advance(30)
    assert set(ids(desk.state().pending)) == {*ids(waiting), alone[0].id}
    assert desk.state(lane=another_lane()) is None


def test_a_digest_that_is_tried_again_has_exactly_the_same_rows(desk):
    desk.due(3, digest=True)
    first = desk.claim(lambda state: decide(state, Limits()))
    desk.store.failed(first, at=after(1), error="refused", answer="", retry_at=after(10))
    more = desk.due(600, digest=True, severity=Severity.CRITICAL)
    desk.clock.advance(10)
    again = desk.claim(lambda state: decide(state, Limits()))
    assert (again.message_key, set(ids(again.rows))) == (first.message_key, set(ids(first.rows)))
    assert [row.attempts for row in again.rows] == [2, 2, 2]
    desk.store.sent(again, ACCEPTED, at=after(11), told={})
    desk.clock.advance(100)
    assert set(ids(desk.claim(lambda state: decide(state, Limits())).rows)) < set(ids(more))


def test_messages_of_many_that_were_tried_are_whole_even_where_they_are_more_than_are_given(desk):
    tried = [desk.due(300, digest=True, message_key=new_id(), attempts=1) for _ in range(2)]
    severe = desk.due(250, severity=Severity.CRITICAL)
    assert set(ids(desk.state().pending)) == {row.id for rows in (*tried, severe[:MOST_URGENT]) for row in rows}


def test_what_was_sent_and_held_lately_is_given_and_nothing_else(desk):
    def held(**changes):
        return a_delivery(state=DeliveryState.HELD, held_by=new_id(), **{"finished_at": after(-60)} | changes)

    sent = desk.put(delivered(a_delivery(), after(-10)), delivered(a_delivery(), after(-200)))
    desk.put(delivered(a_delivery(), after(-400)), delivered(on(another_lane()), after(-10)))
    kept = desk.put(held(), held(severity=Severity.LOW, event_type="covered", finished_at=NOW - timedelta(hours=23)))
    desk.put(held(counted_in=new_id()), held(finished_at=NOW - timedelta(hours=25)), replace(held(), target="else@example.org"))
    desk.put(a_delivery(state=DeliveryState.DEAD, finished_at=after(-1)))
    desk.due(1)
    state = desk.state(sent_since=after(-300))
    assert list(state.sent) == sorted(sent, key=lambda row: row.finished_at)
    assert [(row.id, row.sort, row.severity) for row in state.held] == [(row.id, row.sort, row.severity) for row in kept]
    assert state.held[0].sort == (CAMERA, "anomaly")


# What is decided


def test_what_is_held_back_is_counted_by_the_message_that_is_sent_and_only_then(desk):
    told, one, other, new = desk.due(4)
    desk.claim(lambda state: Decision(hold={one.id: told.id, other.id: told.id}))
    held = desk.row(one)
    assert (held.state, held.held_by, held.finished_at) == (DeliveryState.HELD, told.id, NOW)
    claim = desk.claim(lambda state: Decision((new.id,), new.id, counted=tuple(ids(state.held))))
    assert set(claim.counted) == {one.id, other.id}
    desk.store.failed(claim, at=after(1), error="", answer="", retry_at=after(1))
    assert desk.row(one).counted_in is None
    desk.clock.advance(1)
    claim = desk.claim(lambda state: Decision((new.id,), new.id, counted=tuple(ids(state.held))))
    desk.store.sent(claim, ACCEPTED, at=after(2), told={})
    assert {desk.row(one).counted_in, desk.row(other).counted_in} == {new.id}
    assert desk.state().held == ()


def test_what_is_put_off_waits_as_part_of_a_digest(desk):
    [row] = desk.due(1)
    assert desk.claim(lambda state: Decision(put_off={row.id: after(40)})) is None
    assert desk.row(row) == replace(row, due_at=after(40), digest=True)
    assert desk.store.lanes_due(after(39), 1) == []
    assert desk.store.lanes_due(after(40), 1) == [LANE]


def test_a_decision_that_fails_changes_nothing_and_holds_nobody_up(desk):
    desk.due(2)
    before = desk.rows()

    def fail(state):
        raise RuntimeError("no idea")

    with pytest.raises(RuntimeError, match="no idea"):
        desk.claim(fail)
    assert desk.rows() == before
    assert desk.claim() is not None


def test_a_burst_is_held_back_and_counted_in_few_statements(desk):
    told = a_delivery(severity=Severity.HIGH)
    burst = [a_delivery(created_at=after(number / 1000)) for number in range(2000)]
    desk.put(delivered(told, NOW), *burst)
    desk.clock.advance(1)
    with statements(desk.engine) as said:
        while desk.store.lanes_due(desk.clock.now(), 1):
            assert desk.claim(lambda state: decide(state, Limits(dedup_s=60.0))) is None
    assert len(said) < len(burst) / 5
    desk.clock.advance(60)
    [last] = desk.put(a_delivery(created_at=after(60)))
    with statements(desk.engine) as said:
        claim = desk.claim(lambda state: decide(state, Limits(dedup_s=60.0)))
        assert len(claim.counted) == 2000
        desk.store.sent(claim, ACCEPTED, at=desk.clock.now(), told={last.id: ("alert",)})
    assert len(said) < 50
    counted = [row for row in desk.rows().values() if row.counted_in == claim.message_key]
    assert len(counted) == 2000


def test_a_lease_that_would_outlast_every_message_is_refused(desk):
    with pytest.raises(ValueError, match="300 s"):
        desk.store.claim(LANE, now=NOW, lease_s=3600.0, sent_since=NOW, decide=send_all)
