"""Putting two plans together, in code: what is mandatory is done, what both want is done, what only one wants is for a person to decide."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from haetae.agents.actions import MOST_ACTIONS
from haetae.agents.catalogue import Catalogue
from haetae.agents.gate import Refusal, pass_gate
from haetae.agents.playbook import Bounds
from haetae.domain.plan import PlannedAction


@dataclass(frozen=True, slots=True)
class Agreed:
    """`actions` are the mandatory ones and those that both want; `disputed` those that only one wants and the playbook allows."""

    actions: tuple[PlannedAction, ...]
    disputed: tuple[PlannedAction, ...]
    refused: tuple[Refusal, ...]


def aggregate(bounds: Bounds, cautious: Sequence[PlannedAction], responsive: Sequence[PlannedAction], catalogue: Catalogue) -> Agreed:
    """Union of what is mandatory, intersection of what both want. Words are the cautious one's, amounts the smaller ones."""
    first, second = (pass_gate(bounds, plan, catalogue) for plan in (cautious, responsive))
    one = {action.key: action for action in first.actions}
    other = {action.key: action for action in second.actions}
    both = tuple(_milder(one[key], other[key]) for key in one if key in other)
    disputed = (*(one[key] for key in one if key not in other), *(other[key] for key in other if key not in one))
    refused = _chosen(first.refused, bounds)
    refused += [each for each in _chosen(second.refused, bounds) if each not in refused]
    return Agreed(both, disputed[:MOST_ACTIONS], tuple(refused))


def _milder(one: PlannedAction, other: PlannedAction) -> PlannedAction:
    options = {name: min(int(value), int(other.options[name])) for name, value in one.options.items()}
    return replace(one, options=options, text=one.text or other.text)


def _chosen(refused: Sequence[Refusal], bounds: Bounds) -> list[Refusal]:
    """What was refused of a choice; what the playbook itself wants and cannot have is told once, by the last gate."""
    return [each for each in refused if each not in bounds.refused]
