"""The policy gate: what was chosen is held against the playbook. Whoever chose, nothing passes that the playbook does not allow here, and
nothing is missing that it demands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from haetae.agents.actions import LONGEST_REASON, MOST_ACTIONS, SHAPES, clean_text
from haetae.agents.catalogue import Catalogue
from haetae.agents.playbook import Bounds
from haetae.domain.plan import ActionKind, PlannedAction

NOT_ALLOWED = "the playbook does not allow it here"
TOO_MANY = f"a response has at most {MOST_ACTIONS} actions"

Key = tuple[ActionKind, str]
Refusal = tuple[PlannedAction, str]


@dataclass(frozen=True, slots=True)
class Passed:
    """What may be done, what is mandatory first; what may not, each with the reason. `review` says why a person must look ("" where none
    must)."""

    actions: tuple[PlannedAction, ...]
    refused: tuple[Refusal, ...]
    review: str = ""


def pass_gate(bounds: Bounds, chosen: Iterable[PlannedAction], catalogue: Catalogue) -> Passed:
    """Everything that the playbook demands, then what of `chosen` it allows, at most MOST_ACTIONS in all.

    Of what was chosen only its words and amounts count beside which action it is: `mandatory` is the playbook's alone to say.
    """
    must = {action.key: action for action in bounds.must}
    allowed = {action.key: action for action in bounds.may}
    passed: dict[Key, PlannedAction] = {}
    refused: list[Refusal] = list(bounds.refused)
    for action in chosen:
        reason = _refusal(action, bounds, must, allowed, catalogue)
        if reason:
            refused.append((replace(action, mandatory=False), reason))
        elif action.key in must:
            must[action.key] = _worded(must[action.key], action)
        else:
            passed.setdefault(action.key, _worded(allowed[action.key], action))
    every = [*must.values(), *passed.values()]
    kept, beyond = every[:MOST_ACTIONS], every[MOST_ACTIONS:]
    refused += [(action, TOO_MANY) for action in beyond]
    review = bounds.review
    if any(action.mandatory for action in beyond):
        review = review or f"the playbook demands more than {MOST_ACTIONS} actions"
    return Passed(tuple(kept), tuple(refused), review)


def _refusal(
    action: PlannedAction, bounds: Bounds, must: Mapping[Key, PlannedAction], allowed: Mapping[Key, PlannedAction], catalogue: Catalogue
) -> str:
    if not catalogue.holds(action.kind, action.target):
        return "this site has no such target"
    return bounds.banned(action) or ("" if action.key in must or action.key in allowed else NOT_ALLOWED)


def _worded(own: PlannedAction, chosen: PlannedAction) -> PlannedAction:
    """The playbook's action with the words and amounts of who chose it, as far as these are free: words where the playbook has none of its
    own and no stranger hears them, amounts up to the playbook's."""
    shape = SHAPES[own.kind]
    text = own.text or ("" if shape.spoken else clean_text(chosen.text, shape.text))
    options = dict(own.options)
    for name, amount in shape.options.items():
        wanted = chosen.options.get(name)
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            options[name] = max(amount.low, min(wanted, int(own.options[name])))
    reason = own.reason if own.mandatory else clean_text(chosen.reason, LONGEST_REASON) or own.reason
    return replace(own, text=text, options=options, reason=reason)
