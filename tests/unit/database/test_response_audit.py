"""The audit log of responses: each step is in the chain, and a row that somebody changed is found."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.acting import ActingDesk, desk, migrated, note  # noqa: F401
from tests.support.counted import ADMIN, GUARD, NOBODY, ROOF
from tests.support.event_desk import database

from haetae.database.audit_reader import AuditReader
from haetae.database.engine import session_scope
from haetae.database.response_audit import verify_responses
from haetae.database.response_models import ApprovalRow, ResponseAction
from haetae.database.scoped.actions import ScopedActions
from haetae.domain.action import ApprovalState
from haetae.domain.plan import ActionKind, ActionState, PlannedAction, PlannedBy, ResponsePlan
from haetae.errors import ConfigError


def fill(desk):  # noqa: F811
    """An event with something done, refused and approved."""
    event = desk.add()
    plan = ResponsePlan(
        (note(), PlannedAction(ActionKind.EMERGENCY_CALL_DRAFT, options={"seconds": 3.0, "share": 0.5})),
        PlannedBy.SEQUENTIAL,
        7,
        refused=((PlannedAction(ActionKind.SIREN, "front"), "the playbook says never"),),
        review="look at it",
        calls=2,
        tokens=900,
    )
    _, draft = desk.ledger.record(event.id, event.camera_id, plan, evidence={"prompt_sha256": "ab" * 32, "raw_sha256": ["cd" * 32]})
    desk.turn()
    desk.decide(GUARD, draft)
    desk.turn()
    return event, draft


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_step_is_in_the_chain_and_all_of_it_is_whole(kind, tmp_path):
    with database(kind, tmp_path) as engine:
        desk = ActingDesk(engine, tmp_path)
        event, _ = fill(desk)
        assert AuditReader(desk.sessions).verify().fault is None
        report = verify_responses(desk.sessions)
        assert (report.actions, report.approvals, report.faults) == (3, 1, ())
        entries = [entry for entry in desk.audit() if entry.target_id == str(event.id)]
        [plan] = [entry.after for entry in entries if entry.action == "plan.record"]
        assert (plan["planned_by"], plan["playbook_version"], plan["review"], plan["calls"]) == ("sequential", 7, "look at it", 2)
        assert plan["evidence"] == {"prompt_sha256": "ab" * 32, "raw_sha256": ["cd" * 32]}
        refused = [entry.after for entry in entries if entry.action == "action.plan" and entry.after["state"] == "refused"]
        assert refused[0]["result"] == {"reason": "the playbook says never"}
        done = [entry.after["result"] for entry in entries if entry.action == "action.result" and entry.after["state"] == "done"]
        assert any("draft" in result for result in done)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_actions_are_found_by_kind_state_and_time_and_only_those_one_may_see(kind, tmp_path):
    with database(kind, tmp_path) as engine:
        desk = ActingDesk(engine, tmp_path)
        event, _ = fill(desk)
        hidden = desk.add(1, camera_id=ROOF)
        desk.plan(hidden, PlannedAction(ActionKind.SIREN, "front"))
        actions, now = ScopedActions(desk.sessions), desk.clock.now()

        def found(viewer=GUARD, **wanted):
            return [(view.action.event_id, view.action.kind) for view in actions.newest(viewer, **wanted)]

        assert len(found(ADMIN)) == 4
        assert {event_id for event_id, _ in found()} == {event.id}
        assert found(NOBODY) == []
        assert found(kinds=(ActionKind.EMERGENCY_CALL_DRAFT,)) == [(event.id, ActionKind.EMERGENCY_CALL_DRAFT)]
        assert found(ADMIN, states=(ActionState.AWAITING_APPROVAL,)) == [(hidden.id, ActionKind.SIREN)]
        assert found(ADMIN, until=now) == found(ADMIN, since=now + timedelta(seconds=1)) == []
        assert len(found(ADMIN, since=now, until=now + timedelta(seconds=1), limit=2)) == 2


TAMPERED = [
    (ResponseAction, {"result": {"draft": "All is well."}}, "action", "changed"),
    (ResponseAction, {"state": ActionState.REJECTED}, "action", "changed"),
    (ResponseAction, {"target": "back"}, "action", "changed"),
    (ApprovalRow, {"decisions": []}, "approval", "changed"),
    (ApprovalRow, {"needed": 2}, "approval", "changed"),
    (ApprovalRow, {"state": ApprovalState.REJECTED}, "approval", "changed"),
    (ResponseAction, None, "action", "missing"),
    (ApprovalRow, None, "approval", "missing"),
]


def test_a_changed_or_missing_row_is_found(desk):  # noqa: F811
    _, draft = fill(desk)
    for model, values, noun, fault in TAMPERED:
        mine = model.id == draft if model is ResponseAction else model.action_id == draft
        with session_scope(desk.sessions) as session:
            kept = dict(session.execute(sa.select(model.__table__).where(mine)).mappings().one())
            session.execute(sa.delete(model).where(mine) if values is None else sa.update(model).where(mine).values(**values))
        [found] = verify_responses(desk.sessions).faults
        assert (found.noun, found.fault) == (noun, fault)
        with session_scope(desk.sessions) as session:
            session.execute(sa.delete(model).where(mine))
            session.execute(sa.insert(model.__table__), kept)
        assert verify_responses(desk.sessions).faults == ()


def test_an_action_that_nobody_wrote_down_is_found(desk):  # noqa: F811
    _, draft = fill(desk)
    with session_scope(desk.sessions) as session:
        kept = dict(session.execute(sa.select(ResponseAction.__table__).where(ResponseAction.id == draft)).mappings().one())
        forged = {**kept, "id": kept["idempotency_key"], "key": "siren:back", "kind": ActionKind.SIREN, "state": ActionState.APPROVED}
        session.execute(sa.insert(ResponseAction.__table__), forged)
    [found] = verify_responses(desk.sessions).faults
    assert (found.noun, found.fault) == ("action", "unlogged")


def test_a_kind_that_there_is_not_is_an_error_and_nothing_is_recorded(desk):  # noqa: F811
    event = desk.add()
    for bad in (
        PlannedAction("launch_rockets"),
        PlannedAction(ActionKind.CALL_WEBHOOK, "a" * 200),
        PlannedAction(ActionKind.CALL_WEBHOOK, "two\nlines"),
        PlannedAction(ActionKind.NOTIFY, options={"people": ["everybody"]}),
    ):
        with pytest.raises(ConfigError):
            desk.plan(event, note(), bad)
    assert (desk.rows(), desk.audit()) == ([], [])


def test_texts_are_kept_short_and_whole(desk):  # noqa: F811
    [action_id] = desk.plan(desk.add(), note("x\0y" + "z" * 900, reason="\ud800?" * 300))
    action = desk.ledger.get(action_id)
    assert len(action.planned.text) == len(action.planned.reason) == 500
    assert action.planned.text.startswith("x\ufffdyz")
    assert verify_responses(desk.sessions).faults == ()
