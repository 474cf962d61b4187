"""The flows with a model: what each asks whom, what remains when a role fails, and the limits of one incident."""

import asyncio

import pytest
from tests.support.incidents import incidents
from tests.support.minds import APPROVED, SENT_BACK, Cast, plan_of, respond

from haetae.agents.base import FlowParts, MemoryJournal, create_flow
from haetae.agents.planning import playbook_plan
from haetae.clock import SystemClock
from haetae.domain.incident import Step
from haetae.domain.plan import ActionKind, PlannedBy
from haetae.errors import ConfigError, DatabaseUnavailable
from haetae.settings import AgentSettings

FALL = next(each for each in incidents() if each.name == "somebody fell on the stairs")
NIGHT = next(each for each in incidents() if each.name == "break-in at night")
CALM = next(each for each in incidents() if each.name == "a guest stands at a shelf for long")
FLOWS = {"sequential": "planner", "hierarchical": "planner", "collaborative": "cautious"}


def words(incident, actions):
    return [incident.toolbox().catalogue.words(action) for action in actions]


def test_sequential_asks_an_analyst_and_then_a_planner_who_reads_the_analyst():
    cast = Cast(planner=plan_of("escalate:id-managers", text="Wake up."))
    plan = respond("sequential", NIGHT, cast)
    assert cast.asked == ["analyst", "planner"]
    assert '"urgency":"high"' in cast.told[1]
    assert "urgency" not in cast.told[0]
    assert words(NIGHT, plan.actions) == ["bookmark_clip", "notify:guards", "escalate:managers"]
    assert (plan.planned_by, plan.calls, plan.fallback, plan.playbook_version) == (PlannedBy.SEQUENTIAL, 2, "", 3)
    assert plan.actions[2].text == "Wake up."
    assert 0 < plan.tokens < 8000


def test_hierarchical_does_what_was_approved():
    cast = Cast(planner=[plan_of("door_lock:id-front_door"), plan_of("snapshot")], supervisor=[SENT_BACK, APPROVED])
    plan = respond("hierarchical", NIGHT, cast)
    assert cast.asked == ["planner", "supervisor", "planner", "supervisor"]
    assert "It is too much." in cast.told[2], "the planner hears why"
    assert words(NIGHT, plan.actions) == ["bookmark_clip", "notify:guards", "snapshot"]
    assert (plan.planned_by, plan.review) == (PlannedBy.HIERARCHICAL, "")


def test_a_plan_that_was_sent_back_twice_is_never_carried_out():
    plan = respond("hierarchical", NIGHT, Cast(planner=plan_of("door_lock:id-front_door", "snapshot"), supervisor=SENT_BACK))
    assert plan.planned_by is PlannedBy.PLAYBOOK
    assert words(NIGHT, plan.actions) == ["bookmark_clip", "notify:guards"]
    assert plan.disputed == ()
    assert words(NIGHT, [action for action, _ in plan.refused]) == ["door_lock:front_door", "snapshot"]
    assert plan.review == "the supervisor approved of no plan"
    assert "too much" in plan.fallback


@pytest.mark.parametrize(
    "said",
    [
        RuntimeError("out of order"),
        "I approve.",
        {"approved": "true", "reasons": []},
        {"approved": 1, "reasons": []},
        {"approved": True},
        {"approved": True, "reasons": [], "actions": ["siren"]},
        "",
    ],
)
def test_a_supervisor_that_fails_or_mumbles_has_approved_of_nothing(said):
    plan = respond("hierarchical", NIGHT, Cast(supervisor=said))
    assert plan.planned_by is PlannedBy.PLAYBOOK
    assert words(NIGHT, plan.actions) == ["bookmark_clip", "notify:guards"]
    assert plan.review == "the supervisor approved of no plan"
    assert plan.fallback


def test_collaborative_does_what_both_want_and_asks_a_person_about_the_rest():
    cast = Cast(cautious=plan_of("snapshot", "add_note", text="short"), responsive=plan_of("snapshot", "door_lock:id-front_door"))
    plan = respond("collaborative", NIGHT, cast)
    assert sorted(cast.asked) == ["cautious", "responsive"]
    assert words(NIGHT, plan.actions) == ["bookmark_clip", "notify:guards", "snapshot"]
    assert words(NIGHT, plan.disputed) == ["add_note", "door_lock:front_door"]
    assert (plan.planned_by, plan.review) == (PlannedBy.COLLABORATIVE, "the planners do not agree")


def test_both_planners_plan_at_the_same_time():
    together = asyncio.Barrier(2)

    async def meet():
        await together.wait()
        return plan_of()

    plan = respond("collaborative", NIGHT, Cast(cautious=lambda _: meet(), responsive=lambda _: meet()), deadline_s=10.0)
    assert plan.planned_by is PlannedBy.COLLABORATIVE


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("said", [plan_of("self_destruct"), plan_of("notify:id-nobody"), plan_of("notify"), "not JSON", {"actions": 3}])
def test_an_action_or_a_target_that_is_not_offered_is_an_error_and_the_playbook_plans(flow, said):
    plan = respond(flow, NIGHT, Cast(planner=said, cautious=said))
    assert plan.planned_by is PlannedBy.PLAYBOOK
    assert plan.actions == playbook_plan(NIGHT.toolbox()).actions
    assert "no valid plan" in plan.fallback


def test_one_answer_that_is_none_may_be_mended():
    plan = respond("sequential", NIGHT, Cast(planner=["no plan at all", plan_of("snapshot")]))
    assert (plan.planned_by, plan.calls) == (PlannedBy.SEQUENTIAL, 3)


def test_the_same_action_twice_is_done_once_and_seven_are_no_plan():
    plan = respond("sequential", NIGHT, Cast(planner=plan_of("snapshot", "snapshot", "bookmark_clip")))
    assert words(NIGHT, plan.actions) == ["bookmark_clip", "notify:guards", "snapshot"]
    assert respond("sequential", NIGHT, Cast(planner=plan_of(*["snapshot"] * 7))).planned_by is PlannedBy.PLAYBOOK


def test_a_model_chooses_amounts_up_to_the_playbooks_and_words_where_it_has_none():
    chosen = plan_of("extend_recording", "notify:id-guards", text="They carry\x1b[2J a box.", seconds=9999)
    plan = respond("sequential", NIGHT, Cast(planner=chosen))
    told, longer = plan.actions[1], plan.actions[2]
    assert (told.kind, told.text, told.mandatory) == (ActionKind.NOTIFY, "They carry [2J a box.", True)
    assert longer.options == {"seconds": 60}
    spoken = respond("sequential", NIGHT, Cast(planner=plan_of("announce:id-speaker", text="Run!"))).actions[-1]
    assert spoken.text == "This building is closed and watched. Please leave."


def test_nobody_is_asked_where_the_playbook_leaves_nothing_to_choose():
    cast = Cast()
    plan = respond("hierarchical", CALM, cast)
    assert (cast.asked, plan.calls, plan.actions) == ([], 0, ())
    assert plan.fallback == "the playbook leaves nothing to choose"


@pytest.mark.parametrize("flow", FLOWS)
def test_the_limits_of_one_incident_hold(flow):
    mumble = ["mumble"] * 20
    cast = Cast(planner=list(mumble), cautious=list(mumble), responsive=list(mumble))
    for settings in (AgentSettings(max_calls=1), AgentSettings(max_tokens=1500), AgentSettings(max_calls=3)):
        plan = respond(flow, NIGHT, cast, settings=settings)
        assert plan.planned_by is PlannedBy.PLAYBOOK
        assert plan.calls <= settings.max_calls
        assert plan.tokens <= settings.max_tokens
        assert plan.fallback
    assert respond(flow, NIGHT, Cast(supervisor=[SENT_BACK, APPROVED])).tokens <= 8000


@pytest.mark.parametrize("flow", FLOWS)
def test_who_is_slow_is_not_waited_for(flow):
    async def for_ever():
        await asyncio.sleep(3600)

    plan = respond(flow, NIGHT, Cast(**{FLOWS[flow]: lambda _: for_ever()}), deadline_s=0.3)
    assert plan.planned_by is PlannedBy.PLAYBOOK
    assert "in time" in plan.fallback
    assert plan.actions == playbook_plan(NIGHT.toolbox()).actions


class BrokenJournal(MemoryJournal):
    async def keep(self, step: Step) -> None:
        raise DatabaseUnavailable("it is away")


@pytest.mark.parametrize("flow", FLOWS)
def test_a_step_that_cannot_be_kept_ends_the_planning(flow):
    with pytest.raises(DatabaseUnavailable):
        respond(flow, NIGHT, Cast(), toolbox=NIGHT.toolbox(journal=BrokenJournal()))


@pytest.mark.parametrize("flow", FLOWS)
def test_finished_steps_are_not_asked_for_again(flow):
    journal = MemoryJournal()
    first = respond(flow, NIGHT, Cast(), toolbox=NIGHT.toolbox(journal=journal))
    cast = Cast()
    again = respond(flow, NIGHT, cast, toolbox=NIGHT.toolbox(journal=MemoryJournal(journal.done())))
    assert cast.asked == []
    assert (again.actions, again.calls, again.tokens) == (first.actions, first.calls, first.tokens)
    # What was chosen before the playbook changed is chosen anew.
    changed = {name: Step(name, plan_of("siren:id-alarm"), calls=1) if "plan" in name else step for name, step in journal.done().items()}
    if flow != "collaborative":
        respond(flow, NIGHT, cast, toolbox=NIGHT.toolbox(journal=MemoryJournal(changed)))
        assert "planner" in cast.asked


def test_flows_are_made_by_name_and_need_a_model():
    parts = FlowParts(AgentSettings(), SystemClock())
    with pytest.raises(ConfigError, match="needs a model"):
        create_flow("hierarchical", parts)
    with pytest.raises(ConfigError, match="unknown agent flow 'anarchic'"):
        create_flow("anarchic", parts)
    plan = asyncio.run(create_flow("playbook", parts).respond(FALL.event, FALL.analysis, FALL.toolbox(), 0.0))
    assert (plan.planned_by, plan.fallback, plan.calls) == (PlannedBy.PLAYBOOK, "", 0)


def test_a_model_is_offered_what_the_playbook_allows_here_and_nothing_else():
    seen = []

    def look(keys):
        seen.extend(keys)
        return plan_of()

    respond("sequential", FALL, Cast(planner=look))
    demanded = {"bookmark_clip", "raise_priority", "notify:id-guards"}
    assert set(seen) - demanded == {"emergency_call_draft", "add_note", "escalate:id-managers", "snapshot", "extend_recording"}
