"""A responder on a database, with triage before it and a desk behind it that keeps what it is given. Over SQLite or PostgreSQL."""

import asyncio

import sqlalchemy as sa
from tests.support.triage import TriageDesk, by_model

from haetae.agents.base import FlowParts, create_flow
from haetae.database.engine import session_scope
from haetae.database.incident_rows import to_record, to_steps
from haetae.database.incident_store import IncidentStore
from haetae.database.place_store import PlaceStore
from haetae.database.planning_models import IncidentJobRow, IncidentPlanRow
from haetae.database.playbook_store import PlaybookStore
from haetae.domain.incident import Target
from haetae.domain.viewer import Actor
from haetae.ids import new_id
from haetae.pipeline.incident_context import IncidentContext, SiteKnowledge
from haetae.pipeline.responding import Responder, RespondOptions
from haetae.settings import AgentSettings

TESTER = Actor("tester")
TARGETS = (Target("group", "g1", "night-team"), Target("siren", "s1", "yard siren"))
PLAYBOOK = """
form = 1
name = "test"

[[rules]]
name = "evidence"
must = ["bookmark_clip"]
may = ["snapshot", "add_note"]

[[rules]]
name = "fights"
when = { types = ["Fighting"], verdicts = ["confirmed"] }
must = ["notify:night-team"]
may = ["siren:yard siren"]
"""


class KeptActions:
    """An ActionDesk in a table of its own: the same action of the same event is there once."""

    def __init__(self, engine):
        self._engine = engine
        with engine.begin() as connection:
            columns = "event_id TEXT NOT NULL, action TEXT NOT NULL, PRIMARY KEY (event_id, action)"
            connection.execute(sa.text(f"CREATE TABLE IF NOT EXISTS kept_actions ({columns})"))

    def record(self, event_id, camera_id, plan, *, evidence=None):
        made = []
        with self._engine.begin() as connection:
            for action in (*plan.actions, *plan.disputed):
                values = {"event": str(event_id), "action": f"{action.kind.value}:{action.target}"}
                statement = "INSERT INTO kept_actions VALUES (:event, :action) ON CONFLICT DO NOTHING"
                made += [new_id()] * connection.execute(sa.text(statement), values).rowcount
        return made

    def of(self, event):
        with self._engine.connect() as connection:
            query = sa.text("SELECT action FROM kept_actions WHERE event_id = :event ORDER BY action")
            return list(connection.scalars(query, {"event": str(event.id)}))


class RespondDesk:
    """`responder` plans by `playbook`; events come from `triage`. With a cast, flows have a model."""

    def __init__(self, engine, *, clock=None, cast=None, answer=None, playbook=PLAYBOOK, flow="playbook", **options):
        self.triage = TriageDesk(engine, clock=clock, answer=answer or (lambda _event: by_model()))
        self.clock, self.sessions = self.triage.clock, self.triage.sessions
        self.store = IncidentStore(self.sessions, self.clock)
        self.playbooks = PlaybookStore(self.sessions, self.clock)
        if playbook is not None and self.playbooks.active() is None:
            self.playbooks.store(playbook, TESTER)
        site = SiteKnowledge(self.playbooks, lambda: TARGETS, PlaceStore(self.sessions).place)
        self.context = IncidentContext(site, time_zone="UTC", language="en")
        self.kept = KeptActions(engine)
        self.cast = cast
        self.changed, self.took = [], []
        self.options = RespondOptions(default_flow=flow, models=cast is not None, **options)
        self.responder = self.make_responder()

    def make_responder(self, desk=None, queue=None):
        parts = FlowParts(AgentSettings(), self.clock, None if self.cast is None else self.cast.mind())
        return Responder(
            queue or self.store,
            self.context,
            lambda name: create_flow(name, parts),
            self.clock,
            desk=desk or self.kept,
            options=self.options,
            changed=lambda _camera_id, event_id: self.changed.append(event_id),
            took=lambda camera_id, seconds: self.took.append((camera_id, seconds)),
        )

    def happen(self, **changes):
        """An event that goes on, in words."""
        event = self.triage.happen(**changes)
        self.triage.described()
        return event

    def over(self, event=None, **changes):
        """An event that is over and was looked at."""
        event = self.triage.over(event, **changes)
        self.triage.turn()
        return event

    def turn(self, responder=None):
        """Everything that waits is planned."""
        asyncio.run(self._turn(responder or self.responder))

    async def _turn(self, responder):
        while await responder.plan_by_playbook():
            pass
        while self.options.models:
            await responder.plan_by_models()
            if not responder._loop.tasks:
                return
            await asyncio.gather(*responder._loop.tasks)

    def row(self, event):
        return self.triage.row(event)

    def plans(self, event):
        query = sa.select(IncidentPlanRow).where(IncidentPlanRow.event_id == event.id).order_by(IncidentPlanRow.number)
        with session_scope(self.sessions, read_only=True) as session:
            return [to_record(row) for row in session.scalars(query)]

    def jobs(self):
        with session_scope(self.sessions, read_only=True) as session:
            return {row.event_id: row for row in session.scalars(sa.select(IncidentJobRow))}

    def steps(self, row):
        """The steps that a job keeps."""
        return to_steps(row.steps)
