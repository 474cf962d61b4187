"""What cannot be told: faults of Haetae's own, which no other side answers for."""

import pytest
from tests.support.event_desk import database
from tests.support.telling import TESTER, Telling

from haetae.domain.event import Severity


@pytest.fixture
def telling(tmp_path):
    with database("sqlite", tmp_path) as engine:
        yield Telling(engine, tmp_path)


def test_what_no_message_can_be_written_of_is_dead_with_the_reason_and_takes_no_other_with_it(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    odd = telling.happen(severity=Severity.MEDIUM)
    others = [telling.happen(severity=Severity.MEDIUM) for _ in range(3)]
    alone = telling.happen()

    def describe(event):
        if event.id in (odd.id, alone.id):
            raise KeyError("no words")
        return "described"

    telling.describe = describe
    telling.turn()
    telling.later(60)
    telling.later(600)
    dead = {row.event_id: row for row in telling.rows() if row.state == "dead"}
    assert dead.keys() == {odd.id, alone.id}
    assert {row.error for row in dead.values()} == {"the message cannot be written: KeyError"}
    assert telling.engine.counters.dead == 2
    [digest] = recorded.accepted
    assert {event.id for event in digest.events} == {event.id for event in others}
    telling.describe = lambda _event: ""
    assert telling.deliveries.retry(TESTER, ids=[dead[alone.id].id]) == 1
    telling.turn()
    assert telling.states() == {"sent": 4, "dead": 1}
