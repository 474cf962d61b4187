from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.notices import HOOK, MAIL, NOW, a_delivery, after
from tests.support.outbox import LANE, OutboxDesk, another_lane, on, shared_engine  # noqa: F401

from haetae.database.engine import session_scope
from haetae.database.models import Event
from haetae.domain.delivery import Decision, Lane, Occurrence, Settlement
from haetae.domain.event import SITE, Review, Severity
from haetae.domain.notice import DeliveryState, NoticeKind, Receipt
from haetae.errors import DatabaseUnavailable
from haetae.ids import new_id

ACCEPTED = Receipt("250 OK", "<1@example.org>")


@pytest.fixture
def desk(shared_engine, tmp_path):  # noqa: F811
    return OutboxDesk(shared_engine, tmp_path).empty()


# What is new


def test_news_come_in_the_order_in_which_they_were_first_written_with_the_event_as_it_is_now(desk):
    desk.camera("door")
    first, second = desk.event(1), desk.event(2)
    desk.note(second)
    desk.clock.advance(1)
    desk.note(first)
    desk.clock.advance(1)
    desk.note(second)
    news = desk.store.news(10)
    assert [each.event_id for each in news] == [second.id, first.id]
    assert [each.token for each in news] == [desk.tokens()[second.id], desk.tokens()[first.id]]
    assert news[1].occurrence == Occurrence(first, "door")
    assert [each.event_id for each in desk.store.news(1)] == [second.id]


def test_where_nothing_is_sent_news_are_forgotten(desk):
    desk.note(desk.event(1), desk.event(2))
    desk.store.forget_news()
    assert desk.store.news(10) == []


def test_news_tell_what_people_made_of_an_event_and_that_it_is_gone(desk):
    seen, of_site, gone = desk.event(1), desk.event(2, camera_id=SITE), desk.event(3)
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(Event).where(Event.id == seen.id).values(acknowledged=True, review=Review.RESOLVED))
        session.execute(sa.delete(Event).where(Event.id == gone.id))
    desk.note(seen, of_site, gone)
    found = {each.event_id: each.occurrence for each in desk.store.news(10)}
    assert found == {seen.id: Occurrence(seen, None, True, Review.RESOLVED), of_site.id: Occurrence(of_site), gone.id: None}
    assert desk.store.occurrences([seen.id, gone.id]) == {seen.id: found[seen.id]}


def test_an_event_that_cannot_be_read_stops_no_other(desk):
    good, odd, broken = desk.event(1), desk.event(2), desk.event(3)
    desk.note(good, odd, broken)
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(Event).where(Event.id == odd.id).values(facts=[{"no": "fact"}]))
        if desk.engine.dialect.name == "sqlite":
            session.execute(sa.text("UPDATE events SET faults = '{' WHERE id = :id"), {"id": broken.id.hex})
    found = {each.event_id: each.occurrence for each in desk.store.news(10)}
    assert found[good.id] == Occurrence(good)
    assert found[odd.id] is None
    assert (found[broken.id] is None) == (desk.engine.dialect.name == "sqlite")


def test_what_is_settled_is_written_and_is_no_news_any_more(desk):
    event, other = desk.event(1), desk.event(2)
    desk.note(event, other)
    row = a_delivery(event_id=event.id, told=("alert",), user_id=new_id(), rule_id=new_id())
    desk.store.settle(Settlement({event.id: desk.tokens()[event.id]}, new=(row,)))
    assert list(desk.tokens()) == [other.id]
    assert desk.store.deliveries_of([event.id, other.id]) == {event.id: [row], other.id: []}


def test_what_was_written_anew_meanwhile_stays_news(desk):
    event = desk.event()
    desk.note(event)
    old = desk.tokens()[event.id]
    desk.note(event)
    desk.store.settle(Settlement({event.id: old}))
    assert desk.tokens()[event.id] != old


def test_each_stage_of_an_event_is_there_once_for_a_lane_and_the_first_stays(desk):
    event_id = new_id()
    first = a_delivery(event_id=event_id)
    others = (
        replace(first, id=new_id(), stage="verdict"),
        replace(first, id=new_id(), target="kim@example.org"),
        replace(first, id=new_id(), channel_id=HOOK.id),
    )
    desk.put(first)
    desk.put(replace(first, id=new_id(), severity=Severity.LOW), *others, first)
    assert desk.rows() == {row.id: row for row in (first, *others)}


def test_what_belongs_to_no_event_is_never_the_same(desk):
    tests = [a_delivery(event_id=None, camera_id=None, kind=NoticeKind.TEST, stage="test") for _ in range(2)]
    desk.put(*tests)
    assert len(desk.rows()) == 2


def test_waiting_rows_are_raised_hurried_and_cancelled_and_no_others(desk):
    def rows():
        return desk.put(*(a_delivery(digest=True, severity=Severity.MEDIUM, due_at=after(60), message_key=None) for _ in range(3)))

    (raised, hurried, cancelled), held, done = rows(), rows(), rows()
    desk.change(*held, lease_until=after(100))
    desk.change(*done, state=DeliveryState.SENT)
    every = [row for each in ((raised, hurried, cancelled), held, done) for row in each]
    desk.clock.advance(1)
    desk.store.settle(
        Settlement(
            {},
            raised={row.id: Severity.HIGH for row in (raised, held[0], done[0])},
            hurried=frozenset(row.id for row in (hurried, held[1], done[1])),
            cancelled=frozenset(row.id for row in (cancelled, held[2], done[2])),
        )
    )
    assert desk.row(raised) == replace(raised, severity=Severity.HIGH)
    assert desk.row(hurried) == replace(hurried, digest=False, due_at=after(1))
    assert desk.row(cancelled) == replace(cancelled, state=DeliveryState.CANCELLED, finished_at=after(1))
    for row in every[3:]:
        assert desk.row(row) == replace(row, state=desk.row(row).state, lease_until=desk.row(row).lease_until)


def test_what_is_hurried_leaves_the_digest_that_it_was_tried_in(desk):
    key = new_id()
    one, other = desk.put(*(a_delivery(digest=True, message_key=key, attempts=1) for _ in range(2)))
    desk.store.settle(Settlement({}, hurried=frozenset({one.id})))
    claim = desk.claim(lambda state: send_only(state, digest=False))
    assert [row.id for row in claim.rows] == [one.id]
    assert claim.message_key == one.id
    assert desk.row(other).message_key == key


def send_only(state, *, digest):
    [row] = [row for row in state.pending if row.digest is digest]
    return Decision((row.id,), row.message_key or row.id)


# What is due


def test_lanes_with_something_due_the_most_severe_first_then_the_longest_due(desk):
    late, severe, early, future, done, leased = (another_lane(number) for number in range(6))
    hook = Lane(HOOK.id, "")
    desk.put(
        on(late, due_at=after(-5)),
        on(early, due_at=after(-60)),
        on(severe, severity=Severity.CRITICAL),
        on(severe, severity=Severity.LOW, due_at=after(-90)),
        on(hook, severity=Severity.LOW, due_at=after(-900)),
        on(future, due_at=after(1)),
        on(done, state=DeliveryState.SENT, finished_at=NOW),
        on(leased, lease_until=after(60)),
        on(leased, due_at=after(-60)),
    )
    assert desk.store.lanes_due(NOW, 10) == [severe, early, late, hook]
    assert desk.store.lanes_due(NOW, 1) == [severe]
    assert desk.store.lanes_due(NOW, 10, skip_channels=[MAIL.id]) == [hook]
    assert desk.store.lanes_due(after(60), 10)[-2:] == [future, hook]


def test_a_row_that_is_not_due_does_not_make_its_lane_severe(desk):
    mild, severe = another_lane(1), another_lane(2)
    desk.put(on(mild, severity=Severity.LOW), on(mild, severity=Severity.CRITICAL, due_at=after(60)), on(severe, severity=Severity.MEDIUM))
    assert desk.store.lanes_due(NOW, 10) == [severe, mild]


# What became of it


def test_what_was_sent_is_noted_with_what_it_told_and_its_events_are_news_again(desk):
    event = desk.event()
    one, other = desk.put(a_delivery(event_id=event.id), a_delivery(event_id=None, stage="test"))
    claim = desk.claim()
    desk.store.sent(claim, ACCEPTED, at=after(3), told={one.id: ("alert", "verdict")})
    sent = desk.row(one)
    assert (sent.state, sent.finished_at, sent.lease_until, sent.attempts) == (DeliveryState.SENT, after(3), None, 1)
    assert (sent.answer, sent.message_id, sent.error) == ("250 OK", "<1@example.org>", None)
    assert (sent.told, desk.row(other).told) == (("alert", "verdict"), ())
    assert set(desk.tokens()) == {event.id}
    assert desk.store.lanes_due(after(3), 10) == []


def test_noting_it_twice_changes_nothing(desk):
    event = desk.event()
    desk.put(a_delivery(event_id=event.id))
    claim = desk.claim()
    desk.store.sent(claim, ACCEPTED, at=after(3), told={})
    before, tokens = desk.rows(), desk.tokens()
    desk.store.sent(claim, Receipt("another"), at=after(9), told={})
    desk.store.failed(claim, at=after(9), error="late", answer="", retry_at=None)
    desk.store.cancel(claim, [row.id for row in claim.rows], at=after(9), reason="late")
    assert (desk.rows(), desk.tokens()) == (before, tokens)


def test_a_try_that_failed_waits_for_the_next_and_the_last_one_is_dead(desk):
    [row] = desk.put(a_delivery())
    claim = desk.claim()
    desk.store.failed(claim, at=after(2), error="refused\0", answer="451", retry_at=after(10))
    failed = desk.row(row)
    assert (failed.state, failed.due_at, failed.lease_until) == (DeliveryState.PENDING, after(10), None)
    assert (failed.error, failed.answer, failed.attempts, failed.message_key) == ("refused\ufffd", "451", 1, claim.message_key)
    assert desk.store.lanes_due(after(9), 10) == []
    desk.clock.advance(10)
    again = desk.claim()
    assert again.message_key == claim.message_key
    desk.store.failed(again, at=after(11), error="no such mailbox", answer="550", retry_at=None)
    dead = desk.row(row)
    assert (dead.state, dead.finished_at, dead.attempts, dead.error) == (DeliveryState.DEAD, after(11), 2, "no such mailbox")


def test_rows_that_have_nothing_left_to_say_are_cancelled_and_the_others_go_out(desk):
    one, other = desk.due(2, digest=True)
    claim = desk.claim()
    desk.store.cancel(claim, [one.id], at=after(1), reason="the event is gone")
    assert desk.states(one, other) == [DeliveryState.CANCELLED, DeliveryState.PENDING]
    assert (desk.row(one).error, desk.row(one).finished_at, desk.row(one).lease_until) == ("the event is gone", after(1), None)
    desk.store.sent(replace(claim, rows=claim.rows[1:]), ACCEPTED, at=after(2), told={})
    assert desk.states(one, other) == [DeliveryState.CANCELLED, DeliveryState.SENT]


def test_the_first_message_about_an_event_is_known_by_its_id(desk):
    event_id, other = new_id(), another_lane()
    told = {"state": DeliveryState.SENT, "event_id": event_id}
    desk.put(
        on(LANE, **told, finished_at=after(2), message_id="second", stage="verdict"),
        on(LANE, **told, finished_at=after(1), message_id="first"),
        on(LANE, **told, finished_at=after(0), message_id=None, stage="severity:critical"),
        on(LANE, event_id=event_id, stage="escalation:1"),
    )
    assert desk.store.first_message_id(event_id, LANE) == "first"
    assert desk.store.first_message_id(event_id, other) is None
    assert desk.store.first_message_id(new_id(), LANE) is None


def test_old_deliveries_that_are_done_go_a_few_at_a_time(desk):
    def old(days, **changes):
        at = NOW - timedelta(days=days)
        return a_delivery(**{"created_at": at, "finished_at": at, "state": DeliveryState.SENT} | changes)

    rows = desk.put(
        *(old(100 + number, state=state) for number, state in enumerate((DeliveryState.DEAD, DeliveryState.HELD, DeliveryState.SENT))),
        old(89),
        old(100, state=DeliveryState.PENDING, finished_at=None),
        old(100, finished_at=NOW),
    )
    before = NOW - timedelta(days=90)
    assert [desk.store.prune(before, 2) for _ in range(3)] == [2, 1, 0]
    assert set(desk.rows()) == {row.id for row in rows[3:]}


def rename(desk, *pairs):
    with session_scope(desk.sessions) as session:
        for old, new in pairs:
            session.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_a_database_that_cannot_be_used_is_said_so(desk):
    rename(desk, ("deliveries", "elsewhere"), ("event_news", "elsewhere_too"))
    try:
        for work in (
            lambda: desk.store.news(1),
            lambda: desk.store.settle(Settlement({new_id(): new_id()})),
            lambda: desk.store.lanes_due(NOW, 1),
            desk.claim,
        ):
            with pytest.raises(DatabaseUnavailable, match="outbox"):
                work()
    finally:
        rename(desk, ("elsewhere", "deliveries"), ("elsewhere_too", "event_news"))
