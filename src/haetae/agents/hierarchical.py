"""The flow `hierarchical`: a planner plans, a supervisor approves or sends back with reasons. What was not approved is never done."""

from collections.abc import Mapping

from haetae.agents.base import FlowParts
from haetae.agents.flow import Case, Draft, ModelFlow
from haetae.agents.ledger import Unplanned
from haetae.agents.plan_schema import Ruling
from haetae.agents.prompt import as_data
from haetae.domain.plan import PlannedBy

_UNAPPROVED = "the supervisor approved of no plan"

MOST_ROUNDS = 2
"""Plans that a supervisor is shown: so often it can send one back."""


class HierarchicalFlow(ModelFlow):
    """At most four calls of the model, where all answer at once."""

    planned_by = PlannedBy.HIERARCHICAL

    async def draft(self, case: Case) -> Draft:
        said: Mapping[str, object] = {}
        reasons: list[str] = []
        for number in range(1, MOST_ROUNDS + 1):
            plan = await case.plan(f"planner {number}", said=said)
            chosen = plan.chosen()
            shown = {"planner": {"actions": as_data(chosen, case.toolbox.catalogue), "summary": plan.summary}}
            ruling = await self._ruled(case, number, shown)
            if ruling.approved is True:
                return Draft(chosen, plan.summary)
            reasons = ruling.reasons
            said = {**shown, "supervisor": {"sent_back_because": reasons}}
        why = "; ".join(reasons) or "without a reason"
        raise Unplanned(
            f"the supervisor sent {MOST_ROUNDS} plans back: {why}"[:500],
            review=_UNAPPROVED,
            refused=tuple((action, "the supervisor sent it back") for action in chosen),
        )

    def failed(self, reason: str) -> Unplanned:
        return Unplanned(reason, review=_UNAPPROVED)

    async def _ruled(self, case: Case, number: int, shown: Mapping[str, object]) -> Ruling:
        """A supervisor that fails, whatever the fault, has approved of nothing."""
        try:
            ruling: Ruling = await case.ask(f"supervisor {number}", "supervisor", Ruling, shown)
        except Unplanned as error:
            raise Unplanned(error.message, review=_UNAPPROVED) from error
        return ruling


def make_hierarchical(parts: FlowParts) -> HierarchicalFlow:
    return HierarchicalFlow(parts)
