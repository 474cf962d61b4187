"""What cannot be told: tried again, given up with a reason, and never in the way of the rest; on real databases."""

import pytest
from tests.support.postgres import postgres_database
from tests.support.sqlite import sqlite_engine_in
from tests.support.telling import TESTER, Telling

from haetae.database.engine import make_engine
from haetae.errors import DeliveryError


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "postgresql":
        with postgres_database() as url:
            engine = make_engine(url)
            yield engine
            engine.dispose()
        return
    engine = sqlite_engine_in(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def telling(database, tmp_path):
    return Telling(database, tmp_path)


def test_a_message_that_fails_is_tried_again_under_the_same_id(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    answers = iter([DeliveryError("busy"), DeliveryError("busy", retry_after_s=90)])

    def fail_twice(_notice):
        error = next(answers, None)
        if error is not None:
            raise error

    recorded.behave = fail_twice
    telling.happen()
    telling.turn()
    telling.later(2)
    assert len(recorded.tried) == 2
    telling.later(89)
    assert len(recorded.tried) == 2, "it is not asked before it wants to be"
    telling.later(1)
    assert len(recorded.accepted) == 1
    assert len({notice.id for notice in recorded.tried}) == 1
    [row] = telling.rows()
    assert (row.attempts, row.error, row.answer) == (3, None, "accepted")


def test_what_cannot_be_delivered_is_dead_with_its_reason_and_may_be_tried_again(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)

    def refuse(_notice):
        raise DeliveryError("no such recipient", permanent=True, answer="550 unknown")

    recorded.behave = refuse
    telling.happen()
    telling.turn()
    [row] = telling.rows()
    assert (row.state, row.error, row.answer) == ("dead", "no such recipient", "550 unknown")
    recorded.behave = lambda _notice: None
    assert telling.deliveries.retry(TESTER, ids=[row.id]) == 1
    telling.turn()
    assert telling.states() == {"sent": 1}


def test_what_fails_for_a_day_is_given_up(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)

    def refuse(_notice):
        raise DeliveryError("nobody there")

    recorded.behave = refuse
    telling.happen()
    telling.turn()
    for _ in range(200):
        telling.later(600)
    assert telling.states() == {"dead": 1}


def test_a_channel_that_fails_whatever_it_is_given_is_left_alone_and_the_others_go_on(telling):
    broken, recorded = telling.channel("broken")
    fine, others = telling.channel("fine")
    telling.rule(broken, fine)

    def refuse(_notice):
        raise DeliveryError("down")

    recorded.behave = refuse
    for _ in range(40):
        telling.happen()
        telling.later(1)
    assert len(others.accepted) == 40
    assert len(recorded.tried) < 12
    recorded.behave = lambda _notice: None
    for _ in range(20):
        telling.later(60)
    assert len(recorded.accepted) == 40, "nothing is lost"
