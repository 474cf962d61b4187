"""A queue of triage on a database, with hands that put events into it and look at what became of them. Over SQLite or PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import orjson
import sqlalchemy as sa
from tests.support.events import make_event

from haetae.database.analysis_models import AnalysisJob, AnalysisRow
from haetae.database.analysis_rows import to_analysis
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_store import EventStore
from haetae.database.models import Event
from haetae.database.notification_models import EventNews
from haetae.database.triage_store import TriageStore
from haetae.domain.analysis import Analysis, Basis, EventType, Picture, Provenance, SentPicture
from haetae.domain.event import EventStatus, Severity, Verdict
from haetae.ids import new_id
from haetae.pipeline.triage import Triage, TriageOptions
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_analyzer import ScriptedAnalyzer

PICTURE = Picture(1, 0.0, b"\xff\xd8 a picture", 64, 48)
SENT = SentPicture(1, 0.0, "0" * 64, 64, 48)


def by_model(verdict=Verdict.CONFIRMED, event_type=EventType.FIGHTING, **changes):
    """What a model might have said, with one call."""
    values = {
        "verdict": verdict,
        "event_type": event_type,
        "confidence": 0.8,
        "description": "Two people hit each other.",
        "basis": Basis.BOTH,
        "provenance": Provenance("openai", "a-model", attempts=1, latency_ms=1500.0, frames=(SENT,)),
    }
    return Analysis(**(values | changes))


class ScriptedLooks:
    """The same picture of every event; remembers what was kept."""

    def __init__(self, pictures=(PICTURE,)):
        self.given = pictures
        self.kept = {}

    def pictures(self, job):
        return self.given

    def keep(self, job, pictures):
        self.kept[job.event.id] = pictures
        return sum(len(each.data) for each in pictures)


class TriageDesk:
    """`triage` works on `store`; its clock stands still unless another is given."""

    def __init__(self, engine, *, clock=None, answer=None, **options):
        self.engine = engine
        self.clock = clock or FakeClock()
        self.sessions = session_factory(engine)
        self.store = TriageStore(self.sessions, self.clock)
        self._events = EventStore(self.sessions, news=False, triage=True)
        self.analyzer = ScriptedAnalyzer(answer)
        self.looks = ScriptedLooks()
        self.changed = []
        self.news = []
        self.took = []
        self.triage = self.make_triage(**options)

    def make_triage(self, analyzer=None, **options):
        return Triage(
            self.store,
            analyzer or self.analyzer,
            self.looks,
            self.clock,
            options=TriageOptions(**({"looks": True} | options)),
            changed=lambda _camera_id, event_id: self.changed.append(event_id),
            news=lambda: self.news.append(True),
            took=lambda camera_id, seconds: self.took.append((camera_id, seconds)),
        )

    def happen(self, *events, **changes):
        """These events (or one) are stored, as the event log stores them; returns the last."""
        events = events or (make_event(**({"camera_id": new_id(), "timestamp": self.clock.now()} | changes)),)
        letters = self._events.store([orjson.dumps(event) for event in events], stored_at=self.clock.now())
        assert not letters
        return events[-1]

    def over(self, event=None, **changes):
        """An event that is over, with its clip."""
        event = event or make_event(camera_id=new_id(), timestamp=self.clock.now(), severity=changes.pop("severity", Severity.MEDIUM))
        ended = event.timestamp + timedelta(seconds=6)
        values = {"status": EventStatus.CLOSED, "ended_at": ended, "end_s": event.onset_s + 6.0, "media_bytes": 1000, "clip_path": None}
        return self.happen(replace(event, revision=event.revision + 3, **(values | changes)))

    def described(self, *events):
        """They are in words."""
        asyncio.run(self._run_until_idle(self.triage, looks=False))
        return events

    def turn(self, triage=None):
        """Everything that is due is done."""
        asyncio.run(self._run_until_idle(triage or self.triage))

    async def _run_until_idle(self, triage, *, looks=True):
        while await triage.describe_new():
            pass
        while looks and triage._options.looks:
            await triage.look_at_due()
            if not triage._tasks:
                return
            await asyncio.gather(*triage._tasks)

    def row(self, event):
        with session_scope(self.sessions, read_only=True) as session:
            return session.get(Event, event.id)

    def jobs(self):
        with session_scope(self.sessions, read_only=True) as session:
            return {row.event_id: row for row in session.scalars(sa.select(AnalysisJob))}

    def analyses(self, event):
        """Of an event, oldest first."""
        query = sa.select(AnalysisRow).where(AnalysisRow.event_id == event.id).order_by(AnalysisRow.created_at, AnalysisRow.id)
        with session_scope(self.sessions, read_only=True) as session:
            return [to_analysis(row.content) for row in session.scalars(query)]

    def news_of(self, event):
        with session_scope(self.sessions, read_only=True) as session:
            return session.get(EventNews, event.id) is not None

    def change_job(self, event, **values):
        with session_scope(self.sessions) as session:
            session.execute(sa.update(AnalysisJob).where(AnalysisJob.event_id == event.id).values(**values))
