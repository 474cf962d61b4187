"""What people are told, from the stored event to the channel, on real databases."""

import pytest
import sqlalchemy as sa
from tests.support.events import make_event
from tests.support.postgres import postgres_database
from tests.support.sqlite import sqlite_engine_in
from tests.support.telling import PICTURE, TESTER, Telling
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.database.engine import make_engine
from haetae.domain.event import SITE, EventKind, Review, Severity
from haetae.domain.notice import Change, NoticeKind
from haetae.domain.rule import EscalationStep, RateLimit, Recipient, RecipientKind
from haetae.errors import DatabaseUnavailable, DeliveryError
from haetae.ids import new_id
from haetae.notifications.engine import EngineOptions


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


def test_an_urgent_event_is_told_at_once_and_once(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    event = telling.happen()
    for _ in range(3):
        telling.turn()
    [notice] = recorded.accepted
    assert (notice.kind, notice.target, notice.picture, notice.held_back) == (NoticeKind.ALERT, "guard@example.org", PICTURE, 0)
    assert [told.id for told in notice.events] == [event.id]
    assert telling.states() == {"sent": 1}


def test_what_is_not_urgent_comes_in_one_digest_for_each_recipient(telling):
    mail, recorded = telling.channel()
    telling.rule(mail, to=("a@example.org", "b@example.org"))
    for _ in range(3):
        telling.happen(severity=Severity.MEDIUM)
    telling.turn()
    assert recorded.accepted == []
    telling.later(60)
    assert sorted((notice.target, notice.kind, len(notice.events)) for notice in recorded.accepted) == [
        ("a@example.org", NoticeKind.DIGEST, 3),
        ("b@example.org", NoticeKind.DIGEST, 3),
    ]
    telling.happen(severity=Severity.MEDIUM)
    telling.turn()
    telling.later(59)
    assert len(recorded.accepted) == 2
    telling.later(1)
    assert len(recorded.accepted) == 4


def test_the_same_again_is_held_back_and_the_next_says_how_many(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    camera = new_id()
    for _ in range(4):
        telling.happen(camera_id=camera)
        telling.later(1)
    telling.happen(camera_id=camera, severity=Severity.CRITICAL)
    telling.happen(camera_id=new_id())
    telling.turn()
    assert [notice.held_back for notice in recorded.accepted] == [0, 3, 0]
    telling.later(20)
    telling.happen(camera_id=camera)
    telling.turn()
    assert recorded.accepted[-1].held_back == 0, "they were counted already"
    assert telling.states() == {"sent": 4, "held": 3}


def test_only_what_was_delivered_starts_a_window(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    camera = new_id()

    def refuse(_notice):
        raise DeliveryError("no")

    recorded.behave = refuse
    telling.happen(camera_id=camera)
    telling.turn()
    recorded.behave = lambda _notice: None
    telling.happen(camera_id=camera)
    telling.turn()
    assert len(recorded.accepted) == 1
    telling.later(5)
    assert telling.states() == {"sent": 1, "held": 1}, "the one that failed came within the window of the one that went through"


def test_an_update_follows_what_it_is_about_and_never_twice(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    event = telling.happen()
    telling.turn()
    judged = telling.goes_on(event, vlm_type="Falling", vlm_description="somebody fell")
    telling.turn()
    telling.goes_on(judged, vlm_confidence=0.7)
    telling.people(event, review=Review.RESOLVED)
    telling.turn()
    telling.turn()
    first, second, third = recorded.accepted
    assert [(notice.kind, notice.change) for notice in (second, third)] == [
        (NoticeKind.UPDATE, Change.VERDICT),
        (NoticeKind.UPDATE, Change.REVIEW),
    ]
    assert second.reply_to == third.reply_to == f"<{first.id}@recorded>"


def test_what_grows_worse_while_it_waits_in_a_digest_is_told_at_once(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    event = telling.happen(severity=Severity.LOW)
    telling.turn()
    assert telling.states() == {}
    event = telling.goes_on(event, severity=Severity.MEDIUM)
    telling.turn()
    telling.goes_on(event, severity=Severity.CRITICAL)
    telling.turn()
    [notice] = recorded.accepted
    assert (notice.kind, notice.severity) == (NoticeKind.ALERT, Severity.CRITICAL)


def test_somebody_else_is_told_when_nobody_has_seen_to_it(telling):
    mail, recorded = telling.channel()
    boss = EscalationStep(300.0, (mail,), (Recipient(RecipientKind.ADDRESS, "boss@example.org"),))
    telling.rule(mail, escalation=(boss,))
    telling.happen()
    seen = telling.happen()
    telling.turn()
    telling.people(seen, acknowledged=True)
    telling.later(299)
    assert len(recorded.accepted) == 2
    telling.later(1)
    [notice] = recorded.accepted[2:]
    assert (notice.kind, notice.target) == (NoticeKind.ESCALATION, "boss@example.org")
    assert telling.states() == {"sent": 3, "cancelled": 1}


def test_beyond_its_limit_a_rule_puts_the_rest_together(telling):
    mail, recorded = telling.channel()
    telling.rule(mail, rate_limit=RateLimit(2, 600.0))
    for _ in range(6):
        telling.happen()
        telling.later(1)
    assert [len(notice.events) for notice in recorded.accepted] == [1, 1]
    for _ in range(12):
        telling.later(60)
    assert [len(notice.events) for notice in recorded.accepted] == [1, 1, 4]


def test_a_camera_that_is_back_is_told_to_those_who_heard_that_it_was_gone(telling):
    mail, recorded = telling.channel()
    telling.rule(mail, system_events=True)
    gone = telling.happen(kind=EventKind.SYSTEM, subtype="camera_offline")
    telling.turn()
    telling.over(gone)
    telling.turn()
    assert [notice.change for notice in recorded.accepted] == [None, Change.ENDED]


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


def test_a_message_whose_sender_was_killed_is_sent_again_under_the_same_id(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)

    class Killed(BaseException):
        pass

    class Dying:
        """An outbox whose process dies after the message was accepted, before that is noted."""

        def __getattr__(self, name):
            return getattr(telling.outbox, name)

        def sent(self, *_arguments, **_more):
            raise Killed

    telling.happen()
    with pytest.raises(Killed):
        telling.turn(telling.make_engine(Dying()))
    assert len(recorded.accepted) == 1
    telling.turn()
    assert len(recorded.accepted) == 1, "its lease is still running"
    telling.later(121)
    first, second = recorded.accepted
    assert first.id == second.id
    assert telling.states() == {"sent": 1}


def test_two_at_once_send_nothing_twice_and_lose_nothing(database, tmp_path):
    telling = Telling(database, tmp_path, clock=SystemClock())
    mail, recorded = telling.channel()
    recorded.takes_s = 0.002
    telling.rule(mail, to=tuple(f"guard{number}@example.org" for number in range(4)))
    second = telling.make_engine()
    telling.engine.start()
    second.start()
    try:
        events = [telling.happen().id for _ in range(50)]
        telling.engine.wake()
        second.wake()
        wait_until(lambda: telling.states() == {"sent": 200}, "all are sent", deadline_s=60)
    finally:
        telling.engine.close()
        second.close()
    told = [(notice.target, notice.events[0].id) for notice in recorded.accepted]
    assert len(told) == len(set(told)) == 200
    assert {event_id for _, event_id in told} == set(events)


def test_ten_thousand_events_of_sixteen_cameras_are_all_accounted_for(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    cameras = [new_id() for _ in range(16)]
    now = telling.clock.now()
    for first in range(0, 10_000, 1000):
        events = [
            make_event(number, camera_id=cameras[number % 16], severity=Severity.HIGH, timestamp=now)
            for number in range(first, first + 1000)
        ]
        telling.happen(*events)
    telling.turn()
    assert len(recorded.accepted) == 16, "one for each camera in a window"
    assert telling.states() == {"sent": 16, "held": 9984}
    telling.later(16)
    for camera in cameras:
        telling.happen(camera_id=camera)
    telling.turn()
    assert sum(notice.held_back for notice in recorded.accepted) == 9984


def test_a_clock_that_jumps_back_or_forth_neither_floods_nor_starves(telling):
    mail, recorded = telling.channel()
    telling.rule(mail)
    camera = new_id()
    telling.happen(camera_id=camera)
    telling.turn()
    telling.clock.advance(-3600)
    telling.happen(camera_id=camera)
    telling.turn()
    assert len(recorded.accepted) == 2, "what was sent an hour from now holds nothing back"
    telling.happen(camera_id=new_id(), severity=Severity.MEDIUM)
    telling.turn()
    telling.clock.advance(-3600)
    telling.turn()
    assert recorded.accepted[-1].kind is NoticeKind.DIGEST, "what is due an hour from now does not wait for it"
    telling.clock.advance(7200)
    telling.happen(camera_id=camera)
    telling.turn()
    assert len(recorded.accepted) <= 4


def test_the_database_is_away_and_comes_back(telling, monkeypatch):
    mail, recorded = telling.channel()
    telling.rule(mail, system_events=True)
    telling.turn()
    telling.happen()
    telling.turn()
    away = True

    class Away:
        def __getattr__(self, name):
            if away:
                raise DatabaseUnavailable("no answer")
            return getattr(telling.outbox, name)

    engine = telling.make_engine(Away())
    engine._sender.directory = telling.outbox.directory()
    monkeypatch.setattr("haetae.notifications.last_resort.AWAY_S", 0.0)
    engine.start()
    try:
        wait_until(lambda: len(recorded.accepted) == 2, "people hear that the database is away")
        assert recorded.accepted[-1].events[0].type == "database_away"
        assert recorded.accepted[-1].events[0].camera_id == SITE
        away = False
        event = telling.happen()
        engine.wake()
        wait_until(lambda: len(recorded.accepted) == 3, "it goes on")
        assert recorded.accepted[-1].events[0].id == event.id
    finally:
        engine.close()


def test_what_is_stored_is_told_without_waiting_for_the_next_look(database, tmp_path, monkeypatch):
    monkeypatch.setattr("haetae.loop_thread._POLL_S", 3600.0)
    telling = Telling(database, tmp_path, clock=SystemClock(), options=EngineOptions(dedup_s=0.0))
    mail, recorded = telling.channel()
    telling.rule(mail)
    telling.engine.start()
    try:
        for number in range(5):
            telling.happen()
            telling.engine.wake()
            wait_until(lambda number=number: len(recorded.accepted) > number, "it is told")
    finally:
        telling.engine.close()


def test_an_engine_without_rules_keeps_no_news(telling, database):
    telling.happen()
    telling.turn()
    with database.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM event_news")) == 0
