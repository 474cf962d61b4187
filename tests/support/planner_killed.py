"""A process that plans what waits and is killed with signal 9 on the way. Forked from a server that has imported everything once."""

import multiprocessing
import os

from tests.support.minds import APPROVED, SENT_BACK, Cast, plan_of
from tests.support.responding import RespondDesk

from haetae.clock import SystemClock
from haetae.database.engine import make_engine

PLANS = (plan_of("siren:s1"), plan_of("snapshot", "add_note", text="Seen."))
RULINGS = (SENT_BACK, APPROVED)


class Killed:
    """A queue and a desk; the process is killed when the `at`-th thing is written, just before or just after it is durable."""

    def __init__(self, desk, at, *, before):
        self._desk, self._at, self._before, self._done = desk, at, before, 0

    def __getattr__(self, name):
        work = getattr(self._desk.kept if name == "record" else self._desk.store, name)
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


def desk_of(engine, *, asked=()):
    """The model goes on where an earlier process was killed."""
    plans = list(PLANS[sum(role == "planner" for role in asked) :]) or [PLANS[-1]]
    rulings = list(RULINGS[sum(role == "supervisor" for role in asked) :]) or [APPROVED]
    return RespondDesk(engine, clock=SystemClock(), cast=Cast(planner=plans, supervisor=rulings), flow="hierarchical")


def plan_until_killed(url, at, *, before):
    """The exit code of that process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_plan, args=(url, at, before))
    process.start()
    process.join(120)
    return process.exitcode


def _plan(url, at, before):
    desk = desk_of(make_engine(url))
    killed = Killed(desk, at, before=before)
    desk.turn(desk.make_responder(desk=killed, queue=killed))
