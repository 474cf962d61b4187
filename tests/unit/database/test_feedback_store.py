# ruff: noqa: F401, F811 (fixtures by name)
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.events import CAMERA, ONSET, make_event
from tests.support.postgres import engine

from haetae.database.account_models import Feedback
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.feedback_store import FeedbackStore
from haetae.domain.event import EventKind
from haetae.domain.feedback import Evidence
from haetae.errors import DatabaseUnavailable
from haetae.ids import new_id


def say(engine, verdict="normal", *, after_s=0, **event):
    """Somebody's verdict on an event of its own; returns the id of the feedback."""
    made = make_event(**event)
    feedback = Feedback(event_id=made.id, camera_id=made.camera_id, verdict=verdict, created_at=ONSET + timedelta(seconds=after_s))
    with session_scope(session_factory(engine)) as session:
        upsert_events(session, [made], stored_at=ONSET)
        session.add(feedback)
    return feedback.id


def test_what_waits_comes_with_what_the_event_was_measured_by(engine):
    feedback_id = say(engine, vad_score=0.625, threshold=1.5)
    assert FeedbackStore(session_factory(engine)).pending([CAMERA]) == [Evidence(feedback_id, CAMERA, 0.625, 1.5, ONSET)]


def test_what_somebody_confirmed_is_told_as_such(engine):
    feedback_id = say(engine, "confirmed", vad_score=0.625, threshold=1.5)
    assert FeedbackStore(session_factory(engine)).pending([CAMERA]) == [Evidence(feedback_id, CAMERA, 0.625, 1.5, ONSET, confirmed=True)]


def test_only_answers_to_anomalies_of_the_cameras_asked_for_wait_oldest_first(engine):
    later, first = say(engine, after_s=9), say(engine, after_s=1)
    say(engine, "seen")
    say(engine, kind=EventKind.TAMPER, subtype="covered")
    other = new_id()
    elsewhere = say(engine, camera_id=other)
    store = FeedbackStore(session_factory(engine))
    assert [evidence.feedback_id for evidence in store.pending([CAMERA])] == [first, later]
    assert {evidence.feedback_id for evidence in store.pending([CAMERA, other])} == {first, later, elsewhere}
    assert store.pending([]) == []


def test_what_was_applied_waits_no_longer_and_keeps_its_first_time(engine):
    first, second = say(engine), say(engine)
    store = FeedbackStore(session_factory(engine))
    store.mark_applied([first], at=ONSET)
    store.mark_applied([first], at=ONSET + timedelta(hours=1))
    assert [evidence.feedback_id for evidence in store.pending([CAMERA])] == [second]
    with session_scope(session_factory(engine), read_only=True) as session:
        assert session.scalar(sa.select(Feedback.applied_at).where(Feedback.id == first)) == ONSET


def test_a_database_that_is_away_is_said(tmp_path):
    away = make_engine(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(DatabaseUnavailable):
        FeedbackStore(session_factory(away)).pending([CAMERA])
    away.dispose()
