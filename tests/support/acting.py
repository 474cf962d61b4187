"""Everything that acts, on a database, with real posts to loopback. The clock stands still; `turn` does what is due."""

import asyncio
import ipaddress
import shutil
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.support.counted import ADMIN, GATE, GUARD, YARD
from tests.support.event_desk import EventDesk, actor, database
from tests.support.events import ONSET

from haetae.database.action_effects import EFFECTS
from haetae.database.action_store import ActionStore
from haetae.database.approval_rows import Terms
from haetae.database.approval_store import ApprovalStore
from haetae.database.channel_store import ChannelStore
from haetae.database.engine import make_engine, session_scope
from haetae.database.group_store import GroupStore
from haetae.database.models import CameraAccess, User
from haetae.database.outbox_store import OutboxStore
from haetae.database.response_models import ApprovalRow, ResponseAction
from haetae.database.scoped.actions import ScopedActions
from haetae.database.scoped.approvals import ApprovalAnswer, ScopedApprovals
from haetae.database.target_store import TargetStore, TargetValues
from haetae.domain.action import TARGETS, TargetKind
from haetae.domain.notice import NoticeKind
from haetae.domain.plan import ActionKind, PlannedAction, ResponsePlan
from haetae.domain.rule import Group, Recipient, RecipientKind
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.ids import new_id
from haetae.notifications.composing import Composer
from haetae.notifications.engine import NotificationEngine
from haetae.pipeline.acting.devices import Devices
from haetae.pipeline.acting.drafts import DraftCall
from haetae.pipeline.acting.engine import Acting, ActingOptions
from haetae.pipeline.acting.questions import AskPeople, asker
from haetae.pipeline.acting.telling import Telling
from haetae.pipeline.approval_links import ApprovalLinks
from haetae.testing.recording_channel import RecordingChannel
from haetae.vault import Vault

TESTER = Actor("tester")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """An SQLite database with Haetae's tables, to be copied: making it takes far longer than most tests."""
    folder = tmp_path_factory.mktemp("acting")
    with database("sqlite", folder) as engine:
        engine.dispose()
        yield folder / "haetae.db"


@pytest.fixture
def desk(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "haetae.db")
    engine = make_engine(f"sqlite:///{tmp_path / 'haetae.db'}")
    yield ActingDesk(engine, tmp_path)
    engine.dispose()


SECOND = Viewer(new_id(), "second guard", Role.OPERATOR, {GATE: AccessLevel.CONTROL})
SITE_URL = "https://site.example"


def local(_host):
    return (ipaddress.ip_address("127.0.0.1"),)


def takes_addresses(kind):
    return kind == "recording"


class ActingDesk(EventDesk):
    """`guard` and `second guard` control the gate, and have addresses. `recorded` is what the channel `mail` was given."""

    def __init__(self, engine, folder, *, clock=None, terms=None, **options):
        super().__init__(engine)
        self.clock = clock or self.clock
        self.vault = Vault.open(folder)
        self.targets = TargetStore(self.sessions, self.clock, self.vault)
        self.groups = GroupStore(self.sessions, self.clock)
        self.outbox = OutboxStore(self.sessions, self.clock, self.vault)
        self.ledger = ActionStore(self.sessions, self.clock, terms or Terms())
        self.approvals = ApprovalStore(self.sessions, self.clock, self.vault)
        self.scoped = ScopedApprovals(self.sessions, self.clock, self.vault)
        self.actions = ScopedActions(self.sessions)
        self.links = ApprovalLinks(SITE_URL, self.vault)
        self.alarms, self.unheard, self.changed = [], [], []
        self.acting = self.make_acting(**options)
        self._channels = {}
        asks = asker(self.approvals, self.links, lambda action: action.planned.target)
        composer = Composer("Site", SITE_URL, lambda _event: None, ask=asks, words=self._words)
        self.telling = NotificationEngine(
            self.outbox, lambda config: self._channels[config.id], composer, self.clock, needs_target=takes_addresses
        )
        self._people()

    def _people(self):
        with session_scope(self.sessions) as session:
            when = {"created_at": ONSET, "updated_at": ONSET}
            session.add(User(id=SECOND.user_id, username=SECOND.name, password_hash="x", role=SECOND.role, **when))
            session.flush()
            for viewer in (ADMIN, GUARD, SECOND):
                session.get_one(User, viewer.user_id).email = f"{viewer.name.replace(' ', '.')}@example.org"
            for viewer, camera_id, level in (
                (GUARD, GATE, AccessLevel.CONTROL),
                (GUARD, YARD, AccessLevel.VIEW),
                (SECOND, GATE, AccessLevel.CONTROL),
            ):
                session.add(CameraAccess(user_id=viewer.user_id, camera_id=camera_id, level=level, created_at=ONSET))

    def make_acting(self, executors=None, **options):
        tell = Telling(self.outbox, self.clock, needs_target=takes_addresses, wake=lambda: None)
        devices = Devices(self.targets.usable, local, self._occurrence, self.approvals.approved_by, site="Site", console_url=SITE_URL)
        made = {
            ActionKind.NOTIFY: tell,
            ActionKind.ESCALATE: tell,
            ActionKind.EMERGENCY_CALL_DRAFT: DraftCall(self._occurrence, site="Site", language="en", time_zone="UTC"),
            **dict.fromkeys((kind for kind in TARGETS if kind is not ActionKind.PTZ_PRESET), devices),
            **(executors or {}),
        }
        questions = AskPeople(
            self.approvals,
            self.outbox,
            self.clock,
            needs_target=takes_addresses,
            deciders=self.approvals.deciders,
            unheard=self.unheard.append,
            wake=lambda: None,
        )
        return Acting(
            self.ledger,
            made,
            EFFECTS,
            questions,
            self.clock,
            options=ActingOptions(**options),
            changed=lambda _camera_id, event_id: self.changed.append(event_id),
            alarm=lambda action, reason: self.alarms.append((action.kind, reason)),
        )

    def _words(self, row):
        kinds = {NoticeKind.ALERT: ActionKind.NOTIFY, NoticeKind.ESCALATION: ActionKind.ESCALATE}
        return self.ledger.words_for(row.event_id, kinds[row.kind]) if row.kind in kinds else ""

    def _occurrence(self, event_id):
        return self.outbox.occurrences([event_id]).get(event_id)

    # What there is to reach

    def mail(self):
        """A channel that wants addresses; returns what records it."""
        stored = ChannelStore(self.sessions, self.clock, self.vault).add("mail", "recording", {}, secret=(), actor=TESTER)
        recorder = self._channels[stored.id] = RecordingChannel()
        return recorder

    def group(self, *addresses):
        members = tuple(Recipient(RecipientKind.ADDRESS, address) for address in addresses)
        return str(self.groups.add(Group(new_id(), f"group {new_id().hex[-6:]}", members), TESTER).group.id)

    def target(self, target_id, url, kind=TargetKind.WEBHOOK, **changes):
        values = TargetValues(target_id, {"url": url, **changes.pop("settings", {})}, secret=("secret",), **changes)
        return self.targets.add(target_id, kind, values, TESTER)

    # What is planned

    def plan(self, event, *actions, **plan):
        """Promise these; returns their ids."""
        return self.ledger.record(event.id, event.camera_id, ResponsePlan(actions=actions, **plan))

    def done(self, event, kind, target="", **changes):
        """Promise one action and do what is due; returns how it stands."""
        [action_id] = self.plan(event, PlannedAction(kind, target, **changes))
        self.turn()
        return self.ledger.get(action_id)

    def turn(self, acting=None, *, tells=True):
        """Do all that is due now; people are told."""
        asyncio.run(self._turn(acting or self.acting, tells=tells))

    async def _turn(self, acting, *, tells):
        await acting.look_after_questions()
        for _ in range(20):
            await acting.run_due()
            if not acting._loop.tasks:
                return
            await asyncio.gather(*acting._loop.tasks)
            if tells:
                await self.tell()

    async def tell(self):
        """Send what is due."""
        for lane in self.outbox.lanes_due(self.clock.now(), 1000):
            self.telling._sender.directory = self.outbox.directory()
            while await self.telling._sender.send_next(lane):
                pass

    def settle(self):
        """Make promises of what is new, as the rules say."""
        asyncio.run(self.telling.settle_news())

    def told(self):
        asyncio.run(self.tell())

    # What people decide

    def question(self, action_id):
        """The open question about an action."""
        with session_scope(self.sessions, read_only=True) as session:
            return session.scalar(sa.select(ApprovalRow).where(ApprovalRow.action_id == action_id))

    def decide(self, viewer, action_id, *, approve=True, code=None, note=""):
        return self.scoped.decide(viewer, actor(viewer), self.question(action_id).id, ApprovalAnswer(approve, note, code))

    def ask(self, event, kind=ActionKind.SIREN, target="front", **changes):
        """Plan what needs a person, and write to those who may decide; returns the action's id."""
        [action_id] = self.plan(event, PlannedAction(kind, target, **changes))
        self.turn()
        return action_id

    def rows(self):
        with session_scope(self.sessions, read_only=True) as session:
            return list(session.scalars(sa.select(ResponseAction).order_by(ResponseAction.created_at, ResponseAction.id)))

    def noted(self, noun="action"):
        """What the audit log says of actions, oldest first: (verb, state)."""
        return [
            (entry.action.removeprefix(f"{noun}."), (entry.after or {}).get("state"))
            for entry in self.audit()
            if entry.action.startswith(f"{noun}.")
        ]


def note(text="look at the gate", **changes):
    return replace(PlannedAction(ActionKind.ADD_NOTE, text=text), **changes)
