"""The policy gate and the aggregation, for whatever anybody chooses."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.incidents import SITE_WITH_ALL, incidents

from haetae.agents.actions import MOST_ACTIONS, SHAPES
from haetae.agents.aggregation import aggregate
from haetae.agents.gate import NOT_ALLOWED, TOO_MANY, pass_gate
from haetae.agents.planning import playbook_plan
from haetae.agents.playbook import Playbook
from haetae.domain.plan import ActionKind, PlannedAction, Risk

TARGETS = ["", *(target.id for targets in SITE_WITH_ALL.targets.values() for target in targets), "id-nobody", "../../etc/passwd"]
ACTIONS = st.builds(
    PlannedAction,
    kind=st.sampled_from(ActionKind),
    target=st.sampled_from(TARGETS),
    options=st.dictionaries(st.sampled_from(["seconds", "level", "force"]), st.integers(-5, 10**6) | st.text(max_size=3), max_size=2),
    text=st.text(max_size=700),
    reason=st.text(max_size=400),
    mandatory=st.booleans(),
)
CHOICES = st.lists(ACTIONS, max_size=12)
INCIDENTS = st.sampled_from(incidents())


def bounds_of(incident):
    toolbox = incident.toolbox()
    return toolbox.playbook.bounds(toolbox.situation, SITE_WITH_ALL)


def demands(count):
    """Bounds of a playbook that demands so many things."""
    kinds = ["bookmark_clip", "snapshot", "raise_priority", "add_note", "extend_recording", "emergency_call_draft"]
    rules = [f'[[rules]]\nname = "{number}"\nmust = ["{kind}"]' for number, kind in enumerate(kinds)]
    rules += [f'[[rules]]\nname = "g{number}"\nmust = ["notify:id-{word}"]' for number, word in enumerate(["guards", "managers", "staff"])]
    playbook = Playbook('form = 1\nname = "x"\n' + "\n".join(rules[:count]), version=1, time_zone="UTC")
    return playbook.bounds(incidents()[0].toolbox().situation, SITE_WITH_ALL)


@given(INCIDENTS, CHOICES)
def test_nothing_passes_that_the_playbook_does_not_allow_and_nothing_is_missing_that_it_demands(incident, chosen):
    bounds = bounds_of(incident)
    passed = pass_gate(bounds, chosen, SITE_WITH_ALL)
    keys = [action.key for action in passed.actions]
    demanded = {action.key for action in bounds.must}
    assert len(keys) == len(set(keys)) <= MOST_ACTIONS
    assert demanded <= set(keys)
    assert set(keys) - demanded <= {action.key for action in bounds.may} & {action.key for action in chosen}
    assert not any(bounds.banned(action) for action in passed.actions)
    assert [action.mandatory for action in passed.actions] == [key in demanded for key in keys]
    incident.judge(passed.actions)


@given(INCIDENTS, CHOICES)
def test_words_and_amounts_stay_within_what_their_kind_allows(incident, chosen):
    bounds = bounds_of(incident)
    most = {action.key: action.options for action in (*bounds.may, *bounds.must)}
    own = {action.key: action.text for action in (*bounds.may, *bounds.must)}
    for action in pass_gate(bounds, chosen, SITE_WITH_ALL).actions:
        shape = SHAPES[action.kind]
        assert len(action.text) <= shape.text
        assert not any(not letter.isprintable() and letter != "\n" for letter in action.text)
        if own[action.key] or shape.spoken:
            assert action.text == own[action.key]
        assert set(action.options) == set(shape.options)
        for name, amount in shape.options.items():
            assert amount.low <= action.options[name] <= most[action.key][name]


@given(INCIDENTS, CHOICES)
def test_what_is_refused_says_why_and_is_not_done(incident, chosen):
    bounds = bounds_of(incident)
    passed = pass_gate(bounds, chosen, SITE_WITH_ALL)
    done = {action.key for action in passed.actions}
    assert all(reason for _, reason in passed.refused)
    assert {action.key for action in chosen} <= done | {action.key for action, _ in passed.refused}
    assert all(action.key not in done for action, reason in passed.refused if reason != TOO_MANY)


@given(INCIDENTS, CHOICES, CHOICES)
def test_together_planners_do_what_is_mandatory_and_what_both_want(incident, cautious, responsive):
    bounds = bounds_of(incident)
    agreed = aggregate(bounds, cautious, responsive, SITE_WITH_ALL)
    one, other = (pass_gate(bounds, plan, SITE_WITH_ALL).actions for plan in (cautious, responsive))
    both = {action.key for action in one} & {action.key for action in other}
    either = {action.key for action in one} | {action.key for action in other}
    assert {action.key for action in agreed.actions} == both >= {action.key for action in bounds.must}
    disputed = {action.key for action in agreed.disputed}
    assert disputed == either - both or len(disputed) == MOST_ACTIONS
    assert disputed <= {action.key for action in bounds.may}
    incident.judge(agreed.disputed + agreed.actions)
    turned = aggregate(bounds, responsive, cautious, SITE_WITH_ALL)
    assert {action.key for action in turned.actions} == both, "who is asked first makes no difference"


def test_a_choice_outside_of_the_playbook_is_refused_with_the_reason():
    bounds = bounds_of(next(each for each in incidents() if each.name == "somebody fell on the stairs"))
    lock, unknown, link = (
        PlannedAction(ActionKind.DOOR_LOCK, "id-front_door", mandatory=True),
        PlannedAction(ActionKind.NOTIFY, "id-nobody"),
        PlannedAction(ActionKind.CALL_WEBHOOK, "id-barrier"),
    )
    refused = {action.kind: reason for action, reason in pass_gate(bounds, [lock, unknown, link], SITE_WITH_ALL).refused}
    assert refused[ActionKind.DOOR_LOCK] == "the rule 'somebody is down' forbids it"
    assert refused[ActionKind.NOTIFY] == "this site has no such target"
    assert refused[ActionKind.CALL_WEBHOOK] == NOT_ALLOWED


@pytest.mark.parametrize("count", [6, 7, 9])
def test_a_response_has_six_actions_at_most_and_says_when_the_playbook_wanted_more(count):
    bounds = demands(count)
    assert len(bounds.must) == count
    passed = pass_gate(bounds, [PlannedAction(ActionKind.SNAPSHOT)], SITE_WITH_ALL)
    assert len(passed.actions) == MOST_ACTIONS
    assert [reason for _, reason in passed.refused] == [TOO_MANY] * (count - MOST_ACTIONS)
    assert bool(passed.review) == (count > MOST_ACTIONS)


def test_a_rule_that_forbids_beats_one_that_demands_and_a_person_hears_of_it():
    text = 'form = 1\nname = "x"\n[[rules]]\nname = "a"\nmust = ["siren:id-alarm", "notify:id-guards"]'
    text += '\n[[rules]]\nname = "b"\nnever = ["R2"]'
    incident = incidents()[0]
    toolbox = incident.toolbox(playbook=Playbook(text, version=1, time_zone="UTC"))
    plan = playbook_plan(toolbox)
    assert [action.kind for action in plan.actions] == [ActionKind.NOTIFY]
    assert plan.refused[0][1] == "the rule 'b' forbids it"
    assert "forbids" in plan.review
    assert all(action.kind.risk is not Risk.R2 for action in plan.actions)


def test_a_target_that_is_gone_is_refused_and_said():
    incident = next(each for each in incidents() if each.name == "break-in at night")
    toolbox = incident.toolbox()
    groups = tuple(each for each in SITE_WITH_ALL.reach(ActionKind.NOTIFY) if each.id != "id-guards")
    gone = replace(SITE_WITH_ALL, targets={**SITE_WITH_ALL.targets, "group": groups})
    plan = playbook_plan(replace(toolbox, catalogue=gone))
    assert [action.kind for action in plan.actions] == [ActionKind.BOOKMARK_CLIP]
    assert [(action.kind, action.target) for action, _ in plan.refused] == [(ActionKind.NOTIFY, "guards")]
    assert "no group 'id-guards'" in plan.review
