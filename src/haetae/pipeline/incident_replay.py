"""Planning an incident again from what was kept of it, and what is different then."""

from collections.abc import Iterator
from dataclasses import dataclass

from haetae.domain.action import key_of
from haetae.domain.plan import PlannedAction, ResponsePlan


@dataclass(frozen=True, slots=True)
class Replayed:
    """One plan of an incident, as it was made `then` and as it is made `again` from the same inputs. `number` counts from 1."""

    number: int
    then: ResponsePlan
    again: ResponsePlan


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not the same: `gone` was planned then alone, `new` again alone, `changed` (then, again) is the same action in other words or
    with other options. `others` names whatever else differs."""

    gone: tuple[PlannedAction, ...] = ()
    new: tuple[PlannedAction, ...] = ()
    changed: tuple[tuple[PlannedAction, PlannedAction], ...] = ()
    others: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        return not (self.gone or self.new or self.changed or self.others)


def difference(replayed: Replayed) -> Difference:
    """Actions are the same by kind and target; disputed and refused ones count as such."""
    then, again = _by_key(replayed.then), _by_key(replayed.again)
    return Difference(
        gone=tuple(action for key, action in then.items() if key not in again),
        new=tuple(action for key, action in again.items() if key not in then),
        changed=tuple((then[key], again[key]) for key in then if key in again and then[key] != again[key]),
        others=tuple(
            name
            for name in ("planned_by", "playbook_version", "review", "fallback")
            if getattr(replayed.then, name) != getattr(replayed.again, name)
        ),
    )


def difference_lines(replayed: Replayed) -> Iterator[str]:
    """For a terminal: one line for each difference, or one that says that there is none."""
    found = difference(replayed)
    yield f"Plan {replayed.number}: {'the same' if found.none else 'different'}"
    yield from (f"  - {_words(action)}" for action in found.gone)
    yield from (f"  + {_words(action)}" for action in found.new)
    yield from (f"  ~ {_words(then)}  ->  {_words(again)}" for then, again in found.changed)
    for name in found.others:
        yield f"  ~ {name}: {getattr(replayed.then, name)!s}  ->  {getattr(replayed.again, name)!s}"


def _by_key(plan: ResponsePlan) -> dict[str, PlannedAction]:
    found = {key_of(action): action for action in plan.actions}
    found |= {f"disputed {key_of(action)}": action for action in plan.disputed}
    return found | {f"refused {key_of(action)}": action for action, _reason in plan.refused}


def _words(action: PlannedAction) -> str:
    options = "".join(f" {name}={value}" for name, value in sorted(action.options.items()))
    text = f" {' '.join(action.text.split())!r}" if action.text else ""
    return f"{key_of(action).removesuffix(':')}{options}{text}"
