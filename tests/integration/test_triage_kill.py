"""kill -9 of a process in the middle of a look: the event and its words are there, and it is looked at after the next start."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.events import make_event
from tests.support.postgres import engine  # noqa: F401
from tests.support.triage import TriageDesk, by_model
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.database.analysis_models import AnalysisJob
from haetae.database.engine import session_scope
from haetae.domain.analysis import Basis
from haetae.domain.event import Verdict

ROOT = Path(__file__).parents[2]

# Stores an event of the given id, and looks at it for ever.
CHILD = """
import sys
from uuid import UUID
from haetae.clock import SystemClock
from haetae.database.engine import make_engine
from haetae.testing.scripted_analyzer import ScriptedAnalyzer
from tests.support.events import make_event
from tests.support.triage import TriageDesk
desk = TriageDesk(make_engine(sys.argv[1]), clock=SystemClock())
desk.over(make_event(id=UUID(sys.argv[2])))
triage = desk.make_triage(ScriptedAnalyzer(takes_s=3600.0), look_s=3600.0)
triage.start()
triage._thread.join()
"""


@pytest.mark.parametrize("deaths", [1, 3])
def test_a_look_survives_kill_9(engine, deaths):  # noqa: F811
    event = make_event()
    desk = TriageDesk(engine, clock=SystemClock(), answer=lambda _event: by_model())
    url = engine.url.render_as_string(hide_password=False)
    for death in range(1, deaths + 1):
        with subprocess.Popen([sys.executable, "-c", CHILD, url, str(event.id)], cwd=ROOT) as child:
            wait_until(lambda death=death: attempts(desk, event) == death, "a look began", deadline_s=120.0)
            child.kill()
        row = desk.row(event)
        assert (row.verdict, row.basis) == (Verdict.UNVERIFIED, Basis.EVIDENCE)
        assert row.vlm_description.startswith("Something unusual")
        desk.store.release_all()
    desk.turn()
    row = desk.row(event)
    assert (row.verdict, row.vlm_type, row.basis) == (Verdict.CONFIRMED, "Fighting", Basis.BOTH)
    assert desk.jobs() == {}
    assert len(desk.analyzer.asked) == 1


def attempts(desk, event):
    with session_scope(desk.sessions, read_only=True) as session:
        return session.scalar(sa.select(AnalysisJob.attempts).where(AnalysisJob.event_id == event.id))
