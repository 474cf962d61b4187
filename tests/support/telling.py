"""Everything that tells people, on a database, with channels that record. The clock stands still; `turn` does what is due."""

import asyncio
from dataclasses import replace

from tests.support.events import make_event

from haetae.clock import Clock
from haetae.database.channel_store import ChannelStore
from haetae.database.delivery_reader import DeliveryQuery, DeliveryReader
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_news import note_news
from haetae.database.event_repository import upsert_events
from haetae.database.models import Event
from haetae.database.outbox_store import OutboxStore
from haetae.database.rule_store import RuleStore
from haetae.domain.event import EventStatus, Severity
from haetae.domain.rule import Recipient, RecipientKind, Rule
from haetae.domain.viewer import Actor
from haetae.ids import new_id
from haetae.notifications.composing import Composer
from haetae.notifications.engine import EngineOptions, NotificationEngine
from haetae.testing.clock import FakeClock
from haetae.testing.recording_channel import RecordingChannel
from haetae.vault import Vault

TESTER = Actor("tester")
PICTURE = b"\xff\xd8 a picture"


class Telling:
    """`engine(...)` makes another engine on the same outbox, as a second process would."""

    def __init__(self, database, folder, *, clock: Clock | None = None, outbox=None, options=None):
        self.clock = clock or FakeClock()
        self.sessions = session_factory(database)
        self.vault = Vault.open(folder)
        self.outbox = OutboxStore(self.sessions, self.clock, self.vault)
        self.deliveries = DeliveryReader(self.sessions, self.clock)
        self.rules = RuleStore(self.sessions, self.clock)
        self._channel_store = ChannelStore(self.sessions, self.clock, self.vault)
        self.channels = {}
        self.options = options
        self.describe = lambda _event: ""
        self.engine = self.make_engine()

    def make_engine(self, outbox=None):
        composer = Composer("Site", "https://site.example", lambda _event: PICTURE, describe=lambda event, _language: self.describe(event))
        return NotificationEngine(
            outbox or self.outbox,
            lambda config: self.channels[config.id],
            composer,
            self.clock,
            needs_target=lambda kind: kind == "recording",
            options=self.options or EngineOptions(),
        )

    def channel(self, name="mail"):
        """A channel that wants to be told whom to reach; returns its id and what records it."""
        stored = self._channel_store.add(name, "recording", {}, secret=(), actor=TESTER)
        recorder = self.channels[stored.id] = RecordingChannel()
        return stored.id, recorder

    def rule(self, *channel_ids, to=("guard@example.org",), **fields):
        recipients = tuple(Recipient(RecipientKind.ADDRESS, address) for address in to)
        rule = Rule(new_id(), f"rule {new_id().hex[-6:]}", channel_ids=channel_ids, recipients=recipients, **fields)
        return self.rules.add(rule, TESTER).rule

    def happen(self, *events, **changes):
        """These events (or one of high severity) are stored, and news; returns the last."""
        defaults = {"camera_id": changes.pop("camera_id", new_id()), "severity": Severity.HIGH, "timestamp": self.clock.now()}
        events = events or (make_event(**(defaults | changes)),)
        with session_scope(self.sessions) as session:
            upsert_events(session, events, stored_at=self.clock.now())
            note_news(session, sorted(event.id for event in events), self.clock.now())
        return events[-1]

    def goes_on(self, event, **changes):
        """A later revision of an event."""
        return self.happen(replace(event, revision=event.revision + 1, **changes))

    def over(self, event):
        return self.goes_on(event, status=EventStatus.CLOSED, ended_at=self.clock.now())

    def people(self, event, **changes):
        """What somebody makes of an event."""
        with session_scope(self.sessions) as session:
            row = session.get_one(Event, event.id)
            for name, value in changes.items():
                setattr(row, name, value)
            session.flush()
            note_news(session, [event.id], self.clock.now())

    def turn(self, engine=None):
        """Settle the news and send all that is due now."""
        asyncio.run(self._turn(engine or self.engine))

    async def _turn(self, engine):
        while True:
            while await engine.settle_news():
                pass
            lanes = self.outbox.lanes_due(self.clock.now(), 1000, skip_channels=engine._breakers.paused())
            if not lanes:
                return
            engine._sender.directory = self.outbox.directory()
            for lane in lanes:
                while await engine._sender.send_next(lane):
                    pass

    def later(self, seconds):
        self.clock.advance(seconds)
        self.turn()

    def states(self):
        """State -> how many."""
        return {state.value: count for state, count in self.deliveries.counts().items() if count}

    def rows(self):
        """All deliveries, newest first."""
        return [shown.delivery for shown in self.deliveries.page(DeliveryQuery(), limit=500).items]
