"""Killed between any two steps of planning, and resumed: no role is asked twice for what was kept, and each action is recorded once."""

import pytest
from tests.support.event_desk import database
from tests.support.planner_killed import desk_of, plan_until_killed
from tests.support.postgres import engine  # noqa: F401 (a fixture)

from haetae.domain.plan import PlannedBy

ROLES = ["planner", "supervisor", "planner", "supervisor"]


def kill_and_resume(engine, at, *, before=False):  # noqa: F811
    """Of the seven things that are written (four answers, the plan, the actions, the end) the `at`-th is the last."""
    desk = desk_of(engine)
    event = desk.over()
    assert plan_until_killed(engine.url.render_as_string(hide_password=False), at, before=before) == -9
    durable = at - before
    kept = [step.name.split()[0] for row in desk.jobs().values() for step in desk.steps(row) if step.name != "plan"]
    assert kept == (ROLES[:durable] if durable < 7 else [])
    desk.store.release_all()
    again = desk_of(engine, asked=kept)
    again.turn()
    assert again.cast.asked == (ROLES[len(kept) :] if durable < 7 else [])
    [record] = again.plans(event)
    assert record.plan.planned_by is PlannedBy.HIERARCHICAL
    assert [step.name for step in record.steps] == ["planner 1", "supervisor 1", "planner 2", "supervisor 2"]
    assert (record.plan.calls, record.plan.review) == (4, "")
    assert again.kept.of(event) == ["add_note:", "bookmark_clip:", "notify:g1", "snapshot:"]
    assert again.row(event).agent_actions == ["bookmark_clip", "notify:night-team", "snapshot", "add_note"]
    assert again.jobs() == {}


@pytest.mark.parametrize("at", range(1, 8))
def test_planning_survives_kill_9_after_each_step(tmp_path, at):
    with database("sqlite", tmp_path) as found:
        kill_and_resume(found, at)


@pytest.mark.parametrize("at", [1, 6])
def test_planning_survives_kill_9_before_a_step_is_durable(engine, at):  # noqa: F811
    kill_and_resume(engine, at, before=True)
