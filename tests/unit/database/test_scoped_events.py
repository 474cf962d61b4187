"""Which events a viewer is shown, by every filter and in every order."""

from dataclasses import fields
from datetime import timedelta

import pytest
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD
from tests.support.event_desk import EventDesk, database
from tests.support.events import ONSET
from tests.support.postgres import engine  # noqa: F401

from haetae.database.engine import make_engine, session_factory
from haetae.database.scoped.event_filter import EventFilter, EventSort
from haetae.database.scoped.event_rows import EventRow
from haetae.database.scoped.events import ScopedEvents
from haetae.domain.event import SITE, EventKind, EventStatus, Review, Severity, Verdict
from haetae.errors import DatabaseUnavailable, NotFound
from haetae.ids import new_id
from haetae.testing.clock import FakeClock

NO_EVENT = new_id()

# What each event differs in from a plain one, oldest first; the second are columns that people write.
SHELF = {
    "yard": ({"camera_id": YARD, "end_s": 2.5}, {}),
    "covered": ({"kind": EventKind.TAMPER, "subtype": "covered", "end_s": 2.5}, {}),
    "turned": ({"kind": EventKind.TAMPER, "subtype": "turned"}, {}),
    "full": ({"camera_id": SITE, "kind": EventKind.SYSTEM, "subtype": "storage_full", "detail": "the disk is full"}, {}),
    "low": ({"severity": Severity.LOW, "vad_score": 0.5, "end_s": 1e-3}, {}),
    "high": ({"severity": Severity.HIGH, "vad_score": 0.9, "end_s": 1 / 3}, {}),
    "critical": ({"severity": Severity.CRITICAL, "vad_score": 1.0}, {}),
    "critical too": ({"severity": Severity.CRITICAL, "vad_score": 0.1 + 0.2}, {}),
    "open": ({"status": EventStatus.OPEN}, {}),
    "interrupted": ({"status": EventStatus.INTERRUPTED, "end_s": 3600.0}, {}),
    "clip": ({"clip_path": "clips/x.mp4", "vad_score": 0.1}, {}),
    "seen": ({}, {"acknowledged": True, "note": "sent the GUARD there"}),
    "normal": ({}, {"review": Review.NORMAL}),
    "false": ({}, {"review": Review.FALSE_ALARM}),
    "evidence": ({}, {"locked": True}),
    "korean": ({"vlm_description": "정문 앞에서 사람이 넘어짐"}, {"verdict": Verdict.CONFIRMED, "search_text": "지팡이 CANE"}),
    "percent": ({"detail": "battery at 100%"}, {}),
    "thousand": ({"detail": "battery at 1000"}, {}),
    "snake": ({}, {"note": "cam_1 /etc"}),
    "no snake": ({}, {"note": "camx1 /etc"}),
    "quotes": ({"vlm_type": 'O\'Brien "x" \\n'}, {}),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shelf(request, tmp_path_factory):
    with database(request.param, tmp_path_factory.mktemp("shelf")) as shared:
        desk = EventDesk(shared)
        desk.named = {name: desk.add(number, columns=columns, **changes) for number, (name, (changes, columns)) in enumerate(SHELF.items())}
        desk.name_of = {event.id: name for name, event in desk.named.items()}
        yield desk


def found(shelf, viewer=ADMIN, **conditions):
    page = shelf.events.page(viewer, EventFilter(**conditions), limit=100)
    assert (page.total, page.total_is_exact, page.next_cursor) == (len(page.items), True, None)
    return {shelf.name_of[row.id] for row in page.items}


def everything_but(*names):
    return set(SHELF) - set(names)


CASES = [
    ({}, everything_but()),
    ({"camera_ids": (YARD,)}, {"yard"}),
    ({"camera_ids": (YARD, SITE, ROOF)}, {"yard", "full"}),
    ({"camera_ids": ()}, set()),
    ({"since": ONSET + timedelta(seconds=19)}, {"no snake", "quotes"}),
    ({"until": ONSET + timedelta(seconds=2)}, {"yard", "covered"}),
    ({"since": ONSET + timedelta(seconds=1), "until": ONSET + timedelta(seconds=2)}, {"covered"}),
    ({"since": ONSET + timedelta(seconds=2), "until": ONSET + timedelta(seconds=1)}, set()),
    ({"kinds": (EventKind.TAMPER,)}, {"covered", "turned"}),
    ({"kinds": (EventKind.TAMPER, EventKind.SYSTEM)}, {"covered", "turned", "full"}),
    ({"subtypes": ("turned",)}, {"turned"}),
    ({"subtypes": ("turned", "storage_full", "none-such")}, {"turned", "full"}),
    ({"types": ("turned", "storage_full", "none-such")}, {"turned", "full"}),
    ({"severities": (Severity.LOW, Severity.HIGH)}, {"low", "high"}),
    ({"severities": (Severity.CRITICAL,)}, {"critical", "critical too"}),
    ({"min_severity": Severity.LOW}, everything_but()),
    ({"min_severity": Severity.HIGH}, {"high", "critical", "critical too"}),
    ({"min_severity": Severity.HIGH, "severities": (Severity.LOW, Severity.HIGH)}, {"high"}),
    ({"min_severity": Severity.CRITICAL, "severities": (Severity.LOW,)}, set()),
    ({"min_score": 0.9}, {"high", "critical"}),
    ({"min_score": 0.0}, everything_but()),
    ({"statuses": (EventStatus.OPEN,)}, {"open"}),
    ({"statuses": (EventStatus.OPEN, EventStatus.INTERRUPTED)}, {"open", "interrupted"}),
    ({"statuses": (EventStatus.CLOSED,)}, everything_but("open", "interrupted")),
    ({"reviews": (Review.NORMAL, Review.FALSE_ALARM)}, {"normal", "false"}),
    ({"reviews": (Review.NEW,)}, everything_but("normal", "false")),
    ({"acknowledged": True}, {"seen"}),
    ({"acknowledged": False}, everything_but("seen")),
    ({"locked": True}, {"evidence"}),
    ({"locked": False}, everything_but("evidence")),
    ({"has_clip": True}, {"clip"}),
    ({"has_clip": False}, everything_but("clip")),
    ({"kinds": (EventKind.TAMPER,), "acknowledged": False, "text": "COVER", "min_score": 0.7}, {"covered"}),
    ({"verdicts": (Verdict.CONFIRMED,)}, {"korean"}),
    ({"verdicts": (Verdict.REJECTED, Verdict.UNVERIFIED)}, set()),
    ({"text": "넘어짐"}, {"korean"}),
    ({"text": "사람"}, {"korean"}),
    ({"text": "앞"}, {"korean"}),
    ({"text": "넘어짐 정문"}, {"korean"}),
    ({"text": '"넘어짐 정문"'}, set()),
    ({"text": '"사람이 넘어짐" cane'}, {"korean"}),
    ({"text": "정문 없는말"}, set()),
    ({"text": "문 앞"}, {"korean"}),
    ({"text": "guard"}, {"seen"}),
    ({"text": "DISK is"}, {"full"}),
    ({"text": "storage_f"}, {"full"}),
    ({"text": "100%"}, {"percent"}),
    ({"text": "%"}, {"percent"}),
    ({"text": "m_1"}, {"snake"}),
    ({"text": "_1 /ETC"}, {"snake"}),
    ({"text": "o'brien"}, {"quotes"}),
    ({"text": '"x" \\'}, {"quotes"}),
    ({"text": "' OR 1=1 --"}, set()),
    ({"text": ""}, everything_but()),
]


@pytest.mark.parametrize(("conditions", "names"), CASES, ids=[str(conditions) for conditions, _ in CASES])
def test_a_filter_leaves_what_fits_it(shelf, conditions, names):
    assert found(shelf, **conditions) == names


def test_every_condition_of_a_filter_was_tried():
    assert {name for conditions, _ in CASES for name in conditions} == {field.name for field in fields(EventFilter)}


@pytest.mark.parametrize(
    ("viewer", "names"),
    [
        (ADMIN, everything_but()),
        (GUARD, everything_but()),
        (GUEST, everything_but("yard", "full")),
        (NOBODY, set()),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_each_viewer_sees_the_events_of_its_cameras_and_operators_those_of_the_site(shelf, viewer, names):
    assert found(shelf, viewer) == names
    assert {shelf.name_of[row.id] for page in shelf.events.pages(viewer, EventFilter()) for row in page} == names
    for name, event in shelf.named.items():
        if name in names:
            assert shelf.events.get(viewer, event.id).id == shelf.events.media(viewer, event.id).id == event.id
            continue
        for ask in (shelf.events.get, shelf.events.media, shelf.events.require_control):
            with pytest.raises(NotFound) as hidden:
                ask(viewer, event.id)
            with pytest.raises(NotFound) as unknown:
                ask(viewer, NO_EVENT)
            assert str(hidden.value).replace(str(event.id), "") == str(unknown.value).replace(str(NO_EVENT), "")


def test_a_camera_that_is_asked_for_and_not_seen_adds_nothing(shelf):
    assert found(shelf, GUEST, camera_ids=(YARD, SITE, ROOF)) == set()
    assert found(shelf, NOBODY, camera_ids=(GATE,), text="넘어짐") == set()


def key(sort):
    """What the row is sorted by, as people would say it."""
    return {
        EventSort.TIME: lambda row: (row.timestamp, row.id),
        EventSort.SCORE: lambda row: (row.vad_score, row.timestamp, row.id),
        EventSort.SEVERITY: lambda row: (list(Severity).index(row.severity), row.timestamp, row.id),
        # What goes on has no length yet.
        EventSort.DURATION: lambda row: (-1.0 if row.duration_s is None else row.duration_s, row.timestamp, row.id),
    }[sort]


@pytest.mark.parametrize("descending", [True, False], ids=["down", "up"])
@pytest.mark.parametrize("sort", EventSort)
@pytest.mark.parametrize("viewer", [ADMIN, GUARD], ids=lambda viewer: viewer.name)
def test_events_come_in_every_order_page_by_page(shelf, viewer, sort, descending):
    rows, cursor = [], None
    while True:
        page = shelf.events.page(viewer, sort=sort, descending=descending, cursor=cursor, limit=4)
        assert page.total == len(SHELF)
        rows += page.items
        assert len(rows) <= len(SHELF)
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == 4
    assert {row.id for row in rows} == shelf.name_of.keys()
    assert rows == sorted(rows, key=key(sort), reverse=descending)
    exported = [row for page in shelf.events.pages(viewer, EventFilter(), sort=sort, descending=descending) for row in page]
    assert exported == rows


def test_the_newest_come_first_unless_asked_otherwise(shelf):
    assert shelf.ids(ADMIN)[0] == shelf.named["quotes"].id


def test_a_row_says_what_lists_show(shelf):
    event = shelf.named["seen"]
    [row] = shelf.events.page(ADMIN, EventFilter(acknowledged=True)).items
    assert type(row) is EventRow
    assert (row.camera_name, row.note, row.duration_s, row.has_clip, row.has_thumbnail) == (
        "gate",
        "sent the GUARD there",
        None,
        False,
        False,
    )
    assert (row.timestamp, row.vad_score, row.severity, row.review) == (event.timestamp, 0.75, Severity.MEDIUM, Review.NEW)
    assert shelf.events.page(ADMIN, EventFilter(has_clip=True)).items[0].has_clip
    [site] = shelf.events.page(ADMIN, EventFilter(camera_ids=(SITE,))).items
    assert site.camera_name is None


def test_events_of_a_camera_that_is_gone_are_for_admins_alone(engine):  # noqa: F811
    desk = EventDesk(engine)
    gone = desk.add(camera_id=new_id())
    assert desk.ids(ADMIN) == [gone.id]
    assert desk.events.get(ADMIN, gone.id).camera_name is None
    assert desk.ids(GUARD) == []


def test_an_event_names_the_one_that_it_goes_on_from_and_the_one_that_goes_on(engine):  # noqa: F811
    desk = EventDesk(engine)
    first = desk.add(0, ended_at=ONSET + timedelta(seconds=60), end_s=60.0)
    second = desk.add(61, continues=first.id)
    desk.add(62, camera_id=YARD)
    found = desk.events.get(GUARD, first.id)
    assert (found.continues, found.continued_by, found.duration_s) == (None, second.id, 60.0)
    found = desk.events.get(GUARD, second.id)
    assert (found.continues, found.continued_by) == (first.id, None)
    assert (found.facts[0]["kind"], found.box) == ("speed", {"left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.4})


def test_a_database_that_is_away_is_said(tmp_path):
    away = make_engine(f"sqlite:///{tmp_path / 'none.db'}")
    events = ScopedEvents(session_factory(away), FakeClock())
    for ask in (
        lambda: events.page(ADMIN),
        lambda: events.get(ADMIN, NO_EVENT),
        lambda: next(events.pages(ADMIN, EventFilter())),
        lambda: events.acknowledge_matching(ADMIN, None, EventFilter(), limit=1),
    ):
        with pytest.raises(DatabaseUnavailable):
            ask()
    away.dispose()
