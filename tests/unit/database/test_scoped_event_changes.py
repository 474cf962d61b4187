"""What people make of events: who may, what is noted of it, and what comes of doing it twice."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from tests.support.accounts import at_once
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD
from tests.support.event_desk import EventDesk, actor
from tests.support.postgres import engine  # noqa: F401

from haetae.database.account_models import Feedback
from haetae.database.engine import session_scope
from haetae.database.event_repository import get_event
from haetae.database.event_words import occurring
from haetae.database.models import Event, User
from haetae.database.scoped import event_changes
from haetae.database.scoped.event_changes import EventChange
from haetae.database.scoped.event_filter import EventFilter
from haetae.database.statistics_repository import list_statistics, recount_events
from haetae.domain.analysis import CorrectedType
from haetae.domain.event import SITE, EventKind, Review
from haetae.domain.statistics import local_day
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import ConfigError, Conflict, Forbidden, NotFound
from haetae.ids import new_id


@pytest.fixture
def desk(engine):  # noqa: F811
    return EventDesk(engine)


def acknowledge(desk, viewer, event, note=None):
    return desk.events.acknowledge(viewer, actor(viewer), event.id, note)


def change(desk, viewer, event, **changes):
    return desk.events.change(viewer, actor(viewer), event.id, EventChange(**changes))


def noted(desk):
    return [(entry.action, entry.before, entry.after) for entry in desk.audit()]


def test_who_acknowledges_an_event_is_written_down(desk):
    event = desk.add()
    desk.clock.advance(60)
    found = acknowledge(desk, GUARD, event, "sent somebody")
    assert (found.acknowledged, found.acknowledged_by, found.acknowledged_by_name) == (True, GUARD.user_id, "guard")
    assert (found.acknowledged_at, found.note) == (desk.clock.now(), "sent somebody")
    assert found == desk.events.get(GUARD, event.id)
    [entry] = desk.audit()
    assert (entry.action, entry.target_type, entry.target_id) == ("event.acknowledge", "event", str(event.id))
    assert (entry.at, entry.actor_id, entry.actor_name, entry.address) == (desk.clock.now(), GUARD.user_id, "guard", "10.0.0.9")
    assert entry.before == {"acknowledged": False, "acknowledged_by": None, "acknowledged_at": None, "note": None}
    assert entry.after == {
        "acknowledged": True,
        "acknowledged_by": str(GUARD.user_id),
        "acknowledged_at": found.acknowledged_at.isoformat(),
        "note": "sent somebody",
    }


def test_who_acknowledged_first_stays_and_the_newest_note_is_kept(desk):
    event = desk.add()
    first = acknowledge(desk, GUARD, event, "on my way")
    desk.clock.advance(60)
    assert acknowledge(desk, ADMIN, event) == acknowledge(desk, GUARD, event) == first
    assert len(desk.audit()) == 1
    again = acknowledge(desk, ADMIN, event, "a cat")
    assert (again.acknowledged_by, again.acknowledged_at, again.note) == (GUARD.user_id, first.acknowledged_at, "a cat")
    assert noted(desk)[1:] == [("event.note", {"note": "on my way"}, {"note": "a cat"})]
    assert acknowledge(desk, ADMIN, event, "").note is None


def test_what_was_acknowledged_can_be_taken_back_and_keeps_its_note(desk):
    event = desk.add()
    acknowledge(desk, GUARD, event, "a cat")
    for _ in range(2):
        found = desk.events.unacknowledge(ADMIN, actor(ADMIN), event.id)
        assert (found.acknowledged, found.acknowledged_by, found.acknowledged_at, found.note) == (False, None, None, "a cat")
    assert [entry.action for entry in desk.audit()] == ["event.acknowledge", "event.unacknowledge"]
    assert desk.audit()[1].actor_id == ADMIN.user_id
    assert desk.audit()[1].before["acknowledged_by"] == str(GUARD.user_id)


def test_review_note_and_lock_are_noted_each_and_once(desk):
    event = desk.add()
    for _ in range(2):
        found = change(desk, GUARD, event, review=Review.IN_PROGRESS, note="고양이\n", locked=True)
        assert (found.review, found.note, found.locked) == (Review.IN_PROGRESS, "고양이\n", True)
        assert (found.reviewed_by, found.reviewed_by_name, found.reviewed_at) == (GUARD.user_id, "guard", desk.clock.now())
    assert noted(desk) == [
        ("event.note", {"note": None}, {"note": "고양이\n"}),
        ("event.lock", {"locked": False}, {"locked": True}),
        (
            "event.review",
            {"review": "new", "reviewed_by": None, "reviewed_at": None},
            {"review": "in_progress", "reviewed_by": str(GUARD.user_id), "reviewed_at": desk.clock.now().isoformat()},
        ),
    ]
    assert {entry.target_id for entry in desk.audit()} == {str(event.id)}


def test_what_a_change_does_not_name_stays(desk):
    event = desk.add(columns={"note": "a cat", "locked": True, "review": Review.RESOLVED, "reviewed_by": GUARD.user_id})
    assert change(desk, ADMIN, event) == desk.events.get(ADMIN, event.id)
    assert desk.audit() == []
    found = change(desk, ADMIN, event, note="", locked=False)
    assert (found.note, found.locked, found.review, found.reviewed_by) == (None, False, Review.RESOLVED, GUARD.user_id)
    assert [action for action, _, _ in noted(desk)] == ["event.note", "event.unlock"]


def test_an_event_that_is_new_again_was_reviewed_by_nobody(desk):
    event = desk.add()
    change(desk, GUARD, event, review=Review.FALSE_ALARM)
    found = change(desk, ADMIN, event, review=Review.NEW)
    assert (found.review, found.reviewed_by, found.reviewed_by_name, found.reviewed_at) == (Review.NEW, None, None, None)


def test_a_person_who_was_deleted_leaves_the_event_acknowledged(desk):
    event = desk.add()
    acknowledge(desk, GUARD, event)
    with session_scope(desk.sessions) as session:
        session.execute(sa.delete(User).where(User.id == GUARD.user_id))
    found = desk.events.get(ADMIN, event.id)
    assert (found.acknowledged, found.acknowledged_by, found.acknowledged_by_name) == (True, None, None)


CHANGES = {
    "acknowledge": lambda desk, viewer, event: acknowledge(desk, viewer, event, "x"),
    "unacknowledge": lambda desk, viewer, event: desk.events.unacknowledge(viewer, actor(viewer), event.id),
    "review": lambda desk, viewer, event: change(desk, viewer, event, review=Review.NORMAL),
    "note": lambda desk, viewer, event: change(desk, viewer, event, note="x"),
    "lock": lambda desk, viewer, event: change(desk, viewer, event, locked=True),
    "nothing": lambda desk, viewer, event: change(desk, viewer, event),
    "require": lambda desk, viewer, event: desk.events.require_control(viewer, event.id),
}


def test_who_may_look_may_not_change_and_what_is_hidden_is_not_there(desk):
    events = {camera: desk.add(camera_id=camera) for camera in (GATE, YARD, ROOF)}
    events[SITE] = desk.add(camera_id=SITE, kind=EventKind.SYSTEM)
    bounded = Viewer(GUEST.user_id, "guest", Role.VIEWER, {GATE: AccessLevel.ADMIN})
    expected = [
        (GUARD, YARD, Forbidden),
        (GUARD, SITE, Forbidden),
        (GUARD, ROOF, NotFound),
        (GUEST, GATE, Forbidden),
        (bounded, GATE, Forbidden),
        (GUEST, SITE, NotFound),
        (NOBODY, GATE, NotFound),
    ]
    before = {camera: desk.events.get(ADMIN, event.id) for camera, event in events.items()}
    for doing in CHANGES.values():
        for viewer, camera, error in expected:
            with pytest.raises(error):
                doing(desk, viewer, events[camera])
    assert {camera: desk.events.get(ADMIN, event.id) for camera, event in events.items()} == before
    assert desk.audit() == desk.feedback() == []
    for doing in CHANGES.values():
        doing(desk, GUARD, events[GATE])
        doing(desk, ADMIN, events[SITE])


def test_a_change_that_cannot_be_noted_is_not_made(desk, monkeypatch):
    event, other = desk.add(0), desk.add(1)
    before = desk.events.get(ADMIN, event.id)

    def refuse(*_arguments, **_named):
        raise Conflict("the audit log is full")

    monkeypatch.setattr(event_changes, "record", refuse)
    for name in ("acknowledge", "review", "note", "lock"):
        with pytest.raises(Conflict, match="full"):
            CHANGES[name](desk, ADMIN, event)
    with pytest.raises(Conflict, match="full"):
        desk.events.acknowledge_all(ADMIN, actor(ADMIN), [event.id, other.id])
    assert desk.events.get(ADMIN, event.id) == before
    assert desk.feedback() == []


def test_of_two_who_acknowledge_at_once_one_is_written_down(desk):
    event = desk.add()
    found = at_once(lambda: acknowledge(desk, ADMIN, event), lambda: acknowledge(desk, GUARD, event))
    assert found[0] == found[1]
    [entry] = desk.audit()
    assert entry.actor_id == found[0].acknowledged_by


def normal(desk, viewer, event):
    return change(desk, viewer, event, review=Review.NORMAL)


def test_a_camera_is_told_once_that_an_event_was_normal(desk):
    event = desk.add()
    normal(desk, GUARD, event)
    desk.clock.advance(60)
    normal(desk, ADMIN, event)
    [told] = desk.feedback()
    assert (told.event_id, told.camera_id, told.verdict, told.user_id) == (event.id, GATE, "normal", GUARD.user_id)
    assert (told.created_at, told.applied_at) == (desk.clock.now() - timedelta(seconds=60), None)
    assert len(desk.audit()) == 1


def test_what_is_not_normal_after_all_is_taken_back_until_the_camera_has_learned_it(desk):
    event = desk.add()
    normal(desk, GUARD, event)
    change(desk, GUARD, event, review=Review.FALSE_ALARM)
    assert desk.feedback() == []
    normal(desk, ADMIN, event)
    assert [told.user_id for told in desk.feedback()] == [ADMIN.user_id]
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(Feedback).values(applied_at=desk.clock.now()))
    change(desk, GUARD, event, review=Review.RESOLVED)
    normal(desk, GUARD, event)
    assert [(told.user_id, told.applied_at) for told in desk.feedback()] == [(ADMIN.user_id, desk.clock.now())]


def test_who_goes_and_looks_confirms_and_may_still_find_it_usual(desk):
    event = desk.add()
    change(desk, GUARD, event, review=Review.IN_PROGRESS)
    change(desk, GUARD, event, review=Review.RESOLVED)
    assert [told.verdict for told in desk.feedback()] == ["confirmed"]
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(Feedback).values(applied_at=desk.clock.now()))
    normal(desk, GUARD, event)
    assert [(told.verdict, told.applied_at) for told in desk.feedback()] == [("normal", None)]


def test_other_reviews_and_other_kinds_of_events_teach_a_camera_nothing(desk):
    for review in (Review.NEW, Review.FALSE_ALARM):
        change(desk, GUARD, desk.add(), review=review)
    for kind, camera in ((EventKind.TAMPER, GATE), (EventKind.SYSTEM, GATE), (EventKind.SYSTEM, SITE)):
        assert normal(desk, ADMIN, desk.add(kind=kind, camera_id=camera)).review is Review.NORMAL
    assert desk.feedback() == []


def test_what_is_taken_out_of_the_house_is_written_down(desk):
    event, hidden = desk.add(), desk.add(camera_id=ROOF)
    key = new_id()
    by_key = Actor("robot", GUARD.user_id, "10.0.0.8", key)
    assert desk.events.export(GUARD, by_key, event.id) == desk.events.get(GUARD, event.id)
    with pytest.raises(NotFound):
        desk.events.export(GUARD, by_key, hidden.id)
    [entry] = desk.audit()
    assert (entry.action, entry.target_id, entry.api_key_id, entry.address) == ("event.export", str(event.id), key, "10.0.0.8")


def test_a_corrected_type_is_what_the_event_is_called_and_found_by_until_it_is_taken_back(desk):
    event = desk.add(subtype="possible_fire", vlm_type="Arson")
    found = change(desk, GUARD, event, corrected_type=CorrectedType.FALLING)
    assert (found.corrected_type, found.shown_type, found.vlm_type, found.subtype) == ("Falling", "Falling", "Arson", "possible_fire")
    assert change(desk, GUARD, event, corrected_type=CorrectedType.FALLING) == found
    assert noted(desk) == [("event.type", {"corrected_type": None}, {"corrected_type": "Falling"})]
    assert desk.ids(ADMIN, EventFilter(types=("Falling",))) == desk.ids(ADMIN, EventFilter(text="falling")) == [event.id]
    assert desk.ids(ADMIN, EventFilter(types=("Arson",))) == []
    with session_scope(desk.sessions, read_only=True) as session:
        assert get_event(session, event.id).shown_type == "Falling"
        assert list(session.scalars(sa.select(Event.id).where(*occurring("falling")))) == [event.id]
    assert change(desk, ADMIN, event, corrected_type="").shown_type == "Arson"
    assert desk.ids(ADMIN, EventFilter(text="falling")) == []
    assert len(noted(desk)) == 2


def test_no_later_revision_of_the_pipeline_takes_a_correction_away(desk):
    event = desk.add(subtype="possible_fire")
    change(desk, ADMIN, event, corrected_type=CorrectedType.FALLING)
    desk.store(replace(event, revision=9, subtype="possible_fall", vlm_type="Arson"))
    assert desk.events.get(ADMIN, event.id).shown_type == "Falling"
    assert desk.events.get(ADMIN, event.id).subtype == "possible_fall"


def test_who_may_only_look_corrects_nothing(desk):
    event = desk.add()
    with pytest.raises(Forbidden):
        change(desk, GUEST, event, corrected_type=CorrectedType.FALLING)
    with pytest.raises(NotFound):
        change(desk, NOBODY, event, corrected_type=CorrectedType.FALLING)
    assert desk.events.get(ADMIN, event.id).corrected_type is None


def test_what_the_system_says_of_itself_is_not_corrected(desk):
    event = desk.add(camera_id=SITE, kind=EventKind.SYSTEM, subtype="disk_full")
    with pytest.raises(ConfigError):
        change(desk, ADMIN, event, corrected_type=CorrectedType.FALLING, note="x")
    assert noted(desk) == []


def test_statistics_count_an_event_as_what_a_person_says_that_it_was(desk):
    event = desk.add(subtype="possible_fire")
    zone, now = "Asia/Seoul", desk.clock.now()
    day = local_day(event.timestamp, ZoneInfo(zone))
    with session_scope(desk.sessions) as session:
        recount_events(session, event.camera_id, day, zone, now=now)
    for corrected, counted in ((CorrectedType.FALLING, "Falling"), ("", "possible_fire")):
        change(desk, ADMIN, event, corrected_type=corrected)
        with session_scope(desk.sessions, read_only=True) as session:
            [row] = list_statistics(session)
        assert (row.day, row.events_by_type) == (day, {counted: 1})
