"""kill -9 of a process in the middle of logging 10,000 events: what was accepted is in the database exactly once."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.postgres import engine  # noqa: F401

from haetae.database.async_event_logger import AsyncEventLogger
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_repository import mark_interrupted
from haetae.database.models import Event

ROOT = Path(__file__).parents[2]

# Says on standard output which events log_event had returned for, each with one write of 16 bytes.
CHILD = """
import os, sys
from pathlib import Path
from haetae.database.async_event_logger import AsyncEventLogger
from haetae.database.engine import make_engine, session_factory
from tests.support.events import make_event
engine = make_engine(sys.argv[1])
logger = AsyncEventLogger(Path(sys.argv[2]), session_factory(engine), segment_bytes=1_000_000)
for number in range(10_000):
    event = make_event(number)
    logger.log_event(event)
    os.write(1, event.id.bytes)
"""


@pytest.mark.parametrize("accepted_before_the_kill", [37, 5000])
def test_every_accepted_event_is_stored_exactly_once_after_kill_9(engine, tmp_path, accepted_before_the_kill):  # noqa: F811
    url = engine.url.render_as_string(hide_password=False)
    child = subprocess.Popen([sys.executable, "-c", CHILD, url, str(tmp_path / "log")], stdout=subprocess.PIPE, cwd=ROOT)
    with child:
        said = b""
        while len(said) < 16 * accepted_before_the_kill:
            piece = os.read(child.stdout.fileno(), 65536)
            assert piece, "the child ended by itself"
            said += piece
        child.kill()
        while piece := os.read(child.stdout.fileno(), 65536):
            said += piece
    accepted = {UUID(bytes=said[start : start + 16]) for start in range(0, len(said) // 16 * 16, 16)}
    assert accepted_before_the_kill <= len(accepted) < 10_000, "it has to die in the middle"

    sessions = session_factory(engine)
    with AsyncEventLogger(tmp_path / "log", sessions) as logger:
        assert logger.flush(60.0)
        assert (logger.stats().dead, logger.stats().waiting) == (0, 0)
    with session_scope(sessions) as session:
        stored = list(session.scalars(sa.select(Event.id)))
        # The one that was accepted while the child could not say so any more may be there as well.
        assert accepted <= set(stored)
        assert len(stored) == len(set(stored)) <= len(accepted) + 1
        assert mark_interrupted(session) == len(stored)
