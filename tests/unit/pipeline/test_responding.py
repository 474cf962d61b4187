"""From an event that triage put into words to the plan that is recorded: SQLite and PostgreSQL where they differ."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa
from tests.support.event_desk import database
from tests.support.events import CAMERA
from tests.support.minds import Cast, plan_of
from tests.support.postgres import engine  # noqa: F401 (a fixture)
from tests.support.responding import PLAYBOOK, TESTER, RespondDesk
from tests.support.triage import by_model
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.database.audit_reader import AuditReader
from haetae.database.engine import session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.planning_models import IncidentPlanRow
from haetae.database.response_audit import verify_responses
from haetae.database.scoped.plans import ScopedPlans
from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, EventStatus, Severity, Verdict
from haetae.domain.incident import Target, WaitingIncident
from haetae.domain.plan import PlannedBy
from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.errors import DatabaseUnavailable
from haetae.ids import new_id
from haetae.pipeline.incident_queue import CROWDED, NO_MODEL, Choice, next_for_model, sort_out


@pytest.fixture
def sqlite(tmp_path):
    with database("sqlite", tmp_path) as engine:  # noqa: F811
        yield engine


def test_an_event_is_planned_at_once_and_added_to_when_more_is_known(engine):  # noqa: F811
    desk = RespondDesk(engine)
    event = desk.happen(severity=Severity.MEDIUM)
    desk.turn()
    assert desk.kept.of(event) == ["bookmark_clip:"]
    assert desk.row(event).agent_actions == ["bookmark_clip"]
    desk.clock.advance(5)
    desk.over(event)
    assert list(desk.jobs()) == [event.id]
    desk.turn()
    assert desk.kept.of(event) == ["bookmark_clip:", "notify:g1"]
    row = desk.row(event)
    assert (row.agent_actions, row.agent_response_time) == (["bookmark_clip", "notify:night-team"], 0.0)
    first, second = desk.plans(event)
    assert (first.words, second.words) == (("bookmark_clip",), ("notify:night-team",))
    assert second.plan.planned_by is PlannedBy.PLAYBOOK
    assert second.plan.playbook_version == 1
    assert second.inputs["judged"]["verdict"] == "confirmed"
    assert desk.jobs() == {}
    assert desk.changed == [event.id, event.id]
    assert [camera for camera, _ in desk.took] == [event.camera_id] * 2


def test_what_was_planned_stays_when_the_pipeline_writes_a_later_revision(sqlite):
    desk = RespondDesk(sqlite)
    event = desk.over()
    desk.turn()
    later = replace(event, revision=9, status=EventStatus.CLOSED)
    with session_scope(desk.sessions) as session:
        upsert_events(session, [later], stored_at=desk.clock.now())
    assert desk.row(event).agent_actions == ["bookmark_clip", "notify:night-team"]


def test_a_verdict_that_comes_later_only_adds(sqlite):
    answers = iter([by_model(), by_model(Verdict.REJECTED, EventType.NORMAL)])
    desk = RespondDesk(sqlite, answer=lambda _event: next(answers))
    event = desk.over(severity=Severity.LOW)
    desk.turn()
    desk.triage.store.release_all()
    again = desk.row(event)
    with session_scope(desk.sessions) as session:
        from haetae.database.incident_rows import note_incident

        session.get(type(again), event.id).verdict = Verdict.REJECTED
        note_incident(session, event.id, event.camera_id, final=True, now=desk.clock.now())
    desk.turn()
    assert desk.kept.of(event) == ["bookmark_clip:", "notify:g1"]
    assert len(desk.plans(event)) == 1
    assert desk.jobs() == {}


def test_nothing_new_makes_no_other_plan(sqlite):
    desk = RespondDesk(sqlite, answer=lambda _event: by_model(Verdict.UNVERIFIED, None, confidence=None))
    event = desk.happen()
    desk.turn()
    desk.over(event)
    desk.turn()
    assert len(desk.plans(event)) == 1
    assert desk.jobs() == {}


def test_what_becomes_known_while_it_is_planned_is_planned_by_next(sqlite):
    desk = RespondDesk(sqlite)
    event = desk.happen()
    job = desk.store.claim(event.id, lease_s=60.0)
    assert (job.attempts, job.final, job.steps) == (1, False, ())
    assert desk.store.claim(event.id, lease_s=60.0) is None, "somebody has it"
    desk.over(event)
    desk.store.finish(job, None)
    [left] = desk.jobs().values()
    assert (left.final, left.lease_until, left.attempts) == (True, None, 0)


def test_a_flow_plans_once_all_is_known_and_the_playbook_until_then(sqlite):
    cast = Cast(planner=plan_of("siren:s1", "snapshot"))
    desk = RespondDesk(sqlite, cast=cast, flow="hierarchical")
    event = desk.happen()
    desk.turn()
    assert cast.asked == []
    desk.over(event)
    desk.turn()
    assert cast.asked == ["planner", "supervisor"]
    first, second = desk.plans(event)
    assert (first.flow, second.flow, second.plan.planned_by) == ("playbook", "hierarchical", PlannedBy.HIERARCHICAL)
    assert second.words == ("notify:night-team", "siren:yard siren", "snapshot")
    assert [step.name for step in second.steps] == ["planner 1", "supervisor 1"]
    assert all(step.prompt_id == "plan-1" and len(step.prompt_sha256) == 64 and step.calls == 1 and step.raw for step in second.steps)
    status = desk.responder.status()
    assert (status.planned, status.by_model, status.fell_back, status.calls) == (2, 1, 0, 2)


def test_a_flow_that_fails_leaves_the_playbooks_plan_and_says_so(sqlite):
    desk = RespondDesk(sqlite, cast=Cast(planner="no"), flow="sequential")
    event = desk.over()
    desk.turn()
    [record] = desk.plans(event)
    assert record.words == ("bookmark_clip", "notify:night-team")
    assert record.plan.planned_by is PlannedBy.PLAYBOOK
    assert "no valid plan" in record.plan.fallback
    assert [step.name for step in record.steps] == ["analyst"]


@pytest.mark.parametrize(("flow", "cast", "reason"), [("sequential", None, NO_MODEL), ("anarchic", Cast(), "unknown agent flow")])
def test_a_flow_that_cannot_be_leaves_the_playbook_and_says_so(sqlite, flow, cast, reason):
    desk = RespondDesk(sqlite, cast=cast, flow=flow)
    event = desk.over()
    desk.turn()
    [record] = desk.plans(event)
    assert reason in record.plan.fallback
    assert desk.kept.of(event) == ["bookmark_clip:", "notify:g1"]


def test_planning_that_is_interrupted_again_and_again_is_left_to_the_playbook(sqlite):
    cast = Cast()
    desk = RespondDesk(sqlite, cast=cast, flow="sequential")
    event = desk.over()
    for _ in range(3):
        assert desk.store.claim(event.id, lease_s=60.0) is not None
        desk.store.release_all()
    desk.turn()
    assert cast.asked == []
    assert desk.plans(event)[0].plan.fallback == "planning was interrupted 3 times"


def test_the_playbook_in_force_is_read_anew_and_one_that_cannot_be_read_is_not_used(sqlite):
    desk = RespondDesk(sqlite)
    desk.over()
    desk.turn()
    desk.playbooks.store(PLAYBOOK.replace("notify:night-team", "raise_priority"), TESTER)
    event = desk.over()
    desk.turn()
    assert desk.plans(event)[0].words == ("bookmark_clip", "raise_priority")
    desk.playbooks.store("this is none", TESTER)
    event = desk.over(severity=Severity.HIGH)
    desk.turn()
    assert desk.plans(event)[0].plan.playbook_version == 0
    assert "bookmark_clip" in desk.plans(event)[0].words


def test_a_desk_that_is_away_is_tried_again_with_the_same_plan(sqlite):
    cast = Cast()
    desk = RespondDesk(sqlite, cast=cast, flow="sequential")

    class Away:
        def record(self, *_arguments):
            raise DatabaseUnavailable("it is away")

    event = desk.over()
    desk.turn(desk.make_responder(Away()))
    assert (desk.plans(event), desk.kept.of(event)) == ([], [])
    desk.store.release_all()
    asked = len(cast.asked)
    desk.turn(desk.make_responder())
    assert len(cast.asked) == asked, "nobody is asked twice"
    assert desk.plans(event)[0].plan.planned_by is PlannedBy.SEQUENTIAL
    assert len(desk.kept.of(event)) == len(desk.plans(event)[0].plan.actions)


def test_what_the_playbook_demands_waits_for_no_lease_after_an_outage(sqlite):
    desk = RespondDesk(sqlite)

    class AwayOnce:
        def __init__(self):
            self.away = True

        def record(self, *arguments, **more):
            if self.away:
                self.away = False
                raise DatabaseUnavailable("it is away")
            return desk.kept.record(*arguments, **more)

    event = desk.over()
    responder = desk.make_responder(AwayOnce())
    with pytest.raises(DatabaseUnavailable):
        desk.turn(responder)
    desk.turn(responder)
    assert desk.kept.of(event) == ["bookmark_clip:", "notify:g1"]


def test_events_of_the_system_and_events_that_are_gone_wait_for_nothing(sqlite):
    desk = RespondDesk(sqlite)
    desk.triage.happen(kind=EventKind.SYSTEM, subtype="storage_full")
    event = desk.happen()
    with session_scope(desk.sessions) as session:
        session.delete(session.get(type(desk.row(event)), event.id))
    desk.turn()
    assert desk.jobs() == {}


def test_it_runs_on_its_own_thread_until_it_is_closed(sqlite):
    desk = RespondDesk(sqlite, clock=SystemClock(), cast=Cast(), flow="sequential")
    event = desk.over()
    desk.responder.start()
    try:
        wait_until(lambda: desk.row(event).agent_actions != [], "it is planned")
        other = desk.over()
        desk.responder.wake()
        wait_until(lambda: desk.row(other).agent_actions != [], "it is planned")
    finally:
        desk.responder.close()
    assert not desk.responder._loop.thread.is_alive()
    assert desk.jobs() == {}


def test_a_slow_model_holds_up_no_playbook(sqlite):
    async def for_ever():
        await asyncio.sleep(3600)

    desk = RespondDesk(sqlite, clock=SystemClock(), cast=Cast(analyst=lambda _: for_ever()), flow="sequential")
    desk.over()
    desk.responder.start()
    try:
        wait_until(lambda: desk.cast.asked == ["analyst"], "the model is asked")
        event = desk.happen()
        desk.responder.wake()
        wait_until(lambda: desk.row(event).agent_actions == ["bookmark_clip"], "the playbook plans meanwhile")
    finally:
        desk.responder.close()


def incident(number, severity=Severity.MEDIUM, **changes):
    event_id = new_id()
    values = {"camera_id": new_id(), "queued_at": SystemClock().now(), "final": True} | changes
    return WaitingIncident(event_id, severity=severity, **values)


def test_the_queue_is_fair_and_bounded():
    many = [incident(number, severity) for number, severity in enumerate([Severity.LOW, Severity.CRITICAL, Severity.MEDIUM])]
    chosen = sort_out(many, Choice("sequential", models=True, most=2))
    assert [each.incident.severity for each in chosen] == [Severity.CRITICAL, Severity.MEDIUM, Severity.LOW]
    assert [(each.flow, each.reason) for each in chosen] == [("sequential", ""), ("sequential", ""), ("", CROWDED)]
    assert [each.flow for each in sort_out([incident(0, flow="playbook"), incident(1, final=False)], Choice("sequential", True, 9))] == [
        "",
        "",
    ]
    assert sort_out([incident(0, leased=True)], Choice("sequential", True, 9)) == []
    busy, quiet = (sort_out([each], Choice("sequential", True, 9))[0] for each in (incident(0), incident(1)))
    assert next_for_model([busy, quiet], {busy.incident.camera_id: 5.0}) == quiet
    assert next_for_model([], {}) is None


def test_a_link_to_a_camera_that_the_viewer_does_not_see_is_not_told(sqlite, monkeypatch):
    roof = str(new_id())
    monkeypatch.setattr("tests.support.responding.TARGETS", (Target("camera", roof, "roof"), Target("camera", str(CAMERA), "gate")))
    playbook = 'form = 1\nname = "x"\n[[rules]]\nname = "all"\nmust = ["snapshot"]\nmay = ["link_cameras:roof"]'
    cast = Cast(planner=lambda keys: plan_of(*[each for each in keys if "link" in each], why="Compare with the roof."))
    desk = RespondDesk(sqlite, cast=cast, flow="sequential", playbook=playbook)
    event = desk.over()
    desk.turn()
    assert desk.row(event).agent_actions == ["snapshot", "link_cameras"]
    plans = ScopedPlans(desk.sessions)
    guest = Viewer(new_id(), "guest", Role.VIEWER, {event.camera_id: AccessLevel.VIEW})
    whole, shown = (plans.of_event(viewer, event.id) for viewer in (Viewer(new_id(), "admin", Role.ADMIN), guest))
    for word in ("roof", roof):
        assert word in repr(whole)
        assert word not in repr(shown)
    assert [each.kind for each in shown.plans[0].plan.actions] == [each.kind for each in whole.plans[0].plan.actions]
    assert [each.name for each in shown.plans[0].steps] == [each.name for each in whole.plans[0].steps]


def test_a_plan_that_was_changed_taken_away_or_put_in_afterwards_is_found(engine):  # noqa: F811
    desk = RespondDesk(engine, cast=Cast(planner=plan_of("snapshot", why="It helps.")), flow="sequential")
    event = desk.over()
    desk.turn()
    report = verify_responses(desk.sessions)
    assert (report.plans, report.faults) == (len(desk.plans(event)), ())
    assert report.plans > 0
    table = IncidentPlanRow.__table__
    with session_scope(desk.sessions) as session:
        kept = dict(session.execute(sa.select(table).order_by(table.c.number.desc()).limit(1)).mappings().one())
    raw = orjson.loads(orjson.dumps(kept["content"]))
    raw["steps"][0]["raw"] += " and more"
    forged = kept | {"id": new_id(), "number": 9}
    changes = ((kept | {"content": raw}, "changed"), (kept | {"flow": "playbook"}, "changed"), (None, "missing"), (forged, "unlogged"))
    for changed, fault in changes:
        with session_scope(desk.sessions) as session:
            if fault != "unlogged":
                session.execute(sa.delete(table).where(table.c.id == kept["id"]))
            if changed is not None:
                session.execute(sa.insert(table), changed)
        assert [(each.noun, each.fault) for each in verify_responses(desk.sessions).faults] == [("plan", fault)]
        with session_scope(desk.sessions) as session:
            session.execute(sa.delete(table).where(table.c.id.in_([kept["id"], forged["id"]])))
            session.execute(sa.insert(table), kept)
    assert verify_responses(desk.sessions).faults == ()
    assert desk.store.prune(desk.clock.now() + timedelta(days=1)) == report.plans
    assert verify_responses(desk.sessions).faults == (), "what was forgotten in its time was not taken away"
    assert AuditReader(desk.sessions).verify().fault is None
