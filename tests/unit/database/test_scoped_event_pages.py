"""Pages of events: no event twice, none left out, and no cursor believed that is not one's own."""

import base64
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, ROOF, YARD
from tests.support.event_desk import EventDesk, database
from tests.support.events import ONSET, make_event

from haetae.database.engine import session_scope
from haetae.database.scoped.event_cursor import MAX_LENGTH, MOST_COUNTED
from haetae.database.scoped.event_filter import EventFilter, EventSort
from haetae.domain.event import Severity
from haetae.errors import ConfigError


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request, tmp_path_factory):
    with database(request.param, tmp_path_factory.mktemp("pages")) as engine:
        yield EventDesk(engine)


ARRIVALS = st.lists(
    st.builds(
        lambda offset_s, score, severity, end_s, camera_id: {
            "timestamp": ONSET + timedelta(seconds=offset_s),
            "vad_score": score,
            "severity": severity,
            "end_s": end_s,
            "camera_id": camera_id,
        },
        st.integers(-2, 2),
        st.sampled_from([0.5, 0.75, 0.1 + 0.2]),
        st.sampled_from(Severity),
        st.sampled_from([None, 0.0, 1 / 3, 7.0]),
        st.sampled_from([GATE, YARD]),
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(EventSort),
    st.booleans(),
    st.integers(1, 4),
    st.lists(ARRIVALS, min_size=1, max_size=4),
    st.sampled_from([ADMIN, GUARD]),
)
def test_paging_meets_every_event_once_while_others_arrive(desk, sort, descending, limit, batches, viewer):
    desk.empty()
    first, *later = [[make_event(**changes) for changes in batch] for batch in batches]
    desk.store(*first)
    arriving, met, cursor = iter(later), [], None
    while True:
        page = desk.events.page(viewer, sort=sort, descending=descending, cursor=cursor, limit=limit)
        assert page.total == len(first)
        met += [row.id for row in page.items]
        assert len(met) == len(set(met))
        cursor = page.next_cursor
        if cursor is None:
            break
        desk.store(*next(arriving, ()))
    assert {event.id for event in first} <= set(met)


def test_an_event_that_is_gone_does_not_end_the_list_that_stopped_at_it(desk):
    desk.empty()
    events = [desk.add(number) for number in range(4)]
    page = desk.events.page(ADMIN, limit=2)
    with session_scope(desk.sessions) as session:
        session.execute(
            sa.text("DELETE FROM events WHERE timestamp >= :at").bindparams(sa.bindparam("at", events[2].timestamp, sa.DateTime()))
        )
    assert desk.ids(ADMIN, cursor=page.next_cursor) == [events[1].id, events[0].id]


def cursor_of(desk, wanted=None, **order):
    desk.empty()
    for number in range(3):
        desk.add(number)
    return desk.events.page(ADMIN, wanted, limit=1, **order).next_cursor


def test_a_cursor_is_good_only_for_its_own_list(desk):
    cursor = cursor_of(desk, wanted := EventFilter(min_score=0.5))
    assert len(desk.ids(ADMIN, wanted, cursor=cursor)) == 2
    assert desk.ids(ADMIN, wanted, cursor=cursor, limit=1) == desk.ids(ADMIN, wanted, cursor=cursor)[:1]
    for other, order in (
        (EventFilter(), {}),
        (replace(wanted, min_score=0.6), {}),
        (replace(wanted, text="gate"), {}),
        (wanted, {"descending": False}),
        (wanted, {"sort": EventSort.SCORE}),
        (wanted, {"sort": EventSort.SEVERITY}),
    ):
        with pytest.raises(ConfigError, match="another list"):
            desk.events.page(ADMIN, other, cursor=cursor, **order)


def test_a_cursor_of_somebody_else_shows_no_more_than_ones_own(desk):
    cursor = cursor_of(desk)
    desk.add(-5, camera_id=ROOF)
    mine = desk.add(-6)
    assert desk.ids(GUEST, cursor=cursor)[-1] == mine.id
    assert len(desk.ids(GUEST, cursor=cursor)) == 3
    assert len(desk.ids(ADMIN, cursor=cursor)) == 4


def rewritten(cursor, **changes):
    content = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))
    content |= changes
    kept = {name: value for name, value in content.items() if value is not ...}
    return base64.urlsafe_b64encode(orjson.dumps(kept)).decode().rstrip("=")


@pytest.mark.parametrize("sort", [EventSort.TIME, EventSort.SCORE, EventSort.SEVERITY])
@pytest.mark.parametrize(
    "forged",
    [
        {"id": "1 OR 1=1"},
        {"id": ...},
        {"at": "yesterday"},
        {"at": "2026-03-01T12:00:00"},
        {"at": "0001-01-01T00:00:00+10:00"},
        {"at": "9999-12-31T23:59:59-10:00"},
        {"total": -1},
        {"total": MOST_COUNTED + 2},
        {"asked": "0" * 16},
        {"sort": "id"},
        {"sort": "duration"},
        {"value": "0.5", "severity": ...},
        {"value": 0.5, "severity": "high"},
        {"severity": "1 OR 1=1", "value": ...},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_forged_cursor_is_refused(desk, sort, forged):
    cursor = cursor_of(desk, sort=sort)
    assert rewritten(cursor) == cursor
    with pytest.raises(ConfigError, match="cursor"):
        desk.events.page(ADMIN, sort=sort, cursor=rewritten(cursor, **forged))


@pytest.mark.parametrize("garbled", ["", "x", "null", "e30", "정문", "a b", "\0", "=" * 8, "A" * (MAX_LENGTH + 1), "bnVsbA", "W10"])
def test_what_is_no_cursor_is_refused(desk, garbled):
    with pytest.raises(ConfigError, match="no cursor"):
        desk.events.page(ADMIN, cursor=garbled)
    cursor = cursor_of(desk)
    with pytest.raises(ConfigError, match="cursor"):
        desk.events.page(ADMIN, cursor=garbled + cursor[3:])


@pytest.mark.parametrize(("moment", "left"), [("0001-01-01T00:00:00+00:00", 0), ("9999-12-31T23:59:59.999999+00:00", 3)])
def test_a_cursor_at_the_edge_of_time_is_no_fault(desk, moment, left):
    cursor = rewritten(cursor_of(desk), at=moment)
    assert len(desk.ids(ADMIN, cursor=cursor)) == left
