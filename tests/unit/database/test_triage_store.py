"""What waits to be looked at, and what came of it, in the database: SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.postgres import engine  # noqa: F401 (a fixture)
from tests.support.triage import TriageDesk, by_model

from haetae.database.analysis_models import AnalysisJob
from haetae.database.engine import session_scope
from haetae.database.models import Event
from haetae.domain.analysis import Basis, EventType, Flag
from haetae.domain.event import EventKind, EventStatus, Severity, Verdict
from haetae.domain.triage import Outcome
from haetae.errors import DatabaseUnavailable
from haetae.vlm.evidence import describe


@pytest.fixture
def desk(engine):  # noqa: F811
    return TriageDesk(engine)


def outcome(job, analysis, **changes):
    return Outcome(job, analysis, **({"search_text": "words", "done": True} | changes))


def claimed(desk, event):
    job = desk.store.claim(event.id, lease_s=60.0)
    assert job is not None
    return job


def test_an_event_is_queued_with_it_and_a_system_event_is_not(desk):
    event = desk.happen()
    desk.happen(kind=EventKind.SYSTEM, subtype="storage_full")
    [(queued, job)] = desk.jobs().items()
    assert queued == event.id
    assert (job.described_revision, job.alerted, job.attempts, job.lease_until) == (-1, False, 0, None)
    desk.clock.advance(5)
    desk.happen(replace(event, revision=1))
    assert desk.jobs()[event.id].queued_at == job.queued_at, "a later revision keeps the place"


def test_words_for_facts_stand_on_the_event_until_a_model_has_looked(desk):
    event = desk.over()
    [job] = desk.store.undescribed(10)
    assert (job.event, job.settled, job.event.facts) == (event, True, event.facts)
    words = describe(event, event.facts, "en")
    assert desk.store.write([outcome(job, words, done=False)]) == [event.id]
    row = desk.row(event)
    assert (row.verdict, row.basis, row.vlm_type, row.vlm_confidence) == (Verdict.UNVERIFIED, Basis.EVIDENCE, None, None)
    assert row.vlm_description == words.description
    assert (row.search_text, row.analysed_revision) == ("words", event.revision)
    assert desk.store.undescribed(10) == []
    assert not desk.news_of(event), "nobody need hear the facts twice"
    desk.store.write([outcome(claimed(desk, event), by_model())])
    row = desk.row(event)
    assert (row.verdict, row.basis, row.vlm_type, row.vlm_confidence) == (Verdict.CONFIRMED, Basis.BOTH, "Fighting", 0.8)
    assert desk.news_of(event)
    assert desk.jobs() == {}
    assert [each.basis for each in desk.analyses(event)] == [Basis.EVIDENCE, Basis.BOTH]


def test_neither_measurements_nor_a_failure_replace_what_a_model_saw(desk):
    event = desk.happen(severity=Severity.HIGH)
    [job] = desk.store.undescribed(10)
    desk.store.write([outcome(job, by_model(), done=False, alerted=True)])
    later = desk.over(event, severity=Severity.HIGH)
    [job] = desk.store.undescribed(10)
    assert desk.store.write([outcome(job, describe(later, later.facts, "en"), done=False)]) == []
    failed = replace(describe(later, (), "en"), failed=True, reason="no answer", basis=Basis.VLM)
    assert desk.store.write([outcome(claimed(desk, event), failed)]) == []
    row = desk.row(event)
    assert (row.verdict, row.vlm_type, row.basis) == (Verdict.CONFIRMED, "Fighting", Basis.BOTH)
    assert (row.revision, row.analysed_revision) == (later.revision, later.revision)


def test_a_later_revision_of_the_pipeline_takes_nothing_of_it_away(desk):
    event = desk.happen()
    [job] = desk.store.undescribed(10)
    desk.store.write([outcome(job, by_model(), done=False)])
    desk.over(event)
    row = desk.row(event)
    assert (row.verdict, row.vlm_type, row.vlm_description) == (Verdict.CONFIRMED, "Fighting", "Two people hit each other.")
    assert row.status is EventStatus.CLOSED


def test_an_event_that_is_over_is_described_anew(desk):
    event = desk.happen()
    [job] = desk.store.undescribed(10)
    desk.store.write([outcome(job, describe(event, event.facts, "en"), done=False)])
    desk.happen(replace(event, revision=1, thumbnail_path=None))
    assert desk.store.undescribed(10) == [], "a picture is no new fact"
    desk.over(event)
    [job] = desk.store.undescribed(10)
    assert (job.settled, job.described_revision) == (True, 0)
    desk.store.write([outcome(job, describe(job.event, job.event.facts, "en"), done=False)])
    assert len(desk.analyses(event)) == 1, "of words for facts only the newest are kept"


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({}, False),
        ({"status": EventStatus.INTERRUPTED}, True),
        ({"status": EventStatus.CLOSED}, False),
        ({"status": EventStatus.CLOSED, "media_bytes": 0}, True),
    ],
)
def test_an_event_is_settled_when_it_is_over_and_its_clip_is_there_or_never_will_be(desk, changes, settled):
    event = desk.happen(**changes)
    assert desk.store.undescribed(1)[0].settled is settled
    desk.clock.advance(601)
    assert desk.store.undescribed(1)[0].settled is (event.status is not EventStatus.OPEN)


def test_the_queue_tells_what_waits_the_most_severe_first(desk):
    calm, severe = desk.over(severity=Severity.LOW), desk.over(severity=Severity.CRITICAL)
    assert desk.store.waiting() == [], "first it is put into words"
    desk.described()
    assert [each.event_id for each in desk.store.waiting()] == [severe.id, calm.id]
    claimed(desk, severe)
    [first, second] = desk.store.waiting()
    assert (first.leased, second.leased, first.settled, first.asked) == (True, False, True, False)


def test_one_at_a_time_has_a_job_until_its_lease_ends(desk):
    event = desk.over()
    assert claimed(desk, event).attempts == 1
    assert desk.store.claim(event.id, lease_s=60.0) is None
    desk.clock.advance(61)
    assert claimed(desk, event).attempts == 2
    desk.store.release(event.id)
    assert claimed(desk, event).attempts == 3
    desk.store.release_all()
    assert claimed(desk, event).attempts == 4


def test_a_lease_from_the_future_holds_nobody_up(desk):
    event = desk.over()
    desk.change_job(event, lease_until=desk.clock.now() + timedelta(days=3))
    assert claimed(desk, event)


def test_what_somebody_asks_for_while_it_is_looked_at_is_looked_at_again(desk):
    event = desk.over()
    job = claimed(desk, event)
    desk.change_job(event, asked_at=desk.clock.now())
    desk.store.write([outcome(job, by_model())])
    assert event.id in desk.jobs()
    assert desk.store.waiting()[0].asked
    desk.store.write([outcome(claimed(desk, event), by_model())])
    assert desk.jobs() == {}


def test_pictures_that_were_sent_count_among_the_media_of_an_event(desk):
    event = desk.over()
    desk.store.write([outcome(claimed(desk, event), by_model(), media_bytes=234)])
    assert desk.row(event).media_bytes == 1234


def test_pictures_of_an_event_whose_media_are_gone_count_nothing(desk):
    event = desk.over()
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(Event).values(media_deleted_at=desk.clock.now(), media_bytes=0))
    job = claimed(desk, event)
    assert job.media_deleted
    desk.store.write([outcome(job, by_model(), media_bytes=234)])
    assert desk.row(event).media_bytes == 0


def test_the_job_of_an_event_that_is_gone_is_forgotten(desk):
    event = desk.over()
    with session_scope(desk.sessions) as session:
        session.execute(sa.delete(Event))
    assert desk.store.claim(event.id, lease_s=1.0) is None
    assert desk.store.undescribed(10) == []
    assert desk.jobs() == {}


def test_an_unreadable_event_leaves_the_queue_and_holds_nobody_up(desk):
    broken, sound = desk.over(), desk.over()
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(Event).where(Event.id == broken.id).values(facts=[{"id": 1}]))
    assert [job.event.id for job in desk.store.undescribed(10)] == [sound.id]
    assert set(desk.jobs()) == {sound.id}


def test_whatever_a_model_said_can_be_stored_and_comes_back(desk):
    event = desk.over()
    odd = by_model(
        description="NUL \0 half \ud800 해태", visible_text="\x00", flags=(Flag.INJECTION_SUSPECTED,), alternatives=(EventType.THEFT,)
    )
    desk.store.write([outcome(claimed(desk, event), odd)])
    [analysis] = desk.analyses(event)
    assert analysis.description == "NUL \ufffd half ? 해태"
    assert (analysis.flags, analysis.alternatives, analysis.provenance.frames) == (odd.flags, odd.alternatives, odd.provenance.frames)


def test_a_doubted_type_does_not_stand_on_the_event(desk):
    event = desk.over()
    doubted = by_model(Verdict.UNVERIFIED, EventType.FIGHTING, contradictions=("nobody is there",))
    desk.store.write([outcome(claimed(desk, event), doubted)])
    assert desk.row(event).vlm_type is None
    assert not desk.news_of(event)


def test_a_budget_is_known_after_a_restart(desk):
    event = desk.over()
    desk.store.write([outcome(claimed(desk, event), by_model())])
    began = desk.clock.now()
    assert desk.store.calls_since(began - timedelta(hours=1)) == [(began, 1)]
    assert desk.store.calls_since(began + timedelta(seconds=1)) == []


def test_old_analyses_go_and_what_stands_on_the_event_stays(desk):
    event = desk.over()
    desk.store.write([outcome(claimed(desk, event), by_model())])
    assert desk.store.prune(desk.clock.now() + timedelta(seconds=1), limit=1) == 1
    assert desk.analyses(event) == []
    assert desk.row(event).vlm_type == "Fighting"


def test_a_database_that_is_away_is_said_to_be(desk):
    with desk.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE analysis_jobs"))
    with pytest.raises(DatabaseUnavailable):
        desk.store.waiting()
    assert AnalysisJob.__tablename__ == "analysis_jobs"
