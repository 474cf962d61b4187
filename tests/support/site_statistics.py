"""What tests of a site's statistics share: a clock that is set, a database that goes away, cameras' words, and what is stored."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session
from tests.support.events import CAMERA

from haetae.database.engine import Sessions, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.statistics_repository import list_statistics
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.frame import FrameCounts
from haetae.domain.score import Score
from haetae.domain.statistics import DayStatistics
from haetae.errors import DatabaseUnavailable
from haetae.pipeline.statistics import SiteStatistics
from haetae.testing.clock import FakeClock

SEOUL, BERLIN = "Asia/Seoul", "Europe/Berlin"
NOON = datetime(2026, 3, 1, 3, tzinfo=UTC)
"""Noon in Seoul."""

DAY = date(2026, 3, 1)
ONE_DAY = timedelta(days=1)


class JumpingClock(FakeClock):
    """Its wall time may be set like a machine's, while its monotonic time goes on."""

    def jump(self, seconds: float) -> None:
        self._start += timedelta(seconds=seconds)


class Outage:
    """Sessions of a database that can be away; counts how often one was wanted."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.away = False
        self.tries = 0

    def __call__(self) -> Session:
        self.tries += 1
        if self.away:
            raise DatabaseUnavailable("gone")
        return self.sessions()


def status(camera_id: UUID = CAMERA, state: CameraState = CameraState.WATCHING, frames: FrameCounts | None = None) -> CameraStatus:
    return CameraStatus(camera_id, state, frames=frames or FrameCounts())


def score(value: float) -> Score:
    return Score(value, 1.0, 2.0, 0, 0.0, NOON)


def watch(site: SiteStatistics, clock: FakeClock, seconds: int, frames: FrameCounts | None = None) -> None:
    """One camera that is watching, sampled every second."""
    for _ in range(seconds):
        clock.advance(1.0)
        site.sample([status(frames=frames)])


def stored(sessions: Sessions) -> Sequence[DayStatistics]:
    with session_scope(sessions, read_only=True) as session:
        return list_statistics(session)


def days(sessions: Sessions) -> dict[date, DayStatistics]:
    return {row.day: row for row in stored(sessions)}


def store(sessions: Sessions, *events: AnomalyEvent) -> None:
    with session_scope(sessions) as session:
        upsert_events(session, events, stored_at=NOON)
