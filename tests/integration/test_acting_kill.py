"""kill -9 of a process between any two steps of an action: it takes place once where its target knows it again, else a person is told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.acting import ActingDesk
from tests.support.counted import GUARD
from tests.support.event_desk import database
from tests.support.http_receiver import HttpReceiver
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.database.response_audit import verify_responses
from haetae.domain.action import ENDED, TargetKind
from haetae.domain.plan import ActionKind, ActionState, PlannedAction, ResponsePlan

ROOT = Path(__file__).parents[2]

# Runs each action of the list it is given in a process of its own, which stops for ever at the given step, of which it makes a file.
CHILD = """
import asyncio, json, os, sys, time
from pathlib import Path
from uuid import UUID
from haetae.clock import SystemClock
from haetae.database.action_effects import EFFECTS
from haetae.database.action_store import ActionStore
from haetae.database.engine import make_engine, session_factory
from haetae.database.outbox_store import OutboxStore
from haetae.database.target_store import TargetStore
from haetae.domain.action import TARGETS
from haetae.pipeline.acting.devices import Devices
from haetae.domain.plan import ActionKind
from haetae.pipeline.acting.engine import Acting
from haetae.pipeline.acting.telling import Telling
from haetae.vault import Vault
from tests.support.acting import local, takes_addresses

class Ledger:
    def __init__(self, store, stop_at):
        self.store, self.stop_at, self.get = store, stop_at, store.get

    def claim(self, *arguments, **named):
        self.stop_at("before the claim")
        claimed = self.store.claim(*arguments, **named)
        self.stop_at("after the claim")
        return claimed

    def finish(self, action, outcome):
        self.stop_at("before it is written down")
        finished = self.store.finish(action, outcome)
        self.stop_at("after it was written down")
        return finished

    def carry_out(self, action, effect):
        def slow(session, action, now):
            outcome = effect(session, action, now)
            self.stop_at("before it is written down")
            return outcome

        finished = self.store.carry_out(action, slow)
        self.stop_at("after it was written down")
        return finished

def run(url, folder, action_id, step, mark):
    def stop_at(name):
        if name == step:
            Path(mark + ".part").write_text(str(os.getpid()))
            os.replace(mark + ".part", mark)
            time.sleep(3600)

    sessions, clock, vault = session_factory(make_engine(url)), SystemClock(), Vault.open(Path(folder))
    outbox = OutboxStore(sessions, clock, vault)
    find = TargetStore(sessions, clock, vault).usable
    occurrence = lambda event_id: outbox.occurrences([event_id]).get(event_id)
    devices = Devices(find, local, occurrence, lambda _id: [], site="Site", console_url="")
    ledger = Ledger(ActionStore(sessions, clock), stop_at)
    telling = Telling(outbox, clock, needs_target=takes_addresses, wake=lambda: None)
    executors = {**dict.fromkeys(TARGETS, devices), ActionKind.NOTIFY: telling}
    asyncio.run(Acting(ledger, executors, EFFECTS, None, clock).run_once(UUID(action_id)))

for order in json.loads(sys.argv[1]):
    if os.fork() == 0:
        run(*order)
        os._exit(1)
    # One after the other, for one that waits for a lock is at no step.
    while not Path(order[-1]).exists():
        time.sleep(0.01)
    os.kill(int(Path(order[-1]).read_text()), 9)
    os.wait()
"""

STEPS = ("before the claim", "after the claim", "before it is written down", "after it was written down")


KINDS = {
    "own records": ActionKind.ADD_NOTE,
    "approved": ActionKind.SIREN,
    "people": ActionKind.NOTIFY,
    "plain": ActionKind.CALL_WEBHOOK,
    "idempotent": ActionKind.CALL_WEBHOOK,
}


@pytest.fixture
def live(request, tmp_path):
    """A desk on which time passes."""
    with database(getattr(request, "param", "sqlite"), tmp_path) as engine:
        yield ActingDesk(engine, tmp_path, clock=SystemClock())


@pytest.mark.parametrize(("live", "what"), [*(("sqlite", what) for what in KINDS), ("postgresql", "plain")], indirect=["live"])
def test_each_action_takes_place_at_most_once_or_a_person_is_told(live, tmp_path, what):
    """One action for each step at which a process is killed; then another process takes over."""
    desk, kind = live, KINDS[what]
    told = desk.mail()
    with HttpReceiver() as receiver:
        registered = TargetKind.SIREN if what == "approved" else TargetKind.WEBHOOK
        desk.target("hook", receiver.url, registered, settings={"idempotent": what == "idempotent"})
        target = {"own records": "", "people": desk.group("guard@example.org") if what == "people" else ""}.get(what, "hook")
        events = {step: desk.add(number, timestamp=desk.clock.now()) for number, step in enumerate(STEPS)}
        ids = {}
        for step, event in events.items():
            action = PlannedAction(kind, target, text="look")
            [ids[step]] = desk.ledger.record(event.id, event.camera_id, ResponsePlan((action,)))
            if what == "approved":
                desk.decide(GUARD, ids[step])
        url = desk.engine.url.render_as_string(hide_password=False)
        orders = [[url, str(tmp_path), str(action_id), step, str(tmp_path / step)] for step, action_id in ids.items()]
        subprocess.run([sys.executable, "-c", CHILD, json.dumps(orders)], cwd=ROOT, check=True, timeout=120)
        before = len(receiver.received)
        desk.ledger.release_all()
        # What waits for others, as for a message to go out, is looked at again a second later.
        wait_until(lambda: desk.turn() or all(desk.ledger.get(each).state in ENDED for each in ids.values()), "each action ends")
        keys = [received.headers["idempotency-key"] for received in receiver.received]
    actions = {step: desk.ledger.get(action_id) for step, action_id in ids.items()}
    states = {step: action.state for step, action in actions.items()}
    assert verify_responses(desk.sessions).faults == ()
    if what == "own records":
        assert set(states.values()) == {ActionState.DONE}
        assert [desk.row(event).note for event in events.values()] == ["[Haetae] look"] * 4
        return
    if what == "people":
        assert set(states.values()) == {ActionState.DONE}
        assert sorted(each.events[0].id for each in told.accepted) == sorted(event.id for event in events.values())
        return
    unsure = {"after the claim", "before it is written down"}
    key = {step: str(action.idempotency_key) for step, action in actions.items()}
    if what == "idempotent":
        assert set(states.values()) == {ActionState.DONE}
        # The receiver knows the second by its key.
        assert keys.count(key["before it is written down"]) == 2
        assert all(keys.count(key[step]) == 1 for step in STEPS if step != "before it is written down")
    else:
        assert {step for step, state in states.items() if state is ActionState.UNKNOWN} == unsure
        assert {states[step] for step in set(STEPS) - unsure} == {ActionState.DONE}
        assert len(keys) == len(set(keys)) == before + 1
        assert len(desk.alarms) == 2
