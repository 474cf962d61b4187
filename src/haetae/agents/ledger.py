"""What the planning of one incident may cost, and what it has cost so far."""

from dataclasses import dataclass

from haetae.domain.plan import PlannedAction
from haetae.errors import ModelError


class Unplanned(ModelError):
    """No model planned: the message says why. The playbook does then. `review` says why a person must look besides."""

    def __init__(self, message: str, *, review: str = "", refused: tuple[tuple[PlannedAction, str], ...] = ()) -> None:
        super().__init__(message)
        self.review = review
        self.refused = refused


@dataclass(slots=True)
class Ledger:
    """Calls and tokens of one incident, those of an earlier attempt included. A call is booked with the most that it can cost before it is
    made and settled at what it did cost, so that the limits hold however many are under way. Belongs to one event loop."""

    most_calls: int
    most_tokens: int
    calls: int = 0
    tokens: int = 0
    booked: int = 0

    def book(self, tokens: int) -> None:
        """Raises Unplanned where it would be too much."""
        if self.calls >= self.most_calls:
            raise Unplanned(f"the model was asked {self.calls} times, which is all that one incident gets")
        if self.tokens + self.booked + tokens > self.most_tokens:
            raise Unplanned(f"another call could take more than the {self.most_tokens} tokens of one incident")
        self.calls += 1
        self.booked += tokens

    def settle(self, booked: int, spent: int) -> None:
        """The call is over."""
        self.booked -= booked
        self.tokens += spent
