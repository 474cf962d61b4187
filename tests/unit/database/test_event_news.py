from contextlib import suppress

import orjson
import pytest
import sqlalchemy as sa
from tests.support.counted import ADMIN, GUARD
from tests.support.event_desk import EventDesk, actor
from tests.support.events import ONSET, make_event
from tests.support.postgres import engine  # noqa: F401

from haetae.database.async_event_logger import AsyncEventLogger
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_news import note_news
from haetae.database.event_repository import mark_interrupted, upsert_events
from haetae.database.event_store import EventStore
from haetae.database.notification_models import EventNews
from haetae.database.scoped.event_changes import EventChange
from haetae.domain.event import Review
from haetae.errors import DatabaseUnavailable, NotFound
from haetae.ids import new_id

BEYOND_64_BIT = 2**63 + 5


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


def news(sessions):
    """Event id -> (token, since when)."""
    with session_scope(sessions, read_only=True) as session:
        return {row.event_id: (row.token, row.queued_at) for row in session.scalars(sa.select(EventNews))}


def forget(sessions):
    with session_scope(sessions) as session:
        session.execute(sa.delete(EventNews))


def test_an_event_that_is_news_again_keeps_its_place_and_gets_a_new_token(sessions):
    event_id = new_id()
    later = ONSET.replace(hour=13)
    for at in (ONSET, later):
        with session_scope(sessions) as session:
            note_news(session, [event_id], at)
        if at == ONSET:
            first, _ = news(sessions)[event_id]
    token, queued_at = news(sessions)[event_id]
    assert token != first
    assert queued_at == ONSET


def test_news_of_a_transaction_that_is_rolled_back_is_none(sessions):
    event = make_event()
    with suppress(RuntimeError), session_scope(sessions) as session:
        upsert_events(session, [event], stored_at=ONSET)
        note_news(session, [event.id], ONSET)
        raise RuntimeError
    assert news(sessions) == {}
    with session_scope(sessions) as session:
        note_news(session, [], ONSET)
    assert news(sessions) == {}


def test_events_that_are_stored_are_news_where_that_is_wanted(sessions):
    events = [make_event(number) for number in range(3)]
    lines = [orjson.dumps(event) for event in (*events, events[0])]
    EventStore(sessions).store(lines, stored_at=ONSET)
    assert news(sessions) == {}
    store = EventStore(sessions, news=True)
    store.store(lines, stored_at=ONSET)
    before = news(sessions)
    assert set(before) == {event.id for event in events}
    assert {queued_at for _token, queued_at in before.values()} == {ONSET}
    store.store(lines[:1], stored_at=ONSET)
    assert {event_id for event_id, found in news(sessions).items() if found != before[event_id]} == {events[0].id}


def test_an_event_that_the_database_refuses_is_no_news_and_takes_no_other_with_it(sessions):
    events = [make_event(number) for number in range(5)]
    refused = make_event(frame_number=BEYOND_64_BIT)
    lines = [orjson.dumps(event) for event in (*events[:3], refused, *events[3:])]
    [letter] = EventStore(sessions, news=True).store(lines, stored_at=ONSET)
    assert orjson.loads(letter.line)["id"] == str(refused.id)
    assert set(news(sessions)) == {event.id for event in events}


def test_when_news_cannot_be_written_the_event_is_not_stored_either(sessions):
    """It waits in the journal: told and stored, or neither."""
    event = make_event()
    with session_scope(sessions) as session:
        session.execute(sa.text("ALTER TABLE event_news RENAME TO elsewhere"))
    with pytest.raises(DatabaseUnavailable):
        EventStore(sessions, news=True).store([orjson.dumps(event)], stored_at=ONSET)
    with session_scope(sessions) as session:
        assert session.execute(sa.text("SELECT count(*) FROM events")).scalar() == 0


@pytest.mark.parametrize("wanted", [False, True])
def test_the_logger_notes_news_where_that_is_wanted(sessions, tmp_path, wanted):
    events = [make_event(number) for number in range(25)]
    with AsyncEventLogger(tmp_path, sessions, news=wanted) as logger:
        for event in events:
            logger.log_event(event)
        assert logger.flush(30.0)
    assert set(news(sessions)) == ({event.id for event in events} if wanted else set())


def test_what_a_killed_process_left_open_is_no_news(sessions):
    with session_scope(sessions) as session:
        upsert_events(session, [make_event()], stored_at=ONSET)
        assert mark_interrupted(session) == 1
    assert news(sessions) == {}


# What people make of events


@pytest.fixture
def desk(engine):  # noqa: F811
    return EventDesk(engine)


def test_what_people_make_of_an_event_is_news(desk):
    event = desk.add()
    for work in (
        lambda: desk.events.acknowledge(ADMIN, actor(ADMIN), event.id),
        lambda: desk.events.unacknowledge(ADMIN, actor(ADMIN), event.id),
        lambda: desk.events.change(ADMIN, actor(ADMIN), event.id, EventChange(review=Review.RESOLVED, note="seen")),
        lambda: desk.events.acknowledge_all(ADMIN, actor(ADMIN), [event.id]),
    ):
        forget(desk.sessions)
        work()
        assert set(news(desk.sessions)) == {event.id}


def test_what_nobody_was_told_of_and_what_changes_nothing_is_none(desk):
    event = desk.add()
    desk.events.change(ADMIN, actor(ADMIN), event.id, EventChange(note="seen", locked=True))
    desk.events.unacknowledge(ADMIN, actor(ADMIN), event.id)
    desk.events.change(ADMIN, actor(ADMIN), event.id, EventChange(review=Review.NEW))
    assert news(desk.sessions) == {}


def test_a_change_that_is_refused_is_none(desk):
    event = desk.add(camera_id=new_id())
    with pytest.raises(NotFound):
        desk.events.acknowledge(GUARD, actor(GUARD), event.id)
    assert news(desk.sessions) == {}
