"""Many events acknowledged at once, and lists of them taken away."""

from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa
from tests.support.accounts import at_once
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD
from tests.support.event_desk import EventDesk, actor, database
from tests.support.events import ONSET
from tests.support.postgres import engine  # noqa: F401
from tests.support.waiting import wait_until

from haetae.database.engine import session_scope
from haetae.database.models import Event
from haetae.database.scoped import event_changes
from haetae.database.scoped.event_changes import Answer
from haetae.database.scoped.event_filter import EventFilter
from haetae.domain.event import SITE, EventKind, Review, Severity
from haetae.errors import Conflict
from haetae.ids import new_id


@pytest.fixture
def desk(engine):  # noqa: F811
    return EventDesk(engine)


def by_ids(desk, viewer, events, note=None):
    return desk.events.acknowledge_all(viewer, actor(viewer), [event.id for event in events], note)


def by_filter(desk, viewer, wanted=None, note=None, limit=100):
    items, more = desk.events.acknowledge_matching(viewer, actor(viewer), wanted or EventFilter(), note, limit=limit)
    return [item.event_id for item in items if item.answer is Answer.ACKNOWLEDGED], more


def test_each_event_gets_its_own_answer_in_the_order_asked_for(desk):
    mine, done, looked_at, hidden, site = (
        desk.add(0),
        desk.add(1, columns={"acknowledged": True, "acknowledged_by": ADMIN.user_id}),
        desk.add(2, camera_id=YARD),
        desk.add(3, camera_id=ROOF),
        desk.add(4, camera_id=SITE, kind=EventKind.SYSTEM),
    )
    unknown = new_id()
    asked = [site.id, unknown, done.id, hidden.id, mine.id, looked_at.id, mine.id]
    items = desk.events.acknowledge_all(GUARD, actor(GUARD), asked, "all clear")
    assert [(item.event_id, item.camera_id, item.answer) for item in items] == [
        (site.id, SITE, Answer.FORBIDDEN),
        (unknown, None, Answer.NOT_FOUND),
        (done.id, GATE, Answer.ALREADY),
        (hidden.id, None, Answer.NOT_FOUND),
        (mine.id, GATE, Answer.ACKNOWLEDGED),
        (looked_at.id, YARD, Answer.FORBIDDEN),
    ]
    found = {event.id: desk.row(event) for event in (mine, done, looked_at, hidden, site)}
    assert {event_id for event_id, row in found.items() if row.acknowledged} == {mine.id, done.id}
    assert (found[mine.id].acknowledged_by, found[done.id].acknowledged_by) == (GUARD.user_id, ADMIN.user_id)
    assert {event_id for event_id, row in found.items() if row.note == "all clear"} == {mine.id, done.id}
    assert [(entry.action, entry.target_id) for entry in desk.audit()] == [
        ("event.note", str(done.id)),
        ("event.acknowledge", str(mine.id)),
    ]


def test_who_may_only_look_acknowledges_nothing(desk):
    events = [desk.add(), desk.add(camera_id=SITE, kind=EventKind.SYSTEM)]
    assert {item.answer for item in by_ids(desk, GUEST, events)} == {Answer.FORBIDDEN, Answer.NOT_FOUND}
    assert {item.answer for item in by_ids(desk, NOBODY, events)} == {Answer.NOT_FOUND}
    assert by_filter(desk, GUEST) == by_filter(desk, NOBODY) == ([], False)
    assert desk.audit() == []


def test_the_newest_that_match_and_may_be_are_acknowledged(desk):
    events = [desk.add(number) for number in range(5)]
    for number, camera in enumerate((YARD, ROOF, SITE)):
        desk.add(10 + number, camera_id=camera)
    desk.add(20, columns={"acknowledged": True})
    newest_first = [event.id for event in reversed(events)]
    assert by_filter(desk, GUARD, limit=2) == (newest_first[:2], True)
    assert by_filter(desk, GUARD, limit=3) == (newest_first[2:], False)
    assert by_filter(desk, GUARD) == ([], False)
    assert [entry.target_id for entry in desk.audit()] == list(map(str, newest_first))
    assert len(by_filter(desk, ADMIN)[0]) == 3


def test_a_filter_bounds_what_is_acknowledged(desk):
    high, _low = desk.add(0, severity=Severity.HIGH), desk.add(1, severity=Severity.LOW)
    assert by_filter(desk, GUARD, EventFilter(min_severity=Severity.HIGH), "seen to") == ([high.id], False)
    assert desk.row(high).note == "seen to"
    assert by_filter(desk, GUARD, EventFilter(camera_ids=(YARD, ROOF))) == ([], False)
    assert by_filter(desk, GUARD, EventFilter(acknowledged=True)) == ([], False)


def test_all_are_acknowledged_or_none(desk, monkeypatch):
    events, written = [desk.add(number) for number in range(3)], []

    def full_at_last(session, *arguments, **named):
        if len(written) == 2:
            raise Conflict("the audit log is full")
        written.append(arguments)
        record(session, *arguments, **named)

    record = event_changes.record
    monkeypatch.setattr(event_changes, "record", full_at_last)
    for doing in (by_ids, lambda desk, viewer, _: by_filter(desk, viewer)):
        with pytest.raises(Conflict, match="full"):
            doing(desk, ADMIN, events)
        assert len(written) == 2
        written.clear()
    assert not any(desk.row(event).acknowledged for event in events)
    assert desk.audit() == []


def test_two_who_acknowledge_the_same_share_it_out(desk):
    events = [desk.add(number) for number in range(6)]
    *items, (matching, _) = at_once(
        lambda: by_ids(desk, ADMIN, events), lambda: by_ids(desk, GUARD, events[::-1]), lambda: by_filter(desk, GUARD)
    )
    done = [item.event_id for item in items[0] + items[1] if item.answer is Answer.ACKNOWLEDGED] + matching
    assert sorted(done) == sorted(event.id for event in events)
    assert sorted(entry.target_id for entry in desk.audit()) == sorted(map(str, done))


@contextmanager
def held(desk, event):
    """Another transaction has this event."""
    with session_scope(desk.sessions) as session:
        session.scalars(sa.select(Event.id).where(Event.id == event.id).with_for_update()).one()
        yield


def test_those_who_ask_by_ids_and_by_filter_do_not_wait_for_each_other(tmp_path):
    # Not on SQLite, where a transaction that writes has the whole database.
    with database("postgresql", tmp_path) as server, ExitStack() as holding:
        desk = EventDesk(server)
        events = [desk.add(number) for number in range(3)]
        holding.enter_context(held(desk, events[1]))

        def let_go():
            waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            with server.connect() as connection:
                wait_until(lambda: connection.scalar(waiting) == 2, "both have come as far as the event that is held")
            holding.close()

        found = at_once(lambda: by_ids(desk, ADMIN, events), lambda: by_filter(desk, ADMIN, EventFilter()), let_go)
        assert [error for error in found if isinstance(error, Exception)] == []
        assert all(desk.row(event).acknowledged for event in events)
        assert len(desk.audit()) == 3


def test_a_list_that_is_taken_out_of_the_house_is_written_down_with_what_was_asked_for(desk):
    wanted = EventFilter(camera_ids=(GATE,), since=ONSET, reviews=(Review.NEW,), acknowledged=False, min_score=0.5, text="정문")
    desk.events.note_list_export(actor(GUARD), "csv", wanted)
    desk.events.note_list_export(actor(ADMIN), "ndjson", EventFilter())
    first, second = desk.audit()
    assert (first.action, first.target_type, first.actor_id, first.address) == ("event.export", None, GUARD.user_id, "10.0.0.9")
    assert first.after == {
        "format": "csv",
        "filter": {
            "camera_ids": [str(GATE)],
            "since": ONSET.isoformat(),
            "reviews": ["new"],
            "acknowledged": False,
            "min_score": 0.5,
            "text": "정문",
        },
    }
    assert second.after == {"format": "ndjson", "filter": {}}
