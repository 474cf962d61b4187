"""Killed between any two steps of planning, and resumed: no role is asked twice, and each action is recorded once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.event_desk import database
from tests.support.minds import APPROVED, SENT_BACK, Cast, plan_of
from tests.support.postgres import engine  # noqa: F401 (a fixture)
from tests.support.responding import RespondDesk

from haetae.clock import SystemClock
from haetae.database.engine import make_engine
from haetae.domain.plan import PlannedBy

ROOT = Path(__file__).parents[2]
PLANS = [plan_of("siren:s1"), plan_of("snapshot", "add_note", text="Seen.")]
ROLES = ["planner", "supervisor", "planner", "supervisor"]


class Killed:
    """A queue and a desk at which the process is killed when the `at`-th thing is done, before or after it is durable."""

    def __init__(self, desk, at, *, before):
        self._desk, self._at, self._before, self._done = desk, at, before, 0

    def __getattr__(self, name):
        target = self._desk.kept if name == "record" else self._desk.store
        work = getattr(target, name)
        if name not in ("keep_steps", "record", "finish"):
            return work

        def counted(*arguments, **named):
            self._done += 1
            if self._done == self._at and self._before:
                os.kill(os.getpid(), 9)
            result = work(*arguments, **named)
            if self._done == self._at:
                os.kill(os.getpid(), 9)
            return result

        return counted


def desk_of(engine, *, asked=()):  # noqa: F811
    """What is asked goes on where an earlier process was killed, as a model's server would."""
    plans = PLANS[sum(role == "planner" for role in asked) :] or PLANS[-1:]
    rulings = [SENT_BACK, APPROVED][sum(role == "supervisor" for role in asked) :] or [APPROVED]
    return RespondDesk(engine, clock=SystemClock(), cast=Cast(planner=plans, supervisor=rulings), flow="hierarchical")


def child(url, at, before):
    """Plans what waits, until it is killed."""
    desk = desk_of(make_engine(url))
    killed = Killed(desk, at, before=before)
    desk.turn(desk.make_responder(desk=killed, queue=killed))


CHILD = (
    "import sys; from tests.integration.test_responding_kill import child; child(sys.argv[1], int(sys.argv[2]), sys.argv[3] == 'before')"
)
# Four answers, the plan, the record, the end: each is a moment, before and after it is durable.
MOMENTS = range(1, 8)


def kill_and_resume(engine, at, when):  # noqa: F811
    desk = desk_of(engine)
    event = desk.over()
    url = engine.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", CHILD, url, str(at), when], cwd=ROOT, check=False, timeout=240)
    assert done.returncode == -9
    kept = [step.name.split()[0] for row in desk.jobs().values() for step in desk.store_steps(row) if step.name != "plan"]
    assert kept == ROLES[: min(len(ROLES), at - (when == "before"))] or not desk.jobs()
    desk.store.release_all()
    again = desk_of(engine, asked=kept)
    again.turn()
    asked = again.cast.asked if desk.plans(event)[0].steps else []
    assert kept + asked == ROLES or (not kept and not asked), "nobody is asked twice for what was kept"
    [record] = again.plans(event)
    assert record.plan.planned_by is PlannedBy.HIERARCHICAL
    assert [step.name for step in record.steps] == ["planner 1", "supervisor 1", "planner 2", "supervisor 2"]
    assert (record.plan.calls, record.plan.review) == (4, "")
    assert again.kept.of(event) == ["add_note:", "bookmark_clip:", "notify:g1", "snapshot:"]
    assert again.row(event).agent_actions == ["bookmark_clip", "notify:night-team", "snapshot", "add_note"]
    assert again.jobs() == {}


@pytest.mark.parametrize("at", MOMENTS)
def test_planning_survives_kill_9_after_each_step(tmp_path, at):
    with database("sqlite", tmp_path) as found:
        kill_and_resume(found, at, "after")


@pytest.mark.parametrize("at", [1, 5, 6])
def test_planning_survives_kill_9_before_a_step_is_durable(engine, at):  # noqa: F811
    kill_and_resume(engine, at, "before")
