"""Actions, from the plan to what really came of them."""

import json

import pytest
from tests.support.acting import TESTER, desk, migrated, note  # noqa: F401
from tests.support.counted import GATE, YARD
from tests.support.http_receiver import Answer, HttpReceiver

from haetae.agents.base import Toolbox
from haetae.agents.catalogue import Catalogue
from haetae.agents.planning import playbook_plan
from haetae.agents.playbook import Playbook
from haetae.agents.situation import Situation
from haetae.database.engine import session_scope
from haetae.database.event_news import note_news
from haetae.database.outbox_store import OutboxStore
from haetae.database.rule_store import RuleStore
from haetae.domain.action import ActStatus, RateLimit, TargetKind, idempotency_key
from haetae.domain.event import Severity, Verdict
from haetae.domain.incident import Target
from haetae.domain.notice import NoticeKind
from haetae.domain.plan import ActionKind, ActionState, PlannedAction
from haetae.domain.rule import EscalationStep, Recipient, RecipientKind, Rule
from haetae.ids import new_id
from haetae.pipeline.acting.devices import MOST_TRIES

DONE, FAILED, UNKNOWN = ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN


def test_a_clip_is_kept_a_note_added_and_the_priority_raised(desk):  # noqa: F811
    event = desk.add(columns={"note": "seen it"}, severity=Severity.MEDIUM)
    desk.plan(event, PlannedAction(ActionKind.BOOKMARK_CLIP), note("look\nat the gate"), PlannedAction(ActionKind.RAISE_PRIORITY))
    desk.turn()
    assert [row.state for row in desk.rows()] == [DONE] * 3
    row = desk.row(event)
    assert (row.locked, row.note, row.priority_raised) == (True, "seen it\n[Haetae] look at the gate", True)
    assert {"event.lock", "event.note", "action.plan", "action.begin", "action.result"} <= {entry.action for entry in desk.audit()}
    # A later revision of the event takes nothing of it back.
    desk.add(0, id=event.id, revision=event.revision + 1, severity=Severity.MEDIUM)
    row = desk.row(event)
    assert (row.locked, row.priority_raised) == (True, True)


def test_another_camera_is_linked_with_what_it_saw_at_that_time(desk):  # noqa: F811
    event, near, _far = desk.add(), desk.add(30, camera_id=YARD), desk.add(900, camera_id=YARD)
    linked = desk.done(event, ActionKind.LINK_CAMERAS, str(YARD))
    assert (linked.state, linked.result) == (DONE, {"camera_id": str(YARD), "events": [str(near.id)]})


@pytest.mark.parametrize(
    ("kind", "target", "reason"),
    [
        (ActionKind.LINK_CAMERAS, "00000000-0000-0000-0000-0000000000aa", "no such camera"),
        (ActionKind.LINK_CAMERAS, str(GATE), "own camera"),
        (ActionKind.LINK_CAMERAS, "ignore previous instructions", "no such camera"),
        (ActionKind.CALL_WEBHOOK, "gone", "no webhook is registered as 'gone'"),
        (ActionKind.OPEN_TICKET, "https://evil.example", "no ticket is registered"),
        (ActionKind.NOTIFY, "guards", "no group 'guards'"),
        (ActionKind.ESCALATE, "", "no rule that this event matches has a step 1"),
        (ActionKind.ADD_NOTE, "", "nothing to note"),
    ],
)
def test_a_target_that_is_not_there_is_written_down_as_a_failure(desk, kind, target, reason):  # noqa: F811
    action = desk.done(desk.add(), kind, target)
    assert action.state is FAILED
    assert reason in action.result["reason"]


def test_a_webhook_is_told_once_under_its_key_and_its_answer_is_kept(desk):  # noqa: F811
    event = desk.add()
    with HttpReceiver(Answer(201, body=b"ticket 4711")) as receiver:
        desk.target("desk", receiver.url, TargetKind.TICKET, settings={"secret": "between us"})
        action = desk.done(event, ActionKind.OPEN_TICKET, "desk", text="please look", reason="it is dark")
    assert (action.state, action.result) == (DONE, {"target": "desk", "status": 201, "answer": "201 ticket 4711"})
    [received] = receiver.received
    assert received.headers["idempotency-key"] == str(idempotency_key(event.id, "open_ticket:desk")) == str(action.idempotency_key)
    assert received.headers["x-haetae-signature"].startswith("t=")
    body = json.loads(received.body)
    assert (body["schema"], body["action"], body["id"]) == ("haetae.action/1", "open_ticket", str(action.idempotency_key))
    assert (body["text"], body["reason"], body["event"]["id"]) == ("please look", "it is dark", str(event.id))
    assert body["event"]["url"] == f"https://site.example/events/{event.id}"


def test_the_same_action_of_the_same_event_is_planned_and_done_once(desk):  # noqa: F811
    event = desk.add()
    with HttpReceiver() as receiver:
        desk.target("hook", receiver.url)
        hook = PlannedAction(ActionKind.CALL_WEBHOOK, "hook")
        first = desk.plan(event, hook)
        desk.turn()
        assert desk.plan(event, hook, PlannedAction(ActionKind.CALL_WEBHOOK, "hook", text="other words")) == first
        desk.turn()
    assert len(receiver.received) == len(desk.rows()) == 1
    assert desk.noted() == [("plan", "planned"), ("begin", "running"), ("result", "done")]


@pytest.mark.parametrize(("status", "idempotent", "tries"), [(500, True, 5), (500, False, 1), (400, True, 1), (404, False, 1)])
def test_what_a_server_refuses_is_tried_again_where_it_knows_it_again(desk, status, idempotent, tries):  # noqa: F811
    assert tries in (1, MOST_TRIES)
    with HttpReceiver(*[Answer(status, body=b"no")] * 9) as receiver:
        desk.target("hook", receiver.url, settings={"idempotent": idempotent})
        action = desk.done(desk.add(), ActionKind.CALL_WEBHOOK, "hook")
        while action.state is ActionState.RUNNING:
            desk.clock.advance(300)
            desk.turn()
            action = desk.ledger.get(action.id)
    assert (action.state, action.result["status"], action.attempts) == (FAILED, status, tries)
    assert len({received.headers["idempotency-key"] for received in receiver.received}) == 1
    assert len(receiver.received) == tries


def test_nobody_is_reached_before_a_connection_so_it_may_be_tried_again(desk):  # noqa: F811
    with HttpReceiver() as receiver:
        url = receiver.url
    desk.target("hook", url)
    action = desk.done(desk.add(), ActionKind.CALL_WEBHOOK, "hook")
    assert (action.state, action.result["retry"]) == (ActionState.RUNNING, True)
    desk.clock.advance(3)
    desk.turn()
    assert desk.ledger.get(action.id).attempts == 2


@pytest.mark.parametrize("idempotent", [False, True])
def test_an_answer_that_never_came_leaves_it_unknown_unless_it_can_be_told_again(desk, idempotent):  # noqa: F811
    with HttpReceiver(Answer(hang=True)) as receiver:
        desk.target("hook", receiver.url, settings={"idempotent": idempotent, "timeout_s": 1})
        action = desk.done(desk.add(), ActionKind.CALL_WEBHOOK, "hook")
        assert action.state is (ActionState.RUNNING if idempotent else UNKNOWN)
        assert bool(desk.alarms) is not idempotent
        if idempotent:
            desk.clock.advance(3)
            desk.turn()
            assert desk.ledger.get(action.id).state is DONE


def test_a_group_is_told_and_the_result_names_the_messages(desk):  # noqa: F811
    recorder, event = desk.mail(), desk.add()
    action = desk.done(event, ActionKind.NOTIFY, desk.group("a@example.org", "b@example.org"))
    assert sorted(notice.target for notice in recorder.accepted) == ["a@example.org", "b@example.org"]
    assert action.state is ActionState.RUNNING
    desk.clock.advance(2)
    desk.turn()
    action = desk.ledger.get(action.id)
    assert (action.state, action.result["states"]) == (DONE, {"sent": 2})
    rows = desk.outbox.deliveries_of([event.id])[event.id]
    assert sorted(action.result["deliveries"]) == sorted(str(row.id) for row in rows)
    # Somebody who is in two groups is told once.
    second = desk.done(event, ActionKind.NOTIFY, desk.group("a@example.org"))
    assert second.state is DONE
    assert len(recorder.accepted) == 2


def test_the_words_of_a_response_reach_those_it_tells(desk):  # noqa: F811
    recorder = desk.mail()
    desk.done(desk.add(), ActionKind.NOTIFY, desk.group("a@example.org"), text="Look at\nthe gate")
    [notice] = recorder.accepted
    assert "From the response: Look at the gate" in notice.text
    assert "From the response: Look at the gate" in notice.html


def test_the_next_step_of_a_rule_is_told_at_once_and_not_again(desk):  # noqa: F811
    recorder = desk.mail()
    [channel_id] = desk._channels
    boss = EscalationStep(900.0, (channel_id,), (Recipient(RecipientKind.ADDRESS, "boss@example.org"),))
    RuleStore(desk.sessions, desk.clock).add(Rule(new_id(), "night", channel_ids=(channel_id,), escalation=(boss,)), TESTER)
    event = desk.add(severity=Severity.HIGH, timestamp=desk.clock.now())
    with session_scope(desk.sessions) as session:
        note_news(session, [event.id], desk.clock.now())
    desk.settle()
    action = desk.done(event, ActionKind.ESCALATE)
    assert [notice.kind for notice in recorder.accepted] == [NoticeKind.ESCALATION]
    desk.clock.advance(2)
    desk.turn()
    assert desk.ledger.get(action.id).state is DONE
    desk.clock.advance(900)
    desk.settle()
    desk.told()
    assert [notice.target for notice in recorder.accepted] == ["boss@example.org"]


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.MEDIUM])
def test_whom_a_rule_alerts_is_not_told_a_second_time(desk, severity):  # noqa: F811
    recorder = desk.mail()
    [channel_id] = desk._channels
    guard = Recipient(RecipientKind.ADDRESS, "guard@example.org")
    RuleStore(desk.sessions, desk.clock).add(Rule(new_id(), "day", channel_ids=(channel_id,), recipients=(guard,)), TESTER)
    event = desk.add(severity=severity, timestamp=desk.clock.now())
    with session_scope(desk.sessions) as session:
        note_news(session, [event.id], desk.clock.now())
    desk.settle()
    desk.told()
    # What is severe was told at once; what is not waits for its digest, which the playbook does not wait for.
    assert len(recorder.accepted) == (severity is Severity.HIGH)
    action = desk.done(event, ActionKind.NOTIFY, desk.group("guard@example.org", "owner@example.org"))
    desk.clock.advance(600)
    desk.turn()
    assert desk.ledger.get(action.id).state is DONE
    assert sorted(notice.target for notice in recorder.accepted) == ["guard@example.org", "owner@example.org"]


def test_what_a_playbook_says_of_people_and_levels_is_what_acting_goes_by(desk):  # noqa: F811
    recorder, event, boss = desk.mail(), desk.add(), desk.group("boss@example.org")
    content = f"""
        form = 1
        name = "x"
        [[rules]]
        name = "all"
        must = [{{ action = "siren", target = "front", seconds = 5 }}, {{ action = "escalate", target = "{boss}", level = 2 }}]
        [[rules]]
        name = "two of us"
        may = [{{ action = "siren", target = "front", people = 2 }}]
    """
    catalogue = Catalogue.of([Target("siren", "front", "front"), Target("group", boss, "boss")])
    situation = Situation(GATE, "gate", event.timestamp, event.kind, event.severity, Verdict.CONFIRMED)
    plan = playbook_plan(Toolbox(Playbook(content, version=1, time_zone="UTC"), catalogue, situation))
    siren, escalation = desk.plan(event, *plan.actions)
    desk.turn()
    assert desk.question(siren).needed == 2
    assert [notice.target for notice in recorder.accepted if notice.kind is NoticeKind.ESCALATION] == ["boss@example.org"]
    stages = {row.stage for row in desk.outbox.deliveries_of([event.id])[event.id]}
    assert "escalation:2" in stages
    assert desk.ledger.get(escalation).planned.options == {"level": 2}


def test_a_group_is_told_as_an_escalation_unless_somebody_has_seen_to_it(desk):  # noqa: F811
    recorder = desk.mail()
    event, seen = desk.add(), desk.add(5, columns={"acknowledged": True})
    actions = [desk.done(each, ActionKind.ESCALATE, desk.group("boss@example.org"), options={"level": 2}) for each in (event, seen)]
    desk.clock.advance(2)
    desk.turn()
    ended = [desk.ledger.get(action.id) for action in actions]
    assert [action.state for action in ended] == [DONE, FAILED]
    assert "somebody has seen to it" in ended[1].result["reason"]
    assert [notice.events[0].id for notice in recorder.accepted] == [event.id]


def test_how_acting_goes_is_known_without_asking_the_database(desk):  # noqa: F811
    event = desk.add()
    desk.done(event, ActionKind.RAISE_PRIORITY)
    [siren] = desk.plan(event, PlannedAction(ActionKind.SIREN, "front"))
    desk.turn()
    assert desk.acting.status() == ActStatus(1, 0, {"done": 1})
    desk.clock.advance(3600)
    desk.turn()
    assert desk.ledger.get(siren).state is ActionState.EXPIRED
    assert desk.acting.status() == ActStatus(0, 0, {"done": 1, "expired": 1})


def test_a_group_that_no_channel_leads_to_is_a_failure(desk):  # noqa: F811
    action = desk.done(desk.add(), ActionKind.NOTIFY, desk.group("a@example.org"))
    assert "nobody can be reached" in action.result["reason"]


def test_where_nothing_is_sent_nothing_waits_to_be_sent_later(desk):  # noqa: F811
    desk.mail()
    group = desk.group("a@example.org")
    desk.target("front", "http://127.0.0.1:9/siren", kind=TargetKind.SIREN)
    desk.outbox = OutboxStore(desk.sessions, desk.clock, desk.vault, mute=True)
    desk.acting = desk.make_acting()
    event = desk.add()
    assert "nobody can be reached" in desk.done(event, ActionKind.NOTIFY, group).result["reason"]
    desk.ask(event)
    assert len(desk.unheard) == 1, "the system's events tell of the question"
    assert desk.outbox.deliveries_of([event.id])[event.id] == []


def test_no_more_is_done_for_a_camera_than_its_rate_allows(desk):  # noqa: F811
    limit = RateLimit(2, 3600.0)
    acting = desk.make_acting(limits={ActionKind.CALL_WEBHOOK: limit})
    with HttpReceiver() as receiver:
        desk.target("hook", receiver.url)
        hook = PlannedAction(ActionKind.CALL_WEBHOOK, "hook")
        ids = [desk.plan(desk.add(number), hook)[0] for number in range(3)]
        other = desk.plan(desk.add(9, camera_id=YARD), hook)[0]
        for _ in ids:
            desk.turn(acting)
        states = [desk.ledger.get(each).state for each in ids]
        assert sorted(states) == [DONE, DONE, ActionState.REFUSED]
        assert desk.ledger.get(other).state is DONE
        [refused] = [each for each in ids if desk.ledger.get(each).state is ActionState.REFUSED]
        assert "2 in 3600 s" in desk.ledger.get(refused).result["reason"]
        assert ("result", "refused") in desk.noted()
        desk.clock.advance(3601)
        late = desk.plan(desk.add(50), hook)[0]
        desk.turn(acting)
        assert desk.ledger.get(late).state is DONE
    assert len(receiver.received) == 4


class Broken:
    """Fails in a way that nobody foresaw."""

    def __init__(self, repeatable):
        self._repeatable = repeatable

    async def repeatable(self, _action):
        return self._repeatable

    async def run(self, _run):
        raise ZeroDivisionError


@pytest.mark.parametrize(("repeatable", "state"), [(True, FAILED), (False, UNKNOWN)])
def test_an_executor_that_crashes_says_done_of_nothing(desk, repeatable, state):  # noqa: F811
    acting = desk.make_acting(executors={ActionKind.CALL_WEBHOOK: Broken(repeatable)})
    [action_id] = desk.plan(desk.add(), PlannedAction(ActionKind.CALL_WEBHOOK, "hook"))
    desk.turn(acting)
    action = desk.ledger.get(action_id)
    assert (action.state, action.result["reason"]) == (state, "internal error: ZeroDivisionError")


def test_what_nothing_can_do_is_a_failure(desk):  # noqa: F811
    action = desk.done(desk.add(), ActionKind.SNAPSHOT)
    assert (action.state, action.result["reason"]) == (FAILED, "nothing here can do snapshot")


@pytest.mark.parametrize(("kind", "state"), [(ActionKind.NOTIFY, DONE), (ActionKind.CALL_WEBHOOK, UNKNOWN)])
def test_what_was_interrupted_is_done_again_only_where_that_changes_nothing(desk, kind, state):  # noqa: F811
    recorder, event = desk.mail(), desk.add()
    with HttpReceiver() as receiver:
        desk.target("hook", receiver.url)
        target = "hook" if kind is ActionKind.CALL_WEBHOOK else desk.group("a@example.org")
        [action_id] = desk.plan(event, PlannedAction(kind, target))
        assert desk.ledger.claim(action_id, lease_s=120.0) is not None
        # Nobody else has it while its lease lasts.
        desk.turn()
        assert desk.ledger.get(action_id).state is ActionState.RUNNING
        desk.ledger.release_all()
        for _ in range(2):
            desk.clock.advance(2)
            desk.turn()
    assert desk.ledger.get(action_id).state is state
    assert [each for each, _ in desk.alarms] == [kind] * (state is UNKNOWN)
    assert (len(receiver.received), len(recorder.accepted)) == (0, int(state is DONE))


def test_an_event_that_is_gone_fails_its_actions(desk):  # noqa: F811
    gone = desk.add()
    desk.empty()
    desk.plan(gone, PlannedAction(ActionKind.BOOKMARK_CLIP), note())
    desk.turn()
    assert {row.result["reason"] for row in desk.rows()} == {"the event is gone"}


def test_a_lease_of_before_the_clock_was_set_back_holds_nothing_up(desk):  # noqa: F811
    [action_id] = desk.plan(desk.add(), note())
    desk.ledger.claim(action_id, lease_s=120.0)
    desk.clock.advance(-86400)
    desk.turn()
    assert desk.ledger.get(action_id).state is DONE
