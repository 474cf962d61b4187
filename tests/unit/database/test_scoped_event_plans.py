"""Many events: how they are counted, and that a page of them is found by an index."""

import re

import pytest
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, ROOF, YARD
from tests.support.event_desk import EventDesk, database, explained
from tests.support.events import make_event

from haetae.database.scoped.event_cursor import MOST_COUNTED
from haetae.database.scoped.event_filter import EventFilter, EventSort
from haetae.domain.event import EventStatus, Severity

MANY = MOST_COUNTED + 100


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowd(request, tmp_path_factory):
    """More events than are counted, one in ten of the yard, one in twenty severe."""
    with database(request.param, tmp_path_factory.mktemp("crowd")) as engine:
        desk = EventDesk(engine)
        severities = (Severity.LOW, Severity.MEDIUM, Severity.MEDIUM)
        events = [
            make_event(
                number,
                camera_id=YARD if number % 10 == 0 else ROOF if number % 10 > 6 else GATE,
                severity=Severity.HIGH if number % 20 == 1 else severities[number % 3],
                status=EventStatus.CLOSED,
                facts=(),
            )
            for number in range(MANY)
        ]
        desk.store(*events)
        with engine.begin() as connection:
            # SQLite is never analysed in the field: it must find its way without.
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("ANALYZE events")
        desk.all = events
        yield desk


def test_totals_are_exact_until_there_are_very_many(crowd):
    every = crowd.events.page(ADMIN, limit=1)
    assert (every.total, every.total_is_exact) == (MOST_COUNTED, False)
    of_yard = crowd.events.page(ADMIN, EventFilter(camera_ids=(YARD,)), limit=1)
    assert (of_yard.total, of_yard.total_is_exact) == (MANY // 10, True)
    first = EventFilter(until=crowd.all[MOST_COUNTED].timestamp)
    just = crowd.events.page(ADMIN, first, limit=1)
    assert (just.total, just.total_is_exact) == (MOST_COUNTED, True)
    following = crowd.events.page(ADMIN, cursor=every.next_cursor, limit=1)
    assert (following.total, following.total_is_exact) == (MOST_COUNTED, False)


LISTS = {
    "all": (ADMIN, EventFilter(), {}),
    "oldest first": (ADMIN, EventFilter(), {"descending": False}),
    "of one camera": (ADMIN, EventFilter(camera_ids=(YARD,)), {}),
    "of some cameras": (ADMIN, EventFilter(camera_ids=(GATE, ROOF)), {}),
    "of somebody with one camera": (GUEST, EventFilter(), {}),
    "of somebody with some cameras": (GUARD, EventFilter(), {}),
    "severe": (ADMIN, EventFilter(severities=(Severity.HIGH,)), {}),
    "not mild": (ADMIN, EventFilter(min_severity=Severity.MEDIUM), {}),
    "to be answered": (ADMIN, EventFilter(acknowledged=False, statuses=(EventStatus.CLOSED,)), {}),
    "by severity": (ADMIN, EventFilter(), {"sort": EventSort.SEVERITY}),
    "by severity, mild first": (GUARD, EventFilter(), {"sort": EventSort.SEVERITY, "descending": False}),
}


@pytest.mark.parametrize("deep", [False, True], ids=["first page", "deep"])
@pytest.mark.parametrize("name", LISTS)
def test_a_page_comes_out_of_an_index_in_its_order(crowd, name, deep):
    viewer, wanted, order = LISTS[name]
    cursor = None
    if deep:
        half = crowd.events.page(viewer, wanted, limit=1, **order).total // 2
        cursor = crowd.events.page(viewer, wanted, limit=half, **order).next_cursor
    with explained(crowd.engine) as said:
        page = crowd.events.page(viewer, wanted, cursor=cursor, limit=50, **order)
    assert len(page.items) == 50
    lists = [steps for statement, steps in said if "ORDER BY" in statement]
    assert lists
    for steps in lists:
        assert detours(steps) == []
        assert any(" ix_events_" in step for step in steps), steps


def detours(steps):
    """The steps that read all events or put all that match in order. Those of one moment may be put in order behind the index."""
    detour = re.compile(r"SCAN events|USE TEMP B-TREE FOR ORDER BY|(->\s*)?(Sort|Seq Scan on events)\s+\(.*")
    return [step for step in steps if detour.fullmatch(step)]


def test_counting_reads_an_index_and_no_event(crowd):
    with explained(crowd.engine) as said:
        crowd.events.page(GUARD, EventFilter(min_score=0.5, acknowledged=False, camera_ids=(YARD,)), limit=1)
    [steps] = [steps for statement, steps in said if statement.startswith("SELECT count")]
    assert detours(steps) == []
    if crowd.engine.dialect.name == "sqlite":
        assert any("COVERING INDEX ix_events_by_camera" in step for step in steps), steps
