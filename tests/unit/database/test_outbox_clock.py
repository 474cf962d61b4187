"""What the outbox makes of a clock that is set back or forward while something waits, is under way or was sent."""

from datetime import timedelta

import pytest
from tests.support.notices import NOW, a_delivery, after, delivered
from tests.support.outbox import LANE, OutboxDesk, shared_engine  # noqa: F401

from haetae.domain.delivery import Decision
from haetae.domain.notice import DeliveryState

HOUR_S = 3600.0


@pytest.fixture
def desk(shared_engine, tmp_path):  # noqa: F811
    return OutboxDesk(shared_engine, tmp_path).empty()


def ids(rows):
    return [row.id for row in rows]


def test_after_the_clock_was_set_back_what_waits_is_told_at_once_and_then_waits_as_it_should(desk):
    desk.due(1, due_at=NOW + timedelta(seconds=60), created_at=NOW, digest=True)
    desk.clock.advance(-HOUR_S)
    back = desk.clock.now()
    assert desk.store.lanes_due(back, 1) == [LANE]
    claim = desk.claim()
    desk.store.failed(claim, at=back, error="refused", answer="", retry_at=back + timedelta(seconds=10))
    assert desk.store.lanes_due(back, 1) == [], "it would be tried again and again for an hour"
    assert desk.store.lanes_due(back + timedelta(seconds=10), 1) == [LANE]


def test_a_try_that_was_under_way_while_the_clock_was_set_back_waits_as_it_should(desk):
    desk.due(1, created_at=NOW)
    claim = desk.claim()
    desk.clock.advance(-HOUR_S)
    back = desk.clock.now()
    desk.store.failed(claim, at=back, error="refused", answer="", retry_at=back + timedelta(seconds=10))
    assert desk.store.lanes_due(back + timedelta(seconds=9), 1) == []
    assert desk.store.lanes_due(back + timedelta(seconds=10), 1) == [LANE]


def test_what_is_put_off_after_the_clock_was_set_back_is_not_due_at_once_again(desk):
    [row] = desk.due(1, created_at=NOW)
    desk.clock.advance(-HOUR_S)
    back = desk.clock.now()
    desk.claim(lambda state: Decision(put_off={row.id: back + timedelta(seconds=40)}))
    assert desk.store.lanes_due(back + timedelta(seconds=39), 1) == []
    assert desk.store.lanes_due(back + timedelta(seconds=40), 1) == [LANE]


def test_a_lease_from_before_the_clock_was_set_back_holds_up_nobody(desk):
    desk.due(1)
    claim = desk.claim()
    desk.clock.advance(-HOUR_S)
    assert desk.store.lanes_due(desk.clock.now(), 1) == [LANE]
    again = desk.claim()
    assert (ids(again.rows), again.message_key) == (ids(claim.rows), claim.message_key)


def test_what_was_sent_before_the_clock_was_set_back_starts_no_window(desk):
    desk.put(delivered(a_delivery(), NOW), a_delivery(state=DeliveryState.HELD, finished_at=NOW))
    desk.clock.advance(-HOUR_S)
    desk.put(a_delivery(created_at=desk.clock.now(), due_at=desk.clock.now()))
    state = desk.state()
    assert (state.sent, state.held) == ((), ())


def test_a_small_step_back_changes_nothing(desk):
    desk.put(delivered(a_delivery(), NOW), a_delivery(digest=True, due_at=after(60), created_at=NOW))
    desk.clock.advance(-4)
    assert desk.store.lanes_due(desk.clock.now(), 1) == []
    desk.put(a_delivery(created_at=NOW, due_at=after(-60)))
    assert len(desk.state().sent) == 1


def test_after_the_clock_was_set_forward_what_was_under_way_is_tried_again_under_the_same_key(desk):
    desk.due(1)
    claim = desk.claim()
    desk.clock.advance(HOUR_S)
    assert desk.claim().message_key == claim.message_key
