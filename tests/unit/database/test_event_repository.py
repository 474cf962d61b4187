import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.events import CAMERA, ONSET, make_event
from tests.support.postgres import engine  # noqa: F401

from haetae.database.camera_repository import ensure_camera
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_repository import get_event, list_events, mark_interrupted, upsert_events
from haetae.database.event_statement import KEEPER_COLUMNS, OPERATOR_COLUMNS, RESPONSE_COLUMNS, TRIAGE_COLUMNS, to_row
from haetae.database.models import Camera, CameraAccess, Event, User
from haetae.domain.camera import CameraConfig
from haetae.domain.event import AnomalyEvent, EventKind, EventStatus, Severity
from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.ids import new_id

LATER = ONSET + timedelta(hours=1)


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


def store(sessions, *events):
    with session_scope(sessions) as session:
        return upsert_events(session, events, stored_at=LATER)


def load(sessions, event_id):
    with session_scope(sessions, read_only=True) as session:
        return get_event(session, event_id)


def full_event() -> AnomalyEvent:
    return AnomalyEvent(
        id=new_id(),
        camera_id=CAMERA,
        timestamp=ONSET,
        frame_number=2**40,
        vad_score=0.91,
        threshold=0.5,
        kind=EventKind.TAMPER,
        subtype="covered",
        severity=Severity.CRITICAL,
        status=EventStatus.CLOSED,
        revision=3,
        ended_at=ONSET + timedelta(seconds=4.5),
        onset_s=12.25,
        end_s=16.75,
        peak_s=13.5,
        box=Box(0.0, 0.25, 0.5, 1.0),
        facts=(
            Fact("f1", FactKind.SPEED, 3.1, "m/s", 12.25, 13.0, usual=1.6, rarity=0.00005, quality=0.9, source="motion"),
            Fact("f2", FactKind.PLACE, 1.0, "해태", 12.25, 13.0),
        ),
        clip_path="clips/a.mp4",
        thumbnail_path="clips/a.jpg",
        faults=("no clip could be written", "디스크"),
        continues=new_id(),
        detail="camera gate has sent no picture for 30 s: 연결 끊김",
        media_bytes=2**40,
        vlm_type="running",
        vlm_description="사람이 뛰고 있다 🏃",
        vlm_confidence=0.8,
        agent_actions=("notify", "record"),
        agent_response_time=1.25,
    )


def test_an_event_comes_back_as_it_was(sessions):
    plain, full = AnomalyEvent(new_id(), CAMERA, ONSET, 7, 0.5, 0.5), full_event()
    store(sessions, plain, full)
    assert load(sessions, plain.id) == plain
    assert load(sessions, full.id) == full
    assert load(sessions, new_id()) is None


def test_every_field_of_an_event_has_its_column_and_every_column_its_writer():
    written = set(to_row(full_event()))
    assert written == set(AnomalyEvent.__dataclass_fields__) - {"verdict", "corrected_type"}, "triage's and people's to write"
    assert set(Event.__table__.columns.keys()) == written | OPERATOR_COLUMNS | KEEPER_COLUMNS | TRIAGE_COLUMNS | RESPONSE_COLUMNS | {
        "created_at"
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
def test_the_highest_revision_wins_in_whatever_order_and_however_often_it_comes(sessions, order, together):
    first = make_event()
    revisions = [replace(first, revision=number, vad_score=0.5 + number / 10) for number in range(3)]
    chosen = [revisions[index] for index in (*order, *order)]
    if together:
        assert store(sessions, *chosen) == 1
    else:
        for event in chosen:
            store(sessions, event)
    assert load(sessions, first.id) == revisions[2]
    with session_scope(sessions, read_only=True) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == 1


def test_what_an_operator_decided_and_what_retention_deleted_survive_every_later_revision(sessions):
    event = make_event()
    store(sessions, event)
    with session_scope(sessions) as session:
        user = User(username="ann", password_hash="x", created_at=ONSET, updated_at=ONSET)
        session.add(user)
        session.flush()
        row = session.get(Event, event.id)
        row.acknowledged, row.acknowledged_by, row.acknowledged_at = True, user.id, ONSET
        row.note, row.locked = "delivery van", True
        row.media_deleted_at = LATER
    with session_scope(sessions) as session:
        upsert_events(session, [replace(event, revision=5, status=EventStatus.CLOSED)], stored_at=LATER + timedelta(days=1))
    with session_scope(sessions, read_only=True) as session:
        row = session.get(Event, event.id)
        assert row.status is EventStatus.CLOSED
        assert (row.acknowledged, row.acknowledged_by, row.acknowledged_at) == (True, user.id, ONSET)
        assert (row.note, row.locked, row.created_at) == ("delivery van", True, LATER)
        assert row.media_deleted_at == LATER


def test_a_nul_character_in_a_text_does_not_cost_the_event(sessions):
    event = make_event(vlm_description="a\x00b", agent_actions=("x\x00",), faults=("\x00",), detail="\x00c")
    store(sessions, event)
    stored = load(sessions, event.id)
    texts = (stored.vlm_description, stored.agent_actions, stored.faults, stored.detail)
    assert texts == ("a\ufffdb", ("x\ufffd",), ("\ufffd",), "\ufffdc")


def test_events_are_listed_newest_onset_first(sessions):
    events = [make_event(number) for number in range(5)]
    other = make_event(9, camera_id=new_id())
    store(sessions, *events, other)
    with session_scope(sessions, read_only=True) as session:
        assert list_events(session) == [other, *reversed(events)]
        assert list_events(session, camera_id=CAMERA, limit=2, before=events[3].timestamp) == [events[2], events[1]]


def test_events_left_open_become_interrupted_until_their_end_arrives(sessions):
    opened, closed, elsewhere = make_event(), make_event(status=EventStatus.CLOSED), make_event(camera_id=new_id())
    young = make_event(60)
    store(sessions, opened, closed, elsewhere, young)
    with session_scope(sessions) as session:
        assert mark_interrupted(session, camera_ids=[CAMERA], before=young.timestamp) == 1
    statuses = [load(sessions, event.id).status for event in (opened, closed, elsewhere, young)]
    assert statuses == [EventStatus.INTERRUPTED, EventStatus.CLOSED, EventStatus.OPEN, EventStatus.OPEN]
    store(sessions, opened)
    assert load(sessions, opened.id).status is EventStatus.INTERRUPTED
    store(sessions, replace(opened, revision=1, status=EventStatus.CLOSED))
    assert load(sessions, opened.id).status is EventStatus.CLOSED


def test_deleting_a_camera_keeps_its_events_and_takes_its_grants(sessions):
    config = CameraConfig(id=CAMERA, name="gate", source="sim://gate")
    event = make_event()
    with session_scope(sessions) as session:
        ensure_camera(session, config, now=ONSET)
        user = User(username="ann", password_hash="x", created_at=ONSET, updated_at=ONSET)
        session.add(user)
        session.flush()
        session.add(CameraAccess(user_id=user.id, camera_id=CAMERA, level="view", created_at=ONSET))
    store(sessions, event)
    with session_scope(sessions) as session:
        session.delete(session.get(Camera, CAMERA))
    late = make_event(1)
    store(sessions, late)
    with session_scope(sessions, read_only=True) as session:
        assert session.scalars(sa.select(CameraAccess)).all() == []
        assert list_events(session, camera_id=CAMERA) == [late, event]
