"""Which guesses open an event or name one: those of rules that were right often enough when they were measured."""

import re
from pathlib import Path

import pytest
from tests.support.measured_rules import right_often_enough

from haetae.domain.fact import Fact, FactKind
from haetae.domain.suspicion import Suspicion
from haetae.vad.gate import merge_facts
from haetae.vad.rules.naming import LEAST_PRECISION, LEAST_TO_OPEN, may_open, measured, named, names_events, opens_events, suspicion_of
from haetae.vad.rules.table import RULES, TAMPER_RULE

NAMING = ("fire_rule_v1", "fall_rule_v2")


@pytest.fixture
def may():
    with right_often_enough(*NAMING):
        yield


DOCS = Path(__file__).parents[4] / "docs" / "reference" / "rules.md"
GOOD, POOR = "fire_rule_v1", "running_rule_v2"


def guess(rule: str, strength: float) -> Fact:
    return Fact(rule, FactKind.HYPOTHESIS, strength, "", 0.0, 1.0, source=rule, subject=rule)


@pytest.mark.usefixtures("may")
def test_a_rule_that_was_right_often_enough_names_an_event_and_a_poor_one_does_not():
    assert names_events(GOOD)
    assert not names_events(POOR)
    assert suspicion_of(guess(GOOD, 0.5)) is Suspicion.FIRE
    assert suspicion_of(guess(POOR, 0.9)) is None


@pytest.mark.parametrize("rule", ["fire_rule_v0", "", "somebody's own"])
def test_a_rule_that_nobody_measured_names_nothing(rule):
    assert suspicion_of(guess(rule, 1.0)) is None


@pytest.mark.usefixtures("may")
def test_a_guess_below_the_alarm_level_names_nothing():
    assert named([guess(GOOD, 0.49)]) is None


@pytest.mark.usefixtures("may")
def test_the_naming_guess_comes_first_however_strong_others_are():
    measurement = Fact("speed", FactKind.SPEED, 9.0, "px/s", 0.0, 1.0, rarity=0.00001)
    poor = [guess(rule.name, 0.9) for rule in RULES if not names_events(rule.name)]
    assert len(poor) >= 3
    ranked = merge_facts([measurement, *poor, guess(GOOD, 0.51)])
    assert ranked[0].subject == GOOD
    assert measurement in ranked
    assert named(ranked) is Suspicion.FIRE


@pytest.mark.usefixtures("may")
def test_the_strongest_of_those_that_may_name_does():
    others = [rule for rule in RULES if names_events(rule.name) and rule.name != GOOD]
    for rule in others:
        assert named([guess(GOOD, 0.6), guess(rule.name, 0.7)]) is rule.suspicion
        assert named([guess(GOOD, 0.8), guess(rule.name, 0.7)]) is Suspicion.FIRE


def test_the_shipped_table_is_the_one_in_the_documentation():
    rows = re.findall(
        r"^\| (\w+_v\d+) \| (\w+) \| (\w+) \| (\d+) of (\d+) \|[^|]*\| (\d+), (\d+), (\d+), \d+ \|", DOCS.read_text(), re.MULTILINE
    )
    rules = measured()["rules"]
    assert {row[0] for row in rows} == set(rules)
    for name, opens, names, found, incidents, right, other, false in rows:
        shipped = rules[name]
        assert (shipped["found"], shipped["incidents"]) == (int(found), int(incidents))
        assert (shipped["right"], shipped["alarms"]) == (int(right), int(right) + int(other) + int(false))
        assert opens == ("yes" if opens_events(name) else "no")
        assert names == ("yes" if names_events(name) else "no")


@pytest.mark.parametrize(
    ("figures", "opens"),
    [
        ({"alarms": 9, "precision_ci": [LEAST_TO_OPEN, 0.8]}, True),
        ({"alarms": 9, "precision_ci": [LEAST_TO_OPEN - 0.01, 0.8]}, False),
        ({"alarms": 0, "precision_ci": None}, True),
        ({}, False),
    ],
)
def test_a_rule_opens_events_where_its_precision_allows_or_it_was_never_wrong(figures, opens):
    assert may_open(figures) == opens


def test_what_names_events_opens_them_too():
    assert all(opens_events(name) for name in measured()["rules"] if names_events(name))
    assert not opens_events("intrusion_rule_v1"), "a rendered site has neither zones nor schedules"


def test_every_rule_is_measured_but_intrusion_which_needs_zones_and_a_schedule():
    assert {rule.name for rule in RULES} | {TAMPER_RULE} == set(measured()["rules"]) | {"intrusion_rule_v1"}
    assert 0.0 < LEAST_TO_OPEN < LEAST_PRECISION < 1.0
