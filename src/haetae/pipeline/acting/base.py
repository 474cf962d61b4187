"""What runs one kind of action: the contract, and what it is given."""

from dataclasses import dataclass
from typing import Any, Protocol

from haetae.domain.action import Action, Outcome
from haetae.domain.plan import ActionState


@dataclass(frozen=True, slots=True)
class Run:
    """An action that is to be run now. `again` is true where it was begun before, by somebody who was stopped or as it was put off."""

    action: Action
    again: bool = False


class Executor(Protocol):
    """Runs actions of a kind on the event loop of acting, several at a time; nothing here blocks that loop.

    `repeatable` says whether running an action again does no more than running it once, as where its target knows it again by its key;
    one that is not is never run again after it was interrupted. `run` returns in bounded time what really came of it, and raises
    HaetaeError where nothing did: that is a failure with its words.
    """

    async def repeatable(self, action: Action) -> bool: ...

    async def run(self, run: Run) -> Outcome: ...


def done(**result: Any) -> Outcome:
    return Outcome(ActionState.DONE, result)


def failed(reason: str, **result: Any) -> Outcome:
    return Outcome(ActionState.FAILED, {"reason": reason} | result)


def unknown(reason: str, **result: Any) -> Outcome:
    """It was begun, and nobody can say whether it took place."""
    return Outcome(ActionState.UNKNOWN, {"reason": reason} | result)


def later(again_s: float, **result: Any) -> Outcome:
    """Not over: look again."""
    return Outcome(ActionState.RUNNING, result, again_s)
