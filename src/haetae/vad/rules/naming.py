"""Which rules may open an event, and which may name one: those that were right often enough when they were last measured.

`measured.json` is written by `haetae bench rules --table` together with docs/reference/rules.md, from the same run. A rule that was not
measured, or under another version of its name, opens and names nothing; its guess is a fact of what something else opened.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import orjson

from haetae.domain.fact import Fact, FactKind
from haetae.domain.score import ALARM_LEVEL
from haetae.domain.suspicion import Suspicion
from haetae.vad.rules.table import RULES

LEAST_PRECISION: Final = 0.5
"""In [0, 1]. A rule names an event where the lower end of the 95 % interval (Wilson) of its measured precision is at least this: as a
rule it is right more often than wrong, and that is no luck."""

LEAST_TO_OPEN: Final = 0.25
"""The same for opening one, which is then called an anomaly: at least one of four such events is what the rule says. How many there are
is another matter, which each camera's own false alarms decide (`levels.py`)."""


@cache
def measured() -> dict[str, Any]:
    """The shipped table: `rules` maps names to `precision_ci` and the counts behind it."""
    found: dict[str, Any] = orjson.loads(resources.files("haetae.vad.rules").joinpath("measured.json").read_bytes())
    return found


def may_name(figures: Mapping[str, Any]) -> bool:
    """Whether a rule of these figures names events."""
    return _is_right(figures, LEAST_PRECISION)


def may_open(figures: Mapping[str, Any]) -> bool:
    """Whether a rule of these figures opens events. One that never alarmed was never wrong either."""
    return _is_right(figures, LEAST_TO_OPEN) or figures.get("alarms") == 0


@cache
def names_events(rule: str) -> bool:
    """Whether a rule of this name was right often enough."""
    return may_name(measured()["rules"].get(rule, {}))


@cache
def opens_events(rule: str) -> bool:
    """Whether a rule of this name opens events by itself."""
    return may_open(measured()["rules"].get(rule, {}))


def _is_right(figures: Mapping[str, Any], least: float) -> bool:
    interval = figures.get("precision_ci")
    return interval is not None and interval[0] >= least


@cache
def _suspicions() -> dict[str, Suspicion]:
    return {rule.name: rule.suspicion for rule in RULES if names_events(rule.name)}


def suspicion_of(fact: Fact) -> Suspicion | None:
    """What a rule's guess calls an event; None for any other fact, below the alarm level, and for rules that may not name."""
    return _suspicions().get(fact.subject) if fact.kind is FactKind.HYPOTHESIS and fact.value >= ALARM_LEVEL else None


def named(facts: Iterable[Fact]) -> Suspicion | None:
    """What the strongest such guess among facts calls an event."""
    naming = [fact for fact in facts if suspicion_of(fact) is not None]
    return suspicion_of(max(naming, key=lambda fact: fact.value)) if naming else None
