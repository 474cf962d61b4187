"""A look at the outbox costs what waits in it, however much was told before."""

import re
from datetime import timedelta

import pytest
from tests.support.event_desk import database, explained
from tests.support.notices import NOW, after, delivered
from tests.support.outbox import LANE, OutboxDesk, another_lane, on

from haetae.database.delivery_reader import DeliveryQuery, DeliveryReader
from haetae.domain.delivery import Decision
from haetae.domain.notice import DeliveryState
from haetae.ids import new_id

MANY = 4000
DETOUR = re.compile(r"SCAN deliveries|SCAN event_news|(->\s*)?Seq Scan on (deliveries|event_news).*")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def old(request, tmp_path_factory):
    """An outbox with a long past, and a little that waits."""
    folder = tmp_path_factory.mktemp("old")
    with database(request.param, folder) as engine:
        desk = OutboxDesk(engine, folder)
        lanes = [LANE, *(another_lane(number) for number in range(20))]
        states = (DeliveryState.SENT, DeliveryState.SENT, DeliveryState.HELD, DeliveryState.DEAD)
        rules = [new_id() for _ in range(20)]
        for number in range(0, MANY, 1000):
            desk.put(
                *(
                    on(
                        lanes[each % 21],
                        state=states[each % 4],
                        created_at=after(-each),
                        finished_at=after(-each),
                        rule_id=rules[each % 20],
                    )
                    for each in range(number, number + 1000)
                )
            )
        desk.put(*(on(lane) for lane in lanes for _ in range(3)), *(on(lane, digest=True, due_at=after(30)) for lane in lanes))
        desk.put(*(delivered(on(LANE), after(-number)) for number in range(3)))
        desk.rule_id = rules[0]
        with engine.begin() as connection:
            # SQLite is never analysed in the field: it must find its way without.
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("ANALYZE deliveries")
        yield desk


def used(said):
    """The steps that are not by way of an index, and all steps in one text."""
    steps = [step for _statement, steps in said for step in steps]
    return [step for step in steps if DETOUR.fullmatch(step)], "\n".join(steps)


def test_what_is_due_is_looked_for_among_what_waits_only(old):
    with explained(old.engine) as said:
        assert old.store.lanes_due(NOW, 64)
    assert len(said) == 1
    for _statement, steps in said:
        assert used([("", steps)])[0] == []
        # Either holds what waits by itself.
        assert re.search("ix_deliveries_(pending|state_created_at)", "\n".join(steps))


def test_a_lane_is_read_through_the_indices_of_what_waits_was_sent_and_was_held(old):
    with explained(old.engine) as said:
        old.claim(lambda _state: Decision(), sent_since=NOW - timedelta(minutes=5))
    detours, steps = used(said)
    assert detours == []
    for name in ("pending", "sent", "uncounted"):
        assert f"ix_deliveries_{name}" in steps


def test_the_deliveries_of_an_event_and_what_is_new_are_found_by_an_index(old):
    with explained(old.engine) as said:
        old.store.deliveries_of([new_id()])
        old.store.first_message_id(new_id(), LANE)
        old.store.news(100)
    if old.engine.dialect.name == "postgresql":
        # So few news are read as they lie.
        said = said[:2]
    assert used(said)[0] == []


@pytest.mark.parametrize("name", ["all", "rule", "channel", "state", "span"])
def test_a_page_of_deliveries_comes_out_of_an_index_in_its_order(old, name):
    reader = DeliveryReader(old.sessions, old.clock)
    query = {
        "all": DeliveryQuery(),
        "rule": DeliveryQuery(rule_id=old.rule_id),
        "channel": DeliveryQuery(channel_id=LANE.channel_id),
        "state": DeliveryQuery(state=DeliveryState.DEAD),
        "span": DeliveryQuery(since=after(-1000), until=NOW),
    }[name]
    cursor = reader.page(query, limit=50).next_cursor
    with explained(old.engine) as said:
        page = reader.page(query, limit=50, cursor=cursor)
    assert len(page.items) == 50
    detours, steps = used(said)
    assert detours == []
    assert "ix_deliveries_" in steps
    if old.engine.dialect.name == "sqlite":
        assert "TEMP B-TREE FOR ORDER BY" not in steps


def test_old_rows_are_found_by_an_index(old):
    with explained(old.engine) as said:
        assert old.store.prune(after(-MANY), 10) == 0
    assert used(said)[0] == []
