from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.audit import ANN
from tests.support.notices import HOOK, MAIL, NOW, a_delivery, a_rule, after
from tests.support.outbox import OutboxDesk
from tests.support.postgres import engine  # noqa: F401

from haetae.database.channel_store import ChannelStore
from haetae.database.delivery_reader import DeliveryQuery, DeliveryReader
from haetae.database.rule_store import RuleStore
from haetae.domain.notice import DeliveryState
from haetae.errors import ConfigError
from haetae.ids import new_id

PENDING, SENT, DEAD = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.DEAD


@pytest.fixture
def desk(engine, tmp_path):  # noqa: F811
    return OutboxDesk(engine, tmp_path)


@pytest.fixture
def reader(desk):
    return DeliveryReader(desk.sessions, desk.clock)


def pages(reader, query, limit):
    """The ids of all pages."""
    found, cursor = [], None
    while True:
        page = reader.page(query, limit=limit, cursor=cursor)
        found.append([shown.delivery.id for shown in page.items])
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def test_pages_are_newest_first_and_hold_each_delivery_once_even_of_one_moment(desk, reader):
    rows = desk.put(*(a_delivery(created_at=after(-number // 3)) for number in range(10)))
    ordered = [row.id for row in sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)]
    assert pages(reader, DeliveryQuery(), 4) == [ordered[:4], ordered[4:8], ordered[8:]]
    assert pages(reader, DeliveryQuery(), 10) == [ordered]
    assert reader.page(DeliveryQuery(), limit=10).items[0].delivery == next(row for row in rows if row.id == ordered[0])


def test_a_page_stays_where_it_was_while_new_deliveries_come(desk, reader):
    rows = desk.put(*(a_delivery(created_at=after(-number)) for number in range(4)))
    first = reader.page(DeliveryQuery(), limit=2)
    desk.put(a_delivery(created_at=after(1)))
    second = reader.page(DeliveryQuery(), limit=2, cursor=first.next_cursor)
    assert [shown.delivery.id for shown in second.items] == [row.id for row in rows[2:]]


def test_each_filter_leaves_out_what_is_not_wanted(desk, reader):
    wanted = a_delivery(event_id=new_id(), rule_id=new_id(), channel_id=HOOK.id, state=SENT, created_at=after(-50))
    desk.put(wanted, *(a_delivery(created_at=after(-number * 100)) for number in range(3)))
    for query in (
        DeliveryQuery(event_id=wanted.event_id),
        DeliveryQuery(rule_id=wanted.rule_id),
        DeliveryQuery(channel_id=HOOK.id),
        DeliveryQuery(state=SENT),
        DeliveryQuery(since=after(-50), until=after(-49)),
        DeliveryQuery(channel_id=HOOK.id, state=SENT, since=after(-60)),
    ):
        assert pages(reader, query, 5) == [[wanted.id]]
    assert pages(reader, DeliveryQuery(channel_id=HOOK.id, state=DEAD), 5) == [[]]
    assert pages(reader, DeliveryQuery(until=after(-200)), 5) == [[]]


def test_a_cursor_that_is_none_is_refused(desk, reader):
    for cursor in ("", "x", "1-2", f"{'9' * 18}-{'0' * 32}", f"-1-{'0' * 32}", "0" * 600):
        with pytest.raises(ConfigError, match="cursor"):
            reader.page(DeliveryQuery(), limit=1, cursor=cursor)


def test_names_are_shown_as_long_as_there_are_any(desk, reader):
    desk.camera("door")
    channels, rules = ChannelStore(desk.sessions, desk.clock, desk.vault), RuleStore(desk.sessions, desk.clock)
    channel = channels.add("mail", "log", {}, secret=(), actor=ANN)
    rule = rules.add(a_rule(channel_ids=(channel.id,)), ANN).rule
    desk.put(a_delivery(rule_id=rule.id, channel_id=channel.id))
    [shown] = reader.page(DeliveryQuery(), limit=1).items
    assert (shown.camera, shown.rule, shown.channel) == ("door", "guards", "mail")
    rules.remove(rule.id, ANN)
    channels.remove(channel.id, ANN)
    [shown] = reader.page(DeliveryQuery(), limit=1).items
    assert (shown.camera, shown.rule, shown.channel) == ("door", None, None)
    assert shown.delivery.rule_id == rule.id


def test_how_many_there_are_in_each_state(desk, reader):
    desk.put(*(a_delivery(state=state) for state in (SENT, SENT, DEAD, PENDING)), a_delivery(state=SENT, channel_id=HOOK.id))
    none = dict.fromkeys(DeliveryState, 0)
    assert reader.counts() == none | {SENT: 3, DEAD: 1, PENDING: 1}
    assert reader.counts(DeliveryQuery(channel_id=HOOK.id)) == none | {SENT: 1}
    assert reader.counts(DeliveryQuery(event_id=new_id())) == none


def dead(**changes):
    return a_delivery(**{"state": DEAD, "attempts": 9, "message_key": new_id(), "finished_at": NOW, "error": "550"} | changes)


def test_dead_deliveries_are_tried_again_at_once_and_no_others(desk, reader):
    one, other = desk.put(dead(), dead())
    sent, waiting = desk.put(replace(dead(), state=SENT), a_delivery(due_at=after(900), attempts=2))
    desk.clock.advance(100)
    assert reader.retry(ANN, ids=[one.id, sent.id, waiting.id, new_id()]) == 1
    again = replace(one, state=PENDING, due_at=after(100), attempts=0, message_key=None, finished_at=None)
    assert desk.rows() == {one.id: again, **{row.id: row for row in (other, sent, waiting)}}
    assert [row.id for row in desk.claim().rows] == [one.id]
    assert reader.retry(ANN, ids=[]) == reader.retry(ANN, ids=[sent.id]) == 0
    [entry] = desk.audit()
    assert (entry.action, entry.target_id) == ("delivery.retry", str(one.id))
    assert entry.after == {"count": 1, "ids": [str(one.id)]}


def test_all_that_match_are_tried_again_at_once(desk, reader):
    mails = desk.put(*(dead() for _ in range(30)))
    [hook] = desk.put(dead(channel_id=HOOK.id))
    [old] = desk.put(dead(created_at=NOW - timedelta(days=9)))
    assert reader.retry(ANN, query=DeliveryQuery(channel_id=MAIL.id, since=after(-60))) == 30
    assert set(desk.states(*mails)) == {PENDING}
    assert desk.states(hook, old) == [DEAD, DEAD]
    [entry] = desk.audit()
    assert (entry.after["count"], len(entry.after["ids"]), entry.target_id) == (30, 20, None)
    assert entry.after["filter"]["channel_id"] == str(MAIL.id)
    assert reader.retry(ANN, query=DeliveryQuery(state=PENDING)) == 0
    assert reader.retry(ANN) == 2
